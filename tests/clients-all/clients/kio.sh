. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
# KDE's, as Dolphin does it, by kioclient5. Its helpers talk over a session bus, which lives as long as
# this driver.
if [ "${1:-}" != version ] && [ -z "${IN_A_BUS:-}" ]; then
    export IN_A_BUS=1 XDG_RUNTIME_DIR=$PWD/run QT_QPA_PLATFORM=offscreen
    mkdir -p -m 700 run
    exec dbus-run-session -- bash "${BASH_SOURCE[0]}"
fi
URL=ftp://$LOGIN@$FTP_HOST:$FTP_PORT
version() { debian kio; }
run() { kioclient5 --noninteractive "$@"; }
put() { run copy "$1" "$URL/$2"; }
get() { run copy "$URL/$1" "file://$2"; }
list() { run ls "$URL$1"; }
rename() { run move "$URL/$1" "$URL/$2"; }
delete() { run remove "$URL/$1"; }
loop "$@"
