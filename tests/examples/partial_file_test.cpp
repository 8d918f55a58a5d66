// The downloader's file while it is not whole.
#include "download/partial_file.hpp"
#include "io/scratch_directory.hpp"
#include "one_worker.hpp"

#include <unistd.h>

namespace bf = bifilar;
using tests::scratch_directory;

namespace {

bf::task<> make(std::string to) {
    download::partial_file file{to};
    co_await file.create();
    co_await bf::pending<>();
}

void make_in_fiber(const std::string& to) {
    download::partial_file file{to};
    bf::await(file.create());
    bf::await(bf::pending<>());
}

}  // namespace

// The open was given up, and the file that it made stayed: no later download could begin. The leader looks in the one
// worker's turns, so that mostly the file is there and its maker does not know yet.
TEST_CASE("a_download_that_is_cancelled_while_its_file_is_made_leaves_none") {
    const scratch_directory here;
    const std::string to = here / "got";
    tests::on_one_worker([&](bf::backend model) {
        for (int turn = 0; turn < 200; ++turn) {
            auto making =
                model == bf::backend::stackful ? bf::spawn(model, make_in_fiber, to) : bf::spawn(model, make, to);
            while (::access((to + ".part").c_str(), F_OK) != 0) bf::this_fiber::yield();
            making.cancel();
            (void)bf::await(making.outcome());
            REQUIRE(here.entries() == 0);
        }
    });
}

TEST_CASE("a_partial_file_of_somebody_else_is_neither_used_nor_removed") {
    const scratch_directory here;
    const std::string to = here / "got";
    (void)here.with_file("got.part", "his");
    both::in_each_model([&](both::model m, bf::runtime& rt) {
        download::partial_file file{to};
        CHECK_THROWS_AS(both::await_in(m, rt, [&] { return file.create(); }), std::system_error);
    });
    CHECK(tests::contents(to + ".part") == "his");
}
