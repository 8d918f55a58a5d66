#!/usr/bin/env bash
# What one client of the key-value example cannot do to the others, on both backends and both drivers.
set -euo pipefail
here=$(dirname "$0")
source "$here/server.sh"
need python3 python3
# What was freed goes back at once, so that a peak is what the server has held.
export MALLOC_MMAP_THRESHOLD_=65536 ASAN_OPTIONS=quarantine_size_mb=1:thread_local_quarantine_size_kb=64

for pair in "${pairs[@]}"; do
    read -r backend driver <<<"$pair"
    while read -r name options; do
        start_server kv_server --backend $backend --driver $driver $options
        timeout 200 python3 "$here/kv_limits.py" "$name" "$address" "$server" || fail "$name"
        stop_server
    done < <(python3 "$here/kv_limits.py")
    echo "ok: $backend over $driver"
done
refuse kv_server "--protected-mode is 'maybe'" --protected-mode maybe
