. "${BASH_SOURCE[0]%/*}/loop.sh"
# What it stores of a backup has names that it makes itself, so it is asked through what stores them:
# its backend, with its own tries. It hands the file to lftp, which tries, too.
URL=ftp${FTP_TLS:+es}://$FTP_USER@$FTP_HOST:$FTP_PORT/
version() { debian duplicity; }
run() {
    mkdir -p .lftp && echo 'set net:reconnect-interval-base 1' >.lftp/rc
    /usr/bin/python3 -c '
import os, sys
from duplicity import backend, config, log, path

log.setup()
backend.import_backends()
config.num_retries, config.backend_retry_delay, config.timeout = 2, 1, 60
config.ssl_cacert_file = os.environ["FTP_CA"]
far = backend.get_backend(sys.argv[1])
operation, words = sys.argv[2], [word.encode() for word in sys.argv[3:]]
if operation == "put":
    far.put(path.Path(words[0]), words[1])
elif operation == "get":
    far.get(words[0], path.Path(words[1]))
elif operation == "list":
    print(*(name.decode() for name in far.list()), sep="\n")
else:
    far.delete(words)
' "$URL" "$@"
}
put() { run put "$1" "$2"; }
get() { run get "$1" "$2"; }
list() { run list; }
delete() { run delete "$1"; }
loop "$@"
