// expect: A coroutine has one owner: std::move it
#include <bifilar/bifilar.hpp>

void copy(bifilar::task<>& made) { bifilar::task<> other = made; }

int main() {}
