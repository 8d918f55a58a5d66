// Files in all models and over both drivers: values, ends, failures by name, positions, locks, many at a time.
#include <bifilar/io/files/file.hpp>
#include <bifilar/io/files/file_system.hpp>
#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "io/scratch_directory.hpp"
#include "last_words.hpp"

#include <array>
#include <csignal>
#include <sys/resource.h>
#include <vector>

namespace bf = bifilar;
using namespace std::chrono_literals;
using both::await_in;
using both::in_each_model;
using both::model;
using tests::bytes_of;
using tests::scratch_directory;

namespace {

constexpr bf::open_options to_update{.read = true, .write = true, .create = true};

bf::file open_in(model m, bf::runtime& rt, const std::string& path, bf::open_options how = to_update) {
    return await_in(m, rt, [&] { return bf::file::open(path, how); }).value();
}

// What the limit was before comes back.
class smaller_limit {
public:
    smaller_limit(__rlimit_resource which, rlim_t now) : which_{which} {
        REQUIRE(::getrlimit(which, &before_) == 0);
        const rlimit next{now, before_.rlim_max};
        REQUIRE(::setrlimit(which, &next) == 0);
    }
    smaller_limit(const smaller_limit&) = delete;
    smaller_limit& operator=(const smaller_limit&) = delete;
    ~smaller_limit() { ::setrlimit(which_, &before_); }

private:
    __rlimit_resource which_;
    rlimit before_{};
};

}  // namespace

TEST_CASE("bytes_written_at_an_offset_are_read_there") {
    const scratch_directory here;
    in_each_model([&](model m, bf::runtime& rt) {
        bf::file f = open_in(m, rt, here / both::name(m));
        const std::string text = "beyond four GiB";
        for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{10'000}, (std::uint64_t{5} << 30U) + 7}) {
            CHECK(await_in(m, rt, [&] { return f.write_all_at(bytes_of(text), offset); }).value() == text.size());
            std::string back(text.size(), '?');
            const auto into = std::as_writable_bytes(std::span{back});
            CHECK(await_in(m, rt, [&] { return f.read_exact_at(into, offset); }).value() == text.size());
            CHECK(back == text);
            CHECK(await_in(m, rt, [&] { return f.size(); }).value() == offset + text.size());
            CHECK(await_in(m, rt, [&] { return f.read_at(into, offset + 7); }).value() == text.size() - 7);
            CHECK(await_in(m, rt, [&] { return f.read_at(into, offset + text.size()); }).value() == 0);
            CHECK(await_in(m, rt, [&] { return f.read_exact_at(into, offset + 1); }).error() ==
                  std::errc::no_message_available);
        }
        const auto about = await_in(m, rt, [&] { return f.metadata(); }).value();
        CHECK(about.kind == bf::file_kind::regular);
        CHECK(about.size_bytes > std::uint64_t{5} << 30U);
        CHECK(about.allocated_bytes < std::uint64_t{1} << 20U);
        CHECK(await_in(m, rt, [&] { return f.read_at({}, 0); }).value() == 0);
        CHECK(await_in(m, rt, [&] { return std::move(f).close(); }).has_value());
        CHECK(f.descriptor() == -1);
    });
}

TEST_CASE("appended_bytes_go_to_the_end") {
    const scratch_directory here;
    in_each_model([&](model m, bf::runtime& rt) {
        const std::string path = here.with_file(both::name(m), "one ");
        {
            bf::file f = open_in(m, rt, path);
            CHECK(await_in(m, rt, [&] { return f.append(bytes_of("two ")); }).value() == 4);
            CHECK(await_in(m, rt, [&] { return f.write_at(bytes_of("ONE"), 0); }).value() == 3);
        }
        bf::file f = open_in(m, rt, path, {.read = false, .append = true});
        CHECK(await_in(m, rt, [&] { return f.write_all_at(bytes_of("three"), 0); }).value() == 5);
        CHECK(tests::contents(path) == "ONE two three");
        CHECK(await_in(m, rt, [&] { return f.truncate(3); }).has_value());
        CHECK(await_in(m, rt, [&] { return f.sync(); }).has_value());
        CHECK(await_in(m, rt, [&] { return f.sync_data(); }).has_value());
        CHECK(tests::contents(path) == "ONE");
    });
}

TEST_CASE("allocated_room_is_zeros_and_makes_a_file_longer") {
    const scratch_directory here;
    in_each_model([&](model m, bf::runtime& rt) {
        const std::string path = here.with_file(both::name(m), "one");
        {
            bf::file f = open_in(m, rt, path);
            CHECK(await_in(m, rt, [&] { return f.allocate(1, 8191); }).has_value());
            CHECK(await_in(m, rt, [&] { return f.allocate(0, 100); }).has_value());
            CHECK(await_in(m, rt, [&] { return f.allocate(0, 0); }).error() == std::errc::invalid_argument);
        }
        CHECK(tests::contents(path) == "one" + std::string(8189, '\0'));
        bf::file only_read = open_in(m, rt, path, {});
        CHECK(await_in(m, rt, [&] { return only_read.allocate(0, 1); }).error() == std::errc::bad_file_descriptor);
    });
}

TEST_CASE("cursors_move_by_what_they_move") {
    const scratch_directory here;
    in_each_model([&](model m, bf::runtime& rt) {
        bf::file f = open_in(m, rt, here / both::name(m));
        bf::file_cursor to = f.writer(2);
        CHECK(await_in(m, rt, [&] { return to.write_all(bytes_of("abcdef")); }).value() == 6);
        CHECK(await_in(m, rt, [&] { return to.write(bytes_of("gh")); }).value() == 2);
        CHECK(to.position() == 10);
        bf::file moved = std::move(f);  // Cursors stay with the open file.
        bf::file_cursor from = moved.reader(2);
        std::array<std::byte, 5> five{};
        CHECK(await_in(m, rt, [&] { return from.read_exact(five); }).value() == 5);
        CHECK(from.position() == 7);
        CHECK(await_in(m, rt, [&] { return from.read(five); }).value() == 3);
        CHECK(await_in(m, rt, [&] { return from.read(five); }).value() == 0);
        CHECK(from.position() == 10);
        from.seek(3);
        CHECK(await_in(m, rt, [&] { return from.read(five); }).value() == 5);
        CHECK(five[0] == std::byte{'b'});
    });
}

TEST_CASE("failures_of_files_keep_the_systems_codes") {
    const scratch_directory here;
    const std::string path = here.with_file("there", "text");
    in_each_model([&](model m, bf::runtime& rt) {
        const auto opening = [&](std::string at, bf::open_options how) {
            return await_in(m, rt, [&] { return bf::file::open(at, how); });
        };
        CHECK(opening(here / "nothing", {}).error() == std::errc::no_such_file_or_directory);
        CHECK(opening(here.path(), {.write = true}).error() == std::errc::is_a_directory);
        CHECK(opening(path + "/below", {}).error() == std::errc::not_a_directory);
        CHECK(opening(path, {.write = true, .create_new = true}).error() == std::errc::file_exists);
        CHECK(opening(path, {.read = false}).error() == std::errc::invalid_argument);
        CHECK(opening(path, {.truncate = true}).error() == std::errc::invalid_argument);
        CHECK(opening(std::string{"a\0b", 3}, {}).error() == std::errc::invalid_argument);
        CHECK(opening(here / std::string(300, 'x'), {}).error() == std::errc::filename_too_long);
        bf::file f = opening(path, {}).value();
        CHECK(await_in(m, rt, [&] { return f.write_at(bytes_of("no"), 0); }).error() == std::errc::bad_file_descriptor);
        std::array<std::byte, 1> one{};
        CHECK(await_in(m, rt, [&] { return f.read_at(one, UINT64_MAX); }).error() == std::errc::invalid_argument);
        CHECK(await_in(m, rt, [&] { return f.truncate(1); }).error() == std::errc::invalid_argument);
        bf::file folder = opening(here.path(), {}).value();
        CHECK(await_in(m, rt, [&] { return folder.read_at(one, 0); }).error() == std::errc::is_a_directory);
        bf::file full = opening("/dev/full", {.read = false, .write = true}).value();
        CHECK(await_in(m, rt, [&] { return full.write_all_at(bytes_of("no room"), 0); }).error() ==
              std::errc::no_space_on_device);
    });
}

TEST_CASE("limits_of_the_process_are_values_too") {
    const scratch_directory here;
    const std::string path = here.with_file("there", "text");
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    in_each_model([&](model m, bf::runtime& rt) {
        bf::file f = open_in(m, rt, path);
        {
            const smaller_limit bytes{RLIMIT_FSIZE, 4096};
            const std::string page(4096, 'x');
            const std::size_t wrote = await_in(m, rt, [&] { return f.write_at(bytes_of(page), 96); }).value();
            CHECK(wrote <= 4000);
            if (rt.driver() != bf::driver_kind::simulated) CHECK(wrote == 4000);  // It cuts writes shorter still.
            CHECK(await_in(m, rt, [&] { return f.write_all_at(bytes_of(page), 96); }).error() ==
                  std::errc::file_too_large);
        }
        const smaller_limit files{RLIMIT_NOFILE, static_cast<rlim_t>(f.descriptor())};
        CHECK(await_in(m, rt, [&] { return bf::file::open(path); }).error() == std::errc::too_many_files_open);
    });
    std::signal(SIGXFSZ, handler);
}

TEST_CASE("locks_exclude_other_opens_of_the_file") {
    const scratch_directory here;
    const std::string path = here.with_file("lock", "");
    in_each_model([&](model m, bf::runtime& rt) {
        bf::file first = open_in(m, rt, path);
        bf::file second = open_in(m, rt, path);
        CHECK(first.try_lock().value());
        CHECK_FALSE(second.try_lock(bf::file::lock_kind::shared).value());
        CHECK_FALSE(await_in(m, rt, [&] { return bf::timeout(second.lock(), 3ms); }).has_value());
        auto waits = rt.spawn(second.lock());
        CHECK(first.unlock().has_value());
        CHECK(waits.join().has_value());
        CHECK_FALSE(first.try_lock().value());
        CHECK(second.unlock().has_value());
        CHECK(await_in(m, rt, [&] { return first.lock(bf::file::lock_kind::shared); }).has_value());
        CHECK(second.try_lock(bf::file::lock_kind::shared).value());
    });
}

// Reads wait for the disk where the page cache does not have the bytes any more.
TEST_CASE("a_thousand_reads_are_under_way_at_a_time") {
    const scratch_directory here;
    constexpr std::size_t count = 1'000;
    constexpr std::size_t page = 4'096;
    std::string text(count * page, '\0');
    for (std::size_t n = 0; n < text.size(); ++n) text[n] = static_cast<char>(n / page * 7 + n % 251);
    const std::string path = here.with_file("large", text);
    for (const bf::backend on : {bf::backend::stackless, bf::backend::stackful}) {
        bf::runtime rt{both::small_runtime()};
        bf::file f = rt.run([&]() -> bf::task<bf::file> { co_return (co_await bf::file::open(path)).value(); });
        ::fsync(f.descriptor());
        ::posix_fadvise(f.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
        struct body {
            static bf::task<bool> read(const bf::file& from, const std::string& expected, std::size_t n) {
                std::string got(page, '?');
                const auto result = co_await from.read_exact_at(std::as_writable_bytes(std::span{got}), n * page);
                co_return result.value_or(0) == page&& got == expected.substr(n * page, page);
            }
        };
        std::vector<bf::join_handle<bool>> reads;
        for (std::size_t n = 0; n < count; ++n)
            reads.push_back(rt.spawn(on, body::read, std::cref(f), std::cref(text), (n * 7) % count));
        std::size_t good = 0;
        for (auto& one : reads) good += one.join() ? 1 : 0;
        CHECK(good == count);
    }
}

TEST_CASE("direct_reads_pass_the_page_cache_by") {
    const scratch_directory here;
    const std::string path = here.with_file("blocks", std::string(8'192, 'd'));
    in_each_model([&](model m, bf::runtime& rt) {
        auto opened = await_in(m, rt, [&] { return bf::file::open(path, {.direct = true}); });
        if (!opened) {  // Not every file system can.
            CHECK(opened.error() == std::errc::invalid_argument);
            return;
        }
        alignas(4096) std::array<std::byte, 4096> block{};
        CHECK(await_in(m, rt, [&] { return opened->read_at(block, 4096); }).value() == 4096);
        CHECK(block[4095] == std::byte{'d'});
    });
}

TEST_CASE("temporary_files_leave_nothing_behind") {
    const scratch_directory here;
    in_each_model([&](model m, bf::runtime& rt) {
        {
            bf::file f = await_in(m, rt, [&] { return bf::create_temporary(here.path()); }).value();
            CHECK(await_in(m, rt, [&] { return f.write_all_at(bytes_of("secret"), 0); }).value() == 6);
            CHECK(await_in(m, rt, [&] { return f.metadata(); }).value().mode == 0600);
        }
        CHECK(here.entries() == 0);
        CHECK(await_in(m, rt, [&] { return bf::create_temporary(here / "nowhere"); }).error() ==
              std::errc::no_such_file_or_directory);
    });
}

TEST_CASE("misuse_of_files_aborts_with_the_remedy") {
    const scratch_directory here;
    const std::string path = here.with_file("there", "text");
    tests::check_aborts("moved from", [&] {
        bf::file f = bf::await(bf::file::open(path)).value();
        const bf::file other = std::move(f);
        (void)f.size();
    });
    tests::check_aborts("cancel or await the call first", [&] {
        bf::file f = bf::await(bf::file::open(path)).value();
        f.at().enter();
        (void)std::move(f).close();
    });
}
