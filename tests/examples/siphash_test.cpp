// The key-value server's hash: the paper's results, and that nobody knows its key.
#include <catch.hpp>

#include "kv/siphash.hpp"
#include <string>

namespace {

constexpr kv::hash_key paper{0x0706050403020100, 0x0f0e0d0c0b0a0908};

TEST_CASE("siphash_gives_the_paper's_results") {
    std::string message;
    CHECK(kv::siphash<2, 4>(paper, message) == 0x726fdb47dd0e0e31);
    for (char byte = 0; byte < 15; ++byte) message += byte;
    CHECK(kv::siphash<2, 4>(paper, message) == 0xa129ca6149be45e5);
}

TEST_CASE("each_table_has_a_hash_of_its_own") {
    const kv::hash_key one = kv::random_hash_key();
    const kv::hash_key other = kv::random_hash_key();
    CHECK(kv::siphash(one, "key") == kv::siphash(one, "key"));
    CHECK(kv::siphash(one, "key") != kv::siphash(other, "key"));
    CHECK(kv::siphash(one, "key") != kv::siphash(one, "kez"));
}

}  // namespace
