"""10,000 files deleted into the trash, and a tree of directories into it and back, by name.

    trash.py RESULTS
"""

import datetime
import ftplib
import json
import sys
import threading
import time

from lab import Bucket, Server, digest, noise

FILES, SESSIONS = 10_000, 16
DIRECTORIES, FILES_OF_EACH = 40, 25


def login(server):
    ftp = ftplib.FTP(timeout=600, encoding="utf-8")
    ftp.connect("127.0.0.1", server.port)
    ftp.login("writer", "secret")
    ftp.voidcmd("TYPE I")
    return ftp


def shared(work, items, begin):
    """Does `work` for all of them, in several threads, each with what `begin` makes. Nobody begins
    anything more once something has failed."""
    items, lock, faults = iter(items), threading.Lock(), []

    def run():
        own = begin()
        while not faults:
            with lock:
                item = next(items, None)
            if item is None:
                return
            try:
                work(own, item)
            except (ftplib.Error, OSError, EOFError, AssertionError) as error:
                faults.append(f"{item}: {error}")

    threads = [threading.Thread(target=run) for _ in range(SESSIONS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[:5]
    return time.monotonic() - began


def today():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def delete_many(server, bucket):
    names = [f"file-{number:05}" for number in range(FILES)]
    stored = shared(lambda own, name: own.put(f"many/{name}", name.encode()), names, lambda: bucket)
    day = today()
    seconds = shared(lambda ftp, name: ftp.delete(f"many/{name}"), names, lambda: login(server))
    kept = bucket.keys(".trash/")
    left = [key for key in bucket.keys("many/") if not key.endswith("/")]
    assert not left, left[:5]
    expected = {f".trash/{day}/many/{name}" for name in names}
    # At midnight the others are another day's.
    assert len(expected & set(kept)) == FILES or day != today(), len(kept)
    for name in names[::1000] if day == today() else []:
        assert bucket.get(f".trash/{day}/many/{name}") == name.encode(), name
    return {
        "what": "files deleted into the trash", "count": FILES, "sessions": SESSIONS,
        "seconds": round(seconds, 1), "each_second": round(FILES / seconds),
        "stored_in_seconds": round(stored, 1),
    }


def tree_of():
    directories = [f"tree/d{number % 8}/e{number}" for number in range(DIRECTORIES)]
    return {
        f"{directory}/f{number}": noise(number, 1000 + number)
        for directory in directories
        for number in range(FILES_OF_EACH)
    }


def remove_tree(ftp, path):
    """As clients do: what is in it first."""
    for name, facts in list(ftp.mlsd(path)):
        if facts["type"] == "dir":
            remove_tree(ftp, f"{path}/{name}")
        elif facts["type"] == "file":
            ftp.delete(f"{path}/{name}")
    ftp.rmd(path)


def move_tree(server, bucket):
    tree = tree_of()
    shared(lambda own, name: own.put(name, tree[name]), tree, lambda: bucket)
    ftp, day = login(server), today()
    # As clients with several connections do.
    upper = sorted({name.rsplit("/", 2)[0] for name in tree})
    removed = shared(remove_tree, upper, lambda: login(server))
    began = time.monotonic()
    remove_tree(ftp, "tree")
    removed += time.monotonic() - began
    assert not bucket.keys("tree/")
    kept = [key for key in bucket.keys(f".trash/{day}/tree/") if not key.endswith("/")]
    assert len(kept) == len(tree), len(kept)
    began = time.monotonic()
    ftp.rename(f".trash/{day}/tree", "tree")
    back = time.monotonic() - began
    found = [key for key in bucket.keys("tree/") if not key.endswith("/")]
    assert sorted(found) == sorted(tree), len(found)

    def compare(own, name):
        assert digest(own.get(name)) == digest(tree[name]), name

    shared(compare, tree, lambda: bucket)
    assert not [key for key in bucket.keys(f".trash/{day}/tree/") if not key.endswith("/")]
    return {
        "what": "a tree into the trash, and back by one RNTO", "files": len(tree),
        "directories": DIRECTORIES + 9, "seconds_into": round(removed, 1),
        "seconds_back": round(back, 1),
    }


def main():
    bucket = Bucket()
    server = Server(bucket, account="on_delete = trash\ntrash_visible = on")
    with open(sys.argv[1], "w") as file:
        for trial in delete_many, move_tree:
            told = json.dumps(trial(server, bucket))
            print(told, flush=True)
            file.write(told + "\n")
    server.stop()


main()
