// The matrix of names: the lookup, and the connection to what was found.
#include "io/io_matrix.hpp"
#include "io/names.hpp"
#include "io/ports.hpp"
#include <bifilar/io/net/connect.hpp>
#include <bifilar/io/resolve/resolver.hpp>

#include <cerrno>
#include <vector>

using tests::fault;
namespace bf = bifilar;
using bf::resolve_errc;
using bf::op_kind;

namespace {

/// Waits for a lookup on the resolver's thread, which let() lets go on. No driver has it in flight.
class named_scene {
public:
    static constexpr bool in_time = true;
    static constexpr bool exclusive = false;
    static constexpr std::uint64_t in_flight = 0;
    static constexpr std::array<fault, 0> faults{};
    static constexpr std::array breaks{resolve_errc::no_such_host,    resolve_errc::no_address,
                                       resolve_errc::try_again,       resolve_errc::server_failed,
                                       resolve_errc::unknown_service, resolve_errc::out_of_memory};

    void let() { names.let_all_go(); }
    void break_with(resolve_errc error) { names.add_answer("host", std::unexpected{make_error_code(error)}); }
    static bool conserved(bool) { return true; }

protected:
    named_scene() { names.hold(); }
    named_scene(const named_scene&) = delete;
    named_scene& operator=(const named_scene&) = delete;
    ~named_scene() { let(); }

    tests::names names;
    bf::resolver resolver{names.options()};
};

class resolve_scene : public named_scene {
public:
    static constexpr const char* name = "resolve";
    resolve_scene() { names.add("host", {"127.0.0.1:7", "[::1]:7"}); }
    auto start() { return resolver.resolve("host", "7"); }
    static bool succeeded(const bf::lookup_result& output) { return output && output->size() == 2; }
};

/// Needs no thread, and so never waits. Its failures are those of texts.
class resolve_numeric_scene : public named_scene {
public:
    static constexpr const char* name = "resolve of a number";
    static constexpr std::array breaks{resolve_errc::unknown_service};
    [[nodiscard]] static bool waits() { return false; }
    auto start() { return resolver.resolve("127.0.0.1", service_); }
    bool succeeded(const bf::lookup_result& output) { return output && output->size() == 1 && names.lookups() == 0; }
    void break_with(resolve_errc) { service_ = "70000"; }

private:
    const char* service_ = "7";
};

/// Given up while its name is looked up.
class connect_lookup_scene : public named_scene {
public:
    static constexpr const char* name = "connect by name, to be looked up";
    connect_lookup_scene() { names.add("host", {listener_.local_address().value().to_string()}); }
    auto start() {
        bf::connect_options options;
        options.resolver = &resolver;
        return bf::connect("host", "7", options);
    }
    bool succeeded(const bf::io_result<bf::tcp_stream>& output) const {
        return output && output->peer_address().value() == listener_.local_address().value();
    }

private:
    bf::tcp_listener listener_ = bf::tcp_listener::bind("127.0.0.1:0").value();
};

/// Given up while two attempts are in flight, at listeners without room; until the name means another one. The kernel
/// tries those again after a second.
class connect_scene {
public:
    static constexpr const char* name = "connect by name";
    static constexpr bool in_time = false;
    static constexpr bool exclusive = false;
    static constexpr std::uint64_t in_flight = 2;
    static constexpr std::array faults{fault{op_kind::connect, ECONNREFUSED},  fault{op_kind::connect, ETIMEDOUT},
                                       fault{op_kind::connect, ENETUNREACH},   fault{op_kind::connect, EACCES},
                                       fault{op_kind::connect, EHOSTUNREACH},  fault{op_kind::connect, ECONNRESET},
                                       fault{op_kind::connect, EADDRNOTAVAIL}, fault{op_kind::connect, EADDRINUSE},
                                       fault{op_kind::connect, EPERM},         fault{op_kind::connect, ENOBUFS},
                                       fault{op_kind::connect, ENOMEM}};
    static constexpr std::array breaks{ECONNREFUSED, ENETUNREACH, EMFILE};

    connect_scene() {
        names_.add("host", {full_.address(), also_full_.address()});
        options_.resolver = &resolver_;
        options_.attempt_delay = std::chrono::nanoseconds{0};
        // The resolver's thread is made here, and the attempts begin with the first poll: the answer is kept.
        (void)bf::await(resolver_.resolve("host", "7"));
    }
    auto start() { return bf::connect("host", "7", options_); }
    void let() {
        if (!broken_) point_to({open_.local_address().value().to_string()});
    }
    bool succeeded(const bf::io_result<bf::tcp_stream>& output) const {
        return output && output->peer_address().value() == open_.local_address().value();
    }
    void break_with(int error) {
        broken_ = true;
        if (error == ECONNREFUSED) point_to({silent_.address(), silent_.address()});
        if (error == ENETUNREACH) point_to({"224.0.0.1:7"});  // A group, which TCP has no way to.
        if (error == EMFILE) no_descriptors_.emplace();
    }
    bool conserved(bool) {
        no_descriptors_.reset();
        return true;
    }

private:
    static bf::resolver_options keeping(bf::resolver_options options) {
        options.time_to_live = std::chrono::hours{1};
        return options;
    }
    void point_to(const std::vector<std::string>& addresses) {
        names_.add("host", addresses);
        resolver_.clear();
        (void)bf::await(resolver_.resolve("host", "7"));
    }

    tests::names names_;
    bf::resolver resolver_{keeping(names_.options())};
    tests::full_port full_;
    tests::full_port also_full_;
    tests::silent_port silent_;
    bf::tcp_listener open_ = bf::tcp_listener::bind("127.0.0.1:0").value();
    bf::connect_options options_;
    std::optional<tests::no_descriptors_left> no_descriptors_;
    bool broken_ = false;
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_lookup_is_over_at_once", "", resolve_scene, resolve_numeric_scene,
                   connect_lookup_scene) {
    tests::run_matrix<TestType>();
}

TEST_CASE("every_fate_of_a_connection_by_name_conserves_descriptors") { tests::run_matrix<connect_scene>(); }
