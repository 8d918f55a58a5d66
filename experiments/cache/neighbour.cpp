// A walk through 256 KiB of its own, between rounds of other people's tasks: what they cost somebody else.
// Half of a usual second-level cache; dependent loads in random order, so that no prefetcher hides a miss.
#include <harness/pin.hpp>
#include <harness/stopwatch.hpp>

#include "contenders.hpp"

namespace bifilar::experiments {

namespace {

struct alignas(64) cell {
    cell* next = nullptr;
};

class circle {
public:
    circle() : cells_(std::size_t{256} << 10 >> 6) {
        const std::vector<std::uint32_t> order = ring_order(cells_.size(), true);
        for (std::size_t i = 0; i < order.size(); ++i) cells_[order[i]].next = &cells_[order[(i + 1) % order.size()]];
    }
    /// Walks once round; nanoseconds.
    std::int64_t walk() {
        const stopwatch watch;
        cell* at = cells_.data();
        for (std::size_t i = 0; i < cells_.size(); ++i) at = at->next;
        keep_in_memory(at);
        if (at == cells_.data()) ++closed_;
        return watch.ns();
    }
    [[nodiscard]] std::size_t length() const { return cells_.size(); }
    /// How many walks came back to where they began.
    [[nodiscard]] std::uint64_t closed() const { return closed_; }

private:
    std::vector<cell> cells_;
    std::uint64_t closed_ = 0;
};

}  // namespace

sample walk_after(ring_function ring, std::size_t tasks, std::uint64_t walks) {
    const pinned here{1};
    circle own;
    std::int64_t walked_ns = 0;
    std::uint64_t resumed = 0;
    (void)own.walk();
    if (tasks == 0) {
        for (std::uint64_t i = 0; i < walks; ++i) walked_ns += own.walk();
    } else {
        ring_shape shape;
        shape.tasks = tasks;
        shape.turns = tasks * walks;
        shape.shuffled = true;
        shape.after_each = [&] {
            if (++resumed % tasks == 0) walked_ns += own.walk();
        };
        (void)ring(shape);
    }
    const double lines = static_cast<double>(walks) * static_cast<double>(own.length());
    return {static_cast<double>(walked_ns) / lines, own.closed() - 1, {}};
}

}  // namespace bifilar::experiments
