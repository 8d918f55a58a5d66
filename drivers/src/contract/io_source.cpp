// The life of descriptors that drivers know: their owners, and the epoll instances that watch them.
#include <bifilar/drivers/contract/detail/io_source.hpp>

#include <bifilar/base/detail/assert.hpp>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <new>
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

namespace bifilar::drivers {

op::op(op&& other) noexcept : source{other.source}, arguments{other.arguments}, flags{other.flags}, kind{other.kind} {
    // From then on its address is in the driver's hands.
    BIFILAR_CHECK(other.now() == phase::idle, "an I/O future was moved after its first poll");
}

int epoll_home::watch(io_source& source) noexcept {
    // For everything at once, and once for all: later waits cost no call of epoll_ctl.
    epoll_event wanted{EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET, {&source}};
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, source.descriptor(), &wanted) == 0 ? 0 : -errno;
}

void epoll_home::forget(const io_source& source) noexcept {
    if (!is_ours()) return;
    const std::lock_guard guard{lock_};
    // Under the lock: a driver that ends closes the instance right after, and its number may be another descriptor's.
    if (epoll_ >= 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, source.descriptor(), nullptr);
}

bool epoll_home::add(io_source* source) noexcept {
    // A forked child takes no events of its parent's instance, so nothing has to be kept there.
    if (!is_ours()) return false;
    const std::lock_guard guard{lock_};
    // The driver has ended, and its thread frees nothing any more.
    if (epoll_ < 0) return false;
    source->next_retired_ = std::exchange(first_, source);
    return true;
}

void epoll_home::free_all() noexcept {
    io_source* at = nullptr;
    {
        const std::lock_guard guard{lock_};
        at = std::exchange(first_, nullptr);
    }
    // Outside of the lock, because retire takes that of the source's next home.
    while (at != nullptr) io_source::retire(std::exchange(at, at->next_retired_));
}

void epoll_home::close() noexcept {
    {
        const std::lock_guard guard{lock_};
        // Before the list is freed: add refuses from here on, so nothing is left in it.
        epoll_ = -1;
    }
    free_all();
}

bool epoll_home::closed() noexcept {
    if (!is_ours()) return true;
    const std::lock_guard guard{lock_};
    return epoll_ < 0;
}

bool epoll_home::serves(const void* group) noexcept {
    if (!is_ours()) return false;
    const std::lock_guard guard{lock_};
    return epoll_ >= 0 && group_ == group;
}

bool epoll_homes::serve(const void* group) const noexcept {
    if (first_ != nullptr && first_->serves(group)) return true;
    return others_ != nullptr &&
           std::any_of(others_->begin(), others_->end(), [&](const auto& home) { return home->serves(group); });
}

void epoll_homes::make_room() {
    // Instances that have ended have no events any more; a stream that is passed on often would collect them.
    if (first_ != nullptr && first_->closed()) first_.reset();
    if (first_ == nullptr) return;
    if (others_ == nullptr) others_ = std::make_unique<std::vector<std::shared_ptr<epoll_home>>>();
    std::erase_if(*others_, [](const auto& home) { return home->closed(); });
    // For the one that is first at present: add() moves it there.
    others_->reserve(others_->size() + 1);
}

void epoll_homes::add(std::shared_ptr<epoll_home> home) noexcept {
    if (first_ != nullptr) others_->push_back(std::move(first_));
    first_ = std::move(home);
}

std::shared_ptr<epoll_home> epoll_homes::take() noexcept {
    if (others_ == nullptr || others_->empty()) return std::exchange(first_, nullptr);
    std::shared_ptr<epoll_home> last = std::move(others_->back());
    others_->pop_back();
    return last;
}

void epoll_homes::forget(const io_source& source) const noexcept {
    if (first_ != nullptr) first_->forget(source);
    if (others_ == nullptr) return;
    for (const auto& home : *others_) home->forget(source);
}

void io_source::retire(io_source* source) noexcept {
    // From home to home: each keeps the source until its driver has no events in hand, and calls here again then.
    while (const std::shared_ptr<epoll_home> home = source->homes.take())
        if (home->add(source)) return;
    delete source;
}

source_ptr io_source::share() noexcept {
    owners_.add();
    return source_ptr{this};
}

void io_source::closer::operator()(io_source* source) const noexcept {
    if (!source->owners_.drop()) return;
    const int descriptor = give_up(source);
    if (descriptor >= 0) ::close(descriptor);
}

int io_source::release(source_ptr source) noexcept {
    io_source* const given = source.release();
    const bool last = given->owners_.drop();
    BIFILAR_CHECK(last, "a descriptor was released that has another owner");
    return give_up(given);
}

int io_source::give_up(io_source* source) noexcept {
    BIFILAR_CHECK(source->waiting[in] == nullptr && source->waiting[out] == nullptr,
                  "a socket was closed while an operation on it is in flight; cancel or await the operation first");
    // Before the descriptor is closed, because epoll_ctl finds the registration by it.
    source->homes.forget(*source);
    // Read before retire, which may free the source.
    const int descriptor = source->descriptor_;
    retire(source);
    return descriptor;
}

source_ptr make_source(owned_descriptor descriptor) {
    source_ptr made{new io_source{descriptor.get()}};
    // Not before the source is there: without memory the descriptor is closed by its guard.
    (void)descriptor.release();
    return made;
}

io_result<source_ptr> try_make_source(owned_descriptor descriptor) noexcept {
    try {
        return make_source(std::move(descriptor));
    } catch (const std::bad_alloc&) {
        return io_failure(ENOMEM);
    }
}

}  // namespace bifilar::drivers
