#!/usr/bin/env python3
"""Counts the requests that each FTP command makes at the store.

  requests.py --port 2121 --store http://127.0.0.1:9000

The store is mems3, which counts, with the directories d10/, d1k/ and d10k/ planted in its bucket.
Prints a Markdown table. A connection of an earlier request is used again, so what is counted is
what a command costs in a session that has begun to work.
"""
import argparse
import json
import os
import urllib.request

from ftpclient import MEBIBYTE, Ftp

SMALL = 4096
LARGE = 64 * MEBIBYTE

# The name of each operation in the API.
NAMES = {
    'Put': 'PutObject', 'Get': 'GetObject', 'Head': 'HeadObject', 'List': 'ListObjects', 'Copy': 'CopyObject',
    'Delete': 'DeleteObject', 'Create': 'CreateMultipartUpload', 'UploadPart': 'UploadPart',
    'PartCopy': 'UploadPartCopy', 'Complete': 'CompleteMultipartUpload', 'HeadBucket': 'HeadBucket',
    'DeleteMulti': 'DeleteObjects', 'Acl': 'GetObjectAcl',
}


def cases(ftp, port, source):
    """What is done, in this order: later ones use what earlier ones have left."""
    buffer = bytearray(MEBIBYTE)
    store = lambda name, size, verb='STOR': lambda: ftp.store(name, source, size, verb)
    fetch = lambda name: lambda: ftp.fetch(name, buffer)
    ask = lambda line, code: lambda: ftp.ask(line, code)

    def fetch_rest():
        ftp.ask('REST 1000', '350')
        ftp.fetch('small', buffer)

    def refused_data(line):
        def run():
            with ftp.data():
                ftp.ask(line, '550')
        return run

    def rename(old, new):
        def run():
            ftp.ask(f'RNFR {old}', '350')
            ftp.ask(f'RNTO {new}', '250')
        return run

    def log_in():
        other = Ftp(port)
        other.ask('TYPE I', '200')
        other.ask('PWD', '257')
        other.data().close()
        other.ask('NOOP', '200')
        other.close()

    yield 'login, TYPE, PWD, EPSV, NOOP', log_in
    yield 'MKD', ask('MKD made', '257')
    yield 'MKD of a directory that exists', ask('MKD made', '550')
    yield 'CWD to a directory made by MKD', ask('CWD /made', '250')
    yield 'CWD to a directory without a marker', ask('CWD /d10', '250')
    yield 'CWD to a name that does not exist', ask('CWD /none', '550')
    yield 'CDUP to the root', ask('CDUP', '250')
    yield 'STOR of an empty file', store('empty', 0)
    yield 'STOR of 4 KiB', store('small', SMALL)
    yield 'STOR of 4 KiB over another file', store('small', SMALL)
    yield 'STOR of 4 KiB into a directory', store('made/small', SMALL)
    yield 'STOR of 64 MiB', store('large', LARGE)
    yield 'STOU of 4 KiB', store('', SMALL, 'STOU')
    yield 'APPE of 4 KiB to a file that does not exist', store('appended', SMALL, 'APPE')
    yield 'APPE of 4 KiB to one of 4 KiB', store('appended', SMALL, 'APPE')
    yield 'APPE of 4 KiB to one of 64 MiB', store('large', SMALL, 'APPE')
    yield 'RETR of 4 KiB', fetch('small')
    yield 'RETR of 4 KiB, with REST', fetch_rest
    yield 'RETR of 64 MiB', fetch('large')
    yield 'RETR of a file that does not exist', refused_data('RETR none')
    yield 'SIZE of a file', ask('SIZE small', '213')
    yield 'SIZE of a name that does not exist', ask('SIZE none', '550')
    yield 'MDTM of a file', ask('MDTM small', '213')
    yield 'MLST of a file', ask('MLST small', '250')
    yield 'MLST of a directory without a marker', ask('MLST d10', '250')
    yield 'LIST of 10 entries', lambda: ftp.listing('LIST /d10')
    yield 'LIST of 1,000', lambda: ftp.listing('LIST /d1k')
    yield 'LIST of 10,000', lambda: ftp.listing('LIST /d10k')
    yield 'MLSD of 10,000', lambda: ftp.listing('MLSD /d10k')
    yield 'NLST of 10', lambda: ftp.listing('NLST /d10')
    yield 'LIST of a file', lambda: ftp.listing('LIST small')
    yield 'SIZE of a file just listed', ask('SIZE /d10/f00003.dat', '213')
    yield 'RNFR and RNTO of a file', rename('small', 'renamed')
    yield 'RNFR and RNTO of a file over another', rename('renamed', 'appended')
    yield 'RNFR and RNTO of a directory with one file', rename('made', 'moved')
    yield 'RMD of a directory that is not empty', ask('RMD moved', '550')
    yield 'DELE in the root', ask('DELE empty', '250')
    yield 'DELE of the last file of a directory', ask('DELE moved/small', '250')
    yield 'DELE of a name that does not exist', ask('DELE none', '550')
    yield 'RMD of an empty directory', ask('RMD moved', '250')


def control(store, command):
    with urllib.request.urlopen(f'{store}/__{command}', timeout=10) as answer:
        return json.load(answer)


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--store', required=True)
    args = parser.parse_args()
    source = os.memfd_create('requests-source')
    os.ftruncate(source, LARGE)
    ftp = Ftp(args.port)
    ftp.ask('TYPE I', '200')
    print('| command | requests | which |\n|---|---|---|')
    for name, run in cases(ftp, args.port, source):
        control(args.store, 'zero')
        try:
            run()
            failed = ''
        except ConnectionError as error:
            failed = f' ({error})'
        counts = control(args.store, 'stats')
        made = {NAMES[key]: count for key, count in counts.items() if key in NAMES}
        which = ', '.join(key if count == 1 else f'{count} {key}' for key, count in made.items())
        print(f'| {name} | {sum(made.values())} | {which or "–"}{failed} |', flush=True)
    ftp.close()


main()
