from importlib.metadata import version

import loop
from django.conf import settings
from django.core.files.base import File

settings.configure()
from storages.backends.ftp import FTPStorage  # noqa: E402


class Client:
    def __init__(self):
        scheme = "ftps" if loop.IS_TLS else "ftp"
        self.storage = FTPStorage(
            location=f"{scheme}://{loop.USER}:{loop.PASSWORD}@{loop.HOST}:{loop.PORT}/",
            encoding="utf-8",
        )

    def put(self, source, name):
        with open(source, "rb") as file:
            stored = self.storage.save(name, File(file))
        if stored != name:
            raise ValueError(f"stored as {stored}")

    def get(self, name, target):
        with self.storage.open(name) as far, open(target, "wb") as file:
            file.write(far.read())

    def list(self, directory):
        return self.storage.listdir(directory)[1]

    def delete(self, name):
        self.storage.delete(name)


loop.loop(Client, version("django-storages"), can_tls=True)
