// A load that has read what another thread stores later. C++20 allows it where nothing makes the load happen before the
// store (load buffering), so an order of execution in which loads read what is there does not give every outcome.
// Builds on history and search. As CDSChecker (Norris and Demsky 2013): an execution shows which store comes after a
// load that could have read it; another one promises that store to the load, and counts only when the store comes.
#pragma once

#include "history.hpp"
#include "search.hpp"

#include <vector>

namespace model {

/// A promised store, and what has come to depend on it.
struct promise {
    future_store wanted;
    unsigned number = 0;  // The search's.
    const location* at = nullptr;
    std::uint64_t name = 0;  // The location's: another atomic may come to live at its address.
    event load;
    bool acquired = false;      // The load, or a fence behind it, acquires.
    event floor;                // The newest store that the load knew: the promised one goes behind it,
    std::vector<event> behind;  // and before these, which were read or made by who knew of the load.
    knowledge offered;          // What was acquired in advance: what the writer's last release fence offers.
    vector_clock sources;       // Events of S that must precede what coherence puts behind the load.
    std::uint32_t in_s = 0;     // The load's own number in S.
    bool kept = false;
};

}  // namespace model
