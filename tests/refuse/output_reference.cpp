// expect: output is a value
// A future's output is never a reference.
#include <bifilar/future/polled.hpp>

int main() { bifilar::polled<int&> answer{bifilar::not_ready}; }
