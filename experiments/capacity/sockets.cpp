// Memory of TCP connections over loopback that nobody uses, both ends: what the kernel of the whole machine keeps.
// The connecting ends are in a process of their own, because one process may not open as many files as both need.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <harness/descriptor_limit.hpp>
#include <harness/process.hpp>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "workloads.hpp"

namespace bifilar::experiments {

namespace {

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error{errno, std::generic_category(), what};
    return result;
}

class descriptor {
public:
    descriptor() noexcept = default;
    explicit descriptor(int number) noexcept : number_{number} {}
    descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() {
        if (number_ >= 0) close(number_);
    }
    [[nodiscard]] int number() const noexcept { return number_; }

private:
    int number_ = -1;
};

std::pair<descriptor, descriptor> make_pipe() {
    std::array<int, 2> ends;
    checked(pipe(ends.data()), "pipe");
    return {descriptor{ends[0]}, descriptor{ends[1]}};
}

// Listens on a port of the system's choice, which it writes into `address`.
descriptor listen_on_loopback(sockaddr_in& address) {
    descriptor made{checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")};
    address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    checked(bind(made.number(), any, size), "bind");
    checked(listen(made.number(), SOMAXCONN), "listen");
    checked(getsockname(made.number(), any, &size), "getsockname");
    return made;
}

// In the process of the connecting ends: opens them, then keeps them until `stay` is closed at its other end. Closing
// resets the connections, which leaves nothing behind in the kernel. Its exit code is the errno of what failed.
[[noreturn]] void keep_connections(const sockaddr_in& to, std::size_t count, int stay) {
    raise_descriptor_limit();
    constexpr linger reset{1, 0};
    for (std::size_t n = 0; n < count; ++n) {
        const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (made < 0) _exit(errno);
        setsockopt(made, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        if (connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) _exit(errno);
    }
    char end;
    while (read(stay, &end, 1) < 0 && errno == EINTR) {
    }
    _exit(0);
}

// The process of the connecting ends. The destructor ends it and waits for that.
class connecting_process {
public:
    connecting_process(const sockaddr_in& to, std::size_t count) {
        auto [stay, leave] = make_pipe();
        auto [gone, alive] = make_pipe();
        process_ = checked(fork(), "fork");
        if (process_ == 0) {
            leave = descriptor{};
            gone = descriptor{};
            keep_connections(to, count, stay.number());  // `alive` is closed when this process ends.
        }
        leave_ = std::move(leave);
        gone_ = std::move(gone);
    }
    connecting_process(const connecting_process&) = delete;
    connecting_process& operator=(const connecting_process&) = delete;
    ~connecting_process() { (void)end(); }

    /// Readable once the process has ended.
    [[nodiscard]] int gone() const noexcept { return gone_.number(); }

    /// The errno of what failed there, or 0. Blocks until it has ended.
    int end() noexcept {
        leave_ = descriptor{};
        int status = 0;
        if (process_ > 0) waitpid(std::exchange(process_, 0), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
    }

private:
    descriptor leave_;
    descriptor gone_;
    pid_t process_ = 0;
};

struct machine_memory {
    std::int64_t slab_bytes = 0;
    std::int64_t page_tables_bytes = 0;
    std::int64_t available_bytes = 0;
};

// Medians of three readings, 50 ms apart.
machine_memory memory_of_the_machine() {
    constexpr std::size_t readings = 3;
    std::array<std::int64_t, readings> slab{};
    std::array<std::int64_t, readings> page_tables{};
    std::array<std::int64_t, readings> available{};
    for (std::size_t n = 0; n < readings; ++n) {
        if (n != 0) std::this_thread::sleep_for(std::chrono::milliseconds{50});
        const auto bytes_of = [](const char* name) { return bytes_after("/proc/meminfo", name); };
        slab[n] = bytes_of("SUnreclaim:") + bytes_of("SReclaimable:");
        page_tables[n] = bytes_of("PageTables:");
        available[n] = bytes_of("MemAvailable:");
    }
    const auto median = [](auto& values) {
        std::ranges::sort(values);
        return values[readings / 2];
    };
    return {median(slab), median(page_tables), median(available)};
}

sample idle_connections(std::size_t count) {
    constexpr std::size_t others = 64;  // Descriptors besides the connections'.
    if (const std::size_t limit = raise_descriptor_limit(); limit < count + others)
        throw std::runtime_error{"this process may open " + std::to_string(limit) + " files; raise ulimit -n to " +
                                 std::to_string(count + others)};
    std::vector<descriptor> accepted;
    accepted.reserve(count);
    sockaddr_in address;
    const descriptor listener = listen_on_loopback(address);
    const machine_memory before = memory_of_the_machine();
    connecting_process connecting{address, count};
    std::array<pollfd, 2> events{{{listener.number(), POLLIN, 0}, {connecting.gone(), POLLIN, 0}}};
    while (accepted.size() < count) {
        if (poll(events.data(), events.size(), -1) < 0 && errno != EINTR) checked(-1, "poll");
        if ((events[0].revents & POLLIN) != 0)
            accepted.emplace_back(checked(accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
        else if (events[1].revents != 0)
            throw std::system_error{connecting.end(), std::generic_category(),
                                    "connection " + std::to_string(accepted.size() + 1)};
    }
    const machine_memory after = memory_of_the_machine();
    const auto each = [count](std::int64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(count); };
    const double slab = each(after.slab_bytes - before.slab_bytes);
    const double page_tables = each(after.page_tables_bytes - before.page_tables_bytes);
    // What the machine calls available moves with its caches and with all else that runs: by itself no figure.
    return {slab + page_tables,
            accepted.size(),
            {{"slab_bytes", slab},
             {"page_tables_bytes", page_tables},
             {"available_fell_by_bytes", each(before.available_bytes - after.available_bytes)}}};
}

void add(experiment& all, std::size_t count, bool full_only) {
    workload work{"sockets",
                  "idle connections, both ends",
                  "bytes of the kernel's slabs and page tables per connection",
                  static_cast<double>(count),
                  count,
                  {}};
    work.isolated = true;
    work.warm_up = 0;
    work.full_only = full_only;
    work.contenders = {{"TCP, loopback", [=] { return idle_connections(count); }}};
    all.add(std::move(work));
}

}  // namespace

void add_sockets(experiment& all) {
    add(all, 1'000, false);
    add(all, 10'000, true);
}

}  // namespace bifilar::experiments
