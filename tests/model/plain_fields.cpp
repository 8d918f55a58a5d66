// Plain variables: vector clocks find their data races, and their uses before and after their lives.
// Builds on plain_field. What a thread does with them is no operation: it comes before its thread's next one, and
// carries its stamp. What is first touched in the set-up or while everything is held still counts as made by the
// set-up, before all: a scheduler has thousands of such fields, and to keep them all took longer than the search.
#include "execution.hpp"

#include <algorithm>
#include <string_view>

namespace model {
namespace {

// A field's name is that of a function, which ends with "T = its type]".
std::string readable(std::string_view name) {
    constexpr std::string_view mark = "T = ";
    const std::size_t at = name.find(mark);
    if (at == std::string_view::npos || !name.ends_with(']')) return std::string(name);
    name.remove_prefix(at + mark.size());
    name.remove_suffix(1);
    return "a plain " + std::string(name);
}

}  // namespace

event execution::plain_event() const noexcept {
    if (running_ < 0) return {};
    return {running_, memory_.of(thread_index()).known.happened.at[thread_index()] + 1};
}

plain_field* execution::find_plain(const void* address) {
    return still_ || running_ < 0 ? plain_.find(address) : &plain_.at(address);
}

void execution::plain_born(const void* address) {
    if (plain_field* const there = find_plain(address)) *there = {.address = address, .made = plain_event()};
}

// A write comes after all that others have done, a read after what they have written.
void execution::check_plain(const plain_field& there, const char* name, bool writes) {
    const vector_clock& known = memory_.of(thread_index()).known.happened;
    const auto does = [&] { return self().name + (writes ? " writes it" : " reads it"); };
    if (there.gone) fail("use after free: " + readable(name) + " is gone and " + does());
    if (there.made.thread != running_ && !there.made.known_to(known))
        fail("data race: " + readable(name) + " is made by " + threads_[there.made.index()]->name + " and " + does() +
             ", unordered");
    for (std::size_t i = 0; i < max_threads; ++i)
        if (i != thread_index() && std::max(there.written.at[i], writes ? there.read.at[i] : 0) > known.at[i])
            fail("data race: " + readable(name) + " is touched by " + threads_[i]->name + " and " + does() +
                 ", unordered");
}

void execution::plain_read(const void* address, const char* name) {
    plain_field* const there = find_plain(address);
    if (there == nullptr) return;
    check_plain(*there, name, false);
    there->read.at[thread_index()] = plain_event().stamp;
    if (traced_) trace("plain read", nullptr, 0, readable(name).c_str());
}

void execution::plain_write(const void* address, const char* name) {
    plain_field* const there = find_plain(address);
    if (there == nullptr) return;
    check_plain(*there, name, true);
    there->written.at[thread_index()] = plain_event().stamp;
    if (traced_) trace("plain write", nullptr, 0, readable(name).c_str());
}

void execution::plain_gone(const void* address, const char* name) {
    if (!quiet_) plain_write(address, name);
    if (plain_field* const there = plain_.find(address)) there->gone = true;
}

}  // namespace model
