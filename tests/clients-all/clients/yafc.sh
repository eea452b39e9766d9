. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
# It ends with 0 whatever happens on the way; a user reads what it printed.
run() {
    local said
    said=$(ask "$1")
    echo "$said"
    ! grep -qiE 'not allowed|interrupted|reset|lost|closed|error|fail' <<<"$said"
}
ask() {
    printf 'open --noproxy ftp://%s@%s:%s\n%s\nclose\nquit\n' "$LOGIN" "$FTP_HOST" "$FTP_PORT" "$1" |
        yafc --norc --quiet 2>&1
}
version() { debian yafc; }
put() { run "put --force --type=binary $1 -o $2"; }
get() { run "get --force --type=binary $1 -o $2"; }
list() { run "nlist $1"; }
rename() { run "mv $1 $2"; }
delete() { run "rm $1"; }
loop "$@"
