#!/usr/bin/env bash
# The echo example against a real client, on both backends and both drivers, with threads of the runtime's own and on
# its main thread, and its answers to bad arguments.
set -euo pipefail
source "$(dirname "$0")/signals.sh"
source "$(dirname "$0")/drivers.sh"
echo_bin=${EXAMPLES_DIR:?names the folder with the built examples}/echo
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
command -v socat >/dev/null || { echo "install socat: sudo apt-get install socat"; exit 1; }

head -c 1000000 /dev/urandom >"$folder/sent"
for backend in stackless stackful; do
    for how in "${drivers[@]/%/ 2}" "${drivers[@]/%/ 0}"; do
        read -r driver workers <<<"$how"
        coproc server {
            exec "$echo_bin" --port 0 --backend $backend --driver $driver --workers $workers 2>"$folder/errors"
        }
        pid=$server_PID
        exec {from}<&"${server[0]}"
        read -r -t 20 line <&"$from" || { echo "no first line; $(cat "$folder/errors")"; exit 1; }
        address=${line#listening on }
        clients=()
        for client in 1 2 3; do
            socat -t 20 - "TCP:$address" <"$folder/sent" >"$folder/received$client" &
            clients+=($!)
        done
        wait "${clients[@]}"
        for client in 1 2 3; do cmp "$folder/sent" "$folder/received$client"; done
        await_handler "$pid" INT
        threads=$(ls "/proc/$pid/task" | wc -l)
        [ $workers -ne 0 ] || [ "$threads" -eq 1 ] || { echo "$threads threads, one was asked for"; exit 1; }
        kill -INT "$pid"
        read -r -t 20 line <&"$from" || { echo "no last line: $(cat "$folder/errors")"; exit 1; }
        [ "$line" = "served 3 connections, 3000000 bytes" ] || { echo "unexpected: $line"; exit 1; }
        wait "$pid" || { echo "exit code $?"; exit 1; }
        exec {from}<&-
        echo "ok: $backend over $driver, --workers $workers"
    done
done

# Each bad argument: exit code 2 and a message that names the value.
refuse() {
    local wanted=$1 status=0
    shift
    "$echo_bin" "$@" >"$folder/out" 2>"$folder/errors" || status=$?
    [ $status -eq 2 ] || { echo "$*: exit code $status"; exit 1; }
    grep -q -- "$wanted" "$folder/errors" || { echo "$*: $(cat "$folder/errors")"; exit 1; }
    echo "ok: refused $*"
}
refuse "--backend is 'threads'" --backend threads
refuse "--driver is 'kqueue'" --driver kqueue
refuse "--workers is '5000'" --workers 5000
refuse "cannot listen on 999.1.2.3:0" --host 999.1.2.3 --port 0
refuse "--port is '70000'" --port 70000
coproc holder { exec "$echo_bin" --port 0; }
pid=$holder_PID
read -r -t 20 line <&"${holder[0]}"
refuse "cannot listen on ${line#listening on }" --port "${line##*:}"
await_handler "$pid" INT
kill -INT "$pid"
wait "$pid"
