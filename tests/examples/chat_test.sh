#!/usr/bin/env bash
# The chat example with three members, and with one who does not read, on both backends and both drivers.
set -euo pipefail
here=$(dirname "$0")
source "$here/server.sh"
need socat socat
need python3 python3

# Waits until the file has a line that equals the second argument.
await_line() {
    for _ in {1..400}; do
        if grep -qxF -- "$2" "$1"; then return; fi
        sleep 0.02
    done
    fail "no '$2' in: $(cat "$1")"
}

for pair in "${pairs[@]}"; do
    read -r backend driver <<<"$pair"
    start_server chat_server --backend $backend --driver $driver
    declare -A to=()
    for name in ann bob eve; do
        rm -f "$folder/$name.in"
        mkfifo "$folder/$name.in"
        : >"$folder/$name.out"
        socat - "TCP:$address" <"$folder/$name.in" >"$folder/$name.out" &
        exec {descriptor}>"$folder/$name.in"
        to[$name]=$descriptor
        echo "$name" >&"$descriptor"
        await_line "$folder/$name.out" "* welcome, $name"
        [ $name = ann ] || await_line "$folder/ann.out" "* $name is here"
    done
    printf 'hello\n' >&"${to[bob]}"
    for name in ann eve; do await_line "$folder/$name.out" "bob: hello"; done
    printf 'half a l' >&"${to[eve]}"
    printf 'in between\r\n' >&"${to[ann]}"
    await_line "$folder/eve.out" "ann: in between"
    printf 'ine\n' >&"${to[eve]}"
    await_line "$folder/bob.out" "eve: half a line"
    printf 'a \033[31mred\tline\n' >&"${to[ann]}"
    await_line "$folder/bob.out" "ann: a [31mredline"
    printf 'a \302\23331m\342\200\256line\233\n' >&"${to[ann]}"
    await_line "$folder/bob.out" "ann: a 31mline?"
    exec {to[eve]}>&-
    await_line "$folder/bob.out" "* eve has left"
    if grep -q 'bob: hello' "$folder/bob.out"; then fail "bob heard himself"; fi
    stop_server
    [ "$farewell" = "3 members" ] || fail "unexpected: $farewell"
    exec {to[ann]}>&- {to[bob]}>&-
    wait $(jobs -p) 2>/dev/null || true

    start_server chat_server --backend $backend --driver $driver --history 16
    timeout 100 python3 "$here/chat_slow.py" "$address" 16 || fail "chat_slow.py"
    stop_server
    [ "$farewell" = "3 members" ] || fail "unexpected: $farewell"

    # Who says no name in time, or one that is too long, is disconnected, and nobody hears of it.
    start_server chat_server --backend $backend --driver $driver --name-time 300
    timeout 20 socat -u "TCP:$address" "$folder/silent" || fail "who says no name is not disconnected"
    timeout 20 socat "TCP:$address" "SYSTEM:while printf x; do sleep 0.05; done" >/dev/null 2>&1 ||
        [ $? -ne 124 ] || fail "a name may come for ever"
    stop_server
    echo "ok: $backend over $driver"
done
refuse chat_server "--history is '0'" --history 0
