"""Scrapy stores a feed, and fetches by FTP; each run has a process of its own, as its reactor ends once."""

import subprocess
import sys
import types

import loop
import scrapy

URL = f"ftp://{loop.USER}:{loop.PASSWORD}@{loop.HOST}:{loop.PORT}/"


class Client:
    def put(self, source, name):
        with open(source, "rb") as file:
            stored = subprocess.run(
                [sys.executable, __file__, "store", URL + name], stdin=file, capture_output=True
            )
        self.check(stored)

    def get(self, name, target):
        fetched = subprocess.run(
            [sys.executable, __file__, "fetch", URL + name, target], capture_output=True
        )
        self.check(fetched)

    @staticmethod
    def check(done):
        if done.returncode != 0:
            raise OSError(done.stderr.decode(errors="replace").strip()[-200:])


def store(url):
    """As its feed exports do it, with bytes of ours."""
    from scrapy.extensions.feedexport import FTPFeedStorage
    from scrapy.settings import Settings

    storage = FTPFeedStorage(url)
    crawler = types.SimpleNamespace(settings=Settings())
    file = storage.open(types.SimpleNamespace(crawler=crawler, name="s"))
    file.write(sys.stdin.buffer.read())
    storage._store_in_thread(file)


def fetch(url, target):
    from scrapy.crawler import CrawlerProcess

    seen = []

    class Fetcher(scrapy.Spider):
        name = "fetcher"
        custom_settings = {"RETRY_TIMES": 1, "DOWNLOAD_TIMEOUT": 60}

        async def start(self):
            meta = {"ftp_user": loop.USER, "ftp_password": loop.PASSWORD}
            address = f"ftp://{loop.HOST}:{loop.PORT}/" + url.rsplit("/", 1)[1]
            yield scrapy.Request(address, meta=meta)

        def parse(self, response):
            seen.append(response.status)
            if response.status == 200:
                with open(target, "wb") as file:
                    file.write(response.body)

    process = CrawlerProcess({"LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False})
    process.crawl(Fetcher)
    process.start()
    if seen != [200]:
        sys.exit(f"not fetched: {seen}")


if sys.argv[1:2] == ["store"]:
    store(sys.argv[2])
elif sys.argv[1:2] == ["fetch"]:
    fetch(sys.argv[2], sys.argv[3])
else:
    loop.loop(Client, scrapy.__version__)
