import asyncio
import ssl
from importlib.metadata import version

import aioftp
import loop


class Client:
    def __init__(self):
        self.turns = asyncio.new_event_loop()
        self.ftp = aioftp.Client(socket_timeout=60, connection_timeout=60)
        self.run(self.ftp.connect(loop.HOST, loop.PORT))
        if loop.IS_TLS:
            self.run(self.ftp.upgrade_to_tls(ssl.create_default_context(cafile=loop.CA)))
        self.run(self.ftp.login(loop.USER, loop.PASSWORD))

    def run(self, task):
        return self.turns.run_until_complete(task)

    def put(self, source, name):
        self.run(self.ftp.upload(source, name, write_into=True))

    def get(self, name, target):
        self.run(self.ftp.download(name, target, write_into=True))

    def list(self, directory):
        return [path.name for path, _ in self.run(self.ftp.list(directory))]

    def rename(self, old, new):
        self.run(self.ftp.rename(old, new))

    def delete(self, name):
        self.run(self.ftp.remove(name))


loop.loop(Client, version("aioftp"), can_tls=True)
