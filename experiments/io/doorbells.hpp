// Ways in which one thread wakes another that sleeps in the kernel. Made by the waker's thread; lie_down() and then
// sleep() are the sleeper's, wake() is the waker's. sleep() gives how many wakes it was told of, which is one.
#pragma once

#include <fcntl.h>
#include <liburing.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bifilar/base/detail/atomic.hpp>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

namespace bifilar::experiments {

/// The result of a call that sets errno when it fails.
inline int checked(int result, const char* what) {
    if (result < 0) throw std::system_error{errno, std::generic_category(), what};
    return result;
}

class descriptor {
public:
    explicit descriptor(int number) noexcept : number_{number} {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() { close(number_); }
    [[nodiscard]] int get() const noexcept { return number_; }

private:
    int number_;
};

/// Of the thread that makes it, with the flags of Linux 6.1 that the library's driver uses.
class thread_ring {
public:
    thread_ring() {
        io_uring_params params{};
        params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
        if (const int result = io_uring_queue_init_params(64, &ring_, &params); result < 0)
            throw std::system_error{-result, std::generic_category(), "io_uring"};
    }
    thread_ring(const thread_ring&) = delete;
    thread_ring& operator=(const thread_ring&) = delete;
    ~thread_ring() { io_uring_queue_exit(&ring_); }

    [[nodiscard]] io_uring& get() noexcept { return ring_; }
    /// Never null: the rings here have at most one entry that was not submitted.
    [[nodiscard]] io_uring_sqe* entry() noexcept { return io_uring_get_sqe(&ring_); }
    /// Submits and sleeps until something ends; what has ended is taken.
    io_uring_cqe wait() noexcept {
        io_uring_cqe* one = nullptr;
        while (io_uring_peek_cqe(&ring_, &one) != 0) (void)io_uring_submit_and_wait(&ring_, 1);
        const io_uring_cqe taken = *one;
        io_uring_cqe_seen(&ring_, one);
        return taken;
    }

private:
    io_uring ring_{};
};

/// As the library's epoll driver: edge-triggered, and drained after the wake.
class eventfd_in_epoll {
public:
    void lie_down() const {
        epoll_event event{EPOLLIN | EPOLLET, {nullptr}};
        checked(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell_.get(), &event), "epoll_ctl");
    }
    [[nodiscard]] std::uint64_t sleep() const noexcept {
        epoll_event event;
        std::uint64_t count = 0;
        while (epoll_wait(epoll_.get(), &event, 1, -1) != 1) {
        }
        return read(bell_.get(), &count, sizeof count) == sizeof count ? count : 0;
    }
    void wake() const noexcept { (void)!eventfd_write(bell_.get(), 1); }

private:
    descriptor epoll_{checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    descriptor bell_{checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")};
};

/// As the library's io_uring driver: a read in the sleeper's ring, asked for anew before each sleep.
class eventfd_read_by_ring {
public:
    void lie_down() { ring_.emplace(); }
    [[nodiscard]] std::uint64_t sleep() noexcept {
        io_uring_prep_read(ring_->entry(), bell_.get(), &count_, sizeof count_, 0);
        return ring_->wait().res == sizeof count_ ? count_ : 0;
    }
    void wake() const noexcept { (void)!eventfd_write(bell_.get(), 1); }

private:
    descriptor bell_{checked(eventfd(0, EFD_CLOEXEC), "eventfd")};
    std::uint64_t count_ = 0;  // Written by the kernel while the read is under way.
    std::optional<thread_ring> ring_;
};

/// One poll in the sleeper's ring that stays; drained after the wake.
class eventfd_polled_by_ring {
public:
    void lie_down() { ring_.emplace(); }
    [[nodiscard]] std::uint64_t sleep() noexcept {
        if (!polling_) io_uring_prep_poll_multishot(ring_->entry(), bell_.get(), POLLIN);
        const io_uring_cqe woke = ring_->wait();
        polling_ = (woke.flags & IORING_CQE_F_MORE) != 0;
        std::uint64_t count = 0;
        return read(bell_.get(), &count, sizeof count) == sizeof count ? count : 0;
    }
    void wake() const noexcept { (void)!eventfd_write(bell_.get(), 1); }

private:
    descriptor bell_{checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")};
    bool polling_ = false;
    std::optional<thread_ring> ring_;
};

/// IORING_OP_MSG_RING from the waker's ring, Linux 5.18; the waker's side tells of failures only.
class message_of_rings {
public:
    message_of_rings() {
        io_uring_probe* const can = io_uring_get_probe_ring(&wakers_.get());
        const bool known = can != nullptr && io_uring_opcode_supported(can, IORING_OP_MSG_RING) != 0;
        io_uring_free_probe(can);
        if (!known) throw std::system_error{EOPNOTSUPP, std::generic_category(), "IORING_OP_MSG_RING"};
    }
    void lie_down() { sleepers_.emplace(); }
    [[nodiscard]] std::uint64_t sleep() noexcept { return sleepers_->wait().user_data; }
    void wake() noexcept {
        io_uring_sqe* const entry = wakers_.entry();
        io_uring_prep_msg_ring(entry, sleepers_->get().ring_fd, 0, 1, 0);
        entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
        (void)io_uring_submit(&wakers_.get());
    }

private:
    thread_ring wakers_;
    std::optional<thread_ring> sleepers_;
};

/// A byte; read after the wake.
class pipe_in_epoll {
public:
    pipe_in_epoll() : pipe_in_epoll{open_both()} {}
    void lie_down() const {
        epoll_event event{EPOLLIN | EPOLLET, {nullptr}};
        checked(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, read_end_.get(), &event), "epoll_ctl");
    }
    [[nodiscard]] std::uint64_t sleep() const noexcept {
        epoll_event event;
        std::array<char, 64> bytes;
        while (epoll_wait(epoll_.get(), &event, 1, -1) != 1) {
        }
        const ssize_t count = read(read_end_.get(), bytes.data(), bytes.size());
        return count > 0 ? static_cast<std::uint64_t>(count) : 0;
    }
    void wake() const noexcept {
        const char byte = 0;
        (void)!write(write_end_.get(), &byte, 1);
    }

private:
    static std::array<int, 2> open_both() {
        std::array<int, 2> ends{};
        checked(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), "pipe2");
        return ends;
    }
    explicit pipe_in_epoll(std::array<int, 2> ends) : read_end_{ends[0]}, write_end_{ends[1]} {}

    descriptor epoll_{checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    descriptor read_end_;
    descriptor write_end_;
};

/// For a sleeper that watches nothing else: the floor.
class futex_word {
public:
    void lie_down() const noexcept {}
    [[nodiscard]] std::uint64_t sleep() noexcept {
        // Pairs with wake; so that what the waker wrote before is visible.
        while (word_.load(base::acquire) == heard_)
            syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, heard_, nullptr, nullptr, 0);
        const std::uint32_t now = word_.load(base::relaxed);  // Ordered by the load above.
        return now - std::exchange(heard_, now);
    }
    void wake() noexcept {
        word_.fetch_add(1, base::release);  // Pairs with sleep.
        syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }

private:
    base::atomic<std::uint32_t> word_{0};  // Wakes so far. Written by the waker, read by the sleeper and the kernel.
    static_assert(sizeof(word_) == 4);
    std::uint32_t heard_ = 0;  // The sleeper's.
};

}  // namespace bifilar::experiments
