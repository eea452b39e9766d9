"""The clients: what their user types, the first time and again after it was cut."""

import ftplib
import os
import subprocess

HOST = "127.0.0.1"


class Program:
    """A client that is a program of its own."""

    def __init__(self, name, version, again, anew):
        self.name, self.version, self.words = name, version, {"again": again, "anew": anew}

    def start(self, how, port, source, target):
        words = [
            word.format(port=port, source=source, target=target, directory=os.path.dirname(source))
            for word in self.words[how]
        ]
        return subprocess.Popen(
            words,
            cwd=os.path.dirname(source),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HOME": os.path.dirname(source)},
        )


class FileZilla:
    """FileZilla 3.63, replayed as it was seen (tests/devices/filezilla.txt): it looks at the
    listing, and goes on where that says."""

    name, version = "FileZilla (replayed)", ["3.63"]

    def start(self, how, port, source, target):
        words = ["python3", __file__, str(port), str(source), target, how]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    @staticmethod
    def upload(port, source, target, how):
        ftp = ftplib.FTP(timeout=60, encoding="utf-8")
        ftp.connect(HOST, port)
        ftp.login("writer", "secret")
        ftp.sendcmd("OPTS UTF8 ON")
        ftp.voidcmd("TYPE I")
        sizes = {name: int(facts.get("size", 0)) for name, facts in ftp.mlsd()}
        size = os.path.getsize(source)
        rest = sizes.get(target, 0) if how == "again" else 0
        with open(source, "rb") as file:
            if 0 < rest < size:
                file.seek(rest)
                ftp.storbinary(f"STOR {target}", file, blocksize=1 << 16, rest=rest)
            elif rest == 0:
                ftp.storbinary(f"STOR {target}", file, blocksize=1 << 16)
        ftp.quit()


# What lftp 4.9.2 repeats by itself may be a part of the file alone
# (findings/lftp-repeats-a-failed-stor-in-part.sh).
LFTP = "set net:max-retries 1; set net:reconnect-interval-base 1; set net:timeout 60; open -u writer,secret -p {port} 127.0.0.1; put %s{source} -o {target}"
URL = "ftp://writer:secret@127.0.0.1:{port}/{target}"
RCLONE = [
    "rclone", "copyto", "--config", "", "--ftp-host", HOST, "--ftp-port", "{port}",
    "--ftp-user", "writer", "--ftp-pass", "{{rclone}}", "{source}", ":ftp:{target}",
]


def rclone_words():
    secret = subprocess.run(
        ["rclone", "obscure", "secret"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return [word.replace("{{rclone}}", secret) for word in RCLONE]


def all_clients():
    # By sendfile(2) it sends the whole file behind REST, whatever it asked for (3.2.6).
    ncftpput = ["ncftpput", "-u", "writer", "-p", "secret", "-P", "{port}", "-V", "-t", "60"]
    wput = ["wput", "-B", "-nv", "-t", "2", "--disable-tls"]
    return {
        "lftp": Program(
            "lftp `put -c`", ["lftp", "--version"],
            ["lftp", "-c", LFTP % "-c "], ["lftp", "-c", LFTP % ""],
        ),
        "curl": Program(
            "curl `-C -`", ["curl", "--version"],
            ["curl", "-sS", "-C", "-", "-T", "{source}", URL],
            ["curl", "-sS", "-T", "{source}", URL],
        ),
        "ncftpput": Program(
            "ncftpput `-z -s`", ["dpkg-query", "-f", "${Version}", "-W", "ncftp"],
            [*ncftpput, "-z", "-s", HOST, "/", "{source}"],
            [*ncftpput, "-Z", "-s", HOST, "/", "{source}"],
        ),
        "wput": Program(
            "wput", ["dpkg-query", "-f", "${Version}", "-W", "wput"],
            [*wput, "{source}", URL], [*wput, "-u", "--dont-continue", "{source}", URL],
        ),
        "rclone": Program(
            "rclone", ["rclone", "version"], rclone_words(), rclone_words(),
        ),
        "filezilla": FileZilla(),
    }


if __name__ == "__main__":
    import sys

    FileZilla.upload(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4])
