#!/usr/bin/env bash
# The proxy example between socat and a server of socat's: bytes, half-close, a server that is not there, silence. With
# and without --splice. And between peers that reset and half-close: proxy_attacks.py.
set -euo pipefail
source "$(dirname "$0")/server.sh"
need socat socat
need python3 python3
head -c 3000000 /dev/urandom >"$folder/sent"

check() { # [option...]
    # Answers when its input has ended, so that only a half-close lets it finish.
    socat TCP-LISTEN:0,reuseaddr,fork,bind=127.0.0.1 "SYSTEM:cksum" 2>"$folder/socat" &
    local behind=$! behind_port= got
    for _ in {1..200}; do
        behind_port=$(ss -Hltnp 2>/dev/null | sed -n "s/.*127.0.0.1:\([0-9]*\) .*pid=$behind,.*/\1/p")
        [ -z "$behind_port" ] || break
        sleep 0.02
    done
    [ -n "$behind_port" ] || fail "socat does not listen"
    start_server proxy --to "127.0.0.1:$behind_port" --idle 400 "$@"
    for _ in 1 2 3; do
        got=$(socat -t 20 - "TCP:$address" <"$folder/sent")
        [ "$got" = "$(cksum <"$folder/sent")" ] || fail "through the proxy: $got"
    done
    # Nobody says anything: the proxy ends it.
    timeout 20 socat -u "TCP:$address" "$folder/silence" || fail "an idle pair was not closed"
    stop_server
    case $farewell in
        "passed on 4 connections, 9000000 bytes up, "*" 0 unreachable, 1 idle") ;;
        *) fail "unexpected: $farewell" ;;
    esac
    kill $behind

    start_server proxy --to "127.0.0.1:$behind_port" "$@"
    timeout 20 socat -u "TCP:$address" "$folder/nothing" || true
    [ ! -s "$folder/nothing" ] || fail "something from nobody"
    stop_server
    case $farewell in *" 1 unreachable, "*) ;; *) fail "unexpected: $farewell" ;; esac
    echo "ok: $*"
}

for pair in "${pairs[@]}"; do
    read -r backend driver <<<"$pair"
    check --backend $backend --driver $driver
    check --backend $backend --driver $driver --splice 1
    for splice in 0 1; do
        timeout 100 python3 "$(dirname "$0")/proxy_attacks.py" "$EXAMPLES_DIR/proxy" --backend $backend \
            --driver $driver --splice $splice || fail "attacks on $backend over $driver, splice $splice"
    done
done
refuse proxy "--to is missing"
refuse proxy "--idle is '0'" --to 127.0.0.1:1 --idle 0
refuse proxy "--splice is '2'" --to 127.0.0.1:1 --splice 2
