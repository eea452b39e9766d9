# The loop of the drivers in bash: each defines what its client can do, of put, get, list, rename and
# delete, and `version`; with TLS=no it has no FTPS. What a function ends with is what the client says.
# shellcheck shell=bash
LOGIN=$FTP_USER:$FTP_PASSWORD
loop() {
    local operation first second status out
    [ "${1:-}" != version ] || { version; return; }
    out=$PWD/said.$$
    while read -r operation first second; do
        if [ "$operation" = can ]; then
            if declare -F "$first" >/dev/null; then echo "= ok"; else echo "= cannot"; fi
            continue
        fi
        if ! declare -F "$operation" >/dev/null || [[ -n $FTP_TLS && ${TLS:-yes} = no ]]; then
            echo "= cannot"
            continue
        fi
        status=0
        "$operation" "$first" "$second" </dev/null >"$out" 2>&1 || status=$?
        sed -i 's/\x1b\[[0-9;]*m//g' "$out"
        sed 's/^/- /' "$out"
        if [ "$status" = 0 ]; then
            echo "= ok"
        else
            echo "= failed $status $(tail -n 3 "$out" | tr '\r\n' '  ')"
        fi
    done
    rm -f "$out"
}
debian() { dpkg-query -f '${Version}\n' -W "$1"; }
