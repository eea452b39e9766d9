. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
run() {
    kermit -Y -B -C "set ftp anonymous-password x, ftp open $FTP_HOST $FTP_PORT /user:$FTP_USER /password:$FTP_PASSWORD /passive, if fail exit 1, ftp type binary, $1, if fail exit 2, ftp bye, exit 0"
}
version() { debian ckermit; }
put() { run "ftp put /binary $1 $2"; }
get() { run "ftp get /binary $1 $2"; }
list() { run "ftp directory $1"; }
rename() { run "ftp rename $1 $2"; }
delete() { run "ftp delete $1"; }
loop "$@"
