// Paths, whole files, directories and walks, in all models.
#include <bifilar/io/files/directory.hpp>
#include <bifilar/io/files/directory_walk.hpp>
#include <bifilar/io/files/file_system.hpp>
#include "both/in_each_model.hpp"
#include "descriptors.hpp"
#include "io/scratch_directory.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <sys/stat.h>

namespace bf = bifilar;
using both::await_in;
using both::in_each_model;
using both::model;
using tests::bytes_of;
using tests::scratch_directory;

TEST_CASE("paths_are_renamed_removed_and_looked_at") {
    in_each_model([](model m, bf::runtime& rt) {
        const scratch_directory here;
        const std::string path = here.with_file("a", "12345");
        const auto about = await_in(m, rt, [&] { return bf::metadata(path); }).value();
        CHECK(about.kind == bf::file_kind::regular);
        CHECK(about.size_bytes == 5);
        CHECK(about.uid == ::geteuid());
        CHECK(about.links == 1);
        struct stat is{};
        REQUIRE(::stat(path.c_str(), &is) == 0);
        CHECK(about.inode == is.st_ino);
        CHECK(about.device == is.st_dev);
        CHECK(about.mode == (is.st_mode & 07777U));
        CHECK(std::chrono::floor<std::chrono::seconds>(about.modified).time_since_epoch().count() == is.st_mtime);

        CHECK(await_in(m, rt, [&] { return bf::rename(path, here / "b"); }).has_value());
        CHECK_FALSE(await_in(m, rt, [&] { return bf::exists(path); }).value());
        CHECK(await_in(m, rt, [&] { return bf::exists(here / "b"); }).value());
        CHECK_FALSE(await_in(m, rt, [&] { return bf::exists(here / "b/c"); }).value());
        here.with_file("c", "");
        CHECK(await_in(m, rt, [&] { return bf::rename_new(here / "b", here / "c"); }).error() ==
              std::errc::file_exists);
        CHECK(await_in(m, rt, [&] { return bf::rename(path, here / "d"); }).error() ==
              std::errc::no_such_file_or_directory);

        REQUIRE(::symlink("nothing", (here / "link").c_str()) == 0);
        CHECK(await_in(m, rt, [&] { return bf::read_link(here / "link"); }).value() == "nothing");
        CHECK(await_in(m, rt, [&] { return bf::read_link(here / "c"); }).error() == std::errc::invalid_argument);
        CHECK(await_in(m, rt, [&] { return bf::symlink_metadata(here / "link"); }).value().kind ==
              bf::file_kind::symlink);
        CHECK(await_in(m, rt, [&] { return bf::metadata(here / "link"); }).error() ==
              std::errc::no_such_file_or_directory);

        CHECK(await_in(m, rt, [&] { return bf::remove_file(here.path()); }).error() == std::errc::is_a_directory);
        for (const char* const name : {"b", "c", "link"})
            CHECK(await_in(m, rt, [&] { return bf::remove_file(here / name); }).has_value());
        CHECK(here.entries() == 0);
    });
}

TEST_CASE("directories_are_made_and_removed") {
    in_each_model([](model m, bf::runtime& rt) {
        const scratch_directory here;
        CHECK(await_in(m, rt, [&] { return bf::create_directory(here / "one", 0700); }).has_value());
        CHECK(await_in(m, rt, [&] { return bf::metadata(here / "one"); }).value().mode == 0700);
        CHECK(await_in(m, rt, [&] { return bf::create_directory(here / "one"); }).error() == std::errc::file_exists);
        CHECK(await_in(m, rt, [&] { return bf::create_directory(here / "x/y"); }).error() ==
              std::errc::no_such_file_or_directory);
        for (const std::string& path : {here / "x/y/z", here / "x//y/z/", here.path(), std::string{"/"}})
            CHECK(await_in(m, rt, [&] { return bf::create_directories(path); }).has_value());
        CHECK(await_in(m, rt, [&] { return bf::metadata(here / "x/y/z"); }).value().kind == bf::file_kind::directory);
        here.with_file("file", "");
        CHECK(await_in(m, rt, [&] { return bf::create_directories(here / "file/below"); }).error() ==
              std::errc::not_a_directory);
        CHECK(await_in(m, rt, [&] { return bf::create_directories(""); }).error() ==
              std::errc::no_such_file_or_directory);
        CHECK(await_in(m, rt, [&] { return bf::remove_directory(here / "x"); }).error() ==
              std::errc::directory_not_empty);
        CHECK(await_in(m, rt, [&] { return bf::remove_directory(here / "one"); }).has_value());
    });
}

TEST_CASE("whole_files_are_read_and_written") {
    in_each_model([](model m, bf::runtime& rt) {
        const scratch_directory here;
        std::string text(300'000, '\0');
        for (std::size_t n = 0; n < text.size(); ++n) text[n] = static_cast<char>(n % 251);
        const std::string path = here / "whole";
        CHECK(await_in(m, rt, [&] { return bf::write_file(path, bytes_of(text)); }).has_value());
        CHECK(await_in(m, rt, [&] { return bf::read_text_file(path); }).value() == text);
        const auto bytes = await_in(m, rt, [&] { return bf::read_file(path, 300'000); }).value();
        CHECK(std::ranges::equal(bytes, bytes_of(text)));
        CHECK(await_in(m, rt, [&] { return bf::read_file(path, 299'999); }).error() == std::errc::file_too_large);
        CHECK(await_in(m, rt, [&] { return bf::read_file(path, 0); }).error() == std::errc::file_too_large);
        CHECK(await_in(m, rt, [&] { return bf::read_file(here / "none"); }).error() ==
              std::errc::no_such_file_or_directory);
        CHECK(await_in(m, rt, [&] { return bf::read_file(here.path()); }).error() == std::errc::is_a_directory);
        // Has no size.
        CHECK(await_in(m, rt, [&] { return bf::read_text_file("/proc/self/status"); }).value().starts_with("Name:"));
        CHECK(await_in(m, rt, [&] { return bf::write_file(path, {}); }).has_value());
        CHECK(await_in(m, rt, [&] { return bf::read_text_file(path, 0); }).value().empty());
        CHECK(await_in(m, rt, [&] { return bf::write_file("/dev/full", bytes_of(text)); }).error() ==
              std::errc::no_space_on_device);
    });
}

TEST_CASE("a_file_is_replaced_at_once_or_not_at_all") {
    in_each_model([](model m, bf::runtime& rt) {
        const scratch_directory here;
        const std::string path = here.with_file("config", "old");
        REQUIRE(::chmod(path.c_str(), 0640) == 0);
        CHECK(await_in(m, rt, [&] { return bf::write_file_atomically(path, bytes_of("new")); }).has_value());
        CHECK(tests::contents(path) == "new");
        CHECK(await_in(m, rt, [&] { return bf::metadata(path); }).value().mode == 0640);
        if (::chown(path.c_str(), 4321, 4322) == 0) {  // Another's stays another's.
            CHECK(await_in(m, rt, [&] { return bf::write_file_atomically(path, bytes_of("newer")); }).has_value());
            const bf::file_metadata about = await_in(m, rt, [&] { return bf::metadata(path); }).value();
            CHECK(about.uid == 4321);
            CHECK(about.gid == 4322);
            CHECK(about.mode == 0640);
        }
        CHECK(await_in(m, rt, [&] { return bf::write_file_atomically(here / "fresh", bytes_of("1")); }).has_value());
        CHECK(await_in(m, rt, [&] { return bf::write_file_atomically(here / "no/where", {}); }).error() ==
              std::errc::no_such_file_or_directory);
        // What cannot be replaced stays, and nothing is left beside it.
        CHECK(await_in(m, rt, [&] { return bf::create_directory(here / "folder"); }).has_value());
        CHECK(await_in(m, rt, [&] { return bf::write_file_atomically(here / "folder", {}); }).error() ==
              std::errc::is_a_directory);
        CHECK(here.entries() == 3);
    });
}

TEST_CASE("files_are_copied_with_their_permissions") {
    in_each_model([](model m, bf::runtime& rt) {
        const scratch_directory here;
        const std::string text(100'000, 'c');
        const std::string from = here.with_file("from", text);
        REQUIRE(::chmod(from.c_str(), 0750) == 0);
        const std::string to = here.with_file("to", std::string(200'000, 'x'));
        CHECK(await_in(m, rt, [&] { return bf::copy_file(from, to); }).value() == text.size());
        CHECK(tests::contents(to) == text);
        CHECK(await_in(m, rt, [&] { return bf::metadata(to); }).value().mode == 0750);
        REQUIRE(::link(from.c_str(), (here / "same").c_str()) == 0);
        CHECK(await_in(m, rt, [&] { return bf::copy_file(from, here / "same"); }).error() ==
              std::errc::invalid_argument);
        CHECK(tests::contents(from) == text);
        CHECK(await_in(m, rt, [&] { return bf::copy_file(here / "none", to); }).error() ==
              std::errc::no_such_file_or_directory);
        CHECK(tests::contents(to) == text);
        CHECK(await_in(m, rt, [&] { return bf::copy_file(here.path(), to); }).error() == std::errc::is_a_directory);
        // The kernel does not copy these by itself.
        CHECK(await_in(m, rt, [&] { return bf::copy_file("/proc/self/status", here / "status"); }).value() > 100);
        CHECK(await_in(m, rt, [&] { return bf::copy_file(from, "/dev/null"); }).value() == text.size());
        here.with_file("empty", "");
        CHECK(await_in(m, rt, [&] { return bf::copy_file(here / "empty", to); }).value() == 0);
        CHECK(tests::contents(to).empty());
    });
}

TEST_CASE("a_directory_gives_each_entry_once") {
    in_each_model([](model m, bf::runtime& rt) {
        const scratch_directory here;
        constexpr int count = 600;  // More than one batch.
        for (int n = 0; n < count; ++n) here.with_file("a rather long name of a file, number " + std::to_string(n), "");
        REQUIRE(::mkdir((here / "sub").c_str(), 0700) == 0);
        bf::directory folder = await_in(m, rt, [&] { return bf::directory::open(here.path()); }).value();
        std::set<std::string> seen;
        int directories = 0;
        for (;;) {
            const auto next = await_in(m, rt, [&] { return folder.next(); }).value();
            if (!next) break;
            CHECK(seen.insert(next->name).second);
            if (next->kind == bf::file_kind::directory) ++directories;
        }
        CHECK(seen.size() == count + 1);
        CHECK(directories == 1);
        CHECK_FALSE(await_in(m, rt, [&] { return folder.next(); }).value().has_value());
        CHECK(await_in(m, rt, [&] { return bf::directory::open(here / "none"); }).error() ==
              std::errc::no_such_file_or_directory);
        const std::string file = here.with_file("file", "");
        CHECK(await_in(m, rt, [&] { return bf::directory::open(file); }).error() == std::errc::not_a_directory);
    });
}

namespace {

std::map<std::string, bf::walk_entry> walk_all(model m, bf::runtime& rt, const std::string& root,
                                               bf::walk_options how) {
    bf::directory_walk walk = bf::walk(root, how);
    std::map<std::string, bf::walk_entry> seen;
    std::string last;
    for (;;) {
        auto next = await_in(m, rt, [&] { return walk.next(); }).value();
        if (!next) return seen;
        // Each directory comes before what is in it.
        if (const auto slash = next->path.rfind('/'); slash != std::string::npos)
            CHECK(seen.contains(next->path.substr(0, slash)));
        CHECK(seen.emplace(next->path, *next).second);
    }
}

}  // namespace

TEST_CASE("a_walk_gives_all_that_is_below") {
    const scratch_directory here;
    std::filesystem::create_directories(here / "a/b/c");
    std::filesystem::create_directories(here / "d");
    here.with_file("a/b/file", "");
    for (int n = 0; n < 600; ++n) here.with_file("d/" + std::to_string(n), "");
    std::filesystem::create_directory_symlink("..", here / "a/up");
    std::filesystem::create_directory_symlink("../d", here / "a/over");
    const std::size_t before = tests::open_descriptors();
    in_each_model([&](model m, bf::runtime& rt) {
        auto seen = walk_all(m, rt, here.path(), {});
        CHECK(seen.size() == 4 + 1 + 600 + 2);
        CHECK(seen.at("a/b/c").kind == bf::file_kind::directory);
        CHECK(seen.at("a/b/c").depth == 3);
        CHECK(seen.at("a/up").kind == bf::file_kind::symlink);

        seen = walk_all(m, rt, here.path(), {.max_depth = 1});
        CHECK(seen.size() == 2);

        // Linked directories are entered, loops are not.
        seen = walk_all(m, rt, here.path(), {.follow_links = true});
        CHECK(seen.contains("a/over/599"));
        CHECK(seen.at("a/up").kind == bf::file_kind::directory);
        CHECK(seen.at("a/up").error == std::errc::too_many_symbolic_link_levels);
        CHECK(seen.size() == 4 + 1 + 600 + 2 + 600);

        bf::directory_walk nowhere = bf::walk(here / "none");
        CHECK(await_in(m, rt, [&] { return nowhere.next(); }).error() == std::errc::no_such_file_or_directory);
        // The kernel would read the name up to the zero byte.
        bf::directory_walk cut = bf::walk(here.path() + std::string{"\0/a", 3});
        CHECK(await_in(m, rt, [&] { return cut.next(); }).error() == std::errc::invalid_argument);
        // Given up half way.
        bf::directory_walk half = bf::walk(here.path());
        CHECK(await_in(m, rt, [&] { return half.next(); }).value().has_value());
    });
    CHECK(tests::open_descriptors() <= before);
}
