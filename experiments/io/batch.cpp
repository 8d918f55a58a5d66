// Many reads of a file in the page cache: through a bare ring in one submission, by a call each, and through our files.
// A bare loop counts its system calls itself; ours are counted by strace in a run that is not timed.
#include "rows.hpp"

#include <liburing.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <harness/measure.hpp>
#include <memory>
#include <optional>
#include <sstream>
#include <system_error>

namespace bifilar::experiments {

namespace {

constexpr std::size_t block_bytes = 512;
constexpr std::uint64_t blocks = 4096;
constexpr std::uint64_t reads = 4 * blocks;  // Of a sample, in submissions of one batch after the other.

[[noreturn]] void fail(const char* what, int error) { throw std::system_error{error, std::generic_category(), what}; }

// A file without a name, all of it in the page cache.
class cached_file {
public:
    cached_file() {
        if (file_ == nullptr) fail("tmpfile", errno);
        std::vector<char> all(blocks * block_bytes, 'b');  // In one call: these count under strace too.
        const auto bytes = static_cast<ssize_t>(all.size());
        if (write(descriptor(), all.data(), all.size()) != bytes) fail("write", errno);
        if (pread(descriptor(), all.data(), all.size(), 0) != bytes) fail("pread", errno);
    }
    cached_file(const cached_file&) = delete;
    cached_file& operator=(const cached_file&) = delete;
    ~cached_file() {
        if (file_ != nullptr) std::fclose(file_);
    }
    [[nodiscard]] int descriptor() const noexcept { return fileno(file_); }

private:
    std::FILE* file_ = std::tmpfile();
};

using read_buffers = std::vector<std::array<std::byte, block_bytes>>;

sample with_calls(sample got, std::uint64_t calls) {
    got.also["system_calls_per_read"] = static_cast<double>(calls) / static_cast<double>(reads);
    return got;
}

class bare_ring {
public:
    explicit bare_ring(std::uint64_t batch) {
        io_uring_params params{};
        params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
        const int result = io_uring_queue_init_params(static_cast<unsigned>(batch), &ring_, &params);
        if (result < 0) fail("io_uring", -result);
    }
    bare_ring(const bare_ring&) = delete;
    bare_ring& operator=(const bare_ring&) = delete;
    ~bare_ring() { io_uring_queue_exit(&ring_); }

    // Reads `batch` blocks from `first` on, waits for all of them, and gives the bytes.
    std::uint64_t read(int file, read_buffers& into, std::uint64_t first) {
        const auto batch = static_cast<unsigned>(into.size());
        for (unsigned n = 0; n < batch; ++n) {
            io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
            if (entry == nullptr) fail("io_uring_get_sqe", EBUSY);
            const std::uint64_t block = (first + n) % blocks;
            io_uring_prep_read(entry, file, into[n].data(), block_bytes, block * block_bytes);
        }
        std::uint64_t bytes = 0;
        for (unsigned ended = 0; ended < batch;) {
            const int result = io_uring_submit_and_wait(&ring_, batch - ended);
            ++calls_;
            if (result < 0 && result != -EINTR) fail("io_uring_submit_and_wait", -result);
            unsigned head = 0;
            unsigned seen = 0;
            io_uring_cqe* one = nullptr;
            io_uring_for_each_cqe(&ring_, head, one) {
                ++seen;
                if (one->res > 0) bytes += static_cast<std::uint64_t>(one->res);
            }
            io_uring_cq_advance(&ring_, seen);
            ended += seen;
        }
        return bytes;
    }
    [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }

private:
    io_uring ring_{};
    std::uint64_t calls_ = 0;
};

sample by_one_submission(std::uint64_t batch) {
    const pinned here{1};
    const cached_file file;
    bare_ring ring{batch};
    read_buffers buffers(batch);
    (void)ring.read(file.descriptor(), buffers, 0);
    const std::uint64_t calls = ring.calls();
    std::uint64_t bytes = 0;
    const counting_stopwatch watch;
    for (std::uint64_t at = 0; at < reads; at += batch) bytes += ring.read(file.descriptor(), buffers, at);
    return with_calls(watch.stop(reads, bytes), ring.calls() - calls);
}

sample by_pread(std::uint64_t batch) {
    const pinned here{1};
    const cached_file file;
    read_buffers buffers(batch);
    std::uint64_t bytes = 0;
    const counting_stopwatch watch;
    for (std::uint64_t at = 0; at < reads; ++at) {
        const auto offset = static_cast<off_t>(at % blocks * block_bytes);
        const ssize_t got = pread(file.descriptor(), buffers[at % batch].data(), block_bytes, offset);
        if (got > 0) bytes += static_cast<std::uint64_t>(got);
    }
    return with_calls(watch.stop(reads, bytes), reads);
}

task<std::uint64_t> read_block(const file* from, std::span<std::byte> into, std::uint64_t block) {
    const auto got = co_await from->read_at(into, block % blocks * block_bytes);
    co_return got.value_or(0);
}

// A coroutine for each read of a batch, all of them started before the first is awaited.
task<std::uint64_t> read_in_coroutines(const file* from, std::uint64_t batch, std::uint64_t rounds) {
    read_buffers buffers(batch);
    std::vector<join_handle<std::uint64_t>> under_way;
    under_way.reserve(batch);
    std::uint64_t bytes = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        for (std::uint64_t n = 0; n < batch; ++n)
            under_way.push_back(spawn(read_block, from, std::span<std::byte>{buffers[n]}, round * batch + n));
        for (auto& one : under_way) bytes += co_await one;
        under_way.clear();
    }
    co_return bytes;
}

runtime_options on_driver(driver_kind kind) {
    runtime_options options = workers(1);
    options.driver = kind;
    return options;
}

sample by_our_files(driver_kind kind, std::uint64_t batch) {
    const pinned here{1};
    const cached_file cached;
    const file from{dup(cached.descriptor())};
    const file* const shared = &from;
    runtime made{on_driver(kind)};
    (void)made.run(read_in_coroutines, shared, batch, std::uint64_t{1});
    const counting_stopwatch watch;
    const std::uint64_t bytes = made.run(read_in_coroutines, shared, batch, reads / batch);
    return watch.stop(reads, bytes);
}

// All system calls of this program under strace when it reads so often; nothing when there is no strace, or it may not.
std::optional<std::uint64_t> traced_calls(const char* driver, std::uint64_t batch, std::uint64_t rounds) {
    std::error_code none;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", none);
    const std::filesystem::path table =
        std::filesystem::temp_directory_path() / ("bifilar-calls-" + std::to_string(getpid()));
    std::ostringstream command;
    command << "strace -f -c -U calls,name -o '" << table.string() << "' '" << self.string() << "' --reads " << driver
            << ' ' << batch << ' ' << rounds << " >/dev/null 2>&1";
    const int result = std::system(command.str().c_str());
    std::optional<std::uint64_t> all;
    std::ifstream rows{table};
    for (std::string row; std::getline(rows, row);) {  // The last row is the sum: "N total".
        std::istringstream words{row};
        std::uint64_t calls = 0;
        std::string name;
        if (words >> calls >> name && name == "total") all = calls;
    }
    std::filesystem::remove(table, none);
    return result == 0 ? all : std::nullopt;
}

// Two runs, of which the longer reads more: what both do is no part of the difference.
std::optional<double> calls_per_read(const char* driver, std::uint64_t batch) {
    const std::uint64_t rounds = std::max<std::uint64_t>(1, 1024 / batch);
    const auto once = traced_calls(driver, batch, rounds);
    const auto twice = traced_calls(driver, batch, 2 * rounds);
    if (!once || !twice) return std::nullopt;
    return (static_cast<double>(*twice) - static_cast<double>(*once)) / static_cast<double>(rounds * batch);
}

// Counted at the first turn and told with every one.
contender through_our_files(const std::string& name, const char* driver, std::uint64_t batch) {
    const auto counted = std::make_shared<std::optional<std::optional<double>>>();
    const driver_kind kind = *parse_driver(driver);
    return {name, [=] {
                sample got = by_our_files(kind, batch);
                if (!counted->has_value()) counted->emplace(calls_per_read(driver, batch));
                if (const std::optional<double> calls = **counted) got.also["system_calls_per_read"] = *calls;
                return got;
            }};
}

}  // namespace

void add_batches(experiment& all) {
    for (const std::uint64_t batch : {1, 16, 256, 4096}) {
        workload work{"batch",
                      "512 bytes read from the page cache, so many at a time",
                      "ns per read",
                      static_cast<double>(batch),
                      reads * block_bytes,
                      {}};
        work.repetitions = batch == 4096 ? 45 : 11;  // A rule wants a tenth of difference.
        work.contenders = {{"ring, one submission", [=] { return by_one_submission(batch); }},
                           {"pread", [=] { return by_pread(batch); }},
                           through_our_files("coroutines, uring", "uring", batch),
                           through_our_files("coroutines, epoll", "epoll", batch)};
        all.add(std::move(work));
    }
}

int read_for_a_tool(const char* driver, std::uint64_t batch, std::uint64_t rounds) {
    const std::optional<driver_kind> kind = parse_driver(driver);
    if (!kind || batch == 0 || batch > blocks || rounds == 0) {
        std::fprintf(stderr, "io: --reads takes uring or epoll, a batch of 1 to 4096, and a number of rounds\n");
        return 2;
    }
    const cached_file cached;
    const file from{dup(cached.descriptor())};
    const file* const shared = &from;
    runtime made{on_driver(*kind)};
    return made.run(read_in_coroutines, shared, batch, rounds) == batch * rounds * block_bytes ? 0 : 1;
}

}  // namespace bifilar::experiments
