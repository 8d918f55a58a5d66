#!/usr/bin/env bash
# TLS against real programs, on both backends and both drivers: the server against openssl s_client and curl, the client
# against openssl s_server.
set -euo pipefail
source "$(dirname "$0")/signals.sh"
source "$(dirname "$0")/drivers.sh"
bin=${EXAMPLES_DIR:?names the folder with the built examples}
[ -x "$bin/tls_echo" ] || { echo "skipped: built without bifilar::tls"; exit 77; }
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
for tool in openssl curl; do
    command -v $tool >/dev/null || { echo "install $tool: sudo apt-get install $tool"; exit 1; }
done
fail() { echo "$*"; cat "$folder/errors" 2>/dev/null; exit 1; }

# An authority, and a certificate of it for localhost.
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=house \
        -keyout "$folder/root.key" -out "$folder/root.pem"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
        -keyout "$folder/own.key" -out "$folder/own.csr"
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$folder/extensions"
    openssl x509 -req -in "$folder/own.csr" -CA "$folder/root.pem" -CAkey "$folder/root.key" -CAcreateserial -days 2 \
        -extfile "$folder/extensions" -out "$folder/own.pem"
} >/dev/null 2>"$folder/errors" || fail "openssl cannot make certificates"
own=(--certificate "$folder/own.pem" --key "$folder/own.key")

head -c 300000 /dev/urandom | base64 >"$folder/sent"
bytes=$(stat -c %s "$folder/sent")
for pair in "${pairs[@]}"; do
    read -r backend driver <<<"$pair"
    coproc server {
        exec "$bin/tls_echo" "${own[@]}" --port 0 --backend $backend --driver $driver 2>"$folder/errors"
    }
    pid=$server_PID
    exec {from}<&"${server[0]}"
    read -r -t 20 line <&"$from" || fail "no first line"
    port=${line##*:}
    for version in tls1_2 tls1_3; do
        # What comes back is counted, because s_client ends with its input unless it is told to wait.
        mkfifo "$folder/in"
        openssl s_client -$version -quiet -verify_quiet -verify_return_error -CAfile "$folder/root.pem" \
            -verify_hostname localhost -servername localhost -connect "127.0.0.1:$port" \
            <"$folder/in" >"$folder/received" 2>"$folder/client" &
        client=$!
        exec {to}>"$folder/in"
        cat "$folder/sent" >&"$to"
        for _ in {1..600}; do
            if [ "$(stat -c %s "$folder/received")" -ge "$bytes" ]; then break; fi
            sleep 0.05
        done
        exec {to}>&-
        kill $client 2>/dev/null || true
        wait $client 2>/dev/null || true
        rm "$folder/in"
        cmp "$folder/sent" "$folder/received" || fail "s_client $version: $(cat "$folder/client")"
    done
    at=(--max-time 20 --resolve "localhost:$port:127.0.0.1")
    page=$(curl -sS "${at[@]}" --cacert "$folder/root.pem" "https://localhost:$port/")
    [ "$page" = "hello over TLS!" ] || fail "curl got '$page'"
    # A client that does not trust the authority, and one that speaks no TLS.
    curl -sS "${at[@]}" "https://localhost:$port/" 2>/dev/null && fail "curl trusted a stranger"
    curl -sS --max-time 20 "http://127.0.0.1:$port/" >/dev/null 2>&1 || true
    page=$("$bin/tls_get" --address "127.0.0.1:$port" --name localhost --roots "$folder/root.pem" \
        --backend $backend --driver $driver 2>"$folder/client") || fail "tls_get: $(cat "$folder/client")"
    case $page in *"hello over TLS!") ;; *) fail "tls_get got '$page'" ;; esac
    grep -q '^TLSv1.3, .*, CN=localhost$' "$folder/client" || fail "tls_get said $(cat "$folder/client")"
    await_handler "$pid" INT
    kill -INT "$pid"
    read -r -t 20 line <&"$from" || fail "no last line"
    case $line in "served 4 connections, "*", 2 handshakes failed, 0 idle") ;; *) fail "unexpected: $line" ;; esac
    wait "$pid" || fail "exit code $?"
    grep -q 'the peer refused: .*unknown ca' "$folder/errors" || fail "no word of the stranger"
    grep -q 'http request' "$folder/errors" || fail "no word of plain HTTP"
    exec {from}<&-

    # A client that says no more after the handshake is left.
    coproc server { exec "$bin/tls_echo" "${own[@]}" --idle 200 --port 0 --backend $backend --driver $driver; }
    pid=$server_PID
    exec {from}<&"${server[0]}"
    read -r -t 20 line <&"$from" || fail "no first line"
    mkfifo "$folder/in"
    exec {to}<>"$folder/in"
    status=0
    timeout 20 openssl s_client -quiet -verify_quiet -CAfile "$folder/root.pem" -connect "127.0.0.1:${line##*:}" \
        <&"$to" >/dev/null 2>&1 || status=$?
    [ $status -ne 124 ] || fail "an idle client was not left"
    exec {to}>&-
    rm "$folder/in"
    await_handler "$pid" INT
    kill -INT "$pid"
    read -r -t 20 line <&"$from" || fail "no last line"
    case $line in "served 1 connections, 0 bytes, 0 handshakes failed, 1 idle") ;; *) fail "unexpected: $line" ;; esac
    wait "$pid" || fail "exit code $?"
    exec {from}<&-

    # Our client against OpenSSL's server.
    for version in tls1_2 tls1_3; do
        mkfifo "$folder/log"
        openssl s_server -$version -www -cert "$folder/own.pem" -key "$folder/own.key" -accept 127.0.0.1:0 \
            >"$folder/log" 2>&1 &
        peer=$!
        exec {log}<"$folder/log"
        while read -r -t 20 line <&"$log"; do case $line in ACCEPT*) break ;; esac; done
        port=${line##*:}
        "$bin/tls_get" --address "127.0.0.1:$port" --roots "$folder/root.pem" --backend $backend --driver $driver \
            >"$folder/page" 2>"$folder/client" || fail "s_server $version: $(cat "$folder/client")"
        grep -q 'HTTP/1.0 200 ok' "$folder/page" || fail "s_server $version gave $(head -n 3 "$folder/page")"
        status=0
        "$bin/tls_get" --address "127.0.0.1:$port" --name elsewhere.example --roots "$folder/root.pem" \
            --backend $backend --driver $driver >/dev/null 2>"$folder/client" || status=$?
        [ $status -eq 1 ] || fail "exit code $status for the wrong name"
        grep -q 'hostname mismatch' "$folder/client" || fail "wrong name: $(cat "$folder/client")"
        status=0
        "$bin/tls_get" --address "127.0.0.1:$port" --roots "$folder/root.pem" --backend $backend --driver $driver \
            >/dev/full 2>"$folder/client" || status=$?
        [ $status -eq 1 ] || fail "exit code $status for a full disk"
        grep -q 'the standard output: No space left' "$folder/client" || fail "full disk: $(cat "$folder/client")"
        kill $peer
        wait $peer 2>/dev/null || true
        exec {log}<&-
        rm "$folder/log"
    done

    # And against one that ends as anybody in between could.
    for how in whole bye short open headless short-bye; do
        mkfifo "$folder/log"
        python3 "$(dirname "$0")/tls_cut.py" "$folder/own.pem" "$folder/own.key" $how >"$folder/log" 2>&1 &
        peer=$!
        exec {log}<"$folder/log"
        read -r -t 20 port <&"$log" || fail "tls_cut.py says no port"
        status=0
        "$bin/tls_get" --address "127.0.0.1:$port" --roots "$folder/root.pem" --backend $backend --driver $driver \
            >"$folder/page" 2>"$folder/client" || status=$?
        case $how in
            whole | bye)
                [ $status -eq 0 ] || fail "exit code $status for an answer that ends $how: $(cat "$folder/client")"
                ;;
            *)
                [ $status -eq 1 ] || fail "exit code $status for an answer that ends $how"
                grep -q 'tls_get: the answer was cut off' "$folder/client" || fail "$how: $(cat "$folder/client")"
                ;;
        esac
        [ $how = headless ] || [ "$(tail -c 5 "$folder/page")" = hello ] || fail "$how gave $(cat "$folder/page")"
        kill $peer 2>/dev/null || true
        wait $peer 2>/dev/null || true
        exec {log}<&-
        rm "$folder/log"
    done
    echo "ok: $backend over $driver"
done

# refused MESSAGE COMMAND...: that it ends with the code 2 and says so.
refused() {
    local status=0 message=$1
    shift
    "$@" >/dev/null 2>"$folder/errors" || status=$?
    [ $status -eq 2 ] || fail "exit code $status of $*"
    grep -qF -- "$message" "$folder/errors" || fail "not said by $*: $message"
}
refused "cannot read the certificate file '/nonexistent'" \
    "$bin/tls_echo" --certificate /nonexistent --key "$folder/own.key"
refused '--port is' "$bin/tls_echo" "${own[@]}" --port 65536
refused '--bogus is no option; use tls_echo' "$bin/tls_echo" "${own[@]}" --bogus 1
refused 'give --address' "$bin/tls_get" --name localhost
refused '--driver is' "$bin/tls_get" --address 127.0.0.1:1 --driver kqueue
refused '--path needs a value' "$bin/tls_get" --address 127.0.0.1:1 --path
