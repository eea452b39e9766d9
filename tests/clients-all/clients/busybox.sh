. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
LOGIN=(-u "$FTP_USER" -p "$FTP_PASSWORD" -P "$FTP_PORT")
version() { debian busybox; }
put() { busybox ftpput "${LOGIN[@]}" "$FTP_HOST" "$2" "$1"; }
get() { busybox ftpget "${LOGIN[@]}" "$FTP_HOST" "$2" "$1"; }
loop "$@"
