. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
version() { debian sitecopy; }
settings() {
    [ -e settings ] && return 0
    mkdir -p site .sitecopy && chmod 700 .sitecopy
    cat >settings <<CONF
site s
  server $FTP_HOST
  port $FTP_PORT
  username $FTP_USER
  password $FTP_PASSWORD
  local $PWD/site
  remote /
  permissions ignore
CONF
    chmod 600 settings
    sitecopy -r settings -p .sitecopy --initialize s
}
run() { settings >/dev/null && sitecopy -r settings -p .sitecopy "$@" s; }
put() { settings && cp "$1" "site/$2" && run --update; }
delete() { rm -f "site/$1" && run --update; }
loop "$@"
