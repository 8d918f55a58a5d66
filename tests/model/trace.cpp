// The readable record of one execution: a line for every operation.
// Kept only while a schedule is replayed, because formatting costs more than the search.
#include "execution.hpp"

#include <cstdio>

namespace model {
namespace {

// Enough to see the end of a livelock.
constexpr std::size_t max_lines_shown = 250;

}  // namespace

std::string execution::name_of(const void* address) {
    if (address == nullptr) return "";
    for (const auto& known : labels_)
        if (known.address == address) return known.name;
    labels_.push_back({address, "#" + std::to_string(labels_.size())});
    return labels_.back().name;
}

void execution::trace(const char* what, const void* address, std::uint64_t value, const char* remark) {
    char line[200];
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
