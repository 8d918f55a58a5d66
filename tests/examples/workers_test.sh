#!/usr/bin/env bash
# The pool of workers does every job in both models, ends on SIGTERM with what it has done, and refuses nonsense.
set -euo pipefail
workers=${EXAMPLES_DIR:?names the folder with the built examples}/workers
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for backend in stackless stackful; do
    "$workers" $backend 60 >"$folder/said"
    read -r done _ late _ <"$folder/said"
    [ $((done + late)) -eq 60 ] || { echo "$backend: $(cat "$folder/said") are not 60 jobs"; exit 1; }
    [ "$late" -gt 0 ] || { echo "$backend: no job was late, though some are longer than their deadline"; exit 1; }

    "$workers" $backend 1000000 >"$folder/said" &
    sleep 0.5
    kill -TERM $!
    wait $! || { echo "$backend: it did not end cleanly"; exit 1; }
    read -r done _ <"$folder/said"
    [ "$done" -gt 0 ] || { echo "$backend: nothing was done before the signal"; exit 1; }
done
if "$workers" fast 2>"$folder/said"; then echo "'fast' was accepted"; exit 1; fi
grep -q "'fast' is none of" "$folder/said"
echo "60 jobs in each model, and a clean end in the middle"
