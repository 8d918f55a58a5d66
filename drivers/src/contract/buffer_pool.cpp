// Lending and taking back.
#include <bifilar/drivers/contract/detail/buffer_pool.hpp>

#include <mutex>
#include <new>
#include <numeric>
#include <sys/mman.h>

namespace bifilar {

void received_bytes::give_back(std::byte* at, drivers::buffer_pool* from) noexcept {
    from != nullptr ? from->give_back(at) : ::operator delete(at);
}

}  // namespace bifilar

namespace bifilar::drivers {

std::unique_ptr<buffer_pool, buffer_pool::closer> buffer_pool::make() {
    // Address space alone: a buffer takes memory once it is used.
    void* const memory = ::mmap(nullptr, count * buffer_bytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc{};
    // Few bytes of each are used, as a rule: a huge page would make them all resident.
    (void)::madvise(memory, count * buffer_bytes, MADV_NOHUGEPAGE);
    buffer_pool* const made = new (std::nothrow) buffer_pool{static_cast<std::byte*>(memory)};
    if (made != nullptr) return std::unique_ptr<buffer_pool, closer>{made};
    ::munmap(memory, count * buffer_bytes);
    throw std::bad_alloc{};
}

buffer_pool::buffer_pool(std::byte* memory) noexcept : memory_{memory} {
    // The lowest number comes last and is lent first, so that few buffers in use touch few pages.
    std::iota(numbers_.rbegin(), numbers_.rend(), std::uint8_t{0});
}

buffer_pool::~buffer_pool() { ::munmap(memory_, count * buffer_bytes); }

void buffer_pool::closer::operator()(buffer_pool* all) const noexcept {
    {
        // Both ends decide under the lock, so exactly one of them sees a closed pool with all buffers back.
        const std::lock_guard guard{all->lock_};
        all->closed_ = true;
        if (all->free_ != count) return;
    }
    // Not under the lock, which lies in the pool.
    delete all;
}

received_bytes buffer_pool::lend_heap() noexcept {
    return {static_cast<std::byte*>(::operator new(buffer_bytes, std::nothrow)), nullptr};
}

void buffer_pool::give_back(std::byte* at) noexcept {
    const auto number = static_cast<std::uint8_t>(static_cast<std::size_t>(at - memory_) / buffer_bytes);
    {
        const std::lock_guard guard{lock_};
        numbers_[free_++] = number;
        if (!closed_ || free_ != count) return;
    }
    // As in closer.
    delete this;
}

}  // namespace bifilar::drivers
