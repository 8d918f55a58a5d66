// Reads of a file in the page cache at random offsets, by one task or by several, and the size of the file, which only
// the file system knows. What the page cache answers needs no other thread; the size needs a ring or a thread.
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "cached_file.hpp"
#include "rows.hpp"

namespace bifilar::experiments {

namespace {

struct shape {
    std::size_t bytes;    // Of a read.
    std::uint64_t tasks;  // Which read at the same time, each one after the other.
    std::uint64_t reads;  // Of a sample; all tasks together.
};

using file_of_page = std::shared_ptr<const cached_file>;

task<std::uint64_t> read_in_coroutine(const file* from, std::size_t bytes, std::uint64_t reads, std::uint64_t seed) {
    std::vector<std::byte> into(bytes);
    numbers random{seed};
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < reads; ++n) {
        const std::uint64_t offset = next_offset(random, bytes);
        const auto got = co_await from->read_exact_at(into, offset);
        if (got) sum += right_bytes(std::span{into}.first(*got), offset);
    }
    co_return sum;
}

std::uint64_t read_in_fiber(const file* from, std::size_t bytes, std::uint64_t reads, std::uint64_t seed) {
    std::vector<std::byte> into(bytes);
    numbers random{seed};
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < reads; ++n) {
        const std::uint64_t offset = next_offset(random, bytes);
        const auto got = await(from->read_exact_at(into, offset));
        if (got) sum += right_bytes(std::span{into}.first(*got), offset);
    }
    return sum;
}

// The tasks, each with a share of the reads; the bytes of all.
task<std::uint64_t> read_in_tasks(backend model, const file* from, std::size_t bytes, std::uint64_t tasks,
                                  std::uint64_t reads) {
    std::vector<join_handle<std::uint64_t>> all;
    all.reserve(tasks);
    for (std::uint64_t seed = 1; seed <= tasks; ++seed)
        all.push_back(model == backend::stackless ? spawn(model, read_in_coroutine, from, bytes, reads / tasks, seed)
                                                  : spawn(model, read_in_fiber, from, bytes, reads / tasks, seed));
    std::uint64_t sum = 0;
    for (auto& one : all) sum += co_await one;
    co_return sum;
}

sample read_by_ours(backend model, driver_kind driver, const cached_file& at, const shape& how) {
    const pinned here{1};
    const file from{dup(at.descriptor())};
    const file* const shared = &from;
    runtime made{on_driver(driver)};
    (void)made.run(read_in_tasks, model, shared, how.bytes, how.tasks, how.reads / 10);
    const counting_stopwatch watch;
    const std::uint64_t sum = made.run(read_in_tasks, model, shared, how.bytes, how.tasks, how.reads);
    return watch.stop(how.reads, sum);
}

sample read_by_pread(const cached_file& at, const shape& how) {
    std::vector<std::byte> into(how.bytes);
    numbers random;
    return direct(how.reads, [&](std::uint64_t) -> std::uint64_t {
        const std::uint64_t offset = next_offset(random, how.bytes);
        const ssize_t got = pread(at.descriptor(), into.data(), into.size(), static_cast<off_t>(offset));
        return got == static_cast<ssize_t>(into.size()) ? right_bytes(into, offset) : 0;
    });
}

void add_reads(experiment& all, const char* id, const std::string& title, const file_of_page& at, const shape& how) {
    workload work{id, title, "ns per read", static_cast<double>(how.tasks), how.reads * how.bytes, {}};
    add_ours(work, [=](backend model, driver_kind driver) { return read_by_ours(model, driver, *at, how); });
    work.contenders.push_back({"pread in a loop", [=] { return read_by_pread(*at, how); }});
    const auto arguments = [&](const char* name) {
        return peer_arguments{name, at->path(), std::to_string(how.bytes), std::to_string(how.tasks),
                              std::to_string(how.reads)};
    };
    add_peers(all, work,
              {go(arguments("read")), tokio(arguments("read")),
               done_by("spawn_blocking", tokio(arguments("read_in_pool"))), libuv(arguments("read"))});
    all.add(std::move(work));
}

sample size_by_ours(backend model, driver_kind driver, const cached_file& at, std::uint64_t count) {
    const file from{dup(at.descriptor())};
    auto step = [&](std::uint64_t) { return from.size(); };
    return one_by_one(model, driver, count, step);
}

sample size_by_fstat(const cached_file& at, std::uint64_t count) {
    return direct(count, [&](std::uint64_t) -> std::uint64_t {
        struct stat now {};
        return fstat(at.descriptor(), &now) == 0 ? static_cast<std::uint64_t>(now.st_size) : 0;
    });
}

void add_sizes(experiment& all, const file_of_page& at) {
    constexpr std::uint64_t count = 20'000;
    workload work{"size",
                  "the size of an open file, one question after the other",
                  "ns per question",
                  static_cast<double>(1),
                  count * file_bytes,
                  {}};
    add_ours(work, [=](backend model, driver_kind driver) { return size_by_ours(model, driver, *at, count); });
    work.contenders.push_back({"fstat in a loop", [=] { return size_by_fstat(*at, count); }});
    const peer_arguments arguments{"size", at->path(), std::to_string(count)};
    add_peers(all, work, {go(arguments), tokio(arguments), libuv(arguments)});
    all.add(std::move(work));
}

}  // namespace

void add_files(experiment& all) {
    const auto at = std::make_shared<const cached_file>();
    constexpr std::size_t kib = 1024;
    for (const std::uint64_t tasks : {1, 32})
        add_reads(all, "read_4k", "reads of 4 KiB from the page cache, by so many tasks", at, {4 * kib, tasks, 48'000});
    for (const std::uint64_t tasks : {1, 32})
        add_reads(all, "read_64k", "reads of 64 KiB from the page cache, by so many tasks", at,
                  {64 * kib, tasks, 9'600});
    add_sizes(all, at);
}

}  // namespace bifilar::experiments
