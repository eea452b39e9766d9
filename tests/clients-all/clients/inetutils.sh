. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
version() { debian inetutils-ftp; }
run() {
    local out
    out=$(inetutils-ftp --verbose --no-login --passive --no-prompt <<FTP 2>&1
open $FTP_HOST $FTP_PORT
user $FTP_USER $FTP_PASSWORD
binary
$1
bye
FTP
    )
    echo "$out"
    # It ends with 0 whatever happened: a user reads what it printed.
    ! grep -qE '^(4|5)[0-9][0-9] |[Nn]ot connected|[Cc]onnection (reset|refused|closed)|[Bb]roken pipe|No control|failed' <<<"$out"
}
put() { run "put $1 $2"; }
get() { run "get $1 $2"; }
list() { run "nlist $1"; }
rename() { run "rename $1 $2"; }
delete() { run "delete $1"; }
loop "$@"
