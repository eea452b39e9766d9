. "${BASH_SOURCE[0]%/*}/loop.sh"
# FileZilla's window on a screen that nobody sees, which is typed into: to the left the folder `up`, to
# the right the server. What it makes of a transfer is read in its own log. One run of it lasts as long
# as this driver.
version() { debian filezilla; }
LOG=$PWD/filezilla.log
setting() { printf '<Setting name="%s">%s</Setting>' "$1" "$2"; }
# The certificate as it is, which its user has accepted, and that a plain server is one.
trusted() {
    local der begins ends
    if [ -n "$FTP_TLS" ]; then
        der=$(openssl x509 -in "$FTP_CERTIFICATE" -outform DER | od -An -v -tx1 | tr -d ' \n')
        begins=$(date -d "$(openssl x509 -in "$FTP_CERTIFICATE" -noout -startdate | cut -d= -f2)" +%s)
        ends=$(date -d "$(openssl x509 -in "$FTP_CERTIFICATE" -noout -enddate | cut -d= -f2)" +%s)
        printf '<TrustedCerts><Certificate><Data>%s</Data><ActivationTime>%s</ActivationTime>' "$der" "$begins"
        printf '<ExpirationTime>%s</ExpirationTime><Host>%s</Host><Port>%s</Port>' "$ends" "$FTP_HOST" "$FTP_PORT"
        printf '<TrustSANs>0</TrustSANs></Certificate></TrustedCerts>'
    else
        printf '<InsecureHosts><Host Port="%s">%s</Host></InsecureHosts>' "$FTP_PORT" "$FTP_HOST"
    fi
}
configure() {
    mkdir -p up .config/filezilla
    {
        echo '<?xml version="1.0"?><FileZilla3><Settings>'
        setting 'Greeting version' 9.9.9
        setting 'Show Tree Local' 0
        setting 'Show Tree Remote' 0
        setting 'Show quickconnect bar' 0
        setting 'Window position and size' '0 0 0 1200 800'
        setting 'Disable update check' 1
        setting 'Update Check' 0
        setting 'Prompt password save' 0
        # Nothing that is typed too early leads out of the folder `up`.
        setting 'Dir doubleclick action' 3
        setting 'File exists action upload' 1
        setting 'File exists action download' 1
        setting 'Logging file' "$LOG"
        setting 'Logging filesize limit' 0
        echo '</Settings></FileZilla3>'
    } >.config/filezilla/filezilla.xml
    echo "<?xml version=\"1.0\"?><FileZilla3>$(trusted)</FileZilla3>" >.config/filezilla/trustedcerts.xml
}
# Until the log has something behind line $1 that fits: logged LINES SECONDS PATTERN
logged() {
    local deadline=$((SECONDS + $2))
    while [ "$SECONDS" -lt "$deadline" ]; do
        tail -n +$(($1 + 1)) "$LOG" 2>/dev/null | grep -qE "$3" && return 0
        sleep 0.2
    done
    return 1
}
lines() { wc -l <"$LOG"; }
started() {
    [ -z "${WINDOW:-}" ] || return 0
    configure
    if [ -z "${screens:-}" ]; then
        exec {screens}< <(exec Xvfb -displayfd 1 -screen 0 1200x800x24 2>/dev/null)
        read -r -t 20 -u "$screens" DISPLAY || return 1
        DISPLAY=:$DISPLAY
        export DISPLAY
    fi
    : >"$LOG"
    filezilla -a "$PWD/up" "ftp${FTP_TLS:+es}://$LOGIN@$FTP_HOST:$FTP_PORT/" >/dev/null 2>&1 &
    FILEZILLA=$!
    logged 0 40 'Directory listing of .* successful' || return 1
    WINDOW=$(xdotool search --onlyvisible --name FileZilla | head -n 1)
    xdotool windowfocus "$WINDOW"
}
# Back to the folder `up`: what is typed before a list is drawn may lead out of it.
back() {
    xdotool mousemove 300 191 click 1 sleep 0.3 key ctrl+a type --delay 20 "$PWD/up/"$'\n'
    xdotool sleep 0.5
}
# The only file in it.
left() {
    xdotool key F5 sleep 1.5 mousemove 80 272 click 1
}
# A name in the list of the server.
right() {
    xdotool key F5
    logged "$BEFORE" 20 'Directory listing of .* successful'
    sleep 1
    xdotool mousemove 900 420 click 1 sleep 0.3 type --delay 20 "$1"
}
# Chooses a file, types KEYS and waits until the log has what fits. What is typed before the window has
# drawn a list goes nowhere: then it is done again.
#   ask left|right NAME PATTERN KEYS...
ask() {
    local side=$1 name=$2 pattern=$3
    shift 3
    for _ in 1 2 3 4 5; do
        BEFORE=$(lines)
        xdotool windowfocus "$WINDOW"
        back
        "$side" "$name"
        xdotool sleep 0.7 "$@"
        logged "$BEFORE" 10 "$pattern" && return 0
    done
    return 1
}
# A window that does not do what is typed, or has left its folder, is closed: the next one begins where
# it should. The last lines of its log tell what it did instead.
astray() {
    tail -n 5 "$LOG"
    kill "$FILEZILLA" 2>/dev/null
    wait "$FILEZILLA" 2>/dev/null
    WINDOW=
    return 1
}
# What has become of the transfer.
transferred() {
    local before=0 deadline=$((SECONDS + 70))
    while [ "$SECONDS" -lt "$deadline" ]; do
        logged "$BEFORE" 1 'File transfer successful' && return 0
        if logged "$BEFORE" 1 '[Cc]ritical|File transfer failed|File transfer aborted'; then
            # It tries some of them again by itself.
            [ "$before" = "$(lines)" ] && break
            before=$(lines)
            sleep 12
        fi
    done
    tail -n +$((BEFORE + 1)) "$LOG"
    return 1
}
put() {
    started || return 1
    rm -f up/* && cp "$1" "up/$2"
    ask left "$2" "Starting upload of $PWD/up/" key Return || astray || return
    transferred
}
get() {
    started || return 1
    rm -f up/*
    ask right "$1" 'Starting download' key Return || astray || return
    transferred || return
    # What is not in the folder was put elsewhere.
    mv "up/$1" "$2" || astray
}
rename() {
    started || return 1
    ask right "$1" 'Response:[[:space:]]*(250 Renamed|5)' key F2 sleep 0.5 key ctrl+a \
        type --delay 20 "$2"$'\n' &&
        logged "$BEFORE" 1 'Response:[[:space:]]*250 Renamed'
}
delete() {
    started || return 1
    ask right "$1" 'File deleted|Response:[[:space:]]*5' key Delete sleep 1 \
        search --onlyvisible --name Confirm windowfocus key Return &&
        logged "$BEFORE" 1 'File deleted'
}
loop "$@"
