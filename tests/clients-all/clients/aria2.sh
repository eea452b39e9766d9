. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
version() { debian aria2; }
get() {
    aria2c -q --allow-overwrite=true --max-tries=3 --retry-wait=1 --console-log-level=error -d "$(dirname "$2")" \
        -o "$(basename "$2")" "ftp://$LOGIN@$FTP_HOST:$FTP_PORT/$1"
}
loop "$@"
