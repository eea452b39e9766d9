. "${BASH_SOURCE[0]%/*}/loop.sh"
# It stores and fetches nothing: it looks whether the server greets, and warns where one is late.
version() { debian monitoring-plugins-basic; }
TLS=no
look() { /usr/lib/nagios/plugins/check_ftp -H "$FTP_HOST" -p "$FTP_PORT" -t 10 -e 220 -q QUIT; }
loop "$@"
