// TCP's urgent data in a stream that is spliced: it is left out, what follows is not, and nothing turns for ever.
#include "io/processor_time.hpp"
#include "io/relay_scene.hpp"
#include "one_worker.hpp"
#include "simulated_runtime.hpp"

namespace bf = bifilar;
using namespace std::chrono_literals;
using tests::relay;
using tests::relay_scene;
using tests::through;

// splice(2) answers 0 at urgent data of a stream that has ended; what follows was lost if that were taken for the end.
TEST_CASE("splice_all_goes_past_urgent_data") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime()};
        rt.run([on] {
            relay_scene scene{bf::await(tests::tcp_pair()), bf::await(tests::tcp_pair())};
            const int to = scene.left.near.descriptor();
            REQUIRE(::send(to, "ab", 2, 0) == 2);
            REQUIRE(::send(to, "!", 1, MSG_OOB) == 1);
            REQUIRE(::send(to, "cd", 2, 0) == 2);
            (void)scene.left.near.shutdown_write();
            auto relays = bf::spawn(on, relay, std::ref(scene.left.far), std::ref(scene.right.near), through(65'536));
            CHECK(bf::await(tests::consume(scene.right.far, 100)) == "abcd");
            const bf::copy_result result = bf::await(std::move(relays));
            CHECK(result);
            CHECK(result.bytes == 4);
        });
    }
}

// Of an open stream it answers EAGAIN there, although there is something to read: that was tried for ever.
TEST_CASE("splice_all_goes_past_urgent_data_of_an_open_stream") {
    for (const bf::backend on : tests::both_backends) {
        bf::runtime rt{both::small_runtime()};
        rt.run([on] {
            relay_scene scene{bf::await(tests::tcp_pair()), bf::await(tests::tcp_pair())};
            const int to = scene.left.near.descriptor();
            auto relays = bf::spawn(on, relay, std::ref(scene.left.far), std::ref(scene.right.near), through(65'536));
            REQUIRE(::send(to, "ab", 2, 0) == 2);
            REQUIRE(::send(to, "!", 1, MSG_OOB) == 1);
            REQUIRE(::send(to, "cd", 2, 0) == 2);
            std::string got(4, ' ');
            auto arrives = scene.right.far.read_exact(std::as_writable_bytes(std::span{got}));
            CHECK(bf::await(bf::timeout(std::move(arrives), 10s)).has_value());
            CHECK(got == "abcd");
            REQUIRE(::send(to, "!", 1, MSG_OOB) == 1);
            bf::await(bf::sleep_for(20ms));  // The mark is the last that has come.
            const auto before = tests::processor_time(CLOCK_PROCESS_CPUTIME_ID);
            bf::await(bf::sleep_for(200ms));
            CHECK(tests::processor_time(CLOCK_PROCESS_CPUTIME_ID) - before < 100ms);
            (void)scene.left.near.shutdown_write();
            CHECK(bf::await(std::move(relays)).bytes == 4);
        });
    }
}
