// The readable record of one execution: a line for every operation.
// Kept only while a schedule is replayed, because formatting costs more than the search.
#include "execution.hpp"

#include <cstdio>
#include <cstring>

namespace model {
namespace {

// Enough to see the end of a livelock.
constexpr std::size_t max_lines_shown = 250;

const char* name_of_access(access what) noexcept {
    constexpr const char* names[] = {"load",  "store",     "exchange",    "compare_exchange",
                                     "fetch", "fence",     "heavy fence", "light fence",
                                     "pause", "gate wait", "gate open",   "choice"};
    return names[static_cast<std::size_t>(what)];
}

std::uint64_t low_bytes(const std::array<unsigned char, 16>& bytes) noexcept {
    std::uint64_t low = 0;
    std::memcpy(&low, bytes.data(), sizeof(low));
    return low;
}

}  // namespace

std::string execution::name_of(const void* address) {
    if (address == nullptr) return "";
    for (const auto& known : labels_)
        if (known.address == address) return known.name;
    labels_.push_back({address, "#" + std::to_string(labels_.size())});
    return labels_.back().name;
}

void execution::trace(const char* what, const void* address, std::uint64_t value, const char* remark) {
    char line[300];
    const char* const thread = running_ >= 0 ? self().name.c_str() : "-";
    if (address != nullptr)
        std::snprintf(line, sizeof(line), "%5llu  %-12s %-16s %-10s = 0x%llx %s",
                      static_cast<unsigned long long>(steps_), thread, what, name_of(address).c_str(),
                      static_cast<unsigned long long>(value), remark);
    else
        std::snprintf(line, sizeof(line), "%5llu  %-12s %-16s %s", static_cast<unsigned long long>(steps_), thread,
                      what, remark);
    lines_.emplace_back(line);
}

// "the set-up", or "writer's 3rd": which store it is.
std::string execution::origin_of(const location& there, std::size_t index) const {
    const event by = there.order[index].by;
    if (by.thread < 0) return "the set-up";
    return "operation " + std::to_string(by.stamp) + " of " + threads_[by.index()]->name;
}

void execution::trace_load(access what, const location& from, std::size_t index) {
    std::string remark = what == access::compare_exchange ? "(failed; " : "(";
    const std::size_t newer = from.order.size() - 1 - index;
    if (newer > 0)
        remark += "STALE, " + std::to_string(newer) + " of " + std::to_string(from.order.size()) + " newer; ";
    remark += "from " + origin_of(from, index) + ")";
    trace(name_of_access(what), from.address, low_bytes(from.order[index].bytes), remark.c_str());
}

void execution::trace_promise(const location& from, const future_store& wanted) {
    const std::string remark = "(FUTURE, from operation " + std::to_string(wanted.by.stamp) + " of " +
                               threads_[wanted.by.index()]->name + ", which comes later)";
    trace(name_of_access(access::load), from.address, low_bytes(wanted.bytes), remark.c_str());
}

void execution::trace_store(access what, const location& to, std::size_t place) {
    std::string remark = "(" + std::to_string(to.order[place].by.stamp);
    const std::size_t newer = to.order.size() - 1 - place;
    if (to.order[place].update) remark += ", was from " + origin_of(to, place - 1);
    if (newer > 0) remark += ", EARLY, before " + std::to_string(newer) + " of " + std::to_string(to.order.size());
    trace(name_of_access(what), to.address, low_bytes(to.order[place].bytes), (remark + ")").c_str());
}

void execution::note(std::string text) {
    if (traced_) trace("note", nullptr, 0, text.c_str());
}

std::string execution::trace_text() const {
    std::string text;
    const std::size_t skipped = lines_.size() > max_lines_shown ? lines_.size() - max_lines_shown : 0;
    if (skipped > 0) text += "  (" + std::to_string(skipped) + " earlier operations)\n";
    for (std::size_t i = skipped; i < lines_.size(); ++i) text += lines_[i] + '\n';
    return text;
}

}  // namespace model
