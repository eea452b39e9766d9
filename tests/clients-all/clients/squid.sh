. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
# A client speaks HTTP to it, here curl.
version() { debian squid; }
started() {
    [ ! -e squid.port ] || return 0
    local port
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat >squid.conf <<CONF
http_port 127.0.0.1:$port
http_access allow localhost
pid_filename none
cache_log $PWD/squid.log
access_log none
cache deny all
coredump_dir $PWD
shutdown_lifetime 0 seconds
CONF
    # As root it goes on as its own user, who may write nothing here.
    [ "$(id -u)" != 0 ] || chmod 777 .
    chmod a+rx .. .
    squid -N -f squid.conf >squid.out 2>&1 &
    # It says this when it has started up.
    for _ in $(seq 100); do
        grep -qs storeLateRelease squid.log && echo "$port" >squid.port && return 0
        sleep 0.1
    done
    cat squid.log squid.out
    return 1
}
URL=ftp://$LOGIN@$FTP_HOST:$FTP_PORT
run() { started && curl -sS --fail -x "http://127.0.0.1:$(cat squid.port)" --max-time 70 "$@"; }
put() { run -T "$1" "$URL/$2"; }
get() { run -o "$2" "$URL/$1"; }
list() { run "$URL$1"; }
loop "$@"
