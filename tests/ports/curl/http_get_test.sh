#!/usr/bin/env bash
# What curl promises, asked of http_get, on both backends and both drivers.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../examples/server.sh"
need python3 python3

for backend in stackless stackful; do
    for driver in "${drivers[@]}"; do
        python3 "$here/play.py" "$here/cases.txt" "$EXAMPLES_DIR/http_get" --backend $backend --driver $driver \
            --timeout 20000 || fail "$backend over $driver"
        echo "ok: $backend over $driver"
    done
done
