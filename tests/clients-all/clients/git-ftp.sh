. "${BASH_SOURCE[0]%/*}/loop.sh"
URL=ftp${FTP_TLS:+es}://$FTP_HOST:$FTP_PORT/
version() { debian git-ftp; }
# Its unit is a commit: the file is committed, and what is new since the last push goes.
run() { git -C work -c user.name=n -c user.email=e@localhost "$@"; }
push() {
    local what=push
    [ -e pushed ] || what=init
    (cd work && git ftp "$what" -u "$FTP_USER" -p "$FTP_PASSWORD" ${FTP_TLS:+--cacert "$FTP_CA"} "$URL") &&
        touch pushed
}
put() {
    [ -d work ] || git init -q work
    cp "$1" "work/$2" && run add "$2" && run commit -q -m "$2" && push
}
rename() { run mv "$1" "$2" && run commit -q -m "$2" && push; }
delete() { run rm -q "$1" && run commit -q -m "$1" && push; }
loop "$@"
