// expect: pass std::ref\(x\) to a parameter that is a reference
// Arguments are copied into the task.
#include <bifilar/bifilar.hpp>

void add_to(int& sum) { ++sum; }

int main() {
    bifilar::run([] {
        int sum = 0;
        bifilar::spawn(add_to, sum);
    });
}
