#!/usr/bin/env bash
# Makes sure that everything the tests run is installed (Debian 12). What is missing and cannot be
# installed is an error: a test without its client would prove nothing. Arguments are more of it.
set -euo pipefail

# command:package, or file:package where there is no command
NEEDED=(
    cc:gcc
    curl:curl
    dpkg-shlibdeps:dpkg-dev
    faketime:faketime
    ftp:tnftp
    groff:groff-base
    haproxy:haproxy
    ip:iproute2
    jq:jq
    javac:default-jdk-headless
    lftp:lftp
    mandoc:mandoc
    ncftpput:ncftp
    nft:nftables
    nsenter:util-linux
    openssl:openssl
    perl:perl
    php:php-cli
    python3:python3
    promtool:prometheus
    rclone:rclone
    ruby:ruby
    sha256sum:coreutils
    systemd-analyze:systemd
    tnftp:tnftp
    unshare:util-linux
    wget:wget
    ceph:ceph-common
    ceph-mon:ceph-mon
    ceph-osd:ceph-osd
    radosgw:radosgw
    radosgw-admin:radosgw
    /usr/share/java/commons-net.jar:libcommons-net-java
    /usr/share/perl5/IO/Socket/SSL.pm:libio-socket-ssl-perl
    "$@"
)

# The packages of what is not there, each once.
missing_packages() {
    local pair
    {
        for pair in "${NEEDED[@]}"; do
            [ -e "${pair%%:*}" ] || command -v "${pair%%:*}" >/dev/null || echo "${pair#*:}"
        done
        # Debian has it apart from python3.
        python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
    } | sort -u
}

# What is no package of Debian.
install_the_rest() {
    "$(dirname "${BASH_SOURCE[0]}")/seaweed.sh" >/dev/null
}

mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -eq 0 ]; then
    install_the_rest
    exit 0
fi
# A compiler alone links nothing.
[[ " ${missing[*]} " != *" gcc "* ]] || missing+=(libc6-dev)

if [ "$(id -u)" = 0 ]; then
    as_root=()
elif command -v sudo >/dev/null; then
    as_root=(sudo)
else
    echo "missing packages, and neither root nor sudo to install them: ${missing[*]}" >&2
    exit 1
fi
echo "== installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ]; then
    echo "still missing after the installation: ${missing[*]}" >&2
    exit 1
fi
install_the_rest
