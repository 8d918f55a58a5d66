// What of a text the chat shows to others.
#include <catch.hpp>

#include "chat/printable.hpp"

namespace {

using chat::printable;

TEST_CASE("ordinary_text_of_any_language_is_shown_as_it_is") {
    const std::string text = "Grüße, שלום, 你好, 𝄞 and e\u0301!";
    CHECK(printable(text) == text);
}

TEST_CASE("control_characters_of_ascii_are_left_out") {
    CHECK(printable("a\033[31m\tb\x7f"
                    "c\r") == "a[31mbc");
}

TEST_CASE("control_characters_of_latin_1_are_left_out") {
    CHECK(printable("a\u009b31mb\u0080\u0085\u009fc\u00a0d") == "a31mbc\u00a0d");
}

TEST_CASE("what_turns_text_around_is_left_out") {
    CHECK(printable("a\u202eb\u202ac\u202dd\u2066e\u2069f\u200eg\u200fh\u061ci") == "abcdefghi");
    CHECK(printable("one\u2028two\u2029three") == "onetwothree");
}

TEST_CASE("bytes_that_are_no_utf_8_are_questions") {
    CHECK(printable("a\x9b"
                    "b") == "a?b");                                 // A control character to a terminal of Latin-1.
    CHECK(printable("\xc0\x9b\xe0\x80\x9b") == "?????");            // Overlong.
    CHECK(printable("\xed\xa0\x80\xf4\x90\x80\x80") == "???????");  // A surrogate; beyond the last character.
    CHECK(printable("x\xe2\x80") == "x??");                         // Cut.
    CHECK(printable("\xe2\x80"
                    "y") == "??y");
    CHECK(printable("\xff\xfe") == "??");
}

}  // namespace
