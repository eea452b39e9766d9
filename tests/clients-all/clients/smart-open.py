from importlib.metadata import version

import loop
import smart_open


class Client:
    def url(self, name):
        return f"ftp{'s' if loop.IS_TLS else ''}://{loop.USER}:{loop.PASSWORD}@{loop.HOST}:{loop.PORT}/{name}"

    def put(self, source, name):
        with open(source, "rb") as file, smart_open.open(self.url(name), "wb") as far:
            far.write(file.read())

    def get(self, name, target):
        with smart_open.open(self.url(name), "rb") as far, open(target, "wb") as file:
            file.write(far.read())


loop.loop(Client, version("smart_open"), can_tls=True)
