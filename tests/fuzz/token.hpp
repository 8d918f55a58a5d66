// A value that can be followed: which ones are alive, and where they were seen. For targets that pass values on, so
// that one that is lost, doubled or given back too late shows.
#pragma once

#include "input.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace fuzz {

/// The tokens of one run, by their numbers from 1 on. Outlives them.
class token_office {
public:
    token_office() : alive_(1, false) {}
    ~token_office() {
        for (const bool one : alive_) require(!one, "a value is alive behind the end of all");
    }
    token_office(const token_office&) = delete;
    token_office& operator=(const token_office&) = delete;

    [[nodiscard]] bool is_alive(std::size_t id) const { return alive_[id]; }
    [[nodiscard]] std::size_t count() const { return alive_.size() - 1; }

private:
    friend class token;
    std::vector<bool> alive_;  // By number; 0 is none's.
};

/// Move-only. Empty when it was moved from.
class token {
public:
    explicit token(token_office& from) : office_{&from}, id_{from.alive_.size()} { from.alive_.push_back(true); }
    token(token&& other) noexcept : office_{other.office_}, id_{std::exchange(other.id_, 0)} {}
    token& operator=(token&& other) noexcept {
        end();
        office_ = other.office_;
        id_ = std::exchange(other.id_, 0);
        return *this;
    }
    ~token() { end(); }

    [[nodiscard]] std::size_t id() const {
        require(id_ != 0, "a value was given out that is moved from");
        require(office_->alive_[id_], "a value was given out behind its end");
        return id_;
    }

private:
    void end() noexcept {
        if (id_ == 0) return;
        require(office_->alive_[id_], "a value has ended twice");
        office_->alive_[std::exchange(id_, 0)] = false;
    }

    token_office* office_;
    std::size_t id_;
};

}  // namespace fuzz
