. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
# Qt's QNetworkAccessManager, by Debian's PyQt5.
version() { debian libqt5network5; }
run() {
    QT_QPA_PLATFORM=offscreen /usr/bin/python3 - "$@" <<'PY'
import os, sys
from PyQt5.QtCore import QCoreApplication, QFile, QIODevice, QUrl
from PyQt5.QtNetwork import QNetworkAccessManager, QNetworkReply, QNetworkRequest

app = QCoreApplication([])
manager = QNetworkAccessManager()
url = QUrl(f"ftp://{os.environ['FTP_HOST']}/{sys.argv[2]}")
url.setPort(int(os.environ["FTP_PORT"]))
url.setUserName(os.environ["FTP_USER"])
url.setPassword(os.environ["FTP_PASSWORD"])
file = QFile(sys.argv[3])
if sys.argv[1] == "put":
    file.open(QIODevice.ReadOnly)
    reply = manager.put(QNetworkRequest(url), file)
else:
    reply = manager.get(QNetworkRequest(url))
reply.finished.connect(app.quit)
app.exec_()
if reply.error() != QNetworkReply.NoError:
    sys.exit(reply.errorString())
if sys.argv[1] == "get":
    open(sys.argv[3], "wb").write(bytes(reply.readAll()))
PY
}
put() { run put "$2" "$1"; }
get() { run get "$1" "$2"; }
loop "$@"
