// How many of a test's tasks are alive: each has one of these.
#pragma once

#include <atomic>

namespace tests {

class counted {
public:
    explicit counted(std::atomic<int>& alive) : alive_{&alive} { ++*alive_; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --*alive_; }

private:
    std::atomic<int>* alive_;
};

}  // namespace tests
