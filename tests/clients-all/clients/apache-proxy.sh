. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
# A client speaks HTTP to it, here curl. It only fetches.
version() { debian apache2; }
started() {
    [ ! -e apache.port ] || return 0
    local port
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat >apache.conf <<CONF
ServerRoot $PWD
ServerName localhost
PidFile $PWD/apache.pid
Listen 127.0.0.1:$port
ErrorLog $PWD/apache.log
User nobody
Group nogroup
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_ftp_module /usr/lib/apache2/modules/mod_proxy_ftp.so
ProxyPass / ftp://$FTP_HOST:$FTP_PORT/
CONF
    apache2 -d "$PWD" -f apache.conf -D FOREGROUND >apache.out 2>&1 &
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && echo "$port" >apache.port && return 0
        sleep 0.1
    done
    cat apache.log apache.out
    return 1
}
run() {
    local path=$1
    shift
    started && curl -sS --fail -u "$LOGIN" --max-time 70 "http://127.0.0.1:$(cat apache.port)$path" "$@"
}
get() { run "/$1" -o "$2"; }
list() { run "$1"; }
loop "$@"
