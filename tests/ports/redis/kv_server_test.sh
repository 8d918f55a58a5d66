#!/usr/bin/env bash
# What Redis promises, asked of kv_server, on both backends and both drivers.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../examples/server.sh"
need python3 python3

for backend in stackless stackful; do
    for driver in "${drivers[@]}"; do
        start_server kv_server --backend $backend --driver $driver
        python3 "$here/play.py" "$address" "$here/cases.txt" open || fail "$backend over $driver"
        stop_server
        start_server kv_server --backend $backend --driver $driver --requirepass foobared
        python3 "$here/play.py" "$address" "$here/cases.txt" password || fail "$backend over $driver, with a password"
        stop_server
        echo "ok: $backend over $driver"
    done
done
