// The checker's coherence, updates and release sequences proved on litmus tests; and load buffering.
// Builds on litmus. The rules are those of C++20 [intro.races] and [atomics.order].
#include "litmus.hpp"

#include <catch2/catch.hpp>

using model::check_litmus;
using model::variables;
using namespace bifilar::base;

namespace {

using order = std::memory_order;
using forbids = std::vector<std::string>;

}  // namespace

TEST_CASE("reads_and_writes_of_one_variable_are_coherent", "[litmus]") {
    check_litmus({.name = "CoRR",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  v.x.store(2, relaxed);
                              },
                              [](variables& v) {
                                  v.r[0] = v.x.load(relaxed);
                                  v.r[1] = v.x.load(relaxed);
                              }},
                  .values = {"012", "012"},
                  .forbidden = {"10", "20", "21"}});
    check_litmus({.name = "CoWW",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  v.x.store(2, relaxed);
                              },
                              [](variables& v) { v.x.store(3, relaxed); }},
                  .values = {"123"},
                  .forbidden = {"1"},
                  .finals = "x"});
    check_litmus({.name = "CoRW",
                  .threads = {[](variables& v) {
                                  v.r[0] = v.x.load(relaxed);
                                  v.x.store(1, relaxed);
                              },
                              [](variables& v) { v.x.store(2, relaxed); }},
                  .values = {"012", "12"},
                  .forbidden = {"11", "12", "22"},
                  .finals = "x"});
    check_litmus({.name = "CoWR",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  v.r[0] = v.x.load(relaxed);
                              },
                              [](variables& v) { v.x.store(2, relaxed); }},
                  .values = {"012", "12"},
                  .forbidden = {"01", "02", "21"},
                  .finals = "x"});
}

TEST_CASE("two_readers_agree_on_the_order_of_two_stores", "[litmus]") {
    const auto ordered = [](int a, int b, int last) { return a == b || a == 0 || b == last; };
    forbids incoherent;
    for (int all = 0; all < 81; ++all) {
        const std::array<int, 4> r{all / 27, all / 9 % 3, all / 3 % 3, all % 3};
        const bool coherent =
            (ordered(r[0], r[1], 1) && ordered(r[2], r[3], 1)) || (ordered(r[0], r[1], 2) && ordered(r[2], r[3], 2));
        if (coherent) continue;
        std::string& digits = incoherent.emplace_back();
        for (const int each : r) digits += static_cast<char>('0' + each);
    }
    check_litmus({.name = "CoRR of two readers",
                  .threads = {[](variables& v) { v.x.store(1, relaxed); }, [](variables& v) { v.x.store(2, relaxed); },
                              [](variables& v) {
                                  v.r[0] = v.x.load(relaxed);
                                  v.r[1] = v.x.load(relaxed);
                              },
                              [](variables& v) {
                                  v.r[2] = v.x.load(relaxed);
                                  v.r[3] = v.x.load(relaxed);
                              }},
                  .values = {"012", "012", "012", "012"},
                  .forbidden = incoherent});
}

TEST_CASE("updates_read_the_store_before_them", "[litmus]") {
    check_litmus({.name = "two relaxed updates",
                  .threads = {[](variables& v) { v.r[0] = v.x.fetch_add(1, relaxed); },
                              [](variables& v) { v.r[1] = v.x.fetch_add(1, relaxed); }},
                  .values = {"01", "01", "2"},
                  .forbidden = {"002", "112"},
                  .finals = "x"});
    check_litmus({.name = "an update against a store",
                  .threads = {[](variables& v) { v.r[0] = v.x.fetch_add(1, relaxed); },
                              [](variables& v) { v.x.store(5, relaxed); }},
                  .values = {"05", "156"},
                  .forbidden = {"01", "06", "51", "55"},
                  .finals = "x"});
    check_litmus({.name = "two compare_exchanges from 0",
                  .threads = {[](variables& v) {
                                  int old = 0;
                                  v.r[0] = v.x.compare_exchange_strong(old, 1, relaxed, relaxed) ? 7 : old;
                              },
                              [](variables& v) {
                                  int old = 0;
                                  v.r[1] = v.x.compare_exchange_strong(old, 2, relaxed, relaxed) ? 7 : old;
                              }},
                  .values = {"27", "17", "12"},
                  .forbidden = {"211", "212", "271", "712", "771", "772"},
                  .finals = "x"});
    // A failure is a load, and so may be stale, though the exchange would have succeeded.
    check_litmus({.name = "a compare_exchange that fails is a load",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  v.y.store(1, release);
                              },
                              [](variables& v) {
                                  int old = 1;
                                  v.r[0] = v.y.load(relaxed);
                                  v.r[1] = v.x.compare_exchange_strong(old, 2, acq_rel, relaxed) ? 7 : old;
                              }},
                  .values = {"01", "07"}});
}

TEST_CASE("release_sequences", "[litmus]") {
    check_litmus({.name = "release sequence, continued by an update of another",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  v.y.store(1, release);
                              },
                              [](variables& v) { (void)v.y.fetch_add(1, relaxed); },
                              [](variables& v) {
                                  v.r[0] = v.y.load(acquire);
                                  v.r[1] = v.x.load(relaxed);
                              }},
                  .values = {"012", "01"},
                  // 1 may be the update's, of 0.
                  .forbidden = {"20"}});
    check_litmus({.name = "release sequence, broken by a store of the same thread",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  v.y.store(1, release);
                                  v.y.store(2, relaxed);
                              },
                              [](variables& v) {
                                  v.r[0] = v.y.load(acquire);
                                  v.r[1] = v.x.load(relaxed);
                              }},
                  .values = {"012", "01"},
                  .forbidden = {"10"}});
    check_litmus({.name = "release sequence, broken by a store of another",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  v.y.store(1, release);
                              },
                              [](variables& v) {
                                  if (v.y.load(relaxed) == 1) v.y.store(2, relaxed);
                              },
                              [](variables& v) {
                                  v.r[0] = v.y.load(acquire);
                                  v.r[1] = v.x.load(relaxed);
                              }},
                  .values = {"012", "01"},
                  .forbidden = {"10"}});
}

TEST_CASE("load_buffering", "[litmus]") {
    const auto lb = [](const char* name, order l0, order f0, order s0, order l1, order f1, order s1,
                       const forbids& forbidden) {
        check_litmus({.name = std::string("LB, ") + name,
                      .threads = {[=](variables& v) {
                                      v.r[0] = v.x.load(l0);
                                      model::fence(f0);
                                      v.y.store(1, s0);
                                  },
                                  [=](variables& v) {
                                      v.r[1] = v.y.load(l1);
                                      model::fence(f1);
                                      v.x.store(1, s1);
                                  }},
                      .values = {"01", "01"},
                      .forbidden = forbidden,
                      .future_reads = 1});
    };
    // No fence is written as a relaxed one, which does nothing.
    lb("relaxed", relaxed, relaxed, relaxed, relaxed, relaxed, relaxed, {});
    lb("acquire loads", acquire, relaxed, relaxed, acquire, relaxed, relaxed, {});
    lb("release stores", relaxed, relaxed, release, relaxed, relaxed, release, {});
    lb("acquire and release in one thread", acquire, relaxed, release, relaxed, relaxed, relaxed, {});
    lb("acquire and release of one variable", acquire, relaxed, relaxed, relaxed, relaxed, release, {"11"});
    lb("acquire and release", acquire, relaxed, release, acquire, relaxed, release, {"11"});
    lb("seq_cst", seq_cst, relaxed, seq_cst, seq_cst, relaxed, seq_cst, {"11"});
    lb("seq_cst loads", seq_cst, relaxed, relaxed, seq_cst, relaxed, relaxed, {});
    lb("acq_rel fences", relaxed, acq_rel, relaxed, relaxed, acq_rel, relaxed, {"11"});
    lb("an acq_rel fence in one thread", relaxed, acq_rel, relaxed, relaxed, relaxed, relaxed, {});
    lb("release fences", relaxed, release, relaxed, relaxed, release, relaxed, {});
    lb("a seq_cst fence against acquire and release", relaxed, seq_cst, relaxed, acquire, relaxed, release, {"11"});
}

TEST_CASE("load_buffering_among_three_threads", "[litmus]") {
    const auto lb = [](const char* name, order loaded, order stored) {
        check_litmus({.name = std::string("LB of three, ") + name,
                      .threads = {[=](variables& v) {
                                      v.r[0] = v.x.load(loaded);
                                      v.y.store(1, relaxed);
                                  },
                                  [](variables& v) {
                                      v.r[1] = v.y.load(relaxed);
                                      v.z.store(1, relaxed);
                                  },
                                  [=](variables& v) {
                                      v.r[2] = v.z.load(relaxed);
                                      v.x.store(1, stored);
                                  }},
                      .values = {"01", "01", "01"},
                      .future_reads = 1});
    };
    lb("relaxed", relaxed, relaxed);
    // One edge that synchronizes makes no cycle of happens-before; the promise is made along another one.
    lb("acquire and release of one variable", acquire, release);
}

TEST_CASE("no_value_comes_out_of_thin_air", "[litmus]") {
    check_litmus({.name = "LB, what was read is stored, in both threads",
                  .threads = {[](variables& v) {
                                  v.r[0] = v.x.load(relaxed);
                                  v.y.store(v.r[0], relaxed);
                              },
                              [](variables& v) {
                                  v.r[1] = v.y.load(relaxed);
                                  v.x.store(v.r[1], relaxed);
                              }},
                  .values = {"01", "01"},
                  .forbidden = {"01", "10", "11"},
                  .future_reads = 2});
    check_litmus({.name = "LB, what was read decides whether to store",
                  .threads = {[](variables& v) {
                                  v.r[0] = v.x.load(relaxed);
                                  if (v.r[0] == 1) v.y.store(1, relaxed);
                              },
                              [](variables& v) {
                                  v.r[1] = v.y.load(relaxed);
                                  if (v.r[1] == 1) v.x.store(1, relaxed);
                              }},
                  .values = {"01", "01"},
                  .forbidden = {"01", "10", "11"},
                  .future_reads = 2});
    check_litmus({.name = "LB, what was read is stored, in one thread",
                  .threads = {[](variables& v) {
                                  v.r[0] = v.x.load(relaxed);
                                  v.y.store(1, relaxed);
                              },
                              [](variables& v) {
                                  v.r[1] = v.y.load(relaxed);
                                  v.x.store(v.r[1], relaxed);
                              }},
                  .values = {"01", "01"},
                  .forbidden = {"10"},
                  .future_reads = 1});
    // One more than what was read could go on for ever; what no execution has stored ends it.
    check_litmus({.name = "LB, one more than what was read",
                  .threads = {[](variables& v) {
                                  v.r[0] = v.x.load(relaxed);
                                  v.y.store(v.r[0] + 1, relaxed);
                              },
                              [](variables& v) {
                                  v.r[1] = v.y.load(relaxed);
                                  v.x.store(v.r[1], relaxed);
                              }},
                  .values = {"01", "01"},
                  .forbidden = {"10", "11"},
                  .future_reads = 2});
}

TEST_CASE("coherence_holds_for_what_was_read_before_it_was_stored", "[litmus]") {
    check_litmus({.name = "LB, and the same variable again",
                  .threads = {[](variables& v) {
                                  v.r[0] = v.x.load(relaxed);
                                  v.r[2] = v.x.load(relaxed);
                                  v.y.store(1, relaxed);
                              },
                              [](variables& v) {
                                  v.r[1] = v.y.load(relaxed);
                                  v.x.store(1, relaxed);
                              }},
                  .values = {"01", "01", "01"},
                  .forbidden = {"100", "110"},
                  .future_reads = 2});
    check_litmus({.name = "LB, and a store behind the load",
                  .threads = {[](variables& v) {
                                  v.r[0] = v.x.load(relaxed);
                                  v.x.store(2, relaxed);
                                  v.y.store(1, relaxed);
                              },
                              [](variables& v) {
                                  v.r[1] = v.y.load(relaxed);
                                  v.x.store(1, relaxed);
                              }},
                  .values = {"01", "01", "12"},
                  .forbidden = {"101", "111"},
                  .finals = "x",
                  .future_reads = 1});
}
