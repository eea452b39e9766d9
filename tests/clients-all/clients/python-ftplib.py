import ftplib
import ssl
import sys

import loop


class Client:
    def __init__(self):
        if loop.IS_TLS:
            self.ftp = ftplib.FTP_TLS(context=ssl.create_default_context(cafile=loop.CA), timeout=60)
        else:
            self.ftp = ftplib.FTP(timeout=60)
        self.ftp.connect(loop.HOST, loop.PORT)
        self.ftp.login(loop.USER, loop.PASSWORD)
        if loop.IS_TLS:
            self.ftp.prot_p()

    def put(self, source, name):
        with open(source, "rb") as file:
            self.ftp.storbinary(f"STOR {name}", file)

    def get(self, name, target):
        with open(target, "wb") as file:
            self.ftp.retrbinary(f"RETR {name}", file.write)

    def list(self, directory):
        return [name for name, _ in self.ftp.mlsd(directory)]

    def rename(self, old, new):
        self.ftp.rename(old, new)

    def delete(self, name):
        self.ftp.delete(name)


loop.loop(Client, sys.version.split()[0], can_tls=True)
