// intrusive_list against std::list: order, removal from anywhere, splicing, elements in several lists.
#include "catch.hpp"
#include "seed.hpp"
#include <bifilar/base/detail/intrusive_list.hpp>
#include <bifilar/base/detail/random.hpp>

#include <array>
#include <list>
#include <memory>
#include <vector>

namespace base = bifilar::base;

namespace {

class second_list;

struct item : base::list_link<item>, base::list_link<second_list> {
    explicit item(int n) : number{n} {}
    int number;
};
using first = base::intrusive_list<item>;
using second = base::intrusive_list<item, second_list>;

template <class List>
std::vector<int> drain(List& list) {
    std::vector<int> numbers;
    while (item* const one = list.take_front()) numbers.push_back(one->number);
    return numbers;
}

bool linked(const item& one) { return static_cast<const base::list_link<item>&>(one).linked(); }

}  // namespace

TEST_CASE("an_empty_list_has_nothing") {
    first list;
    CHECK(list.empty());
    CHECK(list.front() == nullptr);
    CHECK(list.take_front() == nullptr);
}

TEST_CASE("elements_leave_in_the_order_they_came") {
    first list;
    item a{1};
    item b{2};
    item c{3};
    CHECK_FALSE(linked(a));
    list.push_back(b);
    list.push_back(c);
    list.push_front(a);
    CHECK(linked(a));
    CHECK_FALSE(list.empty());
    CHECK(list.front() == &a);
    CHECK(drain(list) == std::vector<int>{1, 2, 3});
    CHECK(list.empty());
    CHECK_FALSE(linked(b));
}

TEST_CASE("an_element_may_be_unlinked_from_anywhere_and_linked_again") {
    for (const int gone : {0, 1, 2}) {
        first list;
        std::array<item, 3> items{item{0}, item{1}, item{2}};
        for (item& one : items) list.push_back(one);
        item& out = items[static_cast<std::size_t>(gone)];
        first::erase(out);
        CHECK_FALSE(linked(out));
        list.push_back(out);
        std::vector<int> expected;
        for (int n = 0; n < 3; ++n)
            if (n != gone) expected.push_back(n);
        expected.push_back(gone);
        CHECK(drain(list) == expected);
    }
}

TEST_CASE("splice_moves_all_and_leaves_the_other_empty") {
    first from;
    first to;
    to.splice(from);
    CHECK(to.empty());
    item a{1};
    item b{2};
    from.push_back(a);
    to.splice(from);
    CHECK(from.empty());
    CHECK(to.front() == &a);
    to.push_back(b);
    from.splice(to);
    CHECK(to.empty());
    CHECK(drain(from) == std::vector<int>{1, 2});
}

TEST_CASE("one_object_sits_in_two_lists") {
    first one;
    second other;
    item a{1};
    item b{2};
    one.push_back(a);
    one.push_back(b);
    other.push_front(a);
    other.push_front(b);
    CHECK(drain(one) == std::vector<int>{1, 2});
    CHECK(drain(other) == std::vector<int>{2, 1});
}

TEST_CASE("random_operations_agree_with_a_standard_list") {
    const std::uint64_t seed = tests::seed_of_this_run("intrusive_list");
    INFO("seed: " << seed);
    base::random random{seed};
    std::vector<std::unique_ptr<item>> items;
    for (int n = 0; n < 50; ++n) items.push_back(std::make_unique<item>(n));
    first list;
    std::list<int> oracle;
    int differences = 0;
    for (int step = 0; step < 20'000; ++step) {
        item& one = *items[random.below(50)];
        if (linked(one)) {
            first::erase(one);
            oracle.remove(one.number);
        } else if (random.below(2) == 0) {
            list.push_back(one);
            oracle.push_back(one.number);
        } else {
            list.push_front(one);
            oracle.push_front(one.number);
        }
        if (random.below(4) == 0) {
            const item* const taken = list.take_front();
            if ((taken == nullptr) != oracle.empty() || (taken != nullptr && taken->number != oracle.front()))
                ++differences;
            if (!oracle.empty()) oracle.pop_front();
        }
        if (list.empty() != oracle.empty()) ++differences;
    }
    CHECK(differences == 0);
    const std::vector<int> left = drain(list);
    CHECK(std::list<int>(left.begin(), left.end()) == oracle);
}
