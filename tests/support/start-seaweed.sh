#!/bin/bash
# start-seaweed.sh -- an S3 store with real directories for the tests: SeaweedFS (master, volume,
# filer and S3 gateway in one process), on 127.0.0.1 only, which tells nobody of itself.
#
# Prints one line `http://127.0.0.1:PORT` when it answers (3 s), then runs until TERM, INT or the
# end of its owner, and removes its data. Access key AKIDEXAMPLE, secret SECRETEXAMPLE.
# tests/support/packages.sh installs it.
#
# COS_FTP_TEST_OWNER: the process whose end ends it. Default: its parent.
set -euo pipefail

WEED=$("$(dirname "${BASH_SOURCE[0]}")/seaweed.sh")
DIR=$(mktemp -d "${TMPDIR:-/tmp}/cos-ftp-seaweed.XXXXXX")
PID=
WATCH=

stop() {
    trap - TERM INT EXIT
    set +e
    [ -z "$WATCH" ] || kill "$WATCH" 2>/dev/null
    [ -z "$PID" ] || kill -9 "$PID" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$DIR" "${LOCK:-}"
    exit "${RC:-0}"
}
trap stop TERM INT
trap 'RC=$?; [ "$RC" = 0 ] || tail -n 20 "$DIR"/log >&2 || true; stop' EXIT
trap '' PIPE # whoever read the output may be gone before the data is removed

# Eight ports in a row below the ephemeral range, held by a lock from now on.
reserve_ports() {
    local port
    while :; do
        PORT=$((12000 + RANDOM % 780 * 10))
        LOCK=${TMPDIR:-/tmp}/cos-ftp-seaweed.$PORT.lock
        exec 9>"$LOCK"
        flock --nonblock 9 || continue
        for port in $(seq "$PORT" $((PORT + 7))); do
            (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue 2
        done
        return 0
    done
}

reserve_ports
cat >"$DIR/s3.json" <<'JSON'
{"identities": [{"name": "test",
  "credentials": [{"accessKey": "AKIDEXAMPLE", "secretKey": "SECRETEXAMPLE"}],
  "actions": ["Admin", "Read", "List", "Tagging", "Write"]}]}
JSON
cd "$DIR"
setpriv --pdeathsig TERM -- "$WEED" -logdir="$DIR" server -dir="$DIR" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
    -master.telemetry=false -master.telemetry.url= -master.electionTimeout=1s \
    -master.port=$((PORT + 1)) -master.port.grpc=$((PORT + 2)) -master.volumeSizeLimitMB=256 \
    -volume.port=$((PORT + 3)) -volume.port.grpc=$((PORT + 4)) -volume.max=64 \
    -volume.preStopSeconds=0 -filer -filer.port=$((PORT + 5)) -filer.port.grpc=$((PORT + 6)) \
    -filer.localSocket="$DIR/filer.sock" -s3 -s3.port="$PORT" -s3.port.grpc=$((PORT + 7)) \
    -s3.port.iceberg=0 -s3.port.lance=0 -s3.localSocket="$DIR/s3.sock" -s3.config="$DIR/s3.json" \
    -s3.autoCreateBucket=false >"$DIR/log" 2>&1 &
PID=$!

# It answers before it can store anything: the bucket `first` shows that it can.
ask() {
    curl -s -o /dev/null -f --noproxy '*' --aws-sigv4 aws:amz:us-east-1:s3 \
        --user AKIDEXAMPLE:SECRETEXAMPLE -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \
        -X PUT "$@" "http://127.0.0.1:$PORT/first$KEY"
}
for _ in $(seq 300); do
    kill -0 "$PID"
    KEY='' ask && KEY=/key ask --data-binary x && break
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
wait "$PID"
