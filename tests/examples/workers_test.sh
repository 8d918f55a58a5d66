#!/usr/bin/env bash
# The pool of workers does every job in both models, ends on SIGTERM with what it has done, and refuses nonsense.
set -euo pipefail
source "$(dirname "$0")/signals.sh"
workers=${EXAMPLES_DIR:?names the folder with the built examples}/workers
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT

for backend in stackless stackful; do
    # A job whose end and deadline have both passed when its turn comes counts as done: busy machines need several runs.
    for _ in {1..20}; do
        "$workers" $backend 60 >"$folder/said"
        read -r done _ late _ <"$folder/said"
        [ $((done + late)) -eq 60 ] || { echo "$backend: $(cat "$folder/said") are not 60 jobs"; exit 1; }
        [ "$late" -eq 0 ] || break
    done
    [ "$late" -gt 0 ] || { echo "$backend: no job was late, though some are longer than their deadline"; exit 1; }

    # The signal may come before the first job.
    for _ in {1..20}; do
        "$workers" $backend 1000000 >"$folder/said" &
        await_handler $! TERM
        sleep 0.5
        kill -TERM $!
        wait $! || { echo "$backend: it did not end cleanly"; exit 1; }
        read -r done _ <"$folder/said"
        [ "$done" -eq 0 ] || break
    done
    [ "$done" -gt 0 ] || { echo "$backend: nothing was done before the signal"; exit 1; }
done
if "$workers" fast 2>"$folder/said"; then echo "'fast' was accepted"; exit 1; fi
grep -q "'fast' is none of" "$folder/said"
echo "60 jobs in each model, and a clean end in the middle"
