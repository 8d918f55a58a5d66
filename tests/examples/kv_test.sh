#!/usr/bin/env bash
# The key-value example with Redis's own clients, on both backends and both drivers.
set -euo pipefail
source "$(dirname "$0")/server.sh"
need redis-cli redis-tools
need socat socat

# ask WANTED word...: one command by redis-cli.
ask() {
    local wanted=$1 got
    shift
    got=$(redis-cli -h 127.0.0.1 -p "$port" "$@")
    [ "$got" = "$wanted" ] || fail "$*: '$got', not '$wanted'"
}

# Sends its input and shows what comes back.
talk() {
    socat -t 5 - "TCP:$address"
}

# The most memory that the server has had, in KiB.
peak() {
    awk '$1 == "VmHWM:" { print $2 }' "/proc/$server/status"
}

awk 'BEGIN {
    printf "*999999\r\n$4\r\nMSET\r\n"
    for (n = 0; n < 499999; ++n) printf "$1\r\na\r\n$120\r\n%0120d\r\n", n
}' >"$folder/many"

for pair in "${pairs[@]}"; do
    read -r backend driver <<<"$pair"
    start_server kv_server --backend $backend --driver $driver
    ask PONG PING

    # A MiB a hundred times, asked for with a few bytes that come together: more than the server is to hold at once.
    head -c 1048576 /dev/zero | tr '\0' x >"$folder/value"
    redis-cli -h 127.0.0.1 -p "$port" -x SET k <"$folder/value" >/dev/null
    before=$(peak)
    { printf 'GET k\r\n%.0s' {1..500}; printf 'QUIT\r\n'; } | talk >"$folder/values"
    [ "$(grep -c '^x' "$folder/values")" -eq 500 ] || fail "not 500 values"
    [ "$(tail -n 1 "$folder/values")" = $'+OK\r' ] || fail "no answer to the last of many commands"
    [ $(($(peak) - before)) -lt 400000 ] || fail "held many answers: $before KiB, then $(peak) KiB"
    # The same by one command, after which the connection is as before.
    before=$(peak)
    { printf MGET; printf ' k%.0s' {1..200}; printf '\r\nPING\r\nQUIT\r\n'; } | talk >"$folder/values"
    [ "$(grep -c '^x' "$folder/values")" -eq 200 ] || fail "not 200 values"
    [ "$(tail -n 2 "$folder/values" | tr -d '\r')" = $'+PONG\n+OK' ] || fail "no answer behind many values"
    [ $(($(peak) - before)) -lt 100000 ] || fail "held many values: $before KiB, then $(peak) KiB"
    ask OK SET name bifilar
    ask bifilar GET name
    ask "" GET missing
    ask 1 INCR count
    ask 11 INCRBY count 10
    ask "ERR value is not an integer or out of range" INCR name
    ask 2 EXISTS name count missing
    ask OK SET soon gone PX 30
    ask "" SET name other NX
    ask -1 TTL name
    ask 1 EXPIRE name 100
    left=$(redis-cli -h 127.0.0.1 -p "$port" TTL name)
    [ "$left" -gt 0 ] && [ "$left" -le 100 ] || fail "TTL: $left"
    ask OK MSET a 1 b 2
    ask $'1\n2' MGET a b
    ask 2 DEL a b
    sleep 0.05
    ask "" GET soon
    ask "ERR unknown command 'NONSENSE', with args beginning with: 'x' " NONSENSE x

    # A value of 8 MiB there and back.
    head -c 6291456 /dev/urandom | base64 -w 0 >"$folder/big"
    redis-cli -h 127.0.0.1 -p "$port" -x SET big <"$folder/big" >/dev/null
    redis-cli -h 127.0.0.1 -p "$port" --raw GET big >"$folder/back"
    cmp -n 8388608 "$folder/big" "$folder/back" || fail "the big value"

    # What is no command, what comes byte by byte, and lines of words instead of arrays.
    printf '*1\r\n$99999999999\r\n' | talk | grep 'Protocol error' >/dev/null || fail "a broken command"
    { printf '*2\r\n$40000000\r\n'; head -c 40000000 /dev/zero; printf '\r\n$40000000\r\n'; } | talk |
        grep 'Protocol error: a command may have' >/dev/null || fail "two words that are too large together"
    # Were it read from its beginning with each piece, it would not be answered in time.
    timeout 25 socat -t 25 - "TCP:$address" <"$folder/many" | grep OK >/dev/null || fail "a command of many words"
    for piece in '*' $'2\r\n$4' $'\r\nEC' $'HO\r' $'\n$2\r\nhi' $'\r\n'; do
        printf '%s' "$piece"
        sleep 0.01
    done | talk | grep hi >/dev/null || fail "a command in pieces"
    [ "$(printf 'PING\r\nPING\r\nQUIT\r\n' | talk | grep -c PONG)" -eq 2 ] || fail "lines"

    redis-benchmark -h 127.0.0.1 -p "$port" -n 20000 -c 50 -q -t set,get,incr,ping >"$folder/benchmark" 2>&1 ||
        fail "redis-benchmark: $(cat "$folder/benchmark")"
    redis-benchmark -h 127.0.0.1 -p "$port" -n 50000 -c 20 -P 32 -q -t set,get >>"$folder/benchmark" 2>&1 ||
        fail "redis-benchmark, pipelined: $(cat "$folder/benchmark")"
    stop_server
    case $farewell in "served "*) ;; *) fail "unexpected: $farewell" ;; esac
    echo "ok: $backend over $driver; $(tr '\r' '\n' <"$folder/benchmark" | grep -c 'requests per second') rows"
done
refuse kv_server "--backend is 'threads'" --backend threads
