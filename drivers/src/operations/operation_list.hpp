// A list of operations, each a type with a `kind`, and the one of a kind that is known at run time.
#pragma once

#include "op_traits.hpp"

#include <array>
#include <cstddef>

namespace bifilar::drivers {

template <class... Operations>
struct operation_list {
    /// Whether each kind below `end` is in the list, once.
    template <class Kind>
    [[nodiscard]] static consteval bool covers_up_to(Kind end) {
        const std::size_t seen[] = {static_cast<std::size_t>(Operations::kind)...};
        for (std::size_t kind = 0; kind < static_cast<std::size_t>(end); ++kind) {
            std::size_t times = 0;
            for (const std::size_t one : seen) times += one == kind ? 1 : 0;
            if (times != 1) return false;
        }
        return sizeof...(Operations) == static_cast<std::size_t>(end);
    }

    /// What each says of itself, in the order of their kinds.
    [[nodiscard]] static consteval std::array<op_traits, sizeof...(Operations)> traits() {
        std::array<op_traits, sizeof...(Operations)> all{};
        ((all[static_cast<std::size_t>(Operations::kind)] = {Operations::has, Operations::waits}), ...);
        return all;
    }
};

/// Several lists as one.
template <class... Lists>
struct joined;
template <class List>
struct joined<List> {
    using type = List;
};
template <class... First, class... Second, class... Rest>
struct joined<operation_list<First...>, operation_list<Second...>, Rest...>
    : joined<operation_list<First..., Second...>, Rest...> {};
template <class... Lists>
using joined_operations = typename joined<Lists...>::type;

/// use(operation) for the one of that kind.
template <class Kind, class Use, class... Operations>
[[gnu::always_inline]] inline void with_operation(Kind kind, Use use, operation_list<Operations...>) noexcept {
    (void)((kind == Operations::kind && (use(Operations{}), true)) || ...);
}

}  // namespace bifilar::drivers
