. "${BASH_SOURCE[0]%/*}/loop.sh"
run() { curl -sS ${FTP_TLS:+--ssl-reqd --cacert "$FTP_CA"} -u "$LOGIN" "$@"; }
URL=ftp://$FTP_HOST:$FTP_PORT
version() { debian curl; }
put() { run -T "$1" "$URL/$2"; }
get() { run -o "$2" "$URL/$1"; }
list() { run "$URL$1"; }
rename() { run -Q "RNFR $1" -Q "RNTO $2" -o /dev/null "$URL/"; }
delete() { run -Q "DELE $1" -o /dev/null "$URL/"; }
loop "$@"
