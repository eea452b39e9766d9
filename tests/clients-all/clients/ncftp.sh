. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
LOGIN=(-u "$FTP_USER" -p "$FTP_PASSWORD" -P "$FTP_PORT" -t 60)
version() { debian ncftp; }
put() { ncftpput "${LOGIN[@]}" -V -C "$FTP_HOST" "$1" "$2"; }
get() { ncftpget "${LOGIN[@]}" -V -C "$FTP_HOST" "$1" "$2"; }
list() { ncftpls "${LOGIN[@]}" "ftp://$FTP_HOST$1"; }
rename() { ncftpls "${LOGIN[@]}" -X "RNFR $1" -X "RNTO $2" "ftp://$FTP_HOST/"; }
delete() { ncftpls "${LOGIN[@]}" -X "DELE $1" "ftp://$FTP_HOST/"; }
loop "$@"
