// Bytes that wait, what they cost, and commands slice by slice.
#include "session.hpp"

#include <bifilar/time/now.hpp>

namespace kv {

session::clock::time_point session::deadline(const limits& most) const noexcept {
    return is_partial_ ? began_ + most.read_time : bifilar::now() + most.idle_time;
}

session::step session::feed(std::span<const std::byte> bytes) {
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    if (!pending_.empty()) return keep(text) ? go_on() : refuse();
    const std::size_t used = run_some(text);
    return keep(text.substr(used)) ? settle() : refuse();
}

session::step session::go_on() {
    begin_ += run_some(std::string_view{pending_}.substr(begin_));
    return settle();
}

// Appends, with memory that is paid for before it is taken.
bool session::keep(std::string_view text) {
    if (begin_ != 0) pending_.erase(0, std::exchange(begin_, 0));
    const std::size_t wanted = pending_.size() + text.size();
    if (wanted > pending_.capacity()) {
        const std::size_t capacity = std::max(wanted, 2 * pending_.capacity());
        if (!pay(pending_.capacity() + capacity + parser_.memory())) return false;
        pending_.reserve(capacity);
    }
    pending_.append(text);
    return true;
}

bool session::pay(std::size_t memory) {
    const std::size_t bytes = memory > free_input_bytes ? memory - free_input_bytes : 0;
    if (bytes > paid_.bytes()) return paid_.try_grow(bytes - paid_.bytes());
    paid_.shrink_to(bytes);
    return true;
}

// Others have the memory while the peer reads why; the parser may hold more of it by now than was paid for.
session::step session::refuse() {
    parser_.done();
    pending_.clear();
    pending_.shrink_to_fit();
    begin_ = 0;
    paid_.shrink_to(0);
    answers_.error("OOM the clients' unfinished commands have all the memory that they may have; try again");
    return next_ = step::close;
}

session::step session::settle() {
    if (begin_ == pending_.size()) {
        pending_.clear();
        begin_ = 0;
        // Who has sent a lot once need not do so again.
        if (pending_.capacity() > free_input_bytes) pending_.shrink_to_fit();
    }
    return pay(pending_.capacity() + parser_.memory()) ? next_ : refuse();
}

std::size_t session::run_some(std::string_view text) {
    std::size_t used = 0;
    std::size_t work = 0;
    for (next_ = step::go_on; next_ == step::go_on && work < slice_bytes && !answers_.is_full();) {
        const std::string_view rest = text.substr(used);
        if (!running_) {
            const parsed got = parser_.next(rest, commands_.is_trusted());
            if (got == parsed::broken) {
                answers_.error("ERR Protocol error: " + parser_.reason());
                next_ = step::close;
            }
            if (got == parsed::incomplete) {
                next_ = step::receive;
                const bool has_begun = !rest.empty();
                if (has_begun && (used != 0 || !is_partial_)) began_ = bifilar::now();
                is_partial_ = has_begun;
            }
            if (got != parsed::complete) break;
        }
        const command words = parser_.words(rest);
        work += slice_bytes_a_word;
        const auto ran = words.size() == 0 ? interpreter::ran::done : commands_.run(words, answers_, work);
        running_ = ran == interpreter::ran::more;
        if (running_) break;
        used += parser_.bytes();
        parser_.done();
        is_partial_ = false;
        if (ran == interpreter::ran::closes) next_ = step::close;
        if (ran == interpreter::ran::drops) next_ = step::drop;
    }
    return used;
}

}  // namespace kv
