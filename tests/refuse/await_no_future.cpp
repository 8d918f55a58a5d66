// expect: await takes a future
// Only futures can be awaited.
#include <bifilar/bifilar.hpp>

int main() { bifilar::await(5); }
