. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
URL=ftp://$LOGIN@$FTP_HOST:$FTP_PORT
version() { debian elinks; }
get() { elinks -source 1 "$URL/$1" >"$2"; }
list() { elinks -dump 1 "$URL$1"; }
loop "$@"
