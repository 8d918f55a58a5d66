/* What the bare echo servers have in common before and after they serve: a listener, and words for what fails.
 * Nothing of it runs while a request is answered. */
#pragma once

/* Says on the standard error what failed, with the program's name, and ends it with 2. */
_Noreturn void fail(const char* what, int error);

/* Listens on the loopback address and prints "listening on 127.0.0.1:PORT". `port` is the argument, 0 for any;
 * `flags` are further ones for socket(), such as SOCK_NONBLOCK. */
int listen_on(const char* port, int flags);
