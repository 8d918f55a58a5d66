# Sourced by the tests of the HTTP examples: server.sh, and an HTTP server for them.
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/server.sh"
need python3 python3

expect() { # <what> <wanted> <got>
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}
# Starts a server with further options; sets server, from, address, port and url.
start() {
    start_server http_server --backend "$backend" --driver "$driver" "$@"
    url=http://$address
    await_handler "$server" INT
}
# The last lines of a server that was told to end: one pattern for each.
await_end() {
    local wanted line
    for wanted in "$@"; do
        read -r -t 30 line <&"$from" || fail "no line like '$wanted'"
        [[ $line == $wanted ]] || fail "last lines: '$line', expected '$wanted'"
    done
    wait "$server" || fail "exit code $?"
    exec {from}<&-
}
stop() {
    kill -INT "$server"
    await_end "$@"
}
raw() { timeout 100 python3 "$here/http_raw.py" "$address" "$@" || fail "http_raw.py $*"; }
