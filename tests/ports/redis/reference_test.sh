#!/usr/bin/env bash
# The cases against Redis itself: they say what it promises. Skipped where it is not installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
command -v redis-server >/dev/null || {
    echo "skipped: there is no redis-server (sudo apt-get install redis-server)"
    exit 77
}
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT

start_redis() { # [option...]: sets `socket`.
    socket=$folder/socket.$#
    redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no --dir "$folder" "$@" >"$folder/log" &
    for _ in {1..600}; do
        [ ! -S "$socket" ] || return 0
        sleep 0.05
    done
    cat "$folder/log"
    exit 1
}

start_redis
python3 "$here/play.py" "$socket" "$here/cases.txt" open
start_redis --requirepass foobared
python3 "$here/play.py" "$socket" "$here/cases.txt" password
