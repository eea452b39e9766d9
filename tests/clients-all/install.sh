#!/bin/bash
# Installs what the drivers need: packages of Debian 12, and pinned ones of Python and Node into the
# folder FTP_PLACE, where the drivers that have to be built are built, too. What cannot be had is left
# out; `run` tells which clients are not tried for that.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# program or file:package
PACKAGES=(
    busybox:busybox
    git-ftp:git-ftp
    gftp-text:gftp-text
    yafc:yafc
    aria2c:aria2
    links2:links2
    elinks:elinks
    ffmpeg:ffmpeg
    kermit:ckermit
    sitecopy:sitecopy
    wput:wput
    gio:libglib2.0-bin
    dbus-run-session:dbus-daemon
    /usr/lib/gvfs/gvfsd:gvfs-daemons
    /usr/lib/gvfs/gvfsd-ftp:gvfs-backends
    kioclient5:kde-cli-tools
    /usr/lib/x86_64-linux-gnu/qt5/plugins/kf5/kio/kio_ftp.so:kio
    vlc:vlc-bin
    /usr/lib/x86_64-linux-gnu/vlc/plugins/access/libftp_plugin.so:vlc-plugin-base
    mc:mc
    tmux:tmux
    filezilla:filezilla
    Xvfb:xvfb
    xdotool:xdotool
    dput:dput
    duplicity:duplicity
    /usr/lib/nagios/plugins/check_ftp:monitoring-plugins-basic
    inetutils-ftp:inetutils-ftp
    axel:axel
    squid:squid
    apache2:apache2
    octave-cli:octave
    escript:erlang-base
    /usr/share/tcltk/tcllib1.21/ftp/ftp.tcl:tcllib
    lua5.3:lua5.3
    /usr/share/lua/5.3/socket/ftp.lua:lua-socket
    /usr/share/perl5/LWP/UserAgent.pm:libwww-perl
    /usr/lib/python3/dist-packages/PyQt5/QtNetwork.pyi:python3-pyqt5
    mono:mono-runtime
    mcs:mono-mcs
    go:golang-go
    /usr/share/gocode/src/github.com/jlaffaye/ftp/ftp.go:golang-github-jlaffaye-ftp-dev
    javac:default-jdk-headless
    /usr/share/java/commons-vfs2.jar:libcommons-vfs-java
    /usr/lib/wine/wine64:wine64
    x86_64-w64-mingw32-gcc-win32:gcc-mingw-w64-x86-64-win32
    node:nodejs
    npm:npm
)
PYTHON=(
    smart-open==9.0.2 fsspec==2026.9.0 Django==5.2.19 django-storages==1.14.6 opendal==0.47.12
    Scrapy==2.19.0 ftputil==5.2.0 aioftp==0.28.3 fs==2.4.16 setuptools==79.0.1
)
NODE=(
    basic-ftp@6.2.3 jsftp@2.1.3 @icetee/ftp@1.0.8 vinyl-ftp@0.6.1 vinyl@3.0.1
    @samkirkland/ftp-deploy@1.2.5
)

for pair in "${PACKAGES[@]}"; do
    ../support/packages.sh "$pair" >/dev/null 2>&1 || echo "cannot be installed: ${pair#*:}" >&2
done
# Libraries that no file names.
apt-get install -y -qq --no-install-recommends erlang-ftp erlang-ssl libmono-system4.0-cil >/dev/null 2>&1 ||
    echo "cannot be installed: erlang-ftp, libmono-system4.0-cil" >&2

mkdir -p "$FTP_PLACE"/{go,java,mono,node,wine}
{
    [ -x "$FTP_PLACE/venv/bin/python" ] || python3 -m venv "$FTP_PLACE/venv"
    "$FTP_PLACE/venv/bin/pip" install -q "${PYTHON[@]}"
} >&2 || echo "cannot be installed: ${PYTHON[*]}" >&2
npm install --silent --no-fund --prefix "$FTP_PLACE/node" "${NODE[@]}" >&2 ||
    echo "cannot be installed: ${NODE[*]}" >&2

GOPATH=/usr/share/gocode GO111MODULE=off go build -o "$FTP_PLACE/go/go-jlaffaye" clients/go-jlaffaye.go ||
    echo "cannot be built: go-jlaffaye" >&2
javac -nowarn -cp /usr/share/java/commons-net.jar:/usr/share/java/commons-vfs2.jar -d "$FTP_PLACE/java" clients/*.java ||
    echo "cannot be built: commonsnet, commonsvfs, openjdk" >&2
mcs -out:"$FTP_PLACE/mono/mono-ftpwebrequest.exe" clients/mono-ftpwebrequest.cs ||
    echo "cannot be built: mono-ftpwebrequest" >&2
{
    cat >"$FTP_PLACE/wine/run" <<SH
#!/bin/sh
# A folder of its own for what Windows keeps, and neither .NET nor a browser to be asked about.
export WINEPREFIX="$FTP_PLACE/wine/prefix" WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml=
exec /usr/lib/wine/wine64 "\$@"
SH
    chmod +x "$FTP_PLACE/wine/run"
    [ -d "$FTP_PLACE/wine/prefix" ] || "$FTP_PLACE/wine/run" wineboot --init >/dev/null 2>&1
    x86_64-w64-mingw32-gcc-win32 -O1 -o "$FTP_PLACE/wine/wine-wininet.exe" clients/wine-wininet.c -lwininet
} || echo "cannot be built: wine-wininet" >&2
