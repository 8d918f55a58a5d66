// Which driver a thread gets, and why.
#include <bifilar/drivers/contract/detail/driver.hpp>
#include <bifilar/drivers/contract/detail/driver_fallback.hpp>
#include <bifilar/drivers/contract/detail/in_flight.hpp>

#include "epoll/epoll_driver.hpp"
#include "simulated/simulated_driver.hpp"
#include "uring/uring_driver.hpp"
#include "uring/uring_ring.hpp"

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/baton.hpp>
#include <bifilar/base/detail/stay_loaded.hpp>
#include <bifilar/base/detail/valgrind.hpp>
#include <bifilar/task/detail/thread_state.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bifilar::drivers {
namespace {

base::atomic<std::uint64_t> destroyed{0};  // Counted by any thread, read by any; orders nothing.

const char* probe(int& error) noexcept {
    // For tests of what follows from a refusal.
    if (const char* const injected = std::getenv("BIFILAR_PROBE_FAIL")) {
        error = std::strcmp(injected, "EPERM") == 0 ? EPERM : std::atoi(injected);
        return "the probe was told to fail by BIFILAR_PROBE_FAIL";
    }
    if (base::on_valgrind()) {
        error = EOPNOTSUPP;
        return "Valgrind does not follow io_uring's rings";
    }
    return probe_uring(error);
}

driver_kind from_environment(driver_kind wanted) {
    const char* const name = std::getenv("BIFILAR_DRIVER");
    // The variable decides only where the program has no wish of its own.
    if (name == nullptr || *name == '\0' || wanted != driver_kind::best) return wanted;
    const auto kind = parse_driver(name);
    if (!kind)
        throw std::invalid_argument{std::string{"BIFILAR_DRIVER is '"} + name +
                                    "'; use best, uring, epoll or simulated"};
    return *kind;
}

void tell_fallback(const std::string& why) {
    // Once in a process, whose runtimes and threads would all say the same.
    static std::once_flag printed;
    std::call_once(printed, [&] { std::fprintf(stderr, "bifilar: using epoll, because %s\n", why.c_str()); });
}

}  // namespace

driver_kind choose_driver(driver_kind wanted) {
    wanted = from_environment(wanted);
    if (wanted == driver_kind::epoll || wanted == driver_kind::simulated) return wanted;
    int error = 0;
    const char* const reason = probe(error);
    if (reason == nullptr) return driver_kind::uring;
    // A lack of descriptors says nothing about rings, and epoll would need one as well.
    if (error == EMFILE || error == ENFILE)
        throw std::system_error{error, std::generic_category(), "io_uring_setup; raise the limit on open files"};
    const std::string why = std::string{reason} + ": " + std::strerror(error);
    if (wanted == driver_kind::uring)
        throw std::runtime_error{"io_uring was demanded but " + why +
                                 "; choose driver_kind::best or BIFILAR_DRIVER=epoll"};
    tell_fallback(why);
    return driver_kind::epoll;
}

bool falls_back(driver_kind wanted, driver_kind chosen, const std::system_error& error) {
    if (chosen != driver_kind::uring || error.code() != std::errc::not_enough_memory) return false;
    // Who has named io_uring gets it or an error.
    if (from_environment(wanted) != driver_kind::best) return false;
    tell_fallback(std::string{"io_uring may not lock enough memory (ulimit -l) for one more ring: "} +
                  std::strerror(error.code().value()));
    return true;
}

std::unique_ptr<driver> make_driver(driver_kind kind, simulated_kernel* kernel) {
    // A plain thread that has forked gets another driver in the child. A worker is of no use there, and aborts.
    [[maybe_unused]] static const int watched = ::pthread_atfork(nullptr, nullptr, [] {
        if (detail::this_thread().worker == nullptr) detail::this_thread().sleeps_in = nullptr;
    });
    if (kind == driver_kind::simulated)
        return std::make_unique<simulated_driver>(kernel != nullptr ? *kernel : simulated_kernel::standard());
    if (kind == driver_kind::uring) return std::make_unique<uring_driver>();
    return std::make_unique<epoll_driver>();
}

namespace {

std::unique_ptr<driver> make_best_driver() {
    const driver_kind chosen = choose_driver(driver_kind::best);
    try {
        return make_driver(chosen);
    } catch (const std::system_error& error) {
        // No memory may be locked for one more ring, but epoll needs none.
        if (!falls_back(driver_kind::best, chosen, error)) throw;
    }
    return make_driver(driver_kind::epoll);
}

// A plain thread's own driver, for block_on. Uninstalled before it goes.
class plain_thread_driver {
public:
    plain_thread_driver() noexcept = default;
    plain_thread_driver(const plain_thread_driver&) = delete;
    plain_thread_driver& operator=(const plain_thread_driver&) = delete;
    ~plain_thread_driver() {
        abandon_parents();
        // On its thread: a ring lets no other thread cancel what is still armed.
        if (driver_ != nullptr) driver_->leave();
        // Not where a runtime has taken the thread.
        if (detail::this_thread().sleeps_in == driver_.get()) detail::this_thread().sleeps_in = nullptr;
        detail::this_thread().ends = true;
    }
    driver& get() {
        abandon_parents();
        if (driver_ == nullptr) driver_ = make_best_driver();
        detail::this_thread().sleeps_in = driver_.get();
        return *driver_;
    }

private:
    // In a forked child: the ring's memory is not there, and the epoll instance is the parent's too.
    void abandon_parents() noexcept {
        if (driver_ != nullptr && !driver_->is_ours()) (void)driver_.release();
    }

    std::unique_ptr<driver> driver_;
};

}  // namespace

driver& make_this_driver() {
    BIFILAR_CHECK(detail::this_thread().sleeps_in == nullptr, base::used_in_forked_child);
    if (base::baton::here() != nullptr)
        throw std::logic_error{
            "a plain thread of a simulation waits for the kernel; wait in a task, where the kernel is simulated"};
    // The thread's own one has been destroyed: for destructors that still wait there is another, which nobody frees.
    if (detail::this_thread().ends)
        return (new plain_thread_driver)->get();  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): as said above.
    base::stay_loaded();
    thread_local plain_thread_driver own;
    return own.get();
}

bool awaits_events(const detail::parker& of) noexcept {
    const auto& which = static_cast<const driver&>(of);
    switch (which.kind()) {
        case driver_kind::uring:
            return static_cast<const uring_driver&>(which).in_flight() != 0;
        case driver_kind::epoll:
            return static_cast<const epoll_driver&>(which).in_flight() != 0;
        default:
            return true;
    }
}

std::uint64_t destroyed_in_flight() noexcept { return destroyed.load(base::relaxed); }  // Relaxed: a count.
void count_destroyed_in_flight() noexcept { destroyed.fetch_add(1, base::relaxed); }    // Relaxed: a count.

}  // namespace bifilar::drivers
