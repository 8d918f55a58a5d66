# Sourced by the tests beside it. `drivers`: those that can be had here.
drivers=(uring epoll)
"${OVER_RING:?names the program that tells whether io_uring can be had}" true || {
    [ $? -eq 77 ] || exit 1
    drivers=(epoll)
}
