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

# start_server NAME PORT STORE_PORT [SETTING]...: our server; its process is $pid.
start_server() {
    local name="$1" port="$2" store="$3"
    shift 3
    mkdir "$work/$name"
    cat >"$work/$name/server.conf" <<CONF
[COS_ACCOUNT_0]
cos_endpoint = http://127.0.0.1:$store
cos_bucket = $bucket
cos_region = us-east-1
cos_secretid = id
cos_secretkey = key
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
    start "$name" "$project/target/release/cos-ftp-server" --config "$work/$name/server.conf"
    await_port "$name" "$port" "$pid"
}

# Builds the server and the store, in the release profile.
build() {
    echo "== building" >&2
    (cd "$project" && cargo build --release --quiet)
    rustc --edition 2021 -O -C target-cpu=native -o "$work/mems3" "$here/mems3.rs"
}

# Builds the server of the crate libunftp, unless LIBUNFTP names it; it is $libunftp.
build_libunftp() {
    libunftp="${LIBUNFTP:-$project/target/libunftp/target/release/libunftp-s3}"
    [ ! -x "$libunftp" ] || return 0
    echo "== building libunftp" >&2
    cp -r "$here/libunftp" "$project/target/"
    (cd "$project/target/libunftp" && cargo build --release --quiet)
}

# start_store PORT: the store, empty; its process is $store_pid.
start_store() {
    start store "$work/mems3" "127.0.0.1:$1" "$bucket"
    store_pid="$pid"
    await_port store "$1" "$store_pid"
}
