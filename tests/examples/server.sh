# Sourced by the tests beside it: starts and stops one of the example servers.
source "$(dirname "${BASH_SOURCE[0]}")/signals.sh"
source "$(dirname "${BASH_SOURCE[0]}")/drivers.sh"
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT

fail() {
    echo "$*"
    [ ! -s "$folder/errors" ] || { echo "the server's errors:"; cat "$folder/errors"; }
    exit 1
}

# start_server PROGRAM [option...]: sets `server`, its process, and `address` and `port`, where it listens.
start_server() {
    local program=${EXAMPLES_DIR:?names the folder with the built examples}/$1 line
    shift
    coproc running { exec "$program" --port 0 "$@" 2>"$folder/errors"; }
    server=$running_PID
    exec {from}<&"${running[0]}"
    read -r -t 20 line <&"$from" || fail "no first line from $program"
    address=${line#listening on }
    port=${address##*:}
}

# stop_server: ctrl-C; sets `farewell`, its first line after that.
stop_server() {
    await_handler "$server" INT
    kill -INT "$server"
    read -r -t 20 farewell <&"$from" || fail "no last line"
    wait "$server" || fail "exit code $?"
    exec {from}<&-
}

# need COMMAND PACKAGE
need() {
    command -v "$1" >/dev/null || { echo "install $1: sudo apt-get install $2"; exit 1; }
}

# refuse PROGRAM MESSAGE [option...]: exit code 2 and a message.
refuse() {
    local program=$1 wanted=$2 status=0
    shift 2
    "$EXAMPLES_DIR/$program" "$@" >"$folder/out" 2>"$folder/errors" || status=$?
    [ $status -eq 2 ] || fail "$program $*: exit code $status"
    grep -q -- "$wanted" "$folder/errors" || fail "$program $*: not '$wanted'"
    echo "ok: refused $*"
}
