// Which frames a backtrace leaves out, by the names of their functions.
#include "dump/frame_text.hpp"
#include "catch.hpp"


namespace bf = bifilar;

TEST_CASE("the_name_of_a_function_is_found_behind_its_type") {
    using bf::dump::name_in;
    CHECK(name_in("main") == "main");
    CHECK(name_in("f(int, char)") == "f(int, char)");
    CHECK(name_in("void bifilar::sched::worker::loop_on<false>()") == "bifilar::sched::worker::loop_on<false>()");
    CHECK(name_in("bifilar::task<void> serve<int, long>(int, long)") == "serve<int, long>(int, long)");
    CHECK(name_in("std::pair<int, long> const& get<std::pair<int, long> >()") == "get<std::pair<int, long> >()");
    CHECK(name_in("(anonymous namespace)::spin(bool const&)") == "(anonymous namespace)::spin(bool const&)");
    CHECK(name_in("main::{lambda(int, long)#1}::operator()(int, long) const") ==
          "main::{lambda(int, long)#1}::operator()(int, long) const");
    CHECK(name_in("operator new(unsigned long)") == "operator new(unsigned long)");
    CHECK(name_in("") == "");
}

TEST_CASE("templates_of_the_program_that_give_types_of_the_library_are_shown") {
    bf::dumped_frame frame;
    frame.function = "bifilar::task<void> serve<int>(int)";
    CHECK_FALSE(bf::dump::is_own(frame));
    frame.function = "void bifilar::detail::start_connection<int>(int)";
    CHECK(bf::dump::is_own(frame));
    frame.function = "bifilar::sleep_for(std::chrono::duration<long>)";
    CHECK(bf::dump::is_own(frame));
}
