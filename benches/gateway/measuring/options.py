"""What ftpbench is told by its arguments, and the head of its results."""
import argparse, os, sys, time

PARSER = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=sys.modules['__main__'].__doc__)
PARSER.add_argument('--host', default='127.0.0.1')
PARSER.add_argument('--port', type=int, required=True)
PARSER.add_argument('--user', default='bench')
PARSER.add_argument('--password', default='bench')
PARSER.add_argument('--pid', default='')
PARSER.add_argument('--s3-pid', default='')
PARSER.add_argument('--proxy-pid', default='')
PARSER.add_argument('--s3', default='')
PARSER.add_argument('--bucket', default='test-1250000000')
PARSER.add_argument('--label', default='')
PARSER.add_argument('--json', default='')
PARSER.add_argument('--scenarios', default='all')
PARSER.add_argument('--runs', type=int, default=3)
PARSER.add_argument('--big', type=int, default=1024)
PARSER.add_argument('--mid', type=int, default=256)
PARSER.add_argument('--small-n', type=int, default=1000)
PARSER.add_argument('--small-size', type=int, default=4096)
PARSER.add_argument('--small-cap', type=float, default=60.0, help='seconds at most for each half of small')
PARSER.add_argument('--conc', type=int, default=8)
PARSER.add_argument('--conc-mib', type=int, default=128)
PARSER.add_argument('--cameras', default='', help='the program built from cameras/')
PARSER.add_argument('--camera-n', type=int, default=32)
PARSER.add_argument('--pictures', type=int, default=6000)
PARSER.add_argument('--idle', default='200,500')
PARSER.add_argument('--dirs', default='d10k=10000,d1k=1000')
PARSER.add_argument('--meta-dir', default='meta')
PARSER.add_argument('--logins', type=int, default=200)
PARSER.add_argument('--base', default='', help='directory on the server to work in (created), default /ftpbench')
PARSER.add_argument('--shm', default='/dev/shm')
PARSER.add_argument('--timeout', type=float, default=240.0)
PARSER.add_argument('--epsv', action='store_true')
PARSER.add_argument('--quiet', type=float, default=0, help='wait up to so many seconds before each big transfer for the rest of the machine to go idle')
PARSER.add_argument('--remote', action='store_true')
PARSER.add_argument('--tls', action='store_true')
ARGUMENTS = PARSER.parse_args()

# Where it works on the server.
BASE = ARGUMENTS.base or '/ftpbench'
MiB = 1 << 20
RESULTS = {'label': ARGUMENTS.label, 'started': time.strftime('%Y-%m-%dT%H:%M:%S'), 'args': vars(ARGUMENTS), 'nproc': os.cpu_count()}
