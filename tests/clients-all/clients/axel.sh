. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
# It fetches a file through several connections at once, each from another place.
version() { debian axel; }
get() { rm -f "$2" && axel -q -n 4 -o "$2" "ftp://$LOGIN@$FTP_HOST:$FTP_PORT/$1"; }
loop "$@"
