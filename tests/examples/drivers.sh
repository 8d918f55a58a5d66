# Sourced by the tests beside it. `drivers`: those that can be had here. `pairs`: backend and driver of each run of a
# test, so that each comes once; with EVERY_PAIR=1, as by night, all of them.
drivers=(uring epoll)
"${OVER_RING:?names the program that tells whether io_uring can be had}" true || {
    [ $? -eq 77 ] || exit 1
    drivers=(epoll)
}
pairs=("stackless ${drivers[0]}" "stackful ${drivers[-1]}")
if [ "${EVERY_PAIR:-0}" = 1 ]; then
    pairs=("${drivers[@]/#/stackless }" "${drivers[@]/#/stackful }")
fi
