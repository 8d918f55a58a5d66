#!/usr/bin/env python3
"""Whether mutants are found and written as they should be, and whether explained.md speaks of code that there is."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import build
import explained
import sites
import trials

SOURCE = """\
// base::acquire in a comment is no order.
namespace bifilar {
bool thing::claim(int count) noexcept {
    std::uint64_t seen = word_.load(base::acquire);
    if (seen == full) return false;
    while (!word_.compare_exchange_weak(seen, seen + 1, base::acq_rel, base::relaxed)) {
        if (count < 3 && seen > limit()) counted_ = 0;
    }
    if (waiter* const first = list_.pop()) first->wake();
    base::fence_seq_cst();
    if constexpr (wide) ++count;
    phase_.store(2, base::seq_cst);
    static_assert(sizeof(int) < 8);
    return true;
}
}  // namespace bifilar
"""


def of(source=SOURCE):
    return [(group, what, source[edit.begin:edit.end]) for group, what, edit in sites.found_in("common/a.cpp", source)]


class Sites(unittest.TestCase):
    def test_orders_become_one_step_weaker(self):
        self.assertEqual([item[1] for item in of() if item[0] == "order"],
                         ["acquire -> relaxed", "acq_rel -> acquire", "acq_rel -> release", "seq_cst -> release"])

    def test_fences_exchanges_and_wakes(self):
        found = of()
        self.assertIn(("fence", "no fence", "base::fence_seq_cst()"), found)
        self.assertIn(("wake", "no wake", "first->wake();"), found)
        self.assertEqual([item[0] for item in found].count("exchange"), 1)

    def test_rechecks_are_conditions_but_those_of_the_compiler(self):
        self.assertEqual([item[2] for item in of() if item[0] == "recheck"],
                         ["seen == full", "!word_.compare_exchange_weak(seen, seen + 1, base::acq_rel, base::relaxed)",
                          "count < 3 && seen > limit()", "list_.pop()"])

    def test_logic(self):
        logic = [item[1:] for item in of() if item[0] == "logic"]
        for change in (("< -> <=", "count < 3"), ("> -> >=", "seen > limit()"), ("+ 1 -> + 0", "1"),
                       ("no statement", "counted_ = 0;"), ("the other return", "false")):
            self.assertIn(change, logic)

    def test_nothing_in_comments_and_what_is_not_compiled(self):
        self.assertFalse([item for item in of() if "sizeof" in item[2]])

    def test_text_with_all_mutants_compiles_and_each_does_what_it_says(self):
        source = """\
namespace base { constexpr auto acquire = std::memory_order_acquire, acq_rel = std::memory_order_acq_rel,
                 release = std::memory_order_release,
                 relaxed = std::memory_order_relaxed; }
std::atomic<int> word_{0};
int woken = 0;
struct waiter { void wake() { ++woken; } } only;
waiter* pop() { return &only; }
int claim(int count) {
    int seen = word_.load(base::acquire);
    if (seen == 7) return -1;
    if (!word_.compare_exchange_strong(count, count + 1, base::acq_rel, base::relaxed)) return -2;
    if (waiter* const first = pop()) first->wake();
    if (seen < 3 && count > 3) woken = 10;
    return word_.load(base::acquire) * 100 + woken;
}
"""
        found = sites.found_in("common/a.cpp", source)
        text = sites.apply(source, list(enumerate(edit for _, _, edit in found)))
        self.assertEqual(text.count("\n"), source.count("\n"))
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "program"
            program.with_suffix(".cpp").write_text(
                f"{text}\nint main(int count, char**) {{ std::printf(\"%d\", claim(count - 1)); }}\n")
            subprocess.run(["g++", "-std=c++23", "-include", Path(__file__).with_name("mutant.hpp"), "-o", program,
                            program.with_suffix(".cpp")], check=True)

            def printed(number, arguments=()):
                return int(subprocess.run([program, *arguments], env={"BIFILAR_MUTANT": str(number)},
                                          capture_output=True, text=True, check=True).stdout)

            number = {(group, what, source[edit.begin:edit.end]): at for at, (group, what, edit) in enumerate(found)}
            self.assertEqual(printed(-1), 101)
            self.assertEqual(printed(-1, ["one more"]), -2)
            exchange = "word_.compare_exchange_strong(count, count + 1, base::acq_rel, base::relaxed)"
            self.assertEqual(printed(number["exchange", "does not compare", exchange], ["one more"]), 201)
            self.assertEqual(printed(number["wake", "no wake", "first->wake();"]), 100)
            self.assertEqual(printed(number["recheck", "if (nothing)", "pop()"]), 100)
            self.assertEqual(printed(number["logic", "+ 1 -> + 0", "1"]), 1)
            self.assertEqual(printed(number["logic", "if (not)", "seen == 7"]), -1)


class Trials(unittest.TestCase):
    def test_commas_and_brackets_are_of_the_name(self):
        self.assertEqual(trials.filter_of(["here, there", "a[1]"]), r'"here\, there","a\[1\]"')


class Explained(unittest.TestCase):
    def test_each_entry_is_of_the_code_and_has_a_reason(self):
        text = explained.PAGE.read_text()
        found, without = explained.entries(text)
        self.assertEqual(without, [], "these have no reason below them")
        mutants, _ = build.plan(build.tracked(), "1", sampled=10**9, room=10**6)
        there = {mutant.key for mutant in mutants.values()}
        gone = [f"{explained.PAGE.name}:{line}: {key}" for key, _, line in found if key not in there]
        self.assertEqual(gone, [], "the code has no such mutant any more")
        keys = [key for key, _, _ in found]
        self.assertEqual(sorted(set(keys)), sorted(keys), "said twice")


if __name__ == "__main__":
    unittest.main()
