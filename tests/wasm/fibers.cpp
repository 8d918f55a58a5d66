// expect: fibers need stacks that a program may exchange; WebAssembly lets none do so
// Fibers where there are none.
#include <bifilar/stackful/await.hpp>

int main() {}
