// expect: fatal error: '?bifilar needs C\+\+23: compile with -std=c\+\+23
// flags: -std=c++20
// errors: 1
// One sentence, and no flood after it.
#include <bifilar/bifilar.hpp>

int main() {}
