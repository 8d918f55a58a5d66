#!/usr/bin/env bash
# The parallel downloader, on both backends and both drivers: sizes, mirrors that die, lie or know no ranges, and that
# what cannot be had whole is not there at all. Mirrors are stopped and continued, so that no case depends on time.
set -euo pipefail
source "$(dirname "$0")/server.sh"
need python3 python3

# One mirror more: sets `server` and `address`, and keeps them and the server's output in arrays.
servers=() addresses=() outputs=() others=()
trap 'kill -9 "${servers[@]}" "${others[@]}" $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
mirror() { # <folder>
    start_server http_server --backend "$backend" --driver "$driver" --root "$1" 2>/dev/null
    servers[${#addresses[@]}]=$server  # Some may have been taken out.
    addresses+=("$address") outputs+=("$from")
    disown "$server"  # The shell says nothing when it is killed.
}
stop_mirrors() {
    local at
    for at in "${!servers[@]}"; do
        kill -9 "${servers[at]}"
        from=${outputs[at]}
        exec {from}<&-
    done
    servers=() addresses=() outputs=()
}
url() { # <mirror> <file>
    echo "http://${addresses[$1]}/$2"
}
got=$folder/got
download() { # <url or option>...
    "$EXAMPLES_DIR/download" --backend "$backend" --driver "$driver" --to "$got" "$@" >"$folder/out" 2>"$folder/said"
}
# In the background, until the first mirror has answered: sets `client`.
begin_download() {
    (exec "$EXAMPLES_DIR/download" --backend "$backend" --driver "$driver" --to "$got" --timeout 60000 "$@" \
        >"$folder/out" 2>"$folder/said") &
    client=$!
    for _ in {1..600}; do
        [ ! -e "$got.part" ] || return 0
        sleep 0.05
    done
    lost "no $got.part"
}
lost() { # <what>
    fail "$backend over $driver: $*; printed: $(cat "$folder/out"); said: $(cat "$folder/said")"
}
said() { grep -q -- "$1" "$folder/said" || lost "did not say '$1'"; }
same() { # <what> <file>
    cmp "$got" "$2" || lost "$1"
    [ ! -e "$got.part" ] || lost "$1: $got.part was left"
    rm "$got"
}
# A download that cannot succeed.
refused() { # <exit code> <message> <argument>...
    local wanted=$1 message=$2 status=0
    shift 2
    download "$@" || status=$?
    [ $status -eq "$wanted" ] || lost "exit code $status for $*"
    said "$message"
    [ ! -e "$got" ] && [ ! -e "$got.part" ] || lost "a file for $*"
}

check_mirrors() {
    local name status=0
    mirror "$folder/site"
    mirror "$folder/site"
    for name in empty one ten; do
        download "$(url 0 $name)" "$(url 1 $name)" --parts 5 || lost "$name"
        same "$name" "$folder/site/$name"
    done
    grep -q '^10485760 bytes in .* 5 parts, 0 retries$' "$folder/out" || lost "the last line"
    download "$(url 0 ten)" --parts 1 || lost "one part"
    same "one part" "$folder/site/ten"

    refused 1 "$(url 0 nothing): status 404" "$(url 0 nothing)"
    download "$(url 0 nothing)" "$(url 1 ten)" "http://127.0.0.1:1/ten" || lost "one good mirror of three"
    same "one good mirror of three" "$folder/site/ten"
    refused 1 "cannot connect to 127.0.0.1:1" http://127.0.0.1:1/ten
    refused 2 "starts with http://" ftp://127.0.0.1/ten
    : >"$got.part"
    ! download "$(url 0 ten)" || lost "two downloads to one file"
    said "remove it unless another download writes it"
    rm "$got.part"

    # Silent until it is killed, when its parts are under way.
    kill -STOP "${servers[1]}"
    refused 1 "said nothing for 200 ms" "$(url 1 ten)" --timeout 200
    begin_download "$(url 0 ten)" "$(url 1 ten)"
    kill -9 "${servers[1]}"
    unset 'servers[1]'
    wait $client || lost "a mirror that was killed"
    same "a mirror that was killed" "$folder/site/ten"
    said "$(url 1 ten)"
    grep -q ', 2 retries$' "$folder/out" || lost "a mirror that was killed"

    # A file of the same name and another size. It is asked when the first has said what is wanted.
    mirror "$folder/other"
    kill -STOP "${servers[2]}"
    begin_download "$(url 0 ten)" "$(url 2 ten)"
    kill -CONT "${servers[2]}"
    wait $client || lost "a mirror with another file"
    same "a mirror with another file" "$folder/site/ten"
    said "$(url 2 ten)"

    # Of the same size too: only its time tells.
    mirror "$folder/later"
    kill -STOP "${servers[3]}"
    begin_download "$(url 0 ten)" "$(url 3 ten)"
    kill -CONT "${servers[3]}"
    wait $client || lost "a mirror with another file of the same size"
    same "a mirror with another file of the same size" "$folder/site/ten"
    said "$(url 3 ten): has another file"

    # Ctrl-C.
    kill -STOP "${servers[2]}"
    begin_download "$(url 0 ten)" "$(url 2 ten)"
    await_handler $client INT
    kill -INT $client
    wait $client || status=$?
    [ $status -eq 130 ] || lost "exit code $status after ctrl-C"
    [ ! -e "$got" ] && [ ! -e "$got.part" ] || lost "a file after ctrl-C"
    stop_mirrors
}

# Servers that are not ours: one line says where each listens.
check_others() {
    local plain odd name line
    mirror "$folder/site"
    exec {plain}< <(exec python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$folder/site" 2>/dev/null)
    others=($!)
    read -r -t 20 line <&"$plain" || lost "no python3 -m http.server"
    [[ $line =~ port\ ([0-9]+) ]]
    download "http://127.0.0.1:${BASH_REMATCH[1]}/ten" --parts 5 || lost "no ranges"
    same "no ranges" "$folder/site/ten"
    grep -q ' 1 parts, 0 retries$' "$folder/out" || lost "no ranges"

    exec {odd}< <(exec python3 -u "$folder/odd.py" "$folder/site/ten" "$(dirname "$0")" 2>/dev/null)
    others+=($!)
    read -r -t 20 line <&"$odd" || lost "no server of odd mirrors"
    download --parts 4 --timeout 60000 "$(url 0 ten)" "http://127.0.0.1:$line/half" || lost "halves"
    same halves "$folder/site/ten"
    grep -q ' 4 parts, 2 retries$' "$folder/out" || lost "halves"
    refused 1 "ended the connection within its answer" "http://127.0.0.1:$line/half"
    # All bytes of the part have come: what is wrong behind them is nobody else's fault, and nothing is asked again.
    for name in unended beyond; do
        download --parts 4 --timeout 60000 "$(url 0 ten)" "http://127.0.0.1:$line/$name" || lost "$name"
        same "$name" "$folder/site/ten"
        said "http://127.0.0.1:$line/$name: "
        grep -q ' 4 parts, 0 retries$' "$folder/out" || lost "$name"
        download "http://127.0.0.1:$line/$name" || lost "$name alone"
        same "$name alone" "$folder/site/ten"
    done
    # It changes between its first answer and the parts, which were once joined all the same. A good server gives a
    # part only of what it is asked for.
    for name in changed renewed; do
        refused 1 "http://127.0.0.1:$line/$name: has another file" --parts 4 "http://127.0.0.1:$line/$name"
    done
    kill "${others[@]}" 2>/dev/null || true
    others=()
    exec {plain}<&- {odd}<&-
    stop_mirrors
}

# Knows one file, by the name of what it does with each part. It says where it listens.
cat >"$folder/odd.py" <<'END'
import http.server
import re
import sys

sys.path.insert(0, sys.argv[2])
from portions import send_portions

WHOLE = open(sys.argv[1], "rb").read()


class Odd(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def head(self, status, *fields):
        self.send_response(status)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Connection", "close")
        for field in fields:
            self.send_header(*field)
        self.end_headers()

    def do_HEAD(self):
        self.head(200, ("Content-Length", str(len(WHOLE))), ("ETag", '"first"'))

    def do_GET(self):
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())
        body = WHOLE[first : last + 1]
        tag = '"second"' if self.path == "/changed" else '"first"'
        place = ("Content-Range", f"bytes {first}-{last}/{len(WHOLE)}"), ("ETag", tag)
        if self.path == "/half":
            self.head(206, *place, ("Content-Length", str(len(body))))
            self.wfile.write(body[: len(body) // 2])
        elif self.path == "/unended":
            self.head(206, *place, ("Transfer-Encoding", "chunked"))
            self.wfile.write(b"%x\r\n%b\r\n" % (len(body), body))
        elif self.path == "/beyond":  # One byte too many, when all that should come has been read.
            self.head(206, *place, ("Content-Length", str(len(body) + 1)))
            send_portions(self.connection, (body, b"x"))
        elif self.path == "/renewed" and self.headers["If-Range"] == '"first"':
            self.head(200, ("ETag", '"second"'), ("Content-Length", str(len(WHOLE))))
        else:
            self.head(206, *place[: 2 if self.path == "/changed" else 1], ("Content-Length", str(len(body))))
            self.wfile.write(body[::-1])

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
print(server.server_address[1])
server.serve_forever()
END

mkdir "$folder/site" "$folder/other" "$folder/later"
: >"$folder/site/empty"
printf x >"$folder/site/one"
head -c 10485760 /dev/urandom >"$folder/site/ten"
head -c 5000000 /dev/urandom >"$folder/other/ten"
head -c 10485760 /dev/urandom >"$folder/later/ten"
touch -d '2001-02-03 04:05:06' "$folder/later/ten"

for pair in "${pairs[@]}"; do
    read -r backend driver <<<"$pair"
    check_mirrors
    check_others
    echo "ok: $backend over $driver"
done
refuse download "give a URL" --to "$got"
refuse download "--to is missing" http://127.0.0.1:1/
refuse download "--parts is '0'" http://127.0.0.1:1/ --to "$got" --parts 0
