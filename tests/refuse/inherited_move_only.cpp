// expect: task_local
// A value that children inherit copies of must be copyable.
#include <bifilar/bifilar.hpp>
#include <memory>

bifilar::task_local<std::unique_ptr<int>> key{bifilar::inherit::yes};

int main() {}
