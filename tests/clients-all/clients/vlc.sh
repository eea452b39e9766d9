. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
# It does not run as root, which it asks for by geteuid: a copy asks for something else.
version() { debian vlc-bin; }
program() {
    [ "$(id -u)" = 0 ] || { command -v vlc; return; }
    [ -x vlc ] || { sed s/geteuid/getppid/ "$(command -v vlc)" >vlc && chmod +x vlc; }
    echo "$PWD/vlc"
}
# Writes down the bytes that it plays. It ends with 0 in any case; a user sees what it says of errors.
get() {
    local said
    rm -f "$2"
    said=$("$(program)" -I dummy --no-color --play-and-exit --demux=dump --demuxdump-file="$2" \
        "ftp://$LOGIN@$FTP_HOST:$FTP_PORT/$1" vlc://quit 2>&1)
    echo "$said"
    [ -s "$2" ] && ! grep -q 'ftp.*error' <<<"$said"
}
loop "$@"
