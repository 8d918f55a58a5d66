#!/usr/bin/env bash
# The HTTP server against real clients, on both backends and both drivers: requests of every kind, files, limits, slow
# clients, and an orderly end while requests run. http_raw.py speaks where curl is too polite.
set -euo pipefail
here=$(dirname "$0")
source "$here/signals.sh"
server_bin=${EXAMPLES_DIR:?names the folder with the built examples}/http_server
get_bin=$EXAMPLES_DIR/http_get
[ -x "$server_bin" ] || { echo "skipped: built without Boost's headers"; exit 0; }
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
command -v curl >/dev/null || { echo "install curl: sudo apt-get install curl"; exit 1; }

fail() { echo "$backend over $driver: $*"; cat "$folder/errors"; exit 1; }
expect() { # <what> <wanted> <got>
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}
# Starts a server with further options; sets pid, from and url.
start() {
    coproc server { exec "$server_bin" --port 0 --backend "$backend" --driver "$driver" "$@" 2>"$folder/errors"; }
    pid=$server_PID
    exec {from}<&"${server[0]}"
    read -r -t 20 line <&"$from" || fail "no first line"
    url=http://${line#listening on }
    await_handler "$pid" INT
}
# Ends it and compares its last line with a pattern.
stop() {
    kill -INT "$pid"
    read -r -t 30 line <&"$from" || fail "no last line"
    [[ $line == $1 ]] || fail "last line: '$line', expected '$1'"
    wait "$pid" || fail "exit code $?"
    exec {from}<&-
}
status() { curl -s -m 20 -o /dev/null -w '%{http_code}' "$@"; }
raw() { python3 "$here/http_raw.py" "${url#http://}" "$@" || fail "http_raw.py $*"; }

check_requests() {
    expect hello hello "$(curl -s -m 20 "$url/")"
    expect "two requests on one connection" "1 0 " \
        "$(curl -s -m 20 -o /dev/null -o /dev/null -w '%{num_connects} ' "$url/" "$url/")"
    expect HEAD "200 0" "$(curl -sI -m 20 -o /dev/null -w '%{http_code} %{size_download}' "$url/")"
    expect "HTTP/1.0" 200 "$(status -0 "$url/")"
    expect 404 404 "$(status "$url/nothing")"
    expect 405 405 "$(status -X DELETE "$url/")"
    expect 501 501 "$(status -X BREW "$url/")"
    curl -s -m 20 -H 'Transfer-Encoding: chunked' --data-binary "@$folder/sent" "$url/echo" | cmp - "$folder/sent" ||
        fail "a chunked body was not echoed"
    curl -s -m 20 -H 'Expect: 100-continue' --data-binary "@$folder/sent" "$url/echo" | cmp - "$folder/sent" ||
        fail "a body after 100 was not echoed"
    expect 413 413 "$(status -H 'Expect:' --data-binary "@$folder/large" "$url/echo")"
    expect 431 431 "$(status -H "X-Long: $(head -c 9000 /dev/zero | tr '\0' x)" "$url/")"
    expect 414 414 "$(status "$url/$(head -c 5000 /dev/zero | tr '\0' x)")"
    raw pipelined
    raw malformed
    raw in_morsels
    raw slow_head
    if command -v ab >/dev/null; then
        ab -q -k -n 2000 -c 16 "$url/" >"$folder/ab" 2>&1 || fail "ab: $(cat "$folder/ab")"
        grep -q 'Failed requests: *0' "$folder/ab" || fail "ab: $(cat "$folder/ab")"
        grep -q 'Keep-Alive requests: *2000' "$folder/ab" || fail "ab without keep-alive: $(cat "$folder/ab")"
    fi
    if command -v wrk >/dev/null; then
        wrk -t1 -c64 -d1s "$url/" >"$folder/wrk" 2>&1
        ! grep -qE 'Socket errors|Non-2xx' "$folder/wrk" || fail "wrk: $(cat "$folder/wrk")"
    fi
}

check_files() {
    curl -s -m 20 "$url/sent" | cmp - "$folder/sent" || fail "a file came out differently"
    expect index "<p>index</p>" "$(curl -s -m 20 "$url/")"
    expect type "text/html; charset=utf-8" "$(curl -s -m 20 -o /dev/null -w '%{content_type}' "$url/")"
    expect "folder without slash" 301 "$(status "$url/below")"
    expect "folder, followed" inner "$(curl -sL -m 20 "$url/below")"
    expect range "$(head -c 150 "$folder/sent" | tail -c 50 | md5sum)" \
        "$(curl -s -m 20 -r 100-149 "$url/sent" | md5sum)"
    expect "last bytes" "$(tail -c 7 "$folder/sent" | md5sum)" "$(curl -s -m 20 -r -7 "$url/sent" | md5sum)"
    expect 206 206 "$(status -r 0-0 "$url/sent")"
    expect 416 416 "$(status -r 99999999- "$url/sent")"
    expect 304 304 "$(status -z "$folder/sent" "$url/sent")"
    expect 404 404 "$(status "$url/nothing")"
    expect "a link to the outside" 404 "$(status "$url/outside")"
    expect "traversal" 404 "$(status --path-as-is "$url/../secret")"
    expect "traversal, encoded" 404 "$(status --path-as-is "$url/%2e%2e/secret")"
    expect "a zero byte" 400 "$(status "$url/sent%00.html")"
    expect "an empty file" "200 0" "$(curl -s -m 20 -o /dev/null -w '%{http_code} %{size_download}' "$url/empty")"
}

get() { "$get_bin" --backend "$backend" --driver "$driver" "$@" 2>"$folder/get_errors"; }
# Of the file server.
check_client() {
    local status=0
    get "$url/sent" "$url/empty" "$url/sent" | cmp - <(cat "$folder/sent" "$folder/sent") ||
        fail "http_get: other bytes"
    expect "http_get, redirected" inner "$(get "$url/below")"
    get "$url/nothing" >/dev/null || status=$?
    expect "http_get, 404" 1 $status
    grep -q "status 404" "$folder/get_errors" || fail "http_get does not name the status"
    status=0
    get http://127.0.0.1:1/ >/dev/null || status=$?
    expect "http_get, nobody there" 2 $status
}

mkdir -p "$folder/site/below"
head -c 300000 /dev/urandom >"$folder/sent"
cp "$folder/sent" "$folder/site/sent"
head -c 3000000 /dev/zero >"$folder/large"
echo -n '<p>index</p>' >"$folder/site/index.html"
echo -n inner >"$folder/site/below/index.html"
: >"$folder/site/empty"
echo secret >"$folder/secret"
ln -s "$folder/secret" "$folder/site/outside"

for backend in stackless stackful; do
    for driver in uring epoll; do
        start --head-time 300
        check_requests
        stop "served * connections, 0 failed, 0 cancelled"
        start --root "$folder/site"
        check_files
        check_client
        stop "served * connections, 0 failed, 0 cancelled"
        # A request that is under way at the stop gets its answer, and the connection ends.
        start
        raw finish_at_stop "$pid"
        read -r -t 30 line <&"$from" || fail "no last line"
        expect "after a stop during a request" "served 1 connections, 0 failed, 0 cancelled" "$line"
        wait "$pid" || fail "exit code $?"
        exec {from}<&-
        # Who does not finish is cancelled and named.
        start --drain 50
        raw never_finish "$pid"
        read -r -t 30 line <&"$from" || fail "no last line"
        expect "after the time to drain" "served 1 connections, 0 failed, 1 cancelled" "$line"
        read -r -t 30 line <&"$from" || fail "nobody is named"
        [[ $line == "left: task http connection ("*" waits on "* ]] ||
            fail "who was left: $line"
        wait "$pid" || fail "exit code $?"
        exec {from}<&-
        echo "ok: $backend over $driver"
    done
done
