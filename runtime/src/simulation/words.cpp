// What each kind of decision is called, with its thread or operation and the how many-th it is.
#include "words.hpp"

#include <bifilar/base/detail/baton.hpp>
#include <bifilar/drivers/contract/detail/op_name.hpp>
#include <bifilar/drivers/contract/file_op.hpp>

#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

namespace bifilar::simulation {
namespace {

using base::baton;
using base::decision;
using base::decision_kind;

constexpr std::string_view file_calls[] = {
    "read of a file", "write of a file", "sync",   "truncate",         "allocate",     "open",  "close",
    "status",         "rename",          "remove", "create_directory", "read_entries", "fetch", "file job"};
static_assert(std::size(file_calls) == static_cast<std::size_t>(file_op::job) + 1, "each call has a name");

// "3rd", from 0 on.
std::string nth(std::uint64_t number) {
    const std::uint64_t place = number + 1;
    const std::uint64_t tens = place % 100;
    const bool teens = tens >= 11 && tens <= 13;
    const char* const ending = teens || place % 10 > 3 || place % 10 == 0 ? "th"
                               : place % 10 == 1                          ? "st"
                               : place % 10 == 2                          ? "nd"
                                                                          : "rd";
    return std::to_string(place) + ending;
}

std::string thread_name(std::uint32_t subject) {
    for (const auto& [role, name] :
         {std::pair{baton::role::resolver, "resolver thread "}, std::pair{baton::role::blocking, "blocking thread "},
          std::pair{baton::role::worker, "worker "}})
        if (const std::uint32_t first = baton::subject_of(role, 0); subject >= first)
            return name + std::to_string(subject - first);
    return "the first thread";
}

std::string operation_name(std::uint32_t subject) {
    constexpr std::uint32_t first_file_call = 256;
    if (subject >= first_file_call && subject - first_file_call < std::size(file_calls))
        return std::string{file_calls[subject - first_file_call]};
    if (subject > static_cast<std::uint32_t>(op_kind::file_call)) return "operation";
    return std::string{drivers::name_of(static_cast<op_kind>(subject))};
}

std::string bytes(std::uint64_t count) { return std::to_string(count) + (count == 1 ? " byte" : " bytes"); }

std::string time(std::uint64_t nanoseconds) {
    const struct {
        std::uint64_t unit;
        const char* name;
    } units[] = {{1'000'000'000, " s"}, {1'000'000, " ms"}, {1'000, " us"}};
    for (const auto& [unit, name] : units)
        if (nanoseconds >= unit && nanoseconds % unit == 0) return std::to_string(nanoseconds / unit) + name;
    return std::to_string(nanoseconds) + " ns";
}

std::string error_name(std::uint64_t error) {
    const char* const name = ::strerrorname_np(static_cast<int>(error));
    return name != nullptr ? name : std::to_string(error);
}

std::string words_of_thread(const decision& one) {
    const std::string who = thread_name(one.subject());
    const std::string turn = nth(one.number());
    switch (one.kind()) {
        case decision_kind::preempt:
            return who + " is preempted at its " + turn + " turn, for the " + nth(one.value - 1) + " that can run";
        case decision_kind::woken_first:
            return who + " goes on as the next one when it is woken for the " + turn + " time";
        case decision_kind::look:
            return who + (one.value == 2 ? " wakes without a reason" : " looks for events") + " at its " + turn +
                   " chance";
        case decision_kind::order:
            return who + " looks first " +
                   (one.value == 1   ? "at the queue of all"
                    : one.value == 2 ? "at its oldest task"
                                     : "at another worker's tasks") +
                   " at its " + turn + " turn";
        case decision_kind::nest:
            return who + " runs no child within its parent at its " + turn + " turn";
        case decision_kind::victim:
            return who + " asks other workers in another order, the " + turn + " time";
        case decision_kind::newest:
            return who + " takes another worker's newest task at the " + turn + " chance";
        default:
            return who + " looks at the arms of its " + turn + " race in another order";
    }
}

std::string words_of_operation(const decision& one) {
    const std::string what = operation_name(one.subject());
    const std::string which = "the " + nth(one.number()) + " ";
    switch (one.kind()) {
        case decision_kind::would_wait:
            return which + "attempt to " + what + " has to wait";
        case decision_kind::delay:
            return which + what + " that waited ends " + time(one.value) + " late";
        case decision_kind::cut:
            return which + what + " is cut to " + bytes(one.value);
        case decision_kind::interrupt:
            return which + what + " that waited is interrupted";
        case decision_kind::late_end:
            return which + what + " that is cancelled ends " + time(one.value - 1) + " later";
        case decision_kind::success:
            return which + what + " that is cancelled is carried out all the same";
        case decision_kind::fault:
            return which + what + " fails with " + error_name(one.value);
        default:
            return which + what + " that would wait is refused with ENOBUFS";
    }
}

}  // namespace

std::string words_of(const decision& one) {
    switch (one.kind()) {
        case decision_kind::next:
            return "the " + nth(one.number()) + " time that there is a choice, the " + nth(one.value) +
                   " thread that can run goes on";
        case decision_kind::swap:
            return "at the " + nth(one.number()) + " chance, two operations end in another order";
        default:
            return one.kind() < decision_kind::would_wait ? words_of_thread(one) : words_of_operation(one);
    }
}

}  // namespace bifilar::simulation
