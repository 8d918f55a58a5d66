#!/usr/bin/env bash
# What the HTTP server puts up with, one limit at a time, on both backends and both drivers: a limit is short, or low,
# and all others are an hour, so that nothing else can end what is ended.
set -euo pipefail
source "$(dirname "$0")/http.sh"

hour=3600000
# Starts a server without limits of time but those in the options.
start_patient() {
    start --head-time $hour --request-time $hour --idle-time $hour --write-time $hour "$@"
}

mkdir "$folder/site"
# More than fits into the two sockets' buffers, and no block of the disk.
truncate -s 64M "$folder/site/large"

for pair in "${pairs[@]}"; do
    read -r backend driver <<<"$pair"
    start_patient --head-time 200
    raw slow_head
    stop "served 1 connections, 0 failed, 0 cancelled"
    start_patient --request-time 200
    raw slow_body
    raw slow_head
    stop "served 2 connections, 0 failed, 0 cancelled"
    start_patient --idle-time 200
    raw idle
    stop "served * connections, 0 failed, 0 cancelled"
    start_patient --write-time 200
    raw leave_answers
    stop "served 1 connections, 0 failed, 0 cancelled"
    start_patient --write-time 200 --root "$folder/site"
    raw leave_files
    stop "served 1 connections, 0 failed, 0 cancelled"
    start_patient --connections 2
    raw too_many
    stop "served 3 connections, 0 failed, 0 cancelled"
    start_patient --head-time 1000
    raw slow_loris
    stop "served * connections, 0 failed, 0 cancelled"
    echo "ok: $backend over $driver"
done
for limit in head request idle write; do
    refuse http_server "--$limit-time is '0'; give a number from 1" --$limit-time 0
done
