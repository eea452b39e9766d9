#!/usr/bin/env python3
"""Counts the system calls of an FTP server.

  calls.py --port 2121 --pid 4711 --cold-port 2122 --cold-pid 4712 --cameras PROGRAM

The first server speaks FTPS, too. The store has the directory meta/ planted in its bucket; the second server on it remembers nothing.
strace counts the calls of all threads while one thing is done many times. What takes no time in the
kernel does so here: the figures are numbers, never durations. Prints a Markdown table.
"""
import argparse
import os
import signal
import subprocess
import tempfile

from ftpclient import MEBIBYTE, Ftp

LARGE = 256
PICTURE = 200_000


def cases(args, source):
    """What is done, how often, the unit of one, and in which process."""
    port, pid = args.port, args.pid
    ftp, cold = Ftp(port), Ftp(args.cold_port)
    ftp.ask('TYPE I', '200')
    cold.ask('TYPE I', '200')
    buffer = bytearray(MEBIBYTE)

    def sizes(count):
        for number in range(count):
            cold.ask(f'SIZE /meta/f{number % 500:05d}.dat', '213')

    def logins(count):
        for _ in range(count):
            other = Ftp(port)
            other.ask('QUIT', '221')
            other.close()

    def pictures(count, *how):
        subprocess.run([args.cameras, str(port), 'bench', 'bench', '1', str(count), str(PICTURE), *how],
                       check=True, stdout=subprocess.DEVNULL)

    yield 'STOR of 256 MiB', 'MiB', LARGE, pid, lambda: ftp.store('large', source, LARGE * MEBIBYTE)
    yield 'RETR of 256 MiB', 'MiB', LARGE, pid, lambda: ftp.fetch('large', buffer)
    yield 'SIZE, one request', 'command', 1000, args.cold_pid, lambda: sizes(1000)
    yield 'login and QUIT', 'login', 200, pid, lambda: logins(200)
    yield 'login, STOR of 200 KB, QUIT', 'picture', 200, pid, lambda: pictures(200)
    yield 'the same with AUTH TLS and PROT P', 'picture', 200, pid, lambda: pictures(200, 'tls')
    ftp.close()
    cold.close()


def counted(pid, run):
    """The system calls of a process by name, while `run` runs."""
    with tempfile.NamedTemporaryFile('r') as output:
        trace = subprocess.Popen(['strace', '-f', '-c', '-p', str(pid), '-o', output.name],
                                 stderr=subprocess.PIPE, text=True)
        # It tells when it is attached.
        trace.stderr.readline()
        try:
            run()
        finally:
            trace.send_signal(signal.SIGINT)
            trace.communicate()
        rows = [line.split() for line in output]
    return {row[-1]: int(row[3]) for row in rows if len(row) > 4 and row[3].isdigit() and row[-1] != 'total'}


def main():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--pid', type=int, required=True)
    parser.add_argument('--cold-port', type=int, required=True)
    parser.add_argument('--cold-pid', type=int, required=True)
    parser.add_argument('--cameras', required=True)
    args = parser.parse_args()
    source = os.memfd_create('calls-source')
    os.ftruncate(source, LARGE * MEBIBYTE)
    print('| what | calls for each | of them |\n|---|---|---|')
    for name, unit, count, pid, run in cases(args, source):
        run()
        calls = counted(pid, run)
        often = sorted(calls.items(), key=lambda call: -call[1])
        which = ', '.join(f'{key} {number / count:.2f}' for key, number in often if number / count >= 0.05)
        print(f'| {name} | {sum(calls.values()) / count:.1f} for each {unit} | {which} |', flush=True)


main()
