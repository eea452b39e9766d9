. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
URL=ftp://$LOGIN@$FTP_HOST:$FTP_PORT
version() { debian links2; }
get() { links2 -source "$URL/$1" >"$2"; }
list() { links2 -dump "$URL$1"; }
loop "$@"
