// A ring of records under its reader: what comes out is whole, in order, and without gaps.
// Builds on base/record_ring.hpp and the model checker.
#include "engine.hpp"

#include <bifilar/base/detail/record_ring.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace bifilar;

namespace {

// Two words that have to be of one record.
struct pair {
    std::uint64_t number;
    std::uint64_t same;
};

void check_ring(std::uint64_t records, std::size_t capacity, int reads, unsigned preemptions, unsigned stale_reads) {
    model::check({.name = "ring of " + std::to_string(capacity) + ", " + std::to_string(records) + " records",
                  .preemptions = preemptions,
                  .stale_reads = stale_reads},
                 [=](model::world& world) {
                     auto* const ring = world.make<base::record_ring<pair>>(capacity);
                     world.thread("owner", [=] {
                         for (std::uint64_t n = 1; n <= records; ++n) ring->add({n, n});
                     });
                     world.thread("reader", [=] {
                         std::uint64_t newest = 0;
                         for (int n = 0; n < reads; ++n) {
                             std::vector<pair> found;
                             ring->read(found);
                             model::require(found.size() <= capacity, "there are more records than places");
                             for (std::size_t at = 0; at < found.size(); ++at) {
                                 model::require(found[at].number == found[at].same, "a record is half another's");
                                 model::require(at == 0 || found[at].number == found[at - 1].number + 1,
                                                "records are missing, or in another order");
                             }
                             if (found.empty()) continue;
                             model::require(found.back().number >= newest, "a later look has seen less");
                             newest = found.back().number;
                         }
                     });
                     world.finally([=] {
                         std::vector<pair> found;
                         ring->read(found);
                         model::require(found.size() == std::min<std::uint64_t>(records, capacity) &&
                                            found.back().number == records,
                                        "the newest records are not there");
                     });
                 });
}

}  // namespace

TEST_CASE("a_ring_gives_whole_records_in_their_order", "[record_ring]") {
    check_ring(2, 2, 1, 3, 2);
    check_ring(4, 2, 1, 3, 1);
    check_ring(3, 1, 2, 2, 1);
}
