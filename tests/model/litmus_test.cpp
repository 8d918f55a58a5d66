// The checker's memory proved on litmus tests: it finds every outcome that C++20 allows, and none that it forbids.
// Builds on litmus. Tests of more than one location; litmus_coherence_test.cpp has those of one, litmus_fence_test.cpp
// those of fences.
#include "litmus.hpp"

#include <catch2/catch.hpp>

using model::check_litmus;
using model::variables;
using namespace bifilar::base;

namespace {

using order = std::memory_order;
using forbids = std::vector<std::string>;

const char* name_of(order which) {
    if (which == relaxed) return "relaxed";
    if (which == acquire) return "acquire";
    if (which == release) return "release";
    return which == acq_rel ? "acq_rel" : "seq_cst";
}

const std::vector<std::string> bits2{"01", "01"};
const std::vector<std::string> bits3{"01", "01", "01"};
const std::vector<std::string> bits4{"01", "01", "01", "01"};

}  // namespace

TEST_CASE("store_buffering", "[litmus]") {
    const auto sb = [](const char* name, order s0, order l0, order s1, order l1, const forbids& forbidden) {
        check_litmus({.name = std::string("SB, ") + name,
                      .threads = {[=](variables& v) {
                                      v.x.store(1, s0);
                                      v.r[0] = v.y.load(l0);
                                  },
                                  [=](variables& v) {
                                      v.y.store(1, s1);
                                      v.r[1] = v.x.load(l1);
                                  }},
                      .values = bits2,
                      .forbidden = forbidden});
    };
    sb("relaxed", relaxed, relaxed, relaxed, relaxed, {});
    sb("release and acquire", release, acquire, release, acquire, {});
    sb("seq_cst", seq_cst, seq_cst, seq_cst, seq_cst, {"00"});
    sb("one load acquire", seq_cst, acquire, seq_cst, seq_cst, {});
    sb("one store release", release, seq_cst, seq_cst, seq_cst, {});
    sb("one thread relaxed", relaxed, relaxed, seq_cst, seq_cst, {});
    check_litmus({.name = "SB, acq_rel exchanges",
                  .threads = {[](variables& v) {
                                  (void)v.x.exchange(1, acq_rel);
                                  v.r[0] = v.y.load(acquire);
                              },
                              [](variables& v) {
                                  (void)v.y.exchange(1, acq_rel);
                                  v.r[1] = v.x.load(acquire);
                              }},
                  .values = bits2});
    // An update reads the newest, so both see it when the looks are updates.
    check_litmus({.name = "SB, looks by acq_rel updates",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  v.r[0] = v.y.fetch_add(0, acq_rel);
                              },
                              [](variables& v) {
                                  (void)v.y.fetch_or(1, acq_rel);
                                  v.r[1] = v.x.load(relaxed);
                              }},
                  .values = bits2,
                  .forbidden = {"00"}});
}

TEST_CASE("message_passing_with_each_pair_of_orders", "[litmus]") {
    for (const order stored : {relaxed, release, seq_cst})
        for (const order loaded : {relaxed, acquire, seq_cst}) {
            const bool synchronizes = stored != relaxed && loaded != relaxed;
            check_litmus({.name = std::string("MP, ") + name_of(stored) + " and " + name_of(loaded),
                          .threads = {[=](variables& v) {
                                          v.x.store(1, relaxed);
                                          v.y.store(1, stored);
                                      },
                                      [=](variables& v) {
                                          v.r[0] = v.y.load(loaded);
                                          v.r[1] = v.x.load(relaxed);
                                      }},
                          .values = bits2,
                          .forbidden = synchronizes ? forbids{"10"} : forbids{}});
        }
}

TEST_CASE("independent_reads_of_independent_writes", "[litmus]") {
    const auto iriw = [](const char* name, order stored, order first, order second, const forbids& forbidden) {
        check_litmus({.name = std::string("IRIW, ") + name,
                      .threads = {[=](variables& v) { v.x.store(1, stored); },
                                  [=](variables& v) {
                                      v.r[0] = v.x.load(first);
                                      v.r[1] = v.y.load(second);
                                  },
                                  [=](variables& v) {
                                      v.r[2] = v.y.load(first);
                                      v.r[3] = v.x.load(second);
                                  },
                                  [=](variables& v) { v.y.store(1, stored); }},
                      .values = bits4,
                      .forbidden = forbidden});
    };
    iriw("release and acquire", release, acquire, acquire, {});
    iriw("seq_cst", seq_cst, seq_cst, seq_cst, {"1010"});
    iriw("seq_cst stores, acquire loads", seq_cst, acquire, acquire, {});
    // Since C++20 what is between two seq_cst operations may be of any order.
    iriw("release stores, seq_cst loads", release, seq_cst, seq_cst, {"1010"});
    iriw("seq_cst but for the first looks", seq_cst, acquire, seq_cst, {});
}

TEST_CASE("two_threads_write_two_variables_crosswise", "[litmus]") {
    const auto writes = [](const char* name, order first, order second, const forbids& forbidden) {
        check_litmus({.name = std::string("2+2W, ") + name,
                      .threads = {[=](variables& v) {
                                      v.x.store(1, first);
                                      v.y.store(2, second);
                                  },
                                  [=](variables& v) {
                                      v.y.store(1, first);
                                      v.x.store(2, second);
                                  }},
                      .values = {"12", "12"},
                      .forbidden = forbidden,
                      .finals = "xy"});
    };
    writes("relaxed", relaxed, relaxed, {});
    writes("release", release, release, {});
    writes("second stores seq_cst", release, seq_cst, {});
    writes("seq_cst", seq_cst, seq_cst, {"11"});
}

TEST_CASE("what_a_thread_has_read_comes_before_what_it_writes", "[litmus]") {
    const auto wrc = [](const char* name, order read, order written, order last, const forbids& forbidden) {
        check_litmus({.name = std::string("WRC, ") + name,
                      .threads = {[](variables& v) { v.x.store(1, relaxed); },
                                  [=](variables& v) {
                                      v.r[0] = v.x.load(read);
                                      v.y.store(1, written);
                                  },
                                  [=](variables& v) {
                                      v.r[1] = v.y.load(last);
                                      v.r[2] = v.x.load(relaxed);
                                  }},
                      .values = bits3,
                      .forbidden = forbidden});
    };
    wrc("relaxed", relaxed, relaxed, relaxed, {});
    wrc("acquire of a relaxed store", relaxed, relaxed, acquire, {});
    // Coherence of x needs no more.
    wrc("release and acquire of y alone", relaxed, release, acquire, {"110"});
    check_litmus({.name = "ISA2, release and acquire",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  v.y.store(1, release);
                              },
                              [](variables& v) {
                                  v.r[0] = v.y.load(acquire);
                                  v.z.store(1, release);
                              },
                              [](variables& v) {
                                  v.r[1] = v.z.load(acquire);
                                  v.r[2] = v.x.load(relaxed);
                              }},
                  .values = bits3,
                  .forbidden = {"110"}});
    check_litmus({.name = "ISA2, relaxed in the middle",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  v.y.store(1, release);
                              },
                              [](variables& v) {
                                  v.r[0] = v.y.load(relaxed);
                                  v.z.store(1, release);
                              },
                              [](variables& v) {
                                  v.r[1] = v.z.load(acquire);
                                  v.r[2] = v.x.load(relaxed);
                              }},
                  .values = bits3});
}

TEST_CASE("a_store_behind_what_was_read", "[litmus]") {
    const auto s = [](const char* name, order stored, order loaded, const forbids& forbidden) {
        check_litmus({.name = std::string("S, ") + name,
                      .threads = {[=](variables& v) {
                                      v.x.store(2, relaxed);
                                      v.y.store(1, stored);
                                  },
                                  [=](variables& v) {
                                      v.r[0] = v.y.load(loaded);
                                      v.x.store(1, relaxed);
                                  }},
                      .values = {"01", "12"},
                      .forbidden = forbidden,
                      .finals = "x"});
    };
    s("relaxed", relaxed, relaxed, {});
    s("release and relaxed", release, relaxed, {});
    s("release and acquire", release, acquire, {"12"});
    s("seq_cst", seq_cst, seq_cst, {"12"});
}

TEST_CASE("a_look_behind_a_store_that_came_last", "[litmus]") {
    const auto r = [](const char* name, order x0, order y0, order y1, order x1, const forbids& forbidden) {
        check_litmus({.name = std::string("R, ") + name,
                      .threads = {[=](variables& v) {
                                      v.x.store(1, x0);
                                      v.y.store(1, y0);
                                  },
                                  [=](variables& v) {
                                      v.y.store(2, y1);
                                      v.r[0] = v.x.load(x1);
                                  }},
                      .values = {"01", "12"},
                      .forbidden = forbidden,
                      .finals = "y"});
    };
    r("release and acquire", release, release, release, acquire, {});
    r("seq_cst", seq_cst, seq_cst, seq_cst, seq_cst, {"02"});
    r("a release between", seq_cst, release, seq_cst, seq_cst, {});
    r("an acquire at the end", seq_cst, seq_cst, seq_cst, acquire, {});
}

TEST_CASE("seq_cst_is_weaker_than_happens_before_where_orders_mix", "[litmus]") {
    // What C++20 changed: S need not agree with happens-before that goes through operations that are not seq_cst.
    check_litmus({.name = "Z6.U",
                  .threads = {[](variables& v) {
                                  v.x.store(1, seq_cst);
                                  v.y.store(1, release);
                              },
                              [](variables& v) {
                                  v.r[0] = v.y.fetch_add(1, seq_cst);
                                  v.r[1] = v.y.load(relaxed);
                              },
                              [](variables& v) {
                                  v.y.store(3, seq_cst);
                                  v.r[2] = v.x.load(seq_cst);
                              }},
                  .values = {"013", "1234", "01"},
                  // The last look of the second thread gives its own update or what comes behind that.
                  .forbidden = {"020", "021", "040", "041", "110", "111", "140", "141", "320", "321", "330", "331"}});
}

TEST_CASE("write_to_read_causality_against_store_buffering", "[litmus]") {
    const auto rwc = [](const char* name, order each, order read, const forbids& forbidden) {
        check_litmus({.name = std::string("RWC, ") + name,
                      .threads = {[=](variables& v) { v.x.store(1, each); },
                                  [=](variables& v) {
                                      v.r[0] = v.x.load(read);
                                      v.r[1] = v.y.load(read);
                                  },
                                  [=](variables& v) {
                                      v.y.store(1, each);
                                      v.r[2] = v.x.load(read);
                                  }},
                      .values = bits3,
                      .forbidden = forbidden});
    };
    rwc("release and acquire", release, acquire, {});
    rwc("seq_cst", seq_cst, seq_cst, {"100"});
}
