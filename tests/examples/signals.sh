# Sourced by the tests beside it. A signal that comes before a program has asked for it is lost or ends the program.

# Whether the process has a handler for the signal with that number, and is no longer the shell from which it comes,
# which may have a handler too.
catches() {
    local key value name=bash caught=0
    while read -r key value; do
        case $key in
            Name:) name=$value ;;
            SigCgt:) caught=$value ;;
        esac
    done <"/proc/$1/status"
    [ "$name" != bash ] && ((16#$caught >> ($2 - 1) & 1))
}

# Waits until the process catches the signal with that name.
await_handler() {
    local number
    number=$(kill -l "$2")
    for _ in {1..600}; do
        if catches "$1" "$number" 2>/dev/null; then return; fi
        sleep 0.05
    done
    echo "process $1 has not asked for SIG$2 within 30 s"
    exit 1
}
