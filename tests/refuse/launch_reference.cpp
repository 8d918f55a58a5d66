// expect: pass std::ref\(x\) to a parameter that is a reference
// errors: 8
// At every door that copies arguments; each with a type of its own, as compilers report an instantiation once.
#include <bifilar/bifilar.hpp>

namespace bf = bifilar;

template <class T>
void add_to(T& sum) {
    ++sum;
}

void open_each(bf::runtime& rt, bf::task_scope& scope, char a, short b, int c, long d, float e, double f, unsigned g,
               unsigned long h) {
    bf::run(add_to<char>, a);
    rt.run(add_to<short>, b);
    rt.spawn(add_to<int>, c);
    rt.spawn(bf::backend::stackful, add_to<long>, d);
    scope.spawn(add_to<float>, e);
    scope.spawn(bf::backend::stackful, add_to<double>, f);
    bf::spawn(bf::spawn_options{}, add_to<unsigned>, g);
    bf::spawn_blocking(add_to<unsigned long>, h);
}

int main() {}
