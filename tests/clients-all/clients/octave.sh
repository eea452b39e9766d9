. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
version() { debian octave; }
run() {
    octave-cli -q --no-history --eval "
        f = ftp('$FTP_HOST:$FTP_PORT', '$FTP_USER', '$FTP_PASSWORD'); binary(f); $1; close(f);"
}
# mput sends a file by the name that it has here.
put() { cp "$1" "$2" 2>/dev/null || true; run "mput(f, '$2')"; }
get() { mkdir -p fetched && run "mget(f, '$1', 'fetched')" && mv "fetched/$1" "$2"; }
list() { run "names = dir(f); for i = 1:numel(names) disp(names(i).name); end"; }
# Its rename() of 7.3 says "invalid ftp handle" of any handle.
delete() { run "delete(f, '$1')"; }
loop "$@"
