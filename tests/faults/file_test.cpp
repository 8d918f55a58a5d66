// Files, pipes and programs where memory is refused: descriptors are closed, programs that run are waited for.
#include "bytes.hpp"
#include "faults/each_allocation.hpp"
#include "io/scratch_directory.hpp"

#include <array>
#include <string>
#include <string_view>

namespace bf = bifilar;
using faults::in_a_runtime;
using faults::promise;
using faults::taken;

TEST_CASE("files_are_written_and_read_where_memory_is_refused") {
    const tests::scratch_directory in;
    in_a_runtime("files", [&](bf::backend) -> bf::task<void> {
        const std::string path = in / "file";
        taken(co_await bf::write_file(path, tests::bytes_of("a line\n")));
        promise(taken(co_await bf::read_text_file(path)) == "a line\n", "its text");
        taken(co_await bf::copy_file(path, in / "copy"));
        promise(taken(co_await bf::metadata(in / "copy")).size_bytes == 7, "the size of the copy");
        taken(co_await bf::write_file_atomically(path, tests::bytes_of("another\n")));
        promise(taken(co_await bf::exists(path)), "it is there");
    });
    CHECK(in.entries() <= 2);
}

TEST_CASE("a_tree_is_walked_where_memory_is_refused") {
    const tests::scratch_directory in;
    std::filesystem::create_directories(in / "one/two/three");
    for (int i = 0; i != 20; ++i) in.with_file("one/two/" + std::to_string(i), "text");
    in_a_runtime("a walk", [&](bf::backend) -> bf::task<void> {
        bf::directory_walk walk{in.path()};
        int entries = 0;
        while (auto entry = taken(co_await walk.next())) {
            if (entry->error) throw std::bad_alloc{};  // It did not go in there.
            ++entries;
        }
        promise(entries == 23, "each entry once");
    });
}

TEST_CASE("a_pipe_works_where_memory_is_refused") {
    in_a_runtime("a pipe", [](bf::backend on) -> bf::task<void> {
        auto [from, to] = taken(bf::make_pipe());
        auto writes = bf::spawn(on, [end = std::move(to)]() mutable -> bf::task<void> {
            taken(co_await end.write_all(tests::bytes_of("hello")));
            end.close();
        });
        std::array<std::byte, 16> buffer;
        promise(taken(co_await from.read(buffer)) == 5, "what was written");
        co_await writes;
    });
}

TEST_CASE("a_program_runs_where_memory_is_refused") {
    in_a_runtime("a program", [](bf::backend) -> bf::task<void> {
        const auto output = taken(co_await bf::command("echo", "hello").output());
        promise(output.standard_output == "hello\n", "its output");
    });
}
