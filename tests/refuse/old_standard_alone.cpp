// expect: fatal error: '?bifilar needs C\+\+23: compile with -std=c\+\+23
// flags: -std=c++20
// errors: 1
// The same for a header by itself.
#include <bifilar/channel/channel.hpp>

int main() {}
