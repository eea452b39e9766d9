# What `run` and `growth` have in common: building, starting and stopping the server and its
# in-memory S3 store. To be sourced, under `set -euo pipefail`.

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
project="$(cd "$here/../.." && pwd)"
python="${PYTHON:-python3}"
bucket=test-1250000000
command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"

# The comment at the top of a script.
usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
}

# Files to send and to serve stand in memory, where there is such a directory.
memory=/dev/shm
[ -w "$memory" ] || memory="${TMPDIR:-/tmp}"
work="$(mktemp -d "$memory/cos-ftp-bench.XXXXXX")"
pids=()

clean_up() {
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start NAME COMMAND...: in the background, output in a file; its process is $pid.
start() {
    local name="$1"
    shift
    "$@" >"$work/$name.out" 2>&1 &
    pid=$!
    pids+=("$pid")
}

# Waits until $2, which $3 (a process) is to listen on, takes connections.
await_port() {
    local name="$1" port="$2" process="$3" left=100
    until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        left=$((left - 1))
        if [ "$left" -eq 0 ] || ! kill -0 "$process" 2>/dev/null; then
            echo "$name does not listen on port $port:" >&2
            tail -n 20 "$work/$name.out" >&2
            exit 1
        fi
        sleep 0.1
    done
}

free_ports() {
    "$python" - "$1" <<'PYTHON'
import socket, sys
held = [socket.create_server(('127.0.0.1', 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in held))
PYTHON
}

# start_server NAME PORT STORE [SETTING]...: our server; its process is $pid. STORE is a port of this
# machine, or a URL; it takes parts as small as $min_part and the keys $store_id and $store_key, if those
# are set.
start_server() {
    local name="$1" port="$2" store="$3"
    shift 3
    [[ "$store" == *://* ]] || store="http://127.0.0.1:$store"
    mkdir "$work/$name"
    cat >"$work/$name/server.conf" <<CONF
[COS_ACCOUNT_0]
cos_endpoint = $store
$( [ -z "${ca_file:-}" ] || echo "cos_ca_file = $ca_file")
cos_bucket = $bucket
$( [ -z "${min_part:-}" ] || echo "store_min_part = $min_part")
cos_region = us-east-1
cos_secretid = ${store_id:-id}
cos_secretkey = ${store_key:-key}
home_dir = /bench
ftp_login_user_name = bench
ftp_login_user_password = bench
authority = RW
[NETWORK]
listen_address = 127.0.0.1
listen_port = $port
passive_ports = 10240,32000
[FILE_OPTION]
single_file_max_size = 20G
[SECURITY]
max_connections_per_minute = 0
max_commands_per_second = 0
[OPTIONAL]
max_connection_num = 0
buffer_memory = 2G
log_dir = $work/$name
$(printf '%s\n' "$@")
CONF
    start "$name" "${SERVER:-$project/target/release/cos-ftp-server}" --config "$work/$name/server.conf"
    await_port "$name" "$port" "$pid"
}

# build_beside DIRECTORY: a copy of that Cargo project below target/; its program is
# target/DIRECTORY/target/release/.
build_beside() {
    mkdir -p "$project/target/$1"
    cp -rp "$here/$1/." "$project/target/$1"
    (cd "$project/target/$1" && cargo build --release --quiet)
}

# Builds the server, the store and the cameras, in the release profile.
build() {
    echo "== building" >&2
    (cd "$project" && cargo build --release --quiet)
    rustc --edition 2021 -O -C target-cpu=native -o "$work/mems3" "$here/mems3/main.rs"
    build_beside cameras
    ln -s "$project/target/cameras/target/release/cameras" "$work/cameras"
}

# Builds the server of the crate libunftp, unless LIBUNFTP names it; it is $libunftp.
build_libunftp() {
    libunftp="${LIBUNFTP:-$project/target/libunftp/target/release/libunftp-s3}"
    [ ! -x "$libunftp" ] || return 0
    echo "== building libunftp" >&2
    build_beside libunftp
}

# start_store PORT: the store, empty; its process is $store_pid.
start_store() {
    start store "$work/mems3" "127.0.0.1:$1" "$bucket"
    store_pid="$pid"
    await_port store "$1" "$store_pid"
}

# make_certificate: for FTPS, in cert.pem and key.pem.
make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
        -days 2 -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
}

# start_tls_front PORT STORE_PORT: HAProxy, which ends TLS before the store, with a certificate for
# localhost by an authority made on the way, $work/ca.pem; its process is $front_pid.
start_tls_front() {
    (
        cd "$work"
        key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
        openssl req -x509 "${key[@]}" -subj /CN=authority -days 2 -keyout ca.key -out ca.pem
        openssl req "${key[@]}" -subj /CN=store -keyout leaf.key -out leaf.csr
        echo subjectAltName=DNS:localhost >names
        openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -extfile names -days 2 -out leaf.pem
        cat leaf.pem leaf.key >front.pem
    ) 2>/dev/null
    cat >"$work/front.cfg" <<CONF
global
    stats socket $work/front.sock mode 600
defaults
    mode tcp
    timeout connect 10s
    timeout client 1h
    timeout server 1h
frontend store
    bind 127.0.0.1:$1 ssl crt $work/front.pem
    default_backend store
backend store
    server store 127.0.0.1:$2
CONF
    start front haproxy -f "$work/front.cfg"
    front_pid="$pid"
    await_port front "$1" "$front_pid"
}

# How many connections the front has taken so far that spoke TLS, the one of await_port included.
handshakes() {
    "$python" - "$work/front.sock" <<'PYTHON'
import socket, sys
with socket.socket(socket.AF_UNIX) as front:
    front.connect(sys.argv[1])
    front.sendall(b'show info\n')
    told = b''.join(iter(lambda: front.recv(65536), b'')).decode()
print(next(line.split()[1] for line in told.splitlines() if line.startswith('CumSslConns:')))
PYTHON
}
