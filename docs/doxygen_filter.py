"""Makes of a header what Doxygen reads: labels become paragraphs, and the members of the future protocol, which say the
same in each future, get the sentence that they have in the reference.

doxygen_filter.py <header>
"""
import re
import sys

# What docstrings begin a line with.
LABELS = ("Throws", "Errors", "Thread", "Cancellation", "Suspends", "Allocates", "Blocks", "Complexity")
LABEL = re.compile(rf"^(\s*)/// ({'|'.join(LABELS)}): (.*)$")
# A declaration that needs no words of its own, and what the reference says of it.
PROTOCOL = [
    (r"using output = ", "What the future is ready with."),
    (r"(?:\[\[\w+\]\] )?polled<[^()]*> poll\(context& ", "Goes on. For whoever awaits the future; see the concept future."),
    (r"(?:\[\[\w+\]\] )?polled<void> poll_cancel\(context& ", "Brings it to rest, so that it may be destroyed. See the concept "
                                                             "cancellable_future."),
    (r"(?:\[\[\w+\]\] )?polled<[^()]*> poll_arm\(context& ", "As poll, as one of several futures. See the concept arm_future."),
    (r"\[\[nodiscard\]\] bool is_promised\(\)", "Whether it has been handed something that it would have to give back."),
    (r"void describe_wait\(task_visitor& ", "Tells what it waits on; see task_visitor."),
    (r"(?:explicit |constexpr )*\w+_future\(", "For whoever makes the future."),
    (r"(\w+)& operator=\(\1&&", "Moves."),
    (r"(\w+)& operator=\(const \1&", "Copies."),
    (r"(?:explicit |constexpr )*(\w+)\((\1)&&", "Moves."),
    (r"(?:explicit |constexpr )*(\w+)\(const (\1)&", "Copies."),
    (r"(\w+)& operator=\(\1 other\)", "Moves or copies."),
    (r"~\w+\(\)", "Ends it."),
    (r"bool operator==\(", "Whether both say the same."),
    (r"(?:\[\[nodiscard\]\] )?explicit operator bool\(", "Whether it holds something, or all went well."),
    (r"using \w+_future = ", "What the call of this name gives."),
    (r"class (?:\[\[nodiscard\]\] )?(?:\w+(?:<\w+>)?::)*\w+_future\b", "What the call of this name gives; see there."),
    (r"struct \w+_options \{", "Options, with their defaults."),
    (r"(?:explicit )?\w+\((?:const )?(?:drivers|detail|sched)::", "For the library."),
    (r"(?:explicit )?(?:subscription|watcher|token|cancel_handle|child_handle|join_handle|line_sequence|file_cursor|inherited_stream"
     r"|pipe_end|channel_core|shared_channel|channel_end)\((?!\))", "For the library."),
    (r"void note_wait\(", "For debug checks."),
    (r"using (?:value_type|promise_type|count_type|base|handle) = ", "For templates."),
    (r"\[\[nodiscard\]\] drivers::(?:io_source&|source_ptr) \w+\(", "For the library."),
    (r"\[\[nodiscard\]\] io_result<socket_address> local_address\(", "The address to which it is bound. Errors of getsockname(2)."),
    (r"\[\[nodiscard\]\] io_result<socket_address> peer_address\(", "The address of the other side. Errors of getpeername(2)."),
    (r"\[\[nodiscard\]\] int descriptor\(", "Its file descriptor; -1 after close() or a move."),
    (r"io_result<void> set_option\(|\[\[nodiscard\]\] io_result<int> option\(", "For derived classes."),
]
PROTOCOL = [(re.compile(r"^\s*(?:constexpr |inline |static |friend |virtual )*" + pattern), text) for pattern, text in PROTOCOL]


# Whose halves in `detail` are bases, with members that users see.
BASES = ("socket_stream.hpp", "channel_ends.hpp", "channel_core.hpp")


def hide_details(lines):
    """Puts what stands in a namespace detail between @cond and @endcond."""
    depth = None  # Of braces; None: outside.
    for line in lines:
        if depth is None and re.match(r"(?:namespace (?:[\w:]+::)?(?:detail|stackless) \{|struct std::\w+<.*\{.*"
                                     r"|(?:inline )?task<\w+> stackless::promise<.*\{.*)$", line):
            depth = 0
            yield "/// @cond"
        yield line
        if depth is not None:
            code = line.split("//")[0]
            depth += code.count("{") - code.count("}")
            if depth == 0:
                yield "/// @endcond"
                depth = None


def main():
    before = ""
    lines = [line.rstrip("\n") for line in open(sys.argv[1], encoding="utf-8")]
    if not sys.argv[1].endswith(BASES):
        lines = hide_details(lines)
    for line in lines:
        label = LABEL.match(line)
        if label:
            print(f"{label.group(1)}/// @par {label.group(2)}\n{label.group(1)}/// {label.group(3)}")
        else:
            documented = before.lstrip().startswith("///") or "///<" in line
            for pattern, text in PROTOCOL:
                if not documented and pattern.match(line) and "= delete" not in line:
                    print(re.match(r"\s*", line).group(0) + "/// " + text)
                    break
            print(line)
        if line.strip():
            before = line


main()
