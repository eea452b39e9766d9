#!/bin/sh
# Builds cos-ftp-server and installs it with a configuration that works at once. Asks nothing,
# downloads nothing but what cargo fetches, and may be run again at any time. See --help.
set -eu

NAME=cos-ftp-server
USER_NAME=ftpuser
PORT=2121
# Whom the systemd unit runs it as.
SERVICE_USER=cos-ftp
# What no prefix may hold beside blanks and quotes.
REFUSED='# ; % ? | & \ $ ` < > ( ) { } [ ] * ! :'

usage() {
    cat <<EOF
Usage: ./install.sh [--prefix DIR] [--binary FILE] [--unit-dir DIR]
       ./install.sh --uninstall [--prefix DIR] [--unit-dir DIR]

Builds $NAME and installs it. As root:

    /usr/local/bin/$NAME              the server
    /etc/$NAME/vsftpd.conf            its configuration, unless there is
    /etc/$NAME/$NAME.conf
    /usr/local/var/$NAME              the files it serves, and its log
    /usr/local/share/man                      its manual pages

As anybody else the same lies under ~/.local (bin, etc, var, share), with --prefix under DIR.

As root on a machine that runs systemd, without --prefix, also a unit, which is not started:

    /etc/systemd/system/$NAME.service

A configuration that exists is kept, and so are the served files. A new configuration serves a
local directory to one user, whose generated password is printed.

    --prefix DIR    install below DIR
    --binary FILE   install this binary instead of building one
    --unit-dir DIR  install the unit for systemd, in DIR
    --uninstall     remove the server; configuration and files stay
    --help          print this
EOF
}

say() { printf '%s\n' "$*"; }
fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# $1, absolute.
absolute() {
    case $1 in
        /*) say "$1" ;;
        *) say "$(pwd)/$1" ;;
    esac
}

# Sets $action, $prefix, $binary and $unit_dir from the command line.
read_arguments() {
    action=install prefix='' binary='' unit_dir=''
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix | --binary | --unit-dir)
                [ -n "${2:-}" ] || fail "$1 needs a value; see --help"
                set_place "$1" "$2"
                shift
                ;;
            --prefix=?* | --binary=?* | --unit-dir=?*) set_place "${1%%=*}" "${1#*=}" ;;
            --uninstall) action=uninstall ;;
            -h | --help) action=help ;;
            *) fail "unknown argument '$1'; see --help" ;;
        esac
        shift
    done
}

set_place() {
    case $1 in
        --prefix) prefix=$2 ;;
        --binary) binary=$2 ;;
        --unit-dir) unit_dir=$2 ;;
    esac
}

# Sets where everything goes: $bin_dir, $config_dir, $var_dir.
choose_places() {
    if [ -n "$prefix" ]; then
        prefix=$(absolute "$prefix")
        config_dir=$prefix/etc/$NAME
    elif [ "$(id -u)" = 0 ]; then
        prefix=/usr/local
        config_dir=/etc/$NAME
        if [ -z "$unit_dir" ] && [ -d /run/systemd/system ]; then
            unit_dir=/etc/systemd/system
        fi
    else
        [ -n "${HOME:-}" ] || fail "HOME is not set; use --prefix DIR"
        prefix=$HOME/.local
        config_dir=$prefix/etc/$NAME
    fi
    case $prefix in
        # They would end a value in the configuration, begin an escape in an address, end a PATH,
        # mean something in the unit, or need quotes in the commands that are printed.
        *[[:space:][:cntrl:]\#\;%?\'\"\|\&\\\$\`\<\>\(\)\{\}\*\[\!:]* | *']'*)
            fail "the prefix '$prefix' must not contain blanks, quotes or any of $REFUSED"
            ;;
    esac
    bin_dir=$prefix/bin
    var_dir=$prefix/var/$NAME
    man_dir=$prefix/share/man
    choose_config
    unit=${unit_dir:+$(absolute "$unit_dir")/$NAME.service}
}

# Sets $config to the one that the server would take, as every command does.
choose_config() {
    config=$config_dir/$NAME.conf
    [ -e "$config" ] || config=$config_dir/vsftpd.conf
}

# Whether version $1 (1.88 or 1.88.0) is at least version $2.
at_least() {
    awk -v have="$1" -v need="$2" 'BEGIN {
        split(have, h, "."); split(need, n, ".")
        exit !(h[1] > n[1] || (h[1] == n[1] && h[2] + 0 >= n[2] + 0))
    }'
}

check_toolchain() {
    if ! command -v cargo >/dev/null && [ -x "${HOME:-}/.cargo/bin/cargo" ]; then
        PATH=$HOME/.cargo/bin:$PATH
    fi
    how="get it with
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh
and open a new terminal (https://www.rust-lang.org/tools/install)"
    command -v cargo >/dev/null || fail "cargo, the build tool of Rust, is missing; $how"
    need=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    have=$(cargo --version | cut -d ' ' -f 2)
    at_least "$have" "$need" || fail "cargo is $have, at least $need is needed; $how
or, if rustup is there, with: rustup update"
    command -v cc >/dev/null || fail "a C compiler (cc) is missing; get it with
    apt-get install gcc libc6-dev        (Debian, Ubuntu)
    dnf install gcc                      (Fedora, TencentOS)"
}

# Sets $binary to a freshly built one, unless one was given.
build() {
    # Unpacked from an archive, which has no source, there is one.
    [ -n "$binary" ] || [ -f Cargo.toml ] || binary=$(pwd)/$NAME
    if [ -n "$binary" ]; then
        [ -f "$binary" ] || fail "there is no file '$binary'"
        check_binary
        return
    fi
    check_toolchain
    say "Building $NAME; the first time takes a few minutes."
    cargo build --release --locked --bin "$NAME"
    binary=${CARGO_TARGET_DIR:-target}/release/$NAME
}

# Not everything that is called a binary runs here: it may be another machine's, or none at all.
check_binary() {
    case $(sh -c 'exec "$1" --version' sh "$binary" 2>&1 </dev/null) in
        "$NAME "[0-9]*) ;;
        *) fail "'$binary' is not a $NAME that runs on this machine; nothing was changed" ;;
    esac
}

# Before the build, which takes minutes.
check_places() {
    elsewhere='use --prefix DIR, or be root'
    # Whom a file system refuses that is mounted to be read only, for one.
    [ "$(id -u)" != 0 ] || elsewhere='name another place with --prefix DIR'
    for place in "$bin_dir" "$config_dir" "$var_dir" "$man_dir" ${unit:+"${unit%/*}"}; do
        nearest=$place
        while [ ! -e "$nearest" ]; do nearest=$(dirname "$nearest"); done
        # By doing so: to root a file system like /proc looks as if it could be written.
        trial=$(mktemp -d "$nearest/.$NAME.XXXXXX" 2>/dev/null) && rmdir "$trial" ||
            fail "cannot write to $nearest, where $place would be; $elsewhere"
    done
}

# A running server goes on with the old file; nobody ever finds half a binary.
install_binary() {
    mkdir -p "$bin_dir"
    if [ -e "$bin_dir/$NAME" ]; then done=Updated; else done=Installed; fi
    new=$bin_dir/.$NAME.new
    trap 'rm -f "$new"' EXIT
    cp "$binary" "$new"
    chmod 755 "$new"
    mv -f "$new" "$bin_dir/$NAME"
    trap - EXIT
    say "$done $bin_dir/$NAME"
}

install_manuals() {
    for manual in $NAME.8 $NAME.conf.5; do
        section=$man_dir/man${manual##*.}
        mkdir -p "$section"
        cp "conf/man/$manual" "$section/$manual"
        chmod 644 "$section/$manual"
    done
}

# The unit of the package with the paths of this installation.
unit_text() {
    sed -e "s|^\(Exec[A-Z][a-z]*\)=/usr/bin/$NAME|\1=$bin_dir/$NAME|" \
        -e "/^Exec/s|--config /etc/$NAME|--config $config_dir|" \
        -e "s|^StateDirectory=.*|ReadWritePaths=$var_dir|" \
        -e "s|^WorkingDirectory=.*|WorkingDirectory=$var_dir|" \
        -e '/^StateDirectoryMode=/d' \
        "conf/$NAME.service"
}

# For systemd: the unit, its user, and what that user may read and write.
install_unit() {
    [ -n "$unit" ] || return 0
    if [ -e "$unit" ] && ! grep -q "^Documentation=man:$NAME" "$unit"; then
        say "Kept your unit $unit"
        return
    fi
    mkdir -p "${unit%/*}"
    # Beside it first: nobody ever finds half a unit.
    new=$unit.new
    trap 'rm -f "$new"' EXIT
    unit_text >"$new"
    chmod 644 "$new"
    mv -f "$new" "$unit"
    trap - EXIT
    if [ "$(id -u)" = 0 ]; then
        getent passwd "$SERVICE_USER" >/dev/null ||
            useradd --system --user-group --home-dir "$var_dir" --no-create-home \
                --shell /usr/sbin/nologin "$SERVICE_USER"
        mkdir -p "$var_dir"
        chown -R "$SERVICE_USER:" "$var_dir"
        make_log_directory
        chown "root:$SERVICE_USER" "$config"
        chmod 640 "$config"
    else
        say "Not root: the user $SERVICE_USER, which the unit needs, is not created."
    fi
    reload_systemd
    say "Installed $unit"
}

# The unit makes it at its first start; `init` and `check` look at it before that.
make_log_directory() {
    [ "$standard_place" = yes ] && [ ! -e "/var/log/$NAME" ] || return 0
    mkdir -m 750 "/var/log/$NAME"
    chown "$SERVICE_USER:" "/var/log/$NAME"
}

reload_systemd() {
    [ "$standard_place" = no ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload
}

generate_password() {
    # Letters and digits only: nothing to escape in a configuration, an address or a shell.
    password=$(head -c 512 /dev/urandom | LC_ALL=C tr -dc 'a-km-zA-HJ-NP-Z2-9' | cut -c 1-16)
    [ ${#password} -eq 16 ] || fail "/dev/urandom gave no password"
}

write_config() {
    generate_password
    mkdir -p "${var_dir%/*}"
    (
        umask 077
        mkdir -p "$var_dir/data" "$var_dir/log"
    )
    mkdir -p "$config_dir"
    new=$config_dir/.vsftpd.conf.new
    trap 'rm -f "$new"' EXIT
    (
        umask 077
        rm -f "$new"
        config_text >"$new"
        sample_mark >>"$new"
    )
    mv "$new" "$config"
    trap - EXIT
}

# By this `init` knows that nobody has changed the file since.
sample_mark() {
    command -v sha256sum >/dev/null || return 0
    say "# $NAME init may replace this file while the lines above have the SHA-256 $(
        sha256sum <"$new" | cut -c 1-64
    )"
}

config_text() {
    cat <<EOF
# The configuration of $NAME. man $NAME.conf explains every key.

[COS_ACCOUNT_0]
# Files are kept in this directory. To serve a COS bucket instead, replace the line by the four
# below it, filled in.
cos_endpoint = file://$var_dir/data
# cos_secretid = ...
# cos_secretkey = ...
# cos_bucket = name-appid
# cos_region = ap-...
home_dir = /home/$USER_NAME
ftp_login_user_name = $USER_NAME
ftp_login_user_password = $password
authority = RW
delete_enable = true

[NETWORK]
listen_port = $PORT
passive_port = 60000,65535

[OPTIONAL]
log_dir = $var_dir/log
EOF
}

# How to start the server: without its path where the shell finds it, and without --config where
# it looks by itself.
start_command() {
    case :${PATH:-}: in
        *:"$bin_dir":*) start=$NAME ;;
        *) start=$bin_dir/$NAME ;;
    esac
    [ "$standard_place" = yes ] || start="$start --config $config"
}

# Sets $elsewhere, what other machines of the network call this one; empty where nothing tells.
find_own_address() {
    elsewhere=$(ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
    [ -n "$elsewhere" ] || elsewhere=$(hostname -I 2>/dev/null | cut -d ' ' -f 1)
}

# Whether whoever reads speaks Chinese, by the rules of POSIX.
speaks_chinese() {
    locale=${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}
    case $locale in
        zh | zh[_.@-]*) return 0 ;;
        *) return 1 ;;
    esac
}

# $1: the configuration was there before.
tell_next_steps() {
    start_command
    check_command="${start%% *} check${start#"${start%% *}"}"
    # Each line can be pasted.
    if [ -n "$unit" ]; then
        restart="systemctl restart $NAME"
    else
        restart="${start%% *} stop${start#"${start%% *}"}
    $start"
    fi
    init_command="${start%% *} init${start#"${start%% *}"}"
    find_own_address || true
    if speaks_chinese; then tell_in_chinese "$1"; else tell_in_english "$1"; fi
}

tell_in_chinese() {
    if [ "$1" = kept ]; then
        say "
正在运行的服务器仍是旧版本。检查配置：
    $check_command
启动新版本：
    $restart"
        return
    fi
    [ "$start" = "${start#/}" ] || say "
$bin_dir 不在 PATH 中，因此下面的命令使用完整路径。要加入 PATH：
    export PATH=\"$bin_dir:\$PATH\""
    say "
1. 试用。启动服务器（按 Ctrl+C 停止）：
    $start
   在另一个终端中上传一个文件并列出：
    curl -u $login -T LICENSE ftp://127.0.0.1:$PORT/
    curl -u $login ftp://127.0.0.1:$PORT/
   网络中的其他机器请使用 ftp://${elsewhere:-本机地址}:$PORT/
   连接没有加密：密码和文件在途中可能被读取（加密见 docs/zh-CN/ftps.md）。

2. 使用 COS 存储桶。按提问生成配置，替换现在的示例：
    $init_command
   或者在 $config 中
   把 cos_endpoint 一行换成下面四行：
    cos_secretid = <API 密钥的 SecretId>
    cos_secretkey = <API 密钥的 SecretKey>
    cos_bucket = <带 APPID 的存储桶名称，例如 files-1250000000>
    cos_region = <存储桶所在地域，例如 ap-guangzhou>
   然后检查，并重新启动服务器：
    $check_command"
    [ -z "$unit" ] || say "
3. 由 systemd 以用户 $SERVICE_USER 的身份运行，立即启动并开机自启：
    systemctl enable --now $NAME
   以后再次执行 ./install.sh 之后：
    systemctl restart $NAME"
}

tell_in_english() {
    if [ "$1" = kept ]; then
        say "
A server that runs is still the old one. To check the configuration:
    $check_command
To start the new server:
    $restart"
        return
    fi
    [ "$start" = "${start#/}" ] || say "
$bin_dir is not on your PATH, so the commands below name it in full. To add it:
    export PATH=\"$bin_dir:\$PATH\""
    say "
1. Try it. Start the server (Ctrl+C stops it):
    $start
   and in another terminal store a file and list it:
    curl -u $login -T LICENSE ftp://127.0.0.1:$PORT/
    curl -u $login ftp://127.0.0.1:$PORT/
   Other machines of the network use ftp://${elsewhere:-ADDRESS-OF-THIS-MACHINE}:$PORT/
   The connection is not encrypted: passwords and files can be read on their way (docs/ftps.md).

2. Serve a COS bucket. This asks a few questions, and replaces this sample:
    $init_command
   Or replace the line cos_endpoint in $config
   by these four:
    cos_secretid = <SecretId of your API key>
    cos_secretkey = <SecretKey of your API key>
    cos_bucket = <bucket name with its APPID, as in files-1250000000>
    cos_region = <region of the bucket, as in ap-guangzhou>
   Then try it out, and start the server again:
    $check_command"
    [ -z "$unit" ] || say "
3. Let systemd run it, now and after each start of the machine, as the user $SERVICE_USER:
    systemctl enable --now $NAME
   After another ./install.sh:
    systemctl restart $NAME"
}

install() {
    [ -z "$binary" ] || binary=$(absolute "$binary")
    # Where the script itself is, and not a link to it.
    cd -- "$(dirname -- "$(readlink -f -- "$0")")"
    check_places
    build
    install_binary
    install_manuals
    if [ -e "$config" ]; then
        was=kept
        say "Kept your configuration $config and all data."
        "$bin_dir/$NAME" --check-config --config "$config" ||
            say "The server will not start until the above is corrected."
    else
        was=new
        write_config
        login=$USER_NAME:$password
        say "Wrote $config"
        say "Files are kept in $var_dir/data"
        say "FTP user: $USER_NAME"
        say "Password: $password"
        "$bin_dir/$NAME" --check-config --config "$config" ||
            fail "the new configuration is refused, see above"
    fi
    install_unit
    tell_next_steps "$was"
}

remove_unit() {
    [ -n "$unit" ] && [ -e "$unit" ] || return 0
    if ! grep -q "^Documentation=man:$NAME" "$unit"; then
        say "Kept your unit $unit"
        return
    fi
    if [ "$standard_place" = yes ] && [ -d /run/systemd/system ]; then
        systemctl disable --now "$NAME"
    fi
    rm -f "$unit"
    reload_systemd
    say "Removed $unit"
}

uninstall() {
    remove_unit
    rm -f "$man_dir/man8/$NAME.8" "$man_dir/man5/$NAME.conf.5"
    if [ -e "$bin_dir/$NAME" ]; then
        rm -f "$bin_dir/$NAME"
        say "Removed $bin_dir/$NAME"
    else
        say "There is no $bin_dir/$NAME"
    fi
    if [ -e "$config" ]; then say "Kept the configuration: $config"; fi
    if [ -d "$var_dir" ]; then say "Kept the data and the log: $var_dir"; fi
}

read_arguments "$@"
if [ -n "$prefix" ]; then standard_place=no; else standard_place=yes; fi
choose_places
case $action in
    help) usage ;;
    uninstall) uninstall ;;
    install) install ;;
esac
