. "${BASH_SOURCE[0]%/*}/loop.sh"
run() {
    lftp -c "set cmd:fail-exit yes; set net:max-retries 3; set net:reconnect-interval-base 1
        set net:timeout 60; set ssl:ca-file $FTP_CA; set ftp:ssl-force ${FTP_TLS:-no}
        set ftp:ssl-protect-data yes; open -u $FTP_USER,$FTP_PASSWORD -p $FTP_PORT $FTP_HOST; $1"
}
version() { debian lftp; }
put() { run "put $1 -o $2"; }
get() { run "get $1 -o $2"; }
list() { run "cls -1 $1"; }
rename() { run "mv $1 $2"; }
delete() { run "rm $1"; }
loop "$@"
