// The checker's fences proved on litmus tests: release, acquire, seq_cst, and the pair of a heavy one and none.
// Builds on litmus. The rules are those of C++20 [atomics.fences] and [atomics.order].
#include "litmus.hpp"

#include <bifilar/base/detail/asymmetric_fence.hpp>

#include <catch2/catch.hpp>

using model::check_litmus;
using model::fence;
using model::variables;
using namespace bifilar::base;

namespace {

using order = std::memory_order;
using forbids = std::vector<std::string>;

// No fence is written as a relaxed one, which does nothing.
constexpr auto none = relaxed;

const std::vector<std::string> bits2{"01", "01"};
const std::vector<std::string> bits3{"01", "01", "01"};
const std::vector<std::string> bits4{"01", "01", "01", "01"};

}  // namespace

TEST_CASE("fences_synchronize_in_four_forms", "[litmus]") {
    const auto mp = [](const char* name, order before, order stored, order loaded, order after,
                       const forbids& forbidden) {
        check_litmus({.name = std::string("MP, ") + name,
                      .threads = {[=](variables& v) {
                                      v.x.store(1, relaxed);
                                      fence(before);
                                      v.y.store(1, stored);
                                  },
                                  [=](variables& v) {
                                      v.r[0] = v.y.load(loaded);
                                      fence(after);
                                      v.r[1] = v.x.load(relaxed);
                                  }},
                      .values = bits2,
                      .forbidden = forbidden});
    };
    const forbids stale{"10"};
    mp("release fence and acquire load", release, relaxed, acquire, none, stale);
    mp("release store and acquire fence", none, release, relaxed, acquire, stale);
    mp("release fence and acquire fence", release, relaxed, relaxed, acquire, stale);
    mp("seq_cst fences", seq_cst, relaxed, relaxed, seq_cst, stale);
    mp("acq_rel fences", acq_rel, relaxed, relaxed, acq_rel, stale);
    mp("a release fence alone", release, relaxed, relaxed, none, {});
    mp("an acquire fence alone", none, relaxed, relaxed, acquire, {});
    mp("the fences the wrong way round", acquire, relaxed, relaxed, release, {});
    mp("a seq_cst fence alone", seq_cst, relaxed, relaxed, none, {});
}

TEST_CASE("seq_cst_fences_between_a_store_and_a_look", "[litmus]") {
    const auto sb = [](const char* name, order s0, order f0, order l0, order s1, order f1, order l1,
                       const forbids& forbidden) {
        check_litmus({.name = std::string("SB, ") + name,
                      .threads = {[=](variables& v) {
                                      v.x.store(1, s0);
                                      fence(f0);
                                      v.r[0] = v.y.load(l0);
                                  },
                                  [=](variables& v) {
                                      v.y.store(1, s1);
                                      fence(f1);
                                      v.r[1] = v.x.load(l1);
                                  }},
                      .values = bits2,
                      .forbidden = forbidden});
    };
    sb("seq_cst fences", relaxed, seq_cst, relaxed, relaxed, seq_cst, relaxed, {"00"});
    sb("a seq_cst fence in one thread", relaxed, seq_cst, relaxed, relaxed, none, relaxed, {});
    sb("acq_rel fences", relaxed, acq_rel, relaxed, relaxed, acq_rel, relaxed, {});
    sb("a seq_cst fence against seq_cst operations", relaxed, seq_cst, relaxed, seq_cst, none, seq_cst, {"00"});
    sb("a seq_cst fence against a seq_cst store", relaxed, seq_cst, relaxed, seq_cst, none, relaxed, {});
}

TEST_CASE("a_heavy_fence_pairs_with_light_ones_in_all_threads", "[litmus]") {
    const auto heavy = [] { (void)heavy_fence(); };
    check_litmus({.name = "SB, heavy fence and light fence",
                  .threads = {[=](variables& v) {
                                  v.x.store(1, relaxed);
                                  heavy();
                                  v.r[0] = v.y.load(relaxed);
                              },
                              [](variables& v) {
                                  v.y.store(1, relaxed);
                                  light_fence();
                                  v.r[1] = v.x.load(relaxed);
                              }},
                  .values = bits2,
                  .forbidden = {"00"}});
    check_litmus({.name = "SB, heavy fence and none",
                  .threads = {[=](variables& v) {
                                  v.x.store(1, relaxed);
                                  heavy();
                                  v.r[0] = v.y.load(relaxed);
                              },
                              [](variables& v) {
                                  v.y.store(1, relaxed);
                                  v.r[1] = v.x.load(relaxed);
                              }},
                  .values = bits2});
    check_litmus({.name = "SB, heavy fences",
                  .threads = {[=](variables& v) {
                                  v.x.store(1, relaxed);
                                  heavy();
                                  v.r[0] = v.y.load(relaxed);
                              },
                              [=](variables& v) {
                                  v.y.store(1, relaxed);
                                  heavy();
                                  v.r[1] = v.x.load(relaxed);
                              }},
                  .values = bits2,
                  .forbidden = {"00"}});
    check_litmus({.name = "MP, heavy fence and light fence",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  light_fence();
                                  v.y.store(1, relaxed);
                              },
                              [=](variables& v) {
                                  v.r[0] = v.y.load(relaxed);
                                  heavy();
                                  v.r[1] = v.x.load(relaxed);
                              }},
                  .values = bits2,
                  .forbidden = {"10"}});
    check_litmus({.name = "SB, light fences alone",
                  .threads = {[](variables& v) {
                                  v.x.store(1, relaxed);
                                  light_fence();
                                  v.r[0] = v.y.load(relaxed);
                              },
                              [](variables& v) {
                                  v.y.store(1, relaxed);
                                  light_fence();
                                  v.r[1] = v.x.load(relaxed);
                              }},
                  .values = bits2});
}

TEST_CASE("seq_cst_fences_among_three_and_four_threads", "[litmus]") {
    const auto iriw = [](const char* name, order left, order right, const forbids& forbidden) {
        check_litmus({.name = std::string("IRIW, ") + name,
                      .threads = {[](variables& v) { v.x.store(1, relaxed); },
                                  [=](variables& v) {
                                      v.r[0] = v.x.load(relaxed);
                                      fence(left);
                                      v.r[1] = v.y.load(relaxed);
                                  },
                                  [=](variables& v) {
                                      v.r[2] = v.y.load(relaxed);
                                      fence(right);
                                      v.r[3] = v.x.load(relaxed);
                                  },
                                  [](variables& v) { v.y.store(1, relaxed); }},
                      .values = bits4,
                      .forbidden = forbidden});
    };
    iriw("seq_cst fences", seq_cst, seq_cst, {"1010"});
    iriw("a seq_cst fence and an acq_rel one", seq_cst, acq_rel, {});
    check_litmus({.name = "RWC, seq_cst fences",
                  .threads = {[](variables& v) { v.x.store(1, relaxed); },
                              [](variables& v) {
                                  v.r[0] = v.x.load(relaxed);
                                  fence(seq_cst);
                                  v.r[1] = v.y.load(relaxed);
                              },
                              [](variables& v) {
                                  v.y.store(1, relaxed);
                                  fence(seq_cst);
                                  v.r[2] = v.x.load(relaxed);
                              }},
                  .values = bits3,
                  .forbidden = {"100"}});
    const auto w_rwc = [](const char* name, order stored, order loaded, const forbids& forbidden) {
        check_litmus({.name = std::string("W+RWC, ") + name,
                      .threads = {[=](variables& v) {
                                      v.x.store(1, relaxed);
                                      v.y.store(1, stored);
                                  },
                                  [=](variables& v) {
                                      v.r[0] = v.y.load(loaded);
                                      fence(seq_cst);
                                      v.r[1] = v.z.load(relaxed);
                                  },
                                  [](variables& v) {
                                      v.z.store(1, relaxed);
                                      fence(seq_cst);
                                      v.r[2] = v.x.load(relaxed);
                                  }},
                      .values = bits3,
                      .forbidden = forbidden});
    };
    w_rwc("release and acquire", release, acquire, {"100"});
    w_rwc("a relaxed store", relaxed, acquire, {});
    // The fence is an acquire fence as well.
    w_rwc("a relaxed load", release, relaxed, {"100"});
}

TEST_CASE("seq_cst_fences_order_stores", "[litmus]") {
    const auto writes = [](const char* name, order left, order right, const forbids& forbidden) {
        check_litmus({.name = std::string("2+2W, ") + name,
                      .threads = {[=](variables& v) {
                                      v.x.store(1, relaxed);
                                      fence(left);
                                      v.y.store(2, relaxed);
                                  },
                                  [=](variables& v) {
                                      v.y.store(1, relaxed);
                                      fence(right);
                                      v.x.store(2, relaxed);
                                  }},
                      .values = {"12", "12"},
                      .forbidden = forbidden,
                      .finals = "xy"});
    };
    writes("seq_cst fences", seq_cst, seq_cst, {"11"});
    writes("a seq_cst fence in one thread", seq_cst, none, {});
    writes("acq_rel fences", acq_rel, acq_rel, {});
    const auto r = [](const char* name, order x0, order f0, order y0, order y1, order f1, order x1,
                      const forbids& forbidden) {
        check_litmus({.name = std::string("R, ") + name,
                      .threads = {[=](variables& v) {
                                      v.x.store(1, x0);
                                      fence(f0);
                                      v.y.store(1, y0);
                                  },
                                  [=](variables& v) {
                                      v.y.store(2, y1);
                                      fence(f1);
                                      v.r[0] = v.x.load(x1);
                                  }},
                      .values = {"01", "12"},
                      .forbidden = forbidden,
                      .finals = "y"});
    };
    r("seq_cst fences", relaxed, seq_cst, relaxed, relaxed, seq_cst, relaxed, {"02"});
    r("a seq_cst fence against seq_cst operations", relaxed, seq_cst, relaxed, seq_cst, none, seq_cst, {"02"});
    r("seq_cst operations against a seq_cst fence", seq_cst, none, seq_cst, relaxed, seq_cst, relaxed, {"02"});
    r("one seq_cst fence", relaxed, seq_cst, relaxed, relaxed, none, relaxed, {});
}
