// The category of resolve errors and its messages.
#include <bifilar/io/resolve/resolve_error.hpp>

#include <string>

namespace bifilar {
namespace {

#if defined(EAI_NODATA)
static_assert(static_cast<int>(resolve_errc::no_address) == EAI_NODATA, "the code that the C library gives");
#endif

class category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "bifilar resolve"; }

    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<resolve_errc>(value)) {
            case resolve_errc::no_such_host:
                return "no such host; check the spelling, and what /etc/hosts and the name servers know";
            case resolve_errc::no_address:
                return "the host has no address; ask for another name, or have an address entered for it";
            case resolve_errc::try_again:
                return "no name server answered in time; try again later, and check /etc/resolv.conf and the network";
            case resolve_errc::server_failed:
                return "a name server failed for good; check the domain's servers and /etc/resolv.conf";
            case resolve_errc::unknown_service:
                return "unknown service; write a port number from 0 to 65535, or a name that /etc/services has for TCP";
            case resolve_errc::out_of_memory:
                return "no memory for a lookup; try again when there is some";
            case resolve_errc::bad_text:
                return "not a host with a service; write example.org:443 or [::1]:80";
            case resolve_errc::forked:
                return "names cannot be resolved in the child of a fork; resolve before it, or exec another program";
            case resolve_errc::old_address:
                return "an old form of an IPv4 address; write four decimal numbers, as in 127.0.0.1, or set "
                       "resolver_options::old_addresses";
            case resolve_errc::too_many:
                return "too many lookups wait for slow names; try again later, or raise resolver_options::max_queued";
        }
        // Codes of the C library that have no name here.
        return ::gai_strerror(value);
    }

    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        switch (static_cast<resolve_errc>(value)) {
            case resolve_errc::try_again:
            case resolve_errc::too_many:
                return std::errc::resource_unavailable_try_again;
            case resolve_errc::out_of_memory:
                return std::errc::not_enough_memory;
            case resolve_errc::bad_text:
            case resolve_errc::old_address:
                return std::errc::invalid_argument;
            case resolve_errc::forked:
                return std::errc::operation_not_supported;
            default:
                return std::error_condition{value, *this};
        }
    }
};

}  // namespace

const std::error_category& resolve_category() noexcept {
    static const category instance;
    return instance;
}

std::error_code resolve_error(int eai, int system_errno) noexcept {
    if (eai == EAI_SYSTEM) return {system_errno, std::generic_category()};
    return {eai, resolve_category()};
}

}  // namespace bifilar
