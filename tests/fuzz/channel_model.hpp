// What channel_fuzz knows of a channel from outside: which values have arrived, in which order, and which are out.
// The order is that of the promises: values leave as they came. Two things are left open by them. A value that was
// handed to a receiver which has not polled yet is out, and comes to light later; and who holds a place decides late.
#pragma once

#include "token.hpp"

#include <algorithm>
#include <deque>
#include <set>

namespace fuzz {

class channel_model {
public:
    /// The values of senders that wait and of whom a receiver may take them, oldest first: in the line already.
    using waiting = std::set<std::size_t>;

    /// A send has begun to wait, and its value may be taken without another poll.
    void offered(std::size_t id) {
        line_.push_back({id, {}});
        waiting_.insert(id);
    }
    /// Such a send is over. `sent`: with success.
    void ended(std::size_t id, bool sent) {
        waiting_.erase(id);
        if (!sent) std::erase_if(line_, [id](const entry& one) { return one.id == id; });
    }
    /// A value is in, of a send that did not wait, or whose poll alone sends. Those that wait may come before or after.
    void arrived(std::size_t id) { line_.push_back({id, waiting_}); }

    /// A value came out; `in_hand`: how many may have been handed to receivers that have not polled since.
    void delivered(std::size_t id, std::size_t in_hand, bool has_order) {
        const auto at = std::ranges::find(line_, id, &entry::id);
        require(at != line_.end(), "a value came out that is not in, or came twice");
        const auto overtaken =
            std::count_if(line_.begin(), at, [&](const entry& one) { return !at->beside.contains(one.id); });
        require(!has_order || static_cast<std::size_t>(overtaken) <= std::min<std::size_t>(in_hand, 1),
                "a value has overtaken one that is not in anybody's hands");
        line_.erase(at);
        delivered_.insert(id);
    }
    [[nodiscard]] bool was_delivered(std::size_t id) const { return delivered_.contains(id); }
    /// Values that are in, or with senders that wait.
    [[nodiscard]] std::size_t size() const { return line_.size(); }

private:
    struct entry {
        std::size_t id;
        waiting beside;  // Who waited when it came in without waiting there.
    };
    std::deque<entry> line_;
    waiting waiting_;
    waiting delivered_;
};

}  // namespace fuzz
