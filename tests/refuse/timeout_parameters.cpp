// expect: timeout takes a future, a join_handle, or a callable without parameters
// errors: 1
#include <bifilar/bifilar.hpp>

void add_to(int& sum);

int main() { bifilar::timeout(add_to, std::chrono::seconds{1}); }
