#!/usr/bin/env bash
# Ceph RADOS Gateway 16.2.15 (Debian 12): tags in the header `x-amz-tagging` are kept by PutObject. Those
# that come with CreateMultipartUpload are taken (200) and gone when the object is complete; and CopyObject
# with `x-amz-metadata-directive: REPLACE` drops the tags of its source, though `x-amz-tagging-directive`
# is not sent and its default is COPY. Lifecycle rules by tag thus miss large objects, silently.
#
# Seen: tags of PutObject kept, of an upload in parts none, of a copy kept, of a copy with REPLACE none.
#
# Needs bash, python3, apt-get download and dpkg-deb (Debian 12, amd64), and the libraries of Ceph; two
# minutes and 1 GiB below $TMPDIR. Nothing is installed in the system. Exits 0 while this is so, 1 when
# it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
# apt's own user must be able to write here.
chmod 755 "$FOLDER"
VERSION=16.2.15+ds-0+deb12u2
for package in radosgw ceph-base ceph-common ceph-mon ceph-osd librados2 libradosstriper1 librgw2 \
    libcephfs2 python3-ceph-argparse python3-ceph-common python3-rados; do
    apt-get download -qq "$package=$VERSION" >/dev/null 2>&1
done
for package in *.deb; do dpkg-deb -x "$package" tree; done
rm ./*.deb
libraries=$FOLDER/tree/usr/lib/x86_64-linux-gnu
export PATH=$FOLDER/tree/usr/bin:$FOLDER/tree/usr/sbin:$PATH
export LD_LIBRARY_PATH=$libraries:$libraries/ceph PYTHONPATH=$FOLDER/tree/usr/lib/python3/dist-packages
radosgw --version

read -r port mon osd <<<"$(python3 - <<'PY'
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in held), 26000)
PY
)"
fsid=$(cat /proc/sys/kernel/random/uuid)
mkdir mon osd run log
cat >ceph.conf <<CONF
[global]
fsid = $fsid
mon host = v1:127.0.0.1:$mon
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
ms bind port min = $osd
ms bind port max = $((osd + 999))
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
mon cluster log file = $FOLDER/log/cluster.log
run dir = $FOLDER/run
admin socket = $FOLDER/run/\$cluster-\$name.\$pid.asok
log file = $FOLDER/log/\$name.log
crash dir = $FOLDER/run
setuser match path = /
plugin dir = $libraries/ceph
erasure code dir = $libraries/ceph/erasure-code
[mon]
mon data = $FOLDER/mon
[osd]
osd data = $FOLDER/osd
osd class dir = $libraries/rados-classes
bluestore block size = 2147483648
osd max object name len = 256
osd crush update on start = false
osd class update on start = false
[client]
rgw frontends = beast endpoint=127.0.0.1:$port
keyring = /dev/null
CONF

run() { "$1" -c ceph.conf "${@:2}"; }
monmaptool --create --fsid "$fsid" --addv a "[v1:127.0.0.1:$mon]" monmap >/dev/null
run ceph-mon --mkfs -i a --monmap monmap
run ceph-mon -i a -f >log/mon.out 2>&1 &
uuid=$(cat /proc/sys/kernel/random/uuid)
run ceph --connect-timeout 30 osd new "$uuid" >/dev/null 2>log/ceph.out
run ceph-osd -i 0 --mkfs --osd-uuid "$uuid" >log/osd.out 2>&1
run ceph --connect-timeout 30 osd crush add osd.0 1.0 root=default host=local >/dev/null 2>&1
run ceph-osd -i 0 -f >>log/osd.out 2>&1 &
for _ in $(seq 150); do
    run ceph --connect-timeout 30 osd stat 2>/dev/null | grep -q '1 up' && break
    sleep 0.2
done
timeout 120 radosgw-admin -c ceph.conf user create --uid=test --display-name=test \
    --access-key=key --secret-key=secret >/dev/null 2>log/admin.out
run radosgw -n client.rgw -f >log/rgw.out 2>&1 &

cat >client.py <<'PY'
import hashlib, hmac, re, sys, time, urllib.error, urllib.parse, urllib.request

HOST = f"127.0.0.1:{sys.argv[1]}"


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def call(method, path, query="", body=b"", **headers):
    """One request, signed by AWS's Signature Version 4; its answer's text."""
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    digest = hashlib.sha256(body).hexdigest()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    headers |= {"host": HOST, "x-amz-date": at, "x-amz-content-sha256": digest}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    query = "&".join(f"{name}={urllib.parse.quote(value, safe='')}" for name, value in pairs)
    request = "\n".join([method, path, query, lines, names, digest])
    scope = f"{at[:8]}/us-east-1/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = b"AWS4secret"
    for step in scope.split("/"):
        key = sign(key, step)
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential=key/{scope}, SignedHeaders={names}, Signature={sign(key, text).hex()}"
    )
    url = f"http://{HOST}{path}" + (f"?{query}" if query else "")
    asked = urllib.request.Request(url, data=body or None, headers=headers, method=method)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return answer.read().decode(), answer.headers


def tags(name):
    return re.findall("<Key>(.*?)</Key><Value>(.*?)</Value>", call("GET", f"/bucket/{name}", "tagging")[0])


for _ in range(300):
    try:
        call("PUT", "/bucket")
        break
    except (urllib.error.URLError, OSError):
        time.sleep(0.2)
call("PUT", "/bucket/one", body=b"x" * 1000, x_amz_tagging="site=gz")
begun, _ = call("POST", "/bucket/parts", "uploads", x_amz_tagging="site=gz")
upload = re.search("<UploadId>(.*?)</UploadId>", begun)[1]
_, told = call("PUT", "/bucket/parts", f"partNumber=1&uploadId={upload}", body=b"x" * (5 << 20))
part = f"<Part><PartNumber>1</PartNumber><ETag>{told['ETag']}</ETag></Part>"
complete = f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()
call("POST", "/bucket/parts", f"uploadId={upload}", body=complete)
call("PUT", "/bucket/copy", x_amz_copy_source="/bucket/one")
call("PUT", "/bucket/replaced", x_amz_copy_source="/bucket/one", x_amz_metadata_directive="REPLACE")
seen = {name: tags(name) for name in ("one", "parts", "copy", "replaced")}
print(seen)
kept = [("site", "gz")]
sys.exit(seen != {"one": kept, "parts": [], "copy": kept, "replaced": []})
PY
if timeout 120 python3 client.py "$port"; then
    echo "as described"
else
    echo "it has changed"
    exit 1
fi
