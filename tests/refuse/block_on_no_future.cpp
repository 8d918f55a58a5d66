// expect: block_on takes a future
// errors: 1
#include <bifilar/bifilar.hpp>

int main() { bifilar::block_on(5); }
