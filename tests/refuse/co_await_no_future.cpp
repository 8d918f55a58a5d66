// expect: co_await in a bifilar::task takes a future
// errors: 1
#include <bifilar/bifilar.hpp>

bifilar::task<> body() { co_await 5; }

int main() {}
