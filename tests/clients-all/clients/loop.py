"""The loop of the drivers in Python: a driver gives a class, whose methods put, get, list, rename and
delete do what the client can do. `list` returns names. An exception is a failure that was told."""

import os
import sys

HOST, PORT = os.environ.get("FTP_HOST"), int(os.environ.get("FTP_PORT", 0))
USER, PASSWORD = os.environ.get("FTP_USER"), os.environ.get("FTP_PASSWORD")
IS_TLS, CA = bool(os.environ.get("FTP_TLS")), os.environ.get("FTP_CA")


def say(*words):
    print("=", " ".join(str(word) for word in words).replace("\n", " "), flush=True)


def loop(make, version, can_tls=False):
    if sys.argv[1:] == ["version"]:
        print(version)
        return
    session = None
    for line in sys.stdin:
        operation, *words = line.split()
        if operation == "can":
            say("ok" if hasattr(make, words[0]) else "cannot")
            continue
        if not hasattr(make, operation) or (IS_TLS and not can_tls):
            say("cannot")
            continue
        try:
            session = session or make()
            for name in getattr(session, operation)(*words) or []:
                print("-", name)
            say("ok")
        except Exception as error:  # whatever its library throws is its word for a failure
            say("failed", f"{type(error).__name__}: {str(error).strip()[:200]}")
