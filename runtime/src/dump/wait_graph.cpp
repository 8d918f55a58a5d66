// Everybody who waits for a task is taken to be stuck, until somebody turns up who can go on; what is left waits for
// what is left.
#include "wait_graph.hpp"

#include <optional>
#include <unordered_map>

namespace bifilar::dump {
namespace {

class wait_graph {
public:
    explicit wait_graph(const std::vector<dumped_task>& tasks)
        : tasks_{tasks}, stuck_(tasks.size()), needed_by_(tasks.size()) {
        for (std::size_t at = 0; at < tasks.size(); ++at) by_address_[tasks[at].address] = at;
        for (std::size_t at = 0; at < tasks.size(); ++at) {
            stuck_[at] = tasks[at].now == dumped_task::state::parked;
            if (stuck_[at]) note_needs(tasks[at].waits, at);
        }
        free_all();
    }

    [[nodiscard]] std::vector<std::vector<wait_edge>> circles() const {
        std::vector<std::vector<wait_edge>> found;
        std::vector<std::size_t> seen(tasks_.size(), 0);  // By which walk.
        for (std::size_t begin = 0; begin < tasks_.size(); ++begin) {
            std::size_t at = begin;
            while (stuck_[at] && seen[at] == 0) {
                seen[at] = begin + 1;
                at = edge_of(at).to;
            }
            // A walk that comes back to itself has found a circle that is new.
            if (!stuck_[at] || seen[at] != begin + 1) continue;
            std::vector<wait_edge>& circle = found.emplace_back();
            for (std::size_t next = at; circle.empty() || next != at; next = circle.back().to)
                circle.push_back(edge_of(next));
        }
        return found;
    }

private:
    [[nodiscard]] std::optional<std::size_t> target_of(const dumped_wait& wait) const {
        const auto found = by_address_.find(wait.on_task);
        return found != by_address_.end() ? std::optional{found->second} : std::nullopt;
    }

    void note_needs(const dumped_wait& wait, std::size_t by) {
        if (const auto target = target_of(wait)) needed_by_[*target].push_back(by);
        for (const dumped_wait& arm : wait.arms) note_needs(arm, by);
    }

    // The wait that keeps the task, if it is kept by tasks that are stuck.
    [[nodiscard]] const dumped_wait* keeps(const dumped_wait& wait) const {
        if (wait.arms.empty()) {
            const auto target = target_of(wait);
            return target && stuck_[*target] ? &wait : nullptr;
        }
        const dumped_wait* found = nullptr;
        for (const dumped_wait& arm : wait.arms) {
            const dumped_wait* const kept = keeps(arm);
            if (kept == nullptr && wait.how == task_visitor::arms::any) return nullptr;
            if (found == nullptr) found = kept;
        }
        return found;
    }

    void free_all() {
        std::vector<std::size_t> free;
        for (std::size_t at = 0; at < tasks_.size(); ++at)
            if (!stuck_[at]) free.push_back(at);
        for (std::size_t at = 0; at < tasks_.size(); ++at) free_if_it_can(at, free);
        while (!free.empty()) {
            const std::size_t one = free.back();
            free.pop_back();
            for (const std::size_t other : needed_by_[one]) free_if_it_can(other, free);
        }
    }
    void free_if_it_can(std::size_t at, std::vector<std::size_t>& free) {
        if (!stuck_[at] || keeps(tasks_[at].waits) != nullptr) return;
        stuck_[at] = false;
        free.push_back(at);
    }

    // Of one that is stuck.
    [[nodiscard]] wait_edge edge_of(std::size_t at) const {
        const dumped_wait& kept = *keeps(tasks_[at].waits);
        return {at, *target_of(kept), &kept.facts};
    }

    const std::vector<dumped_task>& tasks_;
    std::vector<bool> stuck_;
    std::vector<std::vector<std::size_t>> needed_by_;
    std::unordered_map<std::uint64_t, std::size_t> by_address_;
};

}  // namespace

std::vector<std::vector<wait_edge>> find_circles(const std::vector<dumped_task>& tasks) {
    return wait_graph{tasks}.circles();
}

}  // namespace bifilar::dump
