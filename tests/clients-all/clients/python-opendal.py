from importlib.metadata import version

import loop
import opendal


class Client:
    def __init__(self):
        self.ftp = opendal.Operator(
            "ftp", endpoint=f"ftp://{loop.HOST}:{loop.PORT}", user=loop.USER,
            password=loop.PASSWORD, root="/",
        )

    def put(self, source, name):
        with open(source, "rb") as file:
            self.ftp.write(name, file.read())

    def get(self, name, target):
        with open(target, "wb") as file:
            file.write(self.ftp.read(name))

    def list(self, directory):
        return [entry.path for entry in self.ftp.list(directory)]

    def delete(self, name):
        self.ftp.delete(name)


# Its FTPS panics in the binding: no provider of cryptography is chosen in it.
loop.loop(Client, version("opendal"))
