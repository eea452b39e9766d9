"""Recordings of ffmpeg into the server: with what is set by default, with `partial_upload = keep`,
and with `publish_parked_after = 0`. Each ends by itself, is stopped by its user (SIGINT), or killed.
ffmpeg closes both connections right after the last byte, so that the server cannot tell.

    recorders.py RESULTS

Prints a line of JSON for each recording: what stands in the bucket after it, and what a client is
told of it. A recording that ended by itself is the same, byte for byte, as one to a local file.
"""

import ftplib
import json
import signal
import subprocess
import sys
import time

from lab import MIB, Bucket, Server, digest, until

SETTINGS = {
    "default": {},
    "keep": {"optional": "partial_upload = keep"},
    "publish_parked_after = 0": {"account": "publish_parked_after = 0"},
}
FORMATS = {
    "mpegts": ["-f", "mpegts"],
    # As recorders must, that cannot come back to the beginning.
    "mp4": ["-f", "mp4", "-movflags", "frag_keyframe+empty_moov"],
    # One that does, which needs `keep`.
    "mp4 that is gone back in": ["-f", "mp4", "-ftp-write-seekable", "1"],
}
ENDS = ["by itself", "stopped", "killed"]
SECONDS = 6
# Less than that cannot be gone on with, and neither can the last that came.
SMALLEST_PART = 5 * MIB
# publish_parked_after by default, and some more.
PUBLISHED_WITHIN = 90


def ffmpeg(form, target):
    options = FORMATS[form]
    if "gone back" in form and not str(target).startswith("ftp:"):
        options = options[:2]
    return subprocess.Popen(
        [
            "ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-re",
            "-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=25:duration={SECONDS}",
            "-c:v", "mpeg2video", "-b:v", "40M", "-minrate", "40M", "-maxrate", "40M", "-bufsize", "8M",
            "-fflags", "+bitexact", "-flags:v", "+bitexact", *options, str(target),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def frames(path):
    told = subprocess.run(
        [
            "ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0",
            "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", str(path),
        ],
        capture_output=True,
        text=True,
    ).stdout.strip()
    return int(told.split(",")[0].split()[0]) if told else 0


class Recording:
    def __init__(self, server, bucket, setting, form, end, whole):
        self.server, self.bucket, self.whole = server, bucket, whole
        self.setting, self.form, self.end = setting, form, end
        self.name = f"{end}.{form}".replace(" ", "-")

    def run(self):
        process = ffmpeg(self.form, f"ftp://writer:secret@127.0.0.1:{self.server.port}/{self.name}")
        if self.end != "by itself":
            time.sleep(SECONDS / 2)
            process.send_signal(signal.SIGINT if self.end == "stopped" else signal.SIGKILL)
        process.communicate()
        if "gone back" in self.form:
            # Each piece is an upload of its own; the last may come a while after ffmpeg has left.
            until("last piece", lambda: self.bucket.size(self.name) == len(self.whole))
        line = until("verdict", self.verdict)
        parked = self.told()
        is_published = self.setting != "publish_parked_after = 0"
        if is_published:
            until(f"file {self.name}", lambda: self.bucket.size(self.name), PUBLISHED_WITHIN)
        return self.judge(line, parked, is_published)

    def verdict(self):
        lines = [line for line in self.server.log().splitlines() if f'upload path="/{self.name}"' in line]
        return lines[-1] if lines else None

    def told(self):
        """What SIZE tells its uploader right after it."""
        with ftplib.FTP() as ftp:
            ftp.connect("127.0.0.1", self.server.port)
            ftp.login("writer", "secret")
            ftp.voidcmd("TYPE I")
            try:
                return ftp.size(self.name)
            except ftplib.error_perm:
                return None

    def judge(self, line, parked, is_published):
        stored = self.bucket.get(self.name)
        received = int(line.split(" bytes=")[1].split()[0])
        why, seen = [], None
        if is_published:
            path = self.server.directory / self.name
            path.write_bytes(stored)
            seen = frames(path)
            if len(stored) != received and "gone back" not in self.form:
                why.append(f"{len(stored)} bytes stored of {received}")
            if self.end == "by itself" and digest(stored) != digest(self.whole):
                why.append(f"{len(stored)} bytes are not the {len(self.whole)} of a local file")
            if seen == 0:
                why.append("nothing can be played")
        else:
            why += ["something stands there"] if stored is not None else []
            if not 0 < (parked or 0) <= received and received >= 2 * SMALLEST_PART:
                why.append(f"told is {parked} of {received}")
            why += self.go_on(parked) if not why and self.end == "by itself" else []
        return {
            "setting": self.setting, "format": self.form, "end": self.end,
            "verdict": line.split('verdict="')[1].split('"')[0], "received": received,
            "told": parked, "stored": None if stored is None else len(stored), "frames": seen,
            "why": why,
        }

    def go_on(self, offset):
        """Whoever has a copy sends what is missing."""
        with ftplib.FTP() as ftp:
            ftp.connect("127.0.0.1", self.server.port)
            ftp.login("writer", "secret")
            ftp.voidcmd("TYPE I")
            with ftp.transfercmd(f"STOR {self.name}", offset) as data:
                data.sendall(self.whole[offset:])
            ftp.voidresp()
        is_whole = digest(self.bucket.get(self.name)) == digest(self.whole)
        return [] if is_whole else ["gone on with, it is another file"]


def main():
    with open(sys.argv[1], "w") as file:
        for setting, keys in SETTINGS.items():
            bucket = Bucket()
            server = Server(bucket, **keys)
            for form in FORMATS:
                if "gone back" in form and setting != "keep":
                    continue
                local = server.directory / f"local.{form}".replace(" ", "-")
                ffmpeg(form, local).communicate()
                whole = local.read_bytes()
                assert len(whole) > 12 * MIB, len(whole)
                for end in ENDS[:1] if "gone back" in form else ENDS:
                    told = json.dumps(Recording(server, bucket, setting, form, end, whole).run())
                    print(told, flush=True)
                    file.write(told + "\n")
            server.stop()


main()
