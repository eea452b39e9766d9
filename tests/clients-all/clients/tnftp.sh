. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
# It ends with 0 whatever happens on the way, so that a user reads what it printed.
run() {
    local said
    said=$(printf 'open %s %s\nuser %s %s\nbinary\n%s\nquit\n' "$FTP_HOST" "$FTP_PORT" \
        "$FTP_USER" "$FTP_PASSWORD" "$1" | tnftp -n -v 2>&1)
    echo "$said"
    ! grep -qE '^(4|5)[0-9][0-9] |lost|refused|reset' <<<"$said"
}
version() { debian tnftp; }
put() { run "put $1 $2"; }
get() { run "get $1 $2"; }
list() { run "nlist $1"; }
rename() { run "rename $1 $2"; }
delete() { run "delete $1"; }
loop "$@"
