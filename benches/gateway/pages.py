#!/usr/bin/env python3
"""How long the pages of a directory take without any FTP server: one kept connection, a page asked for when
the one before has come, nothing done with them.

  pages.py --port 9001 --bucket NAME --prefix d10k/

Prints the best of three in milliseconds, as JSON.
"""
import argparse
import http.client
import json
import re
import time
from urllib.parse import urlencode

# Where a page names the next one.
HEAD = 1024


def fetch_all(connection, bucket, prefix):
    marker, pages = '', 0
    while True:
        query = {'prefix': prefix, 'delimiter': '/', 'encoding-type': 'url', 'max-keys': 1000, 'marker': marker}
        connection.request('GET', f'/{bucket}?{urlencode(query)}')
        page = connection.getresponse().read()
        pages += 1
        following = re.search(rb'<NextMarker>(.*?)</NextMarker>', page[:HEAD])
        if following is None:
            return pages
        marker = following[1].decode()


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--bucket', required=True)
    parser.add_argument('--prefix', required=True)
    args = parser.parse_args()
    connection = http.client.HTTPConnection('127.0.0.1', args.port)
    connection.request('HEAD', f'/{args.bucket}/none')
    connection.getresponse().read()
    taken = []
    for _ in range(3):
        begin = time.perf_counter()
        pages = fetch_all(connection, args.bucket, args.prefix)
        taken.append(1000 * (time.perf_counter() - begin))
    print(json.dumps({'pages': pages, 'pages_ms': round(min(taken), 1)}))


main()
