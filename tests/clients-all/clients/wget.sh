. "${BASH_SOURCE[0]%/*}/loop.sh"
run() {
    # Explicit FTPS needs `--ftps-implicit` to be off, as it is.
    wget -nv --tries=3 --waitretry=1 ${FTP_TLS:+--ca-certificate "$FTP_CA"} "$@"
}
URL=ftp${FTP_TLS:+s}://$LOGIN@$FTP_HOST:$FTP_PORT
version() { debian wget; }
get() { run -O "$2" "$URL/$1"; }
list() { rm -f index.html && run -O index.html "$URL$1" && cat index.html; }
loop "$@"
