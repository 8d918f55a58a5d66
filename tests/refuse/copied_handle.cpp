// expect: A task has one join_handle: std::move it
#include <bifilar/bifilar.hpp>

void copy(bifilar::join_handle<int>& handle) { bifilar::join_handle<int> other = handle; }

int main() {}
