. "${BASH_SOURCE[0]%/*}/loop.sh"
TLS=no
# Midnight Commander, on a screen that is read and typed on: to the left the folder `up`, to the right
# the server. One run of it lasts as long as this driver.
URL=ftp://$LOGIN@$FTP_HOST:$FTP_PORT
version() { debian mc; }
tm() { tmux -L "${PWD##*/}$$" -f /dev/null "$@"; }
screen() { tm capture-pane -p; }
keys() {
    tm send-keys "$@"
    sleep 0.2
}
type() { tm send-keys -l "$1"; }
# Until the screen shows, or does not show, what fits: await [!] PATTERN
await() {
    local deadline=$((SECONDS + 70)) wanted=0
    [ "$1" != '!' ] || { wanted=1 && shift; }
    while [ "$SECONDS" -lt "$deadline" ]; do
        local status=0
        screen | grep -qE "$1" || status=1
        [ "$status" != "$wanted" ] || return 0
        sleep 0.1
    done
    return 1
}
started() {
    if tm has-session 2>/dev/null; then
        # When the server was lost, the panel shows a folder of this machine instead.
        screen | grep -q 'ftp://' || { echo "the panel has left the server" && return 1; }
        return 0
    fi
    mkdir -p up
    # What it would ask for, and what would be shown beside names.
    mkdir -p .config/mc
    printf '[Midnight-Commander]\nsafe_delete=false\nauto_save_setup=false\n[Layout]\nmenubar_visible=0\nkeybar_visible=0\nmessage_visible=0\nxterm_title=0\n' >.config/mc/ini
    # Where it is no daemon, it ends with this driver, however that ends.
    tm -D &
    until tm has-session 2>/dev/null; do
        kill -0 $! || return 1
        tm -N new-session -d -x 160 -y 40 "env TERM=screen mc -u -a -b '$PWD/up' '$URL/'" 2>/dev/null
    done
    await 'UP--DIR' && await ! 'ftpfs:' && at left
}
# Which panel has the keys.
SIDE=left
at() {
    [ "$SIDE" = "$1" ] || keys Tab
    SIDE=$1
}
pick() {
    keys C-r Home
    keys C-s
    type "$1"
    keys Enter
}
# What has begun is over when its windows are gone and what is typed comes to the command line; what it
# says of a failure is answered by "abort".
FAILURE='error|cannot|warning|failed'
over() {
    local deadline=$((SECONDS + 70)) typed=0
    while [ "$SECONDS" -lt "$deadline" ]; do
        sleep 0.3
        if screen | grep -iE -A 2 "$FAILURE"; then
            # Closing what it could not write fails, too.
            for _ in 1 2 3 4 5; do
                keys Escape Escape
                sleep 0.5
                screen | grep -qiE "$FAILURE|\[ ?Abort ?\]" || break
            done
            return 1
        fi
        if screen | grep -qE '^[#$] 7+$'; then
            while screen | grep -qE '^[#$] 7+$'; do keys BSpace; done
            return 0
        fi
        # A window would swallow it.
        if [ $((SECONDS - typed)) -ge 3 ] && ! screen | grep -qE '\[ ?(Abort|Suspend|Background) ?\]'; then
            typed=$SECONDS
            type 7
        fi
    done
    return 1
}
put() {
    started || return 1
    rm -f up/* && cp "$1" "up/$2"
    at left && pick "$2"
    keys F5 && await 'Copy' && keys Enter && over
}
get() {
    started || return 1
    rm -f up/*
    at right && pick "$1"
    keys F5 && await 'Copy' && keys Enter && over && mv "up/$1" "$2"
}
list() {
    started && at right && keys C-r Home && over && screen
}
rename() {
    started || return 1
    at right && pick "$1"
    keys F6 && await 'Move' && type "$URL/$2" && keys Enter && over
}
delete() {
    started || return 1
    at right && pick "$1"
    keys F8 && await 'Delete' && keys Enter && over
}
loop "$@"
