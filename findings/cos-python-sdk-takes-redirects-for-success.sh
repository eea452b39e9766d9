#!/usr/bin/env bash
# cos-python-sdk-v5 1.9.44: every answer below 400 is a success, and by default it follows no
# redirect (CosConfig, AllowRedirects=False). After 301 or 307, put_object() and upload_file()
# return as if the object were stored, and object_exists() is true. get_object() gives an object whose
# read() returns the XML of the redirect, once more at each call, and whose get_raw_stream() has no
# bytes. All without an exception.
#
# Seen: so after 301 and after 307; CosServiceError after 403.
#
# Needs bash, python3 with venv, and pip. Nothing is installed in the system. Exits 0 while this is
# so, 1 when it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
python3 -m venv venv
venv/bin/pip install -q cos-python-sdk-v5==1.9.44
cat >trial.py <<'PY'
import http.server, importlib.metadata, logging, sys, threading
from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_exception import CosServiceError

logging.disable(logging.CRITICAL)
DOCUMENT = (
    b"<?xml version='1.0' encoding='utf-8'?><Error><Code>TemporaryRedirect</Code>"
    b"<Message>elsewhere</Message><RequestId>1</RequestId><TraceId>1</TraceId></Error>"
)

class Redirecting(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.server.status)
        if self.server.status < 400:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", str(len(DOCUMENT)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(DOCUMENT)

    do_PUT = do_GET = do_HEAD = do_POST = answer

    def log_message(self, *_):
        pass

def read_twice(client, at):
    body = client.get_object(**at)["Body"]
    return ["the redirect's XML" if body.read() == DOCUMENT else "?" for _ in range(2)]

def raw(client, at):
    return len(client.get_object(**at)["Body"].get_raw_stream().read())

def trial(status):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirecting)
    server.status = status
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = CosS3Client(CosConfig(
        Region="ap-guangzhou", SecretId="id", SecretKey="key", Scheme="http",
        Domain=f"127.0.0.1:{server.server_port}", EnableInternalDomain=False,
    ))
    at = {"Bucket": "b-1250000000", "Key": "k"}
    calls = {
        "put_object": lambda: "success" if isinstance(client.put_object(Body=b"data", **at), dict) else "?",
        "upload_file": lambda: "success" if isinstance(client.upload_file(LocalFilePath=__file__, **at), dict) else "?",
        "get_object, read() twice": lambda: read_twice(client, at),
        "get_object, bytes of get_raw_stream()": lambda: raw(client, at),
        "object_exists": lambda: client.object_exists(**at),
    }
    seen = []
    for name, call in calls.items():
        try:
            told = call()
        except CosServiceError as error:
            told = type(error).__name__
        print(f"{status} {name}: {told}")
        seen.append(told)
    return seen

print("cos-python-sdk-v5", importlib.metadata.version("cos-python-sdk-v5"))
success = ["success", "success", ["the redirect's XML"] * 2, 0, True]
seen = [trial(301), trial(307), trial(403)]
sys.exit(0 if seen == [success, success, ["CosServiceError"] * 5] else 1)
PY
venv/bin/python -W ignore trial.py
