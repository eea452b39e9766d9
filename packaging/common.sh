# What the scripts beside it share; read by them, from anywhere.
# shellcheck shell=sh

NAME=cos-ftp-server
cd "$(dirname "$0")/.."
command -v cargo >/dev/null || PATH=${HOME:-}/.cargo/bin:$PATH

# What is for people to read, and what its links lead to.
DOCUMENTS='README.md README.zh-CN.md CHANGELOG.md CONTRIBUTING.md RELEASING.md SECURITY.md
    docs/*.md docs/*.png docs/zh-CN/*.md docs/architecture/*.md docs/decisions/*.md
    benches/README.md benches/*.svg benches/growth.json
    tests/devices/README.md tests/clients-all/README.md'

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Sets $binary, empty if one is to be built, and $output, where the package goes.
read_arguments() {
    binary='' output=''
    while [ $# -gt 0 ]; do
        case $1 in
            --binary)
                [ -f "${2:-}" ] || fail "--binary needs a file"
                binary=$2
                shift
                ;;
            -*) fail "unknown argument '$1'" ;;
            *) output=$1 ;;
        esac
        shift
    done
    output=${output:-${CARGO_TARGET_DIR:-target}/packages}
    mkdir -p "$output"
}

# Of the first section of the manifest.
version() {
    sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml
}

# When the source was last changed, in seconds.
date_of_source() {
    git log -1 --format=%ct 2>/dev/null || date +%s
}

# Sets $work, a directory that goes when the script ends.
begin_work() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM
    chmod 755 "$work"
}

# Puts file $2 to $3 below $work, with mode $1.
put() {
    install -D -m "$1" "$2" "$work/$3"
}

# Nobody ever finds half a package $2.
publish() {
    mv "$1" "$2.new"
    chmod 644 "$2.new"
    mv "$2.new" "$2"
    echo "$2"
}
