. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
# Raw bytes in and out: `-f data` changes none of them.
version() { debian ffmpeg; }
run() { ffmpeg -nostdin -v error -y -f data -i "$1" -map 0 -c copy -f data "$2"; }
URL=ftp://$LOGIN@$FTP_HOST:$FTP_PORT
put() { run "$1" "$URL/$2"; }
get() { run "$URL/$1" "$2"; }
loop "$@"
