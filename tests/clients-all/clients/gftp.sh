. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
URL=ftp://$LOGIN@$FTP_HOST:$FTP_PORT
run() {
    local said
    said=$(printf 'open %s\nbinary\n%s\nquit\n' "$URL" "$1" | gftp-text 2>&1)
    echo "$said"
    ! grep -qE '5[05][0-9] |could not be transferred' <<<"$said"
}
version() { debian gftp-text; }
put() { cp "$1" "$2" 2>/dev/null || true; run "put $2"; }
# With a name, it shows what has that name.
list() { run ls; }
rename() { run "rename $1 $2"; }
delete() { run "delete $1"; }
loop "$@"
