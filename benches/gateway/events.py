"""Stores small files through servers with and without events, in turns. Called by `events`, which
tells what it measures."""
import argparse
import multiprocessing
import os
import statistics
import tempfile
import time

from ftpclient import Ftp

SIZE = 4096
CLIENTS = (1, 16)


def store(port, client, files, begin, source):
    ftp = Ftp(port)
    begin.wait()
    for number in range(files):
        ftp.store(f'/f{client}-{number % 100}', source, SIZE)
    ftp.close()


def rate(port, clients, files, source):
    """Files a second, of all clients."""
    begin = multiprocessing.Barrier(clients + 1)
    each = files // clients
    arguments = [(port, client, each, begin, source) for client in range(clients)]
    running = [multiprocessing.Process(target=store, args=one) for one in arguments]
    for process in running:
        process.start()
    begin.wait()
    began = time.monotonic()
    for process in running:
        process.join()
    if any(process.exitcode for process in running):
        raise SystemExit('a client failed')
    return each * clients / (time.monotonic() - began)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--files', type=int, default=2000)
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('servers', nargs='*', help='NAME=PORT, the first without events')
    options = parser.parse_args()
    servers = [server.rsplit('=', 1) for server in options.servers]
    print('| clients | journal | files a second | of those without |\n|---|---|---|---|')
    with tempfile.TemporaryFile() as file:
        file.write(os.urandom(SIZE))
        file.flush()
        for clients in CLIENTS:
            rates = {name: [] for name, _ in servers}
            for _ in range(options.runs):
                for name, port in servers:
                    rates[name].append(rate(int(port), clients, options.files, file.fileno()))
            without = statistics.median(rates[servers[0][0]])
            for name, _ in servers:
                median = statistics.median(rates[name])
                print(f'| {clients} | {name} | {median:,.0f} | {median / without:.0%} |', flush=True)


if __name__ == '__main__':
    main()
