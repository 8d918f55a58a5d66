// Names for tests: a lookup function that answers from a table, tells what it was asked, and can be held up.
#pragma once

#include "../catch.hpp"
#include <bifilar/io/resolve/resolver.hpp>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tests {

/// Blocks a plain thread until the condition holds.
template <class Condition>
void wait_until(Condition holds) {
    while (!holds()) std::this_thread::sleep_for(std::chrono::microseconds{100});
}

inline bifilar::socket_address address(const std::string& text) { return bifilar::socket_address::parse(text).value(); }

/// Copies share everything, with the resolvers that ask.
class names {
public:
    void add(const std::string& host, const std::vector<std::string>& addresses) const {
        std::vector<bifilar::socket_address> list;
        for (const std::string& text : addresses) list.push_back(address(text));
        add_answer(host, std::move(list));
    }
    void add_answer(const std::string& host, bifilar::lookup_result answer) const {
        const std::lock_guard guard{all_->mutex};
        all_->table.insert_or_assign(host, std::move(answer));
    }

    /// Lookups block until they are let go.
    void hold() const {
        const std::lock_guard guard{all_->mutex};
        all_->held = true;
    }
    void let_one_go() const {
        const std::lock_guard guard{all_->mutex};
        ++all_->allowed;
        all_->changed.notify_all();
    }
    void let_all_go() const {
        const std::lock_guard guard{all_->mutex};
        all_->held = false;
        all_->changed.notify_all();
    }

    /// What was asked, in order; lookups that are held up among it.
    [[nodiscard]] std::vector<std::string> asked() const {
        const std::lock_guard guard{all_->mutex};
        return all_->asked;
    }
    [[nodiscard]] std::size_t lookups() const { return asked().size(); }

    /// Options of a resolver that asks here.
    [[nodiscard]] bifilar::resolver_options options() const {
        bifilar::resolver_options made;
        made.look_up = [all = all_](const std::string& host, const std::string&) { return all->answer(host); };
        return made;
    }
    /// Expires with the last who could ask.
    [[nodiscard]] std::weak_ptr<void> watch() const { return all_; }

private:
    struct shared {
        std::mutex mutex;
        std::condition_variable changed;
        std::map<std::string, bifilar::lookup_result> table;
        std::vector<std::string> asked;
        int allowed = 0;
        bool held = false;

        bifilar::lookup_result answer(const std::string& host) {
            std::unique_lock lock{mutex};
            asked.push_back(host);
            changed.wait(lock, [this] { return !held || allowed > 0; });
            if (held) --allowed;
            const auto at = table.find(host);
            if (at == table.end()) return std::unexpected{make_error_code(bifilar::resolve_errc::no_such_host)};
            return at->second;
        }
    };

    std::shared_ptr<shared> all_ = std::make_shared<shared>();
};

}  // namespace tests
