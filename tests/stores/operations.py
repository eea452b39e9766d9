"""What an FTP client does on each store, compared with what a second S3 client (boto3) finds there.

Reads from the environment: EP, AK, SK, BUCKET, FTP (port), RESTART (a command that starts the server
anew, so that it forgets what it remembers). Prints one line of JSON for each operation.
"""

import ftplib
import io
import json
import os
import random
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

BUCKET, MIB = os.environ["BUCKET"], 1 << 20
S3 = boto3.client(
    "s3",
    endpoint_url=os.environ["EP"],
    aws_access_key_id=os.environ["AK"],
    aws_secret_access_key=os.environ["SK"],
    region_name="us-east-1",
    config=Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"max_attempts": 3},
        max_pool_connections=16,
    ),
)


def connect():
    ftp = ftplib.FTP(timeout=180, encoding="utf-8")
    ftp.connect("127.0.0.1", int(os.environ["FTP"]))
    ftp.login("tester", "secret")
    ftp.voidcmd("TYPE I")
    return ftp


def noise(size):
    return random.Random(size).randbytes(size)


def stor(ftp, name, data=b"x", **more):
    ftp.storbinary(f"STOR {name}", io.BytesIO(data), blocksize=MIB, **more)


def retr(ftp, name, rest=None):
    parts = []
    ftp.retrbinary(f"RETR {name}", parts.append, rest=rest)
    return b"".join(parts)


def listed(ftp, name=""):
    return sorted(name for name, facts in ftp.mlsd(name) if facts["type"] in ("file", "dir"))


def named(ftp, name):
    """The names alone, for which no file is asked about."""
    return sorted(path.removeprefix(f"{name}/") for path in ftp.nlst(name))


def stored(key):
    return S3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def keys(prefix):
    pages = S3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def put_all(names):
    put = lambda key: S3.put_object(Bucket=BUCKET, Key=key, Body=b"" if key.endswith("/") else b"x")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, names))


def same(found, expected, what):
    if found != expected:
        short = lambda value: repr(value) if len(repr(value)) < 200 else f"{len(value)} of them"
        raise AssertionError(f"{what}: {short(found)}, expected {short(expected)}")


def refused(ftp, command, code):
    try:
        answer = ftp.voidcmd(command)
    except ftplib.Error as error:
        answer = str(error)
    same(answer[:3], code, command)


def restart():
    subprocess.run(os.environ["RESTART"], shell=True, check=True)


def sizes(ftp):
    for size in (0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 12 * MIB):
        stor(ftp, "size", noise(size))
        same(stored("size") == noise(size), True, f"{size} bytes in the bucket")
        same(retr(ftp, "size") == noise(size), True, f"{size} bytes by RETR")
        same(ftp.size("size"), size, "SIZE")


def large(ftp):
    data = noise(64 * MIB)
    stor(ftp, "large", data)
    same(stored("large") == data, True, "the bytes in the bucket")
    same(retr(ftp, "large", rest=40 * MIB + 3) == data[40 * MIB + 3 :], True, "REST and RETR")
    stor(ftp, "large", b"small")
    same(stored("large"), b"small", "replaced")


def append(ftp):
    whole = b""
    for size in (1, 100, 6 * MIB, 1, 12 * MIB, 5):
        whole += noise(size)
        ftp.storbinary("APPE log", io.BytesIO(noise(size)), blocksize=MIB)
        same(stored("log") == whole, True, f"{len(whole)} bytes")


def resume(ftp):
    data = noise(20 * MIB)
    stor(ftp, "resumed", data[: 13 * MIB])
    stor(ftp, "resumed", data[13 * MIB :], rest=13 * MIB)
    same(stored("resumed") == data, True, "the bytes")


def rename_file(ftp):
    data = noise(12 * MIB)
    stor(ftp, "from a+b", data)
    stor(ftp, "to", b"old")
    ftp.rename("from a+b", "to")
    same(stored("to") == data, True, "the bytes under the new name")
    same(keys("from"), [], "the old name")


def directories(ftp):
    for name in ("made", "made/in it"):
        ftp.mkd(name)
    put_all(["implied/deep/file"])
    same(listed(ftp, "implied"), ["deep"], "a directory that nobody made")
    same(listed(ftp, "made"), ["in it"], "an empty directory")
    refused(ftp, "MKD made", "550")
    refused(ftp, "RMD made", "550")
    ftp.cwd("/implied/deep")
    ftp.delete("file")
    same(listed(ftp), [], "an emptied directory")
    ftp.cwd("/")
    for name in ("made/in it", "made", "implied/deep", "implied"):
        ftp.rmd(name)
    restart()
    ftp = connect()
    refused(ftp, "CWD made", "550")
    refused(ftp, "CWD implied", "550")


def rename_directory(ftp):
    put_all(["old/implied/deep/x", "old/file"])
    for name in ("old/made", "old/made/empty"):
        ftp.mkd(name)
    stor(ftp, "old/made/file")
    # Its copy may have another ETag, and be as old as it is.
    large = noise(12 * MIB)
    stor(ftp, "old/large", large)
    ftp.rename("old", "new")
    restart()
    ftp = connect()
    same(listed(ftp, "new"), ["file", "implied", "large", "made"], "the new directory")
    same(stored("new/large") == large, True, "the bytes of a large file in it")
    same(listed(ftp, "new/made"), ["empty", "file"], "what was made in it")
    same(listed(ftp, "new/implied/deep"), ["x"], "what another client stored")
    refused(ftp, "CWD old", "550")
    same([key for key in keys("old/")], [], "keys under the old name")


NAMES = [
    "plain", "with space", "two  spaces", "a+b", "100%", "%41", "a%2Fb", "a&b", "a=b", "a#b", "a?b",
    "a:b", "a;b", "a'b", 'a"b', "a<b>c", "a*b", "a[b]", "a{b}", "a|b", "a^b", "a`b", "a~b", "a!b",
    "a$b", "a@b", "a,b", "(a)", ".hidden", "...", "trailing.", "-dash", "数据", "été", "e\u0301te\u0301",
    "Ünï", "😀", "\u00a0nbsp", "UPPER", "upper",
]


def names(ftp):
    ftp.mkd("names")
    for name in NAMES:
        stor(ftp, f"names/{name}", name.encode())
    same(sorted(keys("names/")), sorted(["names/"] + [f"names/{name}" for name in NAMES]), "keys")
    restart()
    ftp = connect()
    same(listed(ftp, "names"), sorted(NAMES), "the listing")
    for name in NAMES:
        same(retr(ftp, f"names/{name}"), name.encode(), f"the bytes of {name!r}")


def names_of_directories(ftp):
    ftp.mkd("dirs")
    for name in NAMES:
        ftp.mkd(f"dirs/{name}")
        stor(ftp, f"dirs/{name}/f")
    restart()
    ftp = connect()
    same(listed(ftp, "dirs"), sorted(NAMES), "the listing")


# Path by path the directory `m` stands before all files that begin so, byte by byte behind them.
MANY = [f"before-{n:04}" for n in range(999)] + ["m/x"] + [f"m-{n:04}" for n in range(1010)]


def many(ftp):
    put_all([f"many/{name}" for name in MANY])
    expected = sorted({name.split("/")[0] for name in MANY})
    same(named(ftp, "many"), expected, "the listing")
    stor(ftp, "many/m-new")
    stor(ftp, "many/m.new/deep")
    same(named(ftp, "many"), sorted(expected + ["m-new", "m.new"]), "the listing, with new files")
    try:
        stor(ftp, "many/m")
    except ftplib.error_perm:
        return
    raise AssertionError("STOR took the name of a directory")


def rename_many(ftp):
    put_all([f"crowd/{name}" for name in MANY[::2]] + ["crowd/m/x"])
    expected = sorted({name.split("/")[0] for name in MANY[::2]} | {"m"})
    ftp.rename("crowd", "moved")
    restart()
    ftp = connect()
    same(named(ftp, "moved"), expected, "the listing")
    same(keys("crowd/"), [], "keys under the old name")
    refused(ftp, "CWD crowd", "550")


def lost_client(ftp):
    stor(ftp, "kept", b"before")
    data = ftp.transfercmd("STOR kept")
    data.sendall(noise(7 * MIB))
    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    data.close()
    try:
        ftp.voidresp()
    except ftplib.Error as error:
        same(str(error)[:1], "4", "the reply")
    same(stored("kept"), b"before", "the earlier file")


def uploads_left(ftp):
    lost_client(ftp)
    # What had arrived waits for the client, until another upload takes its place.
    stor(ftp, "kept", b"after")
    same(stored("kept"), b"after", "the file")
    time.sleep(1)
    left = S3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    same([upload["Key"] for upload in left], [], "unfinished uploads")


def times(ftp):
    S3.put_object(Bucket=BUCKET, Key="timed", Body=b"x", Metadata={"note": "two  spaces"})
    same(ftp.sendcmd("MFMT 20200102030405 timed")[:3], "213", "MFMT")
    same(ftp.sendcmd("MDTM timed"), "213 20200102030405", "MDTM")
    head = S3.head_object(Bucket=BUCKET, Key="timed")
    same(head["Metadata"].get("note"), "two  spaces", "other metadata")


def others(ftp):
    stor(ftp, "theirs", b"ours")
    S3.put_object(Bucket=BUCKET, Key="theirs", Body=b"changed by another")
    same(retr(ftp, "theirs"), b"changed by another", "RETR")
    S3.delete_object(Bucket=BUCKET, Key="theirs")
    same("theirs" in listed(ftp), False, "the listing")


OPERATIONS = [
    sizes, large, append, resume, rename_file, directories, rename_directory, names,
    names_of_directories, many, rename_many, uploads_left, times, others,
]


def main():
    for operation in OPERATIONS:
        begun, why = time.monotonic(), None
        try:
            operation(connect())
        except Exception as error:  # whatever it is, it goes into the table
            why = f"{type(error).__name__}: {error}"
        took = time.monotonic() - begun
        line = {"operation": operation.__name__, "why": why, "seconds": round(took, 1)}
        print(json.dumps(line, ensure_ascii=False), flush=True)


sys.exit(main())
