#!/bin/bash
# start-rgw.sh -- a real S3 store for the tests: the Ceph RADOS Gateway of Debian
# (radosgw, ceph-mon, ceph-osd), one monitor and one OSD, on 127.0.0.1 only.
#
# Prints one line `http://127.0.0.1:PORT` when it answers (10 to 20 s), then runs until TERM, INT
# or the end of its owner, and removes its data. Access key AKIDEXAMPLE, secret
# SECRETEXAMPLE. Buckets answer under /BUCKET and as BUCKET.localhost.
#
# COS_FTP_TEST_OWNER: the process whose end ends it. Default: its parent.
# COS_FTP_TEST_DATA: where its folder is made. Default: /dev/shm with 4 GiB free, else $TMPDIR.
set -euo pipefail

for tool in radosgw radosgw-admin ceph-mon ceph-osd ceph monmaptool curl setpriv flock; do
    command -v "$tool" >/dev/null || {
        echo "start-rgw.sh: $tool is missing: apt-get install radosgw ceph-mon ceph-osd ceph-common curl" >&2
        exit 1
    }
done

# Ten ports in a row below the ephemeral range: PORT the gateway, +1 the monitor, +2..+9 the OSD.
# They are held by a lock from now on, so that two gateways that start at once do not mix.
reserve_ports() {
    local port
    while :; do
        PORT=$((20000 + RANDOM % 1200 * 10))
        LOCK=${TMPDIR:-/tmp}/cos-ftp-rgw.$PORT.lock
        exec 9>"$LOCK"
        flock --nonblock 9 || continue
        for port in $(seq "$PORT" $((PORT + 9))); do
            (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue 2
        done
        return 0
    done
}

data_home() {
    local free
    free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -1)
    if [ "${free:-0}" -ge $((4 * 1024 * 1024)) ]; then echo /dev/shm; else echo "${TMPDIR:-/tmp}"; fi
}

# Objects in the memory of the OSD cost half the processor time, and up to 11 GiB for all tests.
object_store() {
    local available
    available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
    if [ "${available:-0}" -ge $((14 * 1024 * 1024)) ]; then echo memstore; else echo bluestore; fi
}

reserve_ports
DIR=$(mktemp -d "${COS_FTP_TEST_DATA:-$(data_home)}/cos-ftp-rgw.XXXXXX")
mkdir "$DIR"/{mon,osd,run,log}
FSID=$(cat /proc/sys/kernel/random/uuid)

cat >"$DIR/ceph.conf" <<CONF
[global]
fsid = $FSID
mon host = v1:127.0.0.1:$((PORT + 1))
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
ms bind port min = $((PORT + 2))
ms bind port max = $((PORT + 9))
auth cluster required = none
auth service required = none
auth client required = none
# What costs processor time and is of no use here: checksums of memory that is never left, the history
# of operations, what daemons write down for a crash, and threads that wake each other.
ms crc data = false
ms crc header = false
ms async op threads = 1
osd enable op tracker = false
$(printf 'debug %s = 0/0\n' asok auth bdev bluefs bluestore buffer context crush filer finisher heartbeatmap journaler \
    memstore mgrc mon monc ms objclass objecter optracker osd paxos perfcounter rados rgw rgw_sync \
    rocksdb striper throttle timer tp)
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
mon cluster log file = $DIR/log/cluster.log
run dir = $DIR/run
admin socket = $DIR/run/\$cluster-\$name.\$pid.asok
log file = $DIR/log/\$name.log
crash dir = $DIR/run
setuser match path = /
[mon]
mon data = $DIR/mon
[osd]
osd data = $DIR/osd
osd objectstore = $(object_store)
memstore device bytes = 21474836480
bluestore block size = 21474836480
bluestore fsck on mount = false
bluestore csum type = none
osd memory target = 1073741824
osd class dir = /usr/lib/x86_64-linux-gnu/rados-classes
osd op num shards = 1
osd op num threads per shard = 2
# The log that would bring another OSD up to date; each write walks all of it.
osd min pg log entries = 50
osd max pg log entries = 50
osd target pg log entries per osd = 0
osd pg log dups tracked = 50
osd check max object name len on startup = false
# Placed by hand below; asking the monitor at start now and then fails with "wrong fsid".
osd crush update on start = false
osd class update on start = false
[client]
rgw frontends = beast endpoint=127.0.0.1:$PORT tcp_nodelay=1
rgw dns name = localhost
rgw enable usage log = false
rgw enable ops log = false
rgw thread pool size = 16
rgw lc max worker = 1
# One object for the index of a bucket: to make, list and remove a bucket asks all of them.
rgw override bucket index max shards = 1
rgw dynamic resharding = false
# What is deleted frees its room after minutes, not hours: a gateway that stays would be full.
rgw gc obj min wait = 240
rgw gc processor period = 60
rgw gc processor max time = 60
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = key-1=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI= key-2=MjIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=
keyring = /dev/null
CONF

CEPH=(-c "$DIR/ceph.conf")
PIDS=()
WATCH=

# The gateway first, then the OSD, then the monitor: an OSD without monitor does not end by itself.
stop() {
    trap - TERM INT EXIT
    set +e
    [ -z "$WATCH" ] || kill "$WATCH" 2>/dev/null
    for ((i = ${#PIDS[@]} - 1; i >= 0; i--)); do
        kill "${PIDS[i]}" 2>/dev/null
        for _ in $(seq 20); do kill -0 "${PIDS[i]}" 2>/dev/null || break; sleep 0.1; done
        kill -9 "${PIDS[i]}" 2>/dev/null
    done
    wait 2>/dev/null
    rm -rf "$DIR" "$LOCK"
    exit "${RC:-0}"
}
trap stop TERM INT
trap 'RC=$?; [ "$RC" = 0 ] || tail -n 20 "$DIR"/log/*.out >&2 || true; stop' EXIT
trap '' PIPE # whoever read the output may be gone before the data is removed

# A daemon that cannot outlive this script, whatever ends it. Debian's radosgw brings the allocator along
# and does not use it; a request costs a sixth less with it.
daemon() {
    local log=$1
    shift
    LD_PRELOAD=libtcmalloc_minimal.so.4 setpriv --pdeathsig TERM -- "$@" >>"$DIR/log/$log.out" 2>&1 &
    PIDS+=($!)
}

monmaptool --create --fsid "$FSID" --addv a "[v1:127.0.0.1:$((PORT + 1))]" "$DIR/monmap" >/dev/null
ceph-mon "${CEPH[@]}" --mkfs -i a --monmap "$DIR/monmap"
daemon mon ceph-mon "${CEPH[@]}" -i a -f

ceph() { command ceph "${CEPH[@]}" --connect-timeout 20 "$@"; }
[ "$(ceph fsid)" = "$FSID" ] # else another cluster's monitor answers at this port
OSD=$(cat /proc/sys/kernel/random/uuid)
ceph osd new "$OSD" >/dev/null
ceph-osd "${CEPH[@]}" -i 0 --mkfs --osd-uuid "$OSD" >>"$DIR/log/osd.out" 2>&1
ceph osd crush add osd.0 1.0 root=default host=local >/dev/null 2>&1
daemon osd ceph-osd "${CEPH[@]}" -i 0 -f
for _ in $(seq 100); do
    ceph osd stat 2>/dev/null | grep -q '1 up' && break
    kill -0 "${PIDS[1]}"
    sleep 0.2
done

admin() { timeout 120 radosgw-admin "${CEPH[@]}" "$@" >/dev/null 2>>"$DIR/log/rgw.out"; }
# Any number of buckets: a gateway may serve many runs.
admin user create --uid=test --display-name=test --max-buckets=0 \
    --access-key=AKIDEXAMPLE --secret-key=SECRETEXAMPLE
# Storage classes beside STANDARD.
for class in STANDARD_IA COLD; do
    admin zonegroup placement add --rgw-zonegroup default --placement-id default-placement \
        --storage-class "$class"
    admin zone placement add --rgw-zone default --placement-id default-placement \
        --storage-class "$class" --data-pool "default.rgw.$class.data"
done
daemon rgw radosgw "${CEPH[@]}" -n client.rgw -f
for _ in $(seq 300); do
    curl -s -o /dev/null "http://127.0.0.1:$PORT/" && break
    kill -0 "${PIDS[2]}"
    sleep 0.1
done
echo "http://127.0.0.1:$PORT"

# Whoever started this may end without telling; then its store ends too.
(
    exec >/dev/null 2>&1
    setpriv --pdeathsig TERM -- tail --pid="${COS_FTP_TEST_OWNER:-$PPID}" -f /dev/null
    kill "$$"
) &
WATCH=$!
wait "${PIDS[2]}"
