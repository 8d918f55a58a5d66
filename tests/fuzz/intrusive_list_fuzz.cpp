// intrusive_list against std::deque: three lists and what moves between them.
#include "input.hpp"

#include <bifilar/base/detail/intrusive_list.hpp>

#include <algorithm>
#include <array>
#include <deque>

namespace {

using namespace fuzz;

struct element : bifilar::base::list_link<element> {};
using list = bifilar::base::intrusive_list<element>;

class scene {
public:
    ~scene() {
        for (list& one : lists_)
            while (one.take_front() != nullptr) continue;
    }

    void step(input& in) {
        const std::size_t at = in.below(lists_.size());
        list& one = lists_[at];
        std::deque<element*>& model = models_[at];
        element& drawn = elements_[in.below(elements_.size())];
        switch (in.below(6)) {
            case 0:
                if (drawn.linked()) return;
                one.push_back(drawn);
                return model.push_back(&drawn);
            case 1:
                if (drawn.linked()) return;
                one.push_front(drawn);
                return model.push_front(&drawn);
            case 2:
                return erase(drawn);
            case 3: {
                element* const first = model.empty() ? nullptr : model.front();
                require(one.take_front() == first, "take_front gives another than the first");
                if (first != nullptr) model.pop_front();
                return;
            }
            case 4: {
                const std::size_t other = in.below(lists_.size());
                if (other == at || !one.empty()) return;
                one.splice(lists_[other]);
                return model.swap(models_[other]);
            }
            default:
                require(one.find([&](element& each) { return &each == &drawn; }) ==
                            (std::ranges::find(model, &drawn) == model.end() ? nullptr : &drawn),
                        "find does not find what is in the list");
        }
    }

    void check() {
        std::size_t linked = 0;
        for (std::size_t at = 0; at < lists_.size(); ++at) {
            list& one = lists_[at];
            const std::deque<element*>& model = models_[at];
            require(one.empty() == model.empty(), "empty says something else than the model");
            require(one.front() == (model.empty() ? nullptr : model.front()), "the first is another");
            require(one.back() == (model.empty() ? nullptr : model.back()), "the last is another");
            std::size_t place = 0;
            (void)one.find([&](element& each) {
                require(place < model.size() && model[place] == &each, "the order is another");
                ++place;
                return false;
            });
            require(place == model.size(), "the list is shorter than the model");
            linked += model.size();
        }
        for (const element& one : elements_) linked -= one.linked() ? 1 : 0;
        require(linked == 0, "linked says something else than the lists");
    }

private:
    void erase(element& which) {
        for (std::deque<element*>& model : models_) {
            const auto at = std::ranges::find(model, &which);
            if (at == model.end()) continue;
            model.erase(at);
            list::erase(which);
        }
    }

    std::array<element, 8> elements_;
    std::array<list, 3> lists_;
    std::array<std::deque<element*>, 3> models_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    scene all;
    for (int steps = 0; !in.empty() && steps < 500; ++steps) {
        all.step(in);
        all.check();
    }
    return 0;
}
