// Where the threads of a repetition sat: which processors they were narrowed to, and how many they were.
// One note for the process, since repetitions run one after the other.
#include "seat.hpp"

#include <algorithm>
#include <utility>

#include "pin.hpp"

namespace bifilar::experiments {

namespace {

seat noted;

}  // namespace

void note_seat(const std::vector<int>& processors, std::size_t threads) {
    noted.processors.insert(noted.processors.end(), processors.begin(), processors.end());
    std::ranges::sort(noted.processors);
    const auto same = std::ranges::unique(noted.processors);
    noted.processors.erase(same.begin(), same.end());
    noted.threads = std::max(noted.threads, threads);
}

void note_seat(const nlohmann::json& written) {
    note_seat(written.at("processors").get<std::vector<int>>(), written.at("threads").get<std::size_t>());
}

seat take_seat() { return std::exchange(noted, {}); }

std::string listed(const std::vector<int>& processors) {
    std::string text;
    for (std::size_t at = 0; at < processors.size();) {
        std::size_t end = at + 1;
        while (end < processors.size() && processors[end] == processors[end - 1] + 1) ++end;
        text += (text.empty() ? "" : ",") + std::to_string(processors[at]);
        if (end - at > 1) text += "-" + std::to_string(processors[end - 1]);
        at = end;
    }
    return text;
}

nlohmann::json written(const seat& of) { return {{"processors", of.processors}, {"threads", of.threads}}; }

nlohmann::ordered_json described(const seat& of) {
    const bool pinned = !of.processors.empty();
    nlohmann::ordered_json told{{"processors", listed(pinned ? of.processors : allowed_processors())},
                                {"pinned", pinned}};
    if (of.oversubscribed()) {
        told["threads"] = of.threads;
        told["oversubscribed"] = true;
    }
    return told;
}

}  // namespace bifilar::experiments
