// Channels of several tasks and threads, whose histories are those of an object that does one call after the other.
// What is found wrong is printed, for the threads' turns cannot be repeated.
#include "channels.hpp"
#include "histories.hpp"

using namespace linear;

namespace {

using bounded = played_channel<bf::channel<std::int64_t>, channel_model>;
using rendezvous = played_channel<bf::channel<std::int64_t>, rendezvous_model>;
using unbounded = played_channel<bf::unbounded_channel<std::int64_t>, channel_model>;

void bounded_histories(std::uint64_t count) {
    check_histories("bounded channel", count, [](std::uint64_t number) {
        const auto room = static_cast<std::uint32_t>(1 + number / 4 % 3);
        return std::make_unique<bounded>(channel_model{room}, room);
    });
}
void rendezvous_histories(std::uint64_t count) {
    check_histories("rendezvous channel", count,
                    [](std::uint64_t) { return std::make_unique<rendezvous>(rendezvous_model{}, 0U); });
}
void unbounded_histories(std::uint64_t count) {
    check_histories("unbounded channel", count, [](std::uint64_t) {
        return std::make_unique<unbounded>(channel_model{std::numeric_limits<std::size_t>::max()});
    });
}
void oneshot_histories(std::uint64_t count) {
    check_histories("oneshot", count, [](std::uint64_t) { return std::make_unique<played_oneshot>(); });
}

}  // namespace

TEST_CASE("histories_of_a_bounded_channel_are_linearizable") { bounded_histories(by_day); }
TEST_CASE("histories_of_a_rendezvous_are_linearizable") { rendezvous_histories(by_day); }
TEST_CASE("histories_of_an_unbounded_channel_are_linearizable") { unbounded_histories(by_day); }
TEST_CASE("histories_of_a_oneshot_are_linearizable") { oneshot_histories(by_day); }

TEST_CASE("many_histories_of_channels_are_linearizable", "[.][nightly]") {
    bounded_histories(by_night);
    rendezvous_histories(by_night);
    unbounded_histories(by_night);
    oneshot_histories(by_night);
}
