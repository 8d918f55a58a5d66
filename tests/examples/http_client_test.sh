#!/usr/bin/env bash
# The HTTP client and bodies in chunks, on both backends and both drivers: split anywhere, with all that may stand
# between the data, broken off anywhere, and malformed.
set -euo pipefail
source "$(dirname "$0")/http.sh"

coproc fixture { exec python3 "$here/http_chunked.py" "$folder"; }
read -r -t 20 address <&"${fixture[0]}" || fail "no fixture"
url=http://$address
body=$(cat "$folder/body")
length=$(cat "$folder/length")

get() { # <path>...
    timeout 60 "$EXAMPLES_DIR/http_get" --backend "$backend" --driver "$driver" "${@/#/$url/}" \
        >"$folder/got" 2>"$folder/said"
}
# get_all COUNT PATH...: so many bodies, and `more`, what came after them.
get_all() {
    local count=$1 bytes
    shift
    get "$@" || fail "http_get $*: exit code $?: $(cat "$folder/said")"
    for ((; count > 0; --count)); do echo -n "$body"; done >"$folder/wanted"
    bytes=$(stat -c %s "$folder/wanted")
    cmp <(head -c "$bytes" "$folder/got") "$folder/wanted" || fail "http_get $*: other bytes"
    more=$(tail -c +$((bytes + 1)) "$folder/got")
}
# get_none CODE MESSAGE PATH...: what came before it broke off is the body's beginning.
get_none() {
    local code=$1 message=$2 status=0
    shift 2
    get "$@" || status=$?
    expect "http_get $*, exit code" "$code" "$status"
    grep -qx "http_get: .*$message" "$folder/said" || fail "http_get $*: not '$message' but: $(cat "$folder/said")"
    cmp <(head -c "$(stat -c %s "$folder/got")" "$folder/body") "$folder/got" || fail "http_get $*: other bytes"
}

first=0 # Of the places that this combination splits and cuts at; the four together take each once.
for pair in "${pairs[@]}"; do
    read -r backend driver <<<"$pair"
    ((++first))
    get_all 3 whole whole whole
    get_all 1 bytes
    # One connection for all of them: each body ended where it ends.
    get connections
    before=$(cat "$folder/got")
    splits=()
    for ((at = first; at < length; at += 4)); do splits+=("split/$at"); done
    get_all ${#splits[@]} "${splits[@]}" connections
    expect "connections" $((before + 1)) "$more"
    get large || fail "http_get large: $(cat "$folder/said")"
    cmp "$folder/got" "$folder/large" || fail "http_get large: other bytes"
    get_all 0 empty
    expect "an empty body" "" "$more"
    get_none 1 "status 301" moved
    get_none 2 "closed the connection without an answer" cut/0
    for ((at = first; at < length; at += 4)); do
        get_none 2 "$address ended the connection within its answer" "cut/$at"
    done
    get_none 2 "ended the connection within its answer: Connection reset by peer" reset
    for what in size negative huge end extension two_lengths; do
        get_none 2 "$address does not speak HTTP/1.1" "bad/$what"
    done
    get_none 2 "$address does not speak HTTP/1.1" endless_chunk
    get_none 2 "$address does not speak HTTP/1.1" endless_trailers
    get_all 1 announced/16
    get_none 2 "$address announces its answer more than sixteen times" announced/17
    get_none 2 "$address announces its answer more than sixteen times" endless_announcements
    echo "ok: $backend over $driver"
done
