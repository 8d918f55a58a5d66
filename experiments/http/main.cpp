// Question: what does answering "hello" over HTTP/1.1 cost, beside Go's net/http and Boost.Beast over Asio?
// Unit: the server's CPU time per request. Load: wrk. Threats: it shares the machine; the kernel is most of the figure.
#include "hello.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"http", 10, 3};
    all.parse(argc, argv);
    add_hello(all);
    return all.run();
}
