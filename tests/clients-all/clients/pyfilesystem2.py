import warnings

import loop

warnings.simplefilter("ignore")
import fs.ftpfs  # noqa: E402


class Client:
    def __init__(self):
        self.ftp = fs.ftpfs.FTPFS(
            loop.HOST, loop.USER, loop.PASSWORD, port=loop.PORT, timeout=60, tls=loop.IS_TLS
        )

    def put(self, source, name):
        with open(source, "rb") as file:
            self.ftp.upload(name, file)

    def get(self, name, target):
        with open(target, "wb") as file:
            self.ftp.download(name, file)

    def list(self, directory):
        return self.ftp.listdir(directory)

    def rename(self, old, new):
        self.ftp.move(old, new)

    def delete(self, name):
        self.ftp.remove(name)


loop.loop(Client, fs.__version__, can_tls=True)
