// What a simulated kernel decides on calls on files: which fail, and how much of them is done.
#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "io/scratch_directory.hpp"
#include <bifilar/drivers/simulated/simulated_kernel.hpp>
#include <bifilar/io/files/directory.hpp>
#include <bifilar/io/files/file.hpp>
#include <bifilar/io/files/file_system.hpp>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace bf = bifilar;
using bf::file_op;
using bf::op_kind;

namespace {

bf::runtime_options simulated_by(bf::simulated_kernel& kernel) {
    bf::runtime_options options = both::small_runtime(1);
    options.driver = bf::driver_kind::simulated;
    options.simulation = &kernel;
    return options;
}

bool is_there(const std::string& path) {
    struct stat found{};
    return ::lstat(path.c_str(), &found) == 0;
}

}  // namespace

TEST_CASE("planned_failures_of_files_concern_the_calls_that_they_name") {
    bf::simulated_kernel kernel;
    bf::runtime rt{simulated_by(kernel)};
    rt.run([&kernel] {
        const tests::scratch_directory here;
        const std::string path = here.with_file("there", "four");
        bf::file open = bf::await(bf::file::open(path, {.write = true})).value();
        std::array<std::byte, 4> bytes{};

        kernel.fail(file_op::sync, EIO);
        kernel.fail(file_op::write, EDQUOT, 1);
        CHECK(bf::await(open.read_exact_at(bytes, 0)).has_value());
        CHECK(bf::await(open.write_all_at(bytes, 4)).has_value());
        CHECK(bf::await(open.write_all_at(bytes, 8)).error().value() == EDQUOT);
        CHECK(bf::await(open.size()).value() == 8);
        CHECK(bf::await(open.sync()).error().value() == EIO);
        CHECK(bf::await(open.sync()).has_value());

        kernel.fail(op_kind::file_call, ENOMEM, 1, 3);
        CHECK(bf::await(bf::exists(path)).value());
        CHECK(bf::await(bf::exists(path)).error().value() == ENOMEM);
        CHECK(bf::await(open.metadata()).error().value() == ENOMEM);
        CHECK(bf::await(bf::remove_file(path)).error().value() == ENOMEM);
        CHECK(is_there(path));

        kernel.fail_randomly(file_op::open, ENFILE, 1);
        CHECK(bf::await(bf::file::create(here / "other")).error().value() == ENFILE);
        CHECK(bf::await(bf::directory::open(here.path())).error().value() == ENFILE);
        CHECK_FALSE(is_there(here / "other"));
        kernel.heal();
        CHECK(bf::await(bf::remove_file(path)).has_value());
    });
    CHECK(kernel.counts().faults == 7);
    for (const int error : {0, -1, EAGAIN, EINTR})
        CHECK_THROWS_AS(kernel.fail(file_op::read, error), std::invalid_argument);
    CHECK_THROWS_AS(kernel.fail_randomly(file_op::read, EIO, 2), std::invalid_argument);
}

TEST_CASE("a_close_that_is_planned_to_fail_closes") {
    bf::simulated_kernel kernel;
    bf::runtime rt{simulated_by(kernel)};
    rt.run([&kernel] {
        const tests::scratch_directory here;
        const std::size_t before = tests::open_descriptors();
        bf::file open = bf::await(bf::file::create(here / "there")).value();
        kernel.fail(file_op::close, EIO);
        CHECK(bf::await(std::move(open).close()).error().value() == EIO);
        CHECK(tests::open_descriptors() == before);
    });
}

TEST_CASE("reads_and_writes_of_files_are_cut_but_not_past_the_page_cache") {
    bf::simulated_kernel_options options;
    options.short_transfers = 1;
    bf::simulated_kernel kernel{options};
    bf::runtime rt{simulated_by(kernel)};
    rt.run([&kernel] {
        constexpr std::size_t bytes = 4'096;
        const tests::scratch_directory here;
        const std::string path = here / "there";
        const std::vector<std::byte> sent(bytes, std::byte{7});
        std::vector<std::byte> got(bytes);
        {
            bf::file open = bf::await(bf::file::create(path)).value();
            CHECK(bf::await(open.write_at(sent, 0)).value() < bytes);
            CHECK(bf::await(open.write_all_at(sent, 0)).value() == bytes);
        }
        bf::file open = bf::await(bf::file::open(path)).value();
        CHECK(bf::await(open.read_at(got, 0)).value() < bytes);
        CHECK(bf::await(open.read_exact_at(got, 0)).value() == bytes);
        CHECK(got == sent);

        const std::uint64_t cut = kernel.counts().cut;
        CHECK(cut > 2);
        const auto direct = bf::await(bf::file::open(path, {.direct = true}));
        if (!direct) return;  // Not every file system can.
        const std::unique_ptr<void, decltype(&std::free)> room{std::aligned_alloc(bytes, bytes), &std::free};
        const std::span<std::byte> blocks{static_cast<std::byte*>(room.get()), bytes};
        CHECK(bf::await(direct->read_at(blocks, 0)).value() == bytes);
        CHECK(kernel.counts().cut == cut);
    });
}
