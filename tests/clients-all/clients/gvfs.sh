. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
# Its mounts live in a session bus, which lives as long as this driver.
if [ "${1:-}" != version ] && [ -z "${IN_A_BUS:-}" ]; then
    export IN_A_BUS=1 XDG_RUNTIME_DIR=$PWD/run
    mkdir -p -m 700 run
    exec dbus-run-session -- bash "${BASH_SOURCE[0]}"
fi
URL=ftp://$FTP_USER@$FTP_HOST:$FTP_PORT
mounted() {
    gio info "$URL/" >/dev/null 2>&1 || printf '%s\n' "$FTP_PASSWORD" | gio mount "$URL/"
}
version() { debian gvfs-backends; }
put() { mounted && gio copy "$1" "$URL/$2"; }
get() { mounted && gio copy "$URL/$1" "$2"; }
list() { mounted && gio list "$URL$1"; }
rename() { mounted && gio rename "$URL/$1" "$2"; }
delete() { mounted && gio remove "$URL/$1"; }
loop "$@"
