import ftputil
import ftputil.session
import loop


class Client:
    def __init__(self):
        self.host = ftputil.FTPHost(
            loop.HOST, loop.USER, loop.PASSWORD,
            session_factory=ftputil.session.session_factory(port=loop.PORT, encoding="utf-8"),
        )

    def put(self, source, name):
        self.host.upload(source, name)

    def get(self, name, target):
        self.host.download(name, target)

    def list(self, directory):
        return self.host.listdir(directory)

    def rename(self, old, new):
        self.host.rename(old, new)

    def delete(self, name):
        self.host.remove(name)


loop.loop(Client, ftputil.__version__)
