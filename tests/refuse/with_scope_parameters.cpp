// expect: with_scope takes a callable of one parameter, the task_scope&
// errors: 1
#include <bifilar/bifilar.hpp>

bifilar::task<> body(bifilar::task_scope& scope, int& sum);

int main() { bifilar::with_scope(body); }
