. "${BASH_SOURCE[0]%/*}/loop.sh"
run() {
    local operation=$1
    shift
    rclone "$operation" --config "" --ftp-host "$FTP_HOST" --ftp-port "$FTP_PORT" --ftp-user "$FTP_USER" \
        --ftp-pass "$(rclone obscure "$FTP_PASSWORD")" --ca-cert "$FTP_CA" \
        ${FTP_TLS:+--ftp-explicit-tls} "$@"
}
version() { debian rclone; }
put() { run copyto "$1" ":ftp:$2"; }
get() { run copyto ":ftp:$1" "$2"; }
list() { run lsf ":ftp:$1"; }
rename() { run moveto ":ftp:$1" ":ftp:$2"; }
delete() { run deletefile ":ftp:$1"; }
loop "$@"
