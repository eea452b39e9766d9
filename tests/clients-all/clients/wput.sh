. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
version() { debian wput; }
put() { wput -B -nv -t 3 --disable-tls "$1" "ftp://$LOGIN@$FTP_HOST:$FTP_PORT/$2"; }
loop "$@"
