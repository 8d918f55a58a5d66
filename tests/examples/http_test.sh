#!/usr/bin/env bash
# The HTTP server against real clients, on both backends and both drivers: requests of every kind, files, and an
# orderly end while requests run. http_raw.py speaks where curl is too polite; http_limits_test.sh has slow clients.
set -euo pipefail
source "$(dirname "$0")/http.sh"
need curl curl
need ab apache2-utils
need wrk wrk

listens() { grep -qi ":$(printf %04X "$port") 00000000:0000 0A" /proc/net/tcp; }
status() { curl -s -m 20 -o /dev/null -w '%{http_code}' "$@"; }

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
    raw pipelined_behind_the_last
    raw malformed
    raw in_morsels
    raw trailers
    ab -q -k -n 2000 -c 16 "$url/" >"$folder/ab" 2>&1 || fail "ab: $(cat "$folder/ab")"
    grep -q 'Failed requests: *0' "$folder/ab" || fail "ab: $(cat "$folder/ab")"
    grep -q 'Keep-Alive requests: *2000' "$folder/ab" || fail "ab without keep-alive: $(cat "$folder/ab")"
    wrk -t1 -c64 -d1s "$url/" >"$folder/wrk" 2>&1
    ! grep -qE 'Socket errors|Non-2xx' "$folder/wrk" || fail "wrk: $(cat "$folder/wrk")"
}

check_files() {
    curl -s -m 20 "$url/sent" | cmp - "$folder/sent" || fail "a file came out differently"
    expect index "<p>index</p>" "$(curl -s -m 20 "$url/")"
    expect type "text/html; charset=utf-8" "$(curl -s -m 20 -o /dev/null -w '%{content_type}' "$url/")"
    expect "folder without slash" 301 "$(status "$url/below")"
    expect "folder, followed" inner "$(curl -sL -m 20 "$url/below")"
    # Its name has to be encoded as the client has encoded it.
    expect "folder of odd name, followed" odd "$(curl -sL -m 20 "$url/$odd_encoded")"
    expect "where it leads" "$url/$odd_encoded/" \
        "$(curl -s -m 20 -o /dev/null -w '%{redirect_url}' "$url/$odd_encoded")"
    expect range "$(head -c 150 "$folder/sent" | tail -c 50 | md5sum)" \
        "$(curl -s -m 20 -r 100-149 "$url/sent" | md5sum)"
    expect "last bytes" "$(tail -c 7 "$folder/sent" | md5sum)" "$(curl -s -m 20 -r -7 "$url/sent" | md5sum)"
    expect 206 206 "$(status -r 0-0 "$url/sent")"
    expect 416 416 "$(status -r 99999999- "$url/sent")"
    expect 304 304 "$(status -z "$folder/sent" "$url/sent")"
    timeout 100 python3 "$here/http_conditions.py" "$address" /sent "$folder/site/sent" || fail http_conditions.py
    expect 404 404 "$(status "$url/nothing")"
    expect "a link to the outside" 404 "$(status "$url/outside")"
    expect "traversal" 404 "$(status --path-as-is "$url/../secret")"
    expect "traversal, encoded" 404 "$(status --path-as-is "$url/%2e%2e/secret")"
    expect "a zero byte" 400 "$(status "$url/sent%00.html")"
    expect "an empty file" "200 0" "$(curl -s -m 20 -o /dev/null -w '%{http_code} %{size_download}' "$url/empty")"
}

get() { "$EXAMPLES_DIR/http_get" --backend "$backend" --driver "$driver" "$@" 2>"$folder/get_errors"; }
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
    expect "http_get, by name" inner "$(get "http://localhost:$port/below/")"
    status=0
    get "$url/sent" >/dev/full || status=$?
    expect "http_get, a full disk" 2 $status
    grep -q "cannot write to the standard output: No space left on device" "$folder/get_errors" ||
        fail "http_get does not say that it could not write"
}

# Several listeners at one address, all served. Whoever has one alone has the address alone, whoever comes first.
check_shards() {
    start --workers 2 --shards 4
    expect "listeners" 4 "$(grep -ci ":$(printf %04X "$port") 00000000:0000 0A" /proc/net/tcp)"
    refuse http_server "Address already in use; choose another --host or --port" --port "$port"
    ab -q -n 400 -c 16 "$url/" >"$folder/ab" 2>&1 || fail "ab, a connection for each request: $(cat "$folder/ab")"
    grep -q 'Complete requests: *400' "$folder/ab" || fail "ab: $(cat "$folder/ab")"
    stop "served 4[0-9][0-9] connections, 0 failed, 0 cancelled"
    start
    refuse http_server "Address already in use" --port "$port" --shards 4
    stop "served 0 connections, 0 failed, 0 cancelled"
}

# A second ctrl-C ends the time to drain.
left="left: task http connection (* waits on *"
check_impatience() {
    local client line
    start --drain 3600000
    exec {client}<>"/dev/tcp/127.0.0.1/$port"
    printf 'POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n' >&"$client"
    read -r -t 20 line <&"$client" || fail "no answer before the body"
    [[ $line == "HTTP/1.1 100"* ]] || fail "before the body: $line"
    kill -INT "$server"
    for _ in {1..600}; do
        listens || break
        sleep 0.05
    done
    kill -INT "$server"
    await_end "served 1 connections, 0 failed, 1 cancelled" "$left"
    exec {client}<&-
}

mkdir -p "$folder/site/below"
odd_name=$'a b/50%25?#\n\xc3\xa9'
odd_encoded='a%20b/50%2525%3F%23%0A%C3%A9'
mkdir -p "$folder/site/$odd_name"
echo -n odd >"$folder/site/$odd_name/index.html"
head -c 300000 /dev/urandom >"$folder/sent"
cp "$folder/sent" "$folder/site/sent"
head -c 3000000 /dev/zero >"$folder/large"
echo -n '<p>index</p>' >"$folder/site/index.html"
echo -n inner >"$folder/site/below/index.html"
: >"$folder/site/empty"
echo secret >"$folder/secret"
ln -s "$folder/secret" "$folder/site/outside"

for pair in "${pairs[@]}"; do
    read -r backend driver <<<"$pair"
    start
    check_requests
    stop "served * connections, 0 failed, 0 cancelled"
    start --root "$folder/site"
    check_files
    check_client
    stop "served * connections, 0 failed, 0 cancelled"
    # A request that is under way at the stop gets its answer, and the connection ends.
    start
    raw finish_at_stop "$server"
    await_end "served 1 connections, 0 failed, 0 cancelled"
    # Who does not finish is cancelled and named.
    start --drain 50
    raw never_finish "$server"
    await_end "served 1 connections, 0 failed, 1 cancelled" "$left"
    check_impatience
    check_shards
    echo "ok: $backend over $driver"
done
