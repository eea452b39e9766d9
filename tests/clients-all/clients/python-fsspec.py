import fsspec
import loop


class Client:
    def __init__(self):
        self.ftp = fsspec.filesystem(
            "ftp", host=loop.HOST, port=loop.PORT, username=loop.USER, password=loop.PASSWORD,
            tls=loop.IS_TLS, timeout=60, skip_instance_cache=True,
        )

    def put(self, source, name):
        self.ftp.put_file(source, "/" + name)

    def get(self, name, target):
        self.ftp.get_file("/" + name, target)

    def list(self, directory):
        self.ftp.invalidate_cache()
        return self.ftp.ls(directory, detail=False)

    def rename(self, old, new):
        self.ftp.mv("/" + old, "/" + new)

    def delete(self, name):
        self.ftp.rm_file("/" + name)


loop.loop(Client, fsspec.__version__, can_tls=True)
