// Files of certificates when memory runs out.
#include "catch.hpp"
#include "descriptors.hpp"
#include "resource_limits.hpp"
#include <bifilar/tls/tls_options.hpp>

#include <new>

namespace bf = bifilar;

TEST_CASE("a_file_that_memory_does_not_suffice_for_is_closed") {
    const std::size_t before = tests::open_descriptors();
    {
        const tests::address_space_left little{std::size_t{32} << 20};
        CHECK_THROWS_AS(bf::tls_pem::file("/dev/zero").load("certificate", "give a shorter one"), std::bad_alloc);
    }
    CHECK(tests::open_descriptors() == before);
}
