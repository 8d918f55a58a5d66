// expect: It would lose its fraction: convert it first
// errors: 7
// What would be converted on the way into a channel without a word.
#include <bifilar/bifilar.hpp>

namespace bf = bifilar;

void send_each(bf::channel<int>& bounded, bf::unbounded_channel<int>& unbounded, bf::oneshot<int>& once,
               bf::broadcast<int>& all, bf::watch<int>& newest) {
    (void)bounded.send(3.7);
    (void)bounded.try_send(3.7F);
    (void)unbounded.send(3.7);
    (void)once.send(3.7);
    (void)all.send(3.7);
    (void)newest.send(3.7);
    (void)bf::await(bounded.reserve()).send(3.7);
    (void)bounded.send(3);
    (void)bounded.send('3');
}

int main() {}
