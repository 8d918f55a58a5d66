// expect: A stream has one owner: std::move it
#include <bifilar/bifilar.hpp>

void copy(bifilar::tcp_stream& stream) { bifilar::tcp_stream other = stream; }

int main() {}
