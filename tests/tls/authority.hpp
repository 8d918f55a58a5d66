// Certificates made on the spot: an authority, what it signs, and what is wrong with it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace tests {

class issued {
public:
    issued() = default;  // Not an aggregate, for GCC 12.

    std::string certificate;  // PEM; the authorities between it and the root follow.
    std::string key;          // PEM.
};

class wanted {
public:
    wanted() = default;  // As above.

    std::string name = "localhost";  // Common name; DNS name as well, where it is not an authority's.
    std::string address;             // An IP address that it is for as well.
    long from_s = -3600;             // Validity, in seconds from now.
    long until_s = 3600;
    std::size_t rsa_bits = 0;      // Of its key; 0: one on P-256.
    bool has_alternatives = true;  // Whether it has subject alternative names, or the common name alone.
};

// Any thread after it was made.
class authority {
public:
    // A root, which signs itself.
    explicit authority(const std::string& name);
    // One that `parent` signs.
    authority(const authority& parent, const std::string& name);

    // The root of the chain, in PEM: what to trust.
    [[nodiscard]] const std::string& root() const { return root_; }
    [[nodiscard]] issued issue(const wanted& what = {}) const;
    // A root as a server of its own.
    [[nodiscard]] issued self() const;

private:
    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<x509_st> certificate_;
    std::string root_;
    std::string chain_;  // This one and those above it, without the root; empty for a root.
};

}  // namespace tests
