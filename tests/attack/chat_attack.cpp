// chat_server against mutated lines: whatever one says, the others hear nothing that moves their terminals.
#include "attack.hpp"
#include "exhaustion.hpp"
#include "wire.hpp"

#include <cstdio>

namespace attack {
namespace {

std::vector<std::string> corpus() {
    return {"hello\n",
            "hello, how are you?\r\n",
            "Gr\xc3\xbc\xc3\x9f\x65, \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d, \xe4\xbd\xa0\xe5\xa5\xbd\n",
            "\033[31mred\033[0m\ttext\n",
            "a \xc2\x9b"
            "31m b \x9b"
            "c\n",
            "\xe2\x80\xae"
            "desrever"
            "\xe2\x80\xac \xe2\x81\xa6x\xe2\x81\xa9\n",
            "\n",
            "* somebody has left\n",
            std::string(3000, 'x') + "\n",
            "\xf0\x9d\x84\x9e \xed\xa0\x80 \xc0\x9b\n"};
}

std::vector<std::string> tokens() {
    return {"\xc2\x85",     "\xc2\x9b",     "\x9b",         "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xae",
            "\xe2\x81\xa7", "\xe2\x80\x8f", "\xd8\x9c",     "\xe2\x80",     "\xc2",         "\xf0\x9f\x98\x80",
            "\033]0;x\a",   "\033[2J",      "\xef\xbf\xbf", "* ",           "\n",           "\r\n"};
}

// A line that was heard: whether it has what the server is to leave out. Looked for as bytes, without decoding.
bool is_harmful(std::string_view line) {
    for (std::size_t at = 0; at < line.size(); ++at) {
        const auto byte = static_cast<unsigned char>(line[at]);
        const auto next = at + 1 < line.size() ? static_cast<unsigned char>(line[at + 1]) : 0u;
        if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && next < 0xa0) || byte == 0xc0) return true;
    }
    for (const std::string_view bad : {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac",
                                       "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8",
                                       "\xe2\x81\xa9", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xd8\x9c"})
        if (line.find(bad) != std::string_view::npos) return true;
    return false;
}

class chat_attacker final : public attacker {
public:
    explicit chat_attacker(std::uint16_t port) : port_{port}, observer_{port} {
        if (!observer_.write_all("observer\n")) heard_ = "";
    }

    void attack(mutator& by, tally& into) override {
        into.count_connection();
        if (by.below(8) == 0) {  // The name is what it says.
            connection nameless{port_};
            const std::string said = by.mutant();
            std::string answer;
            into.count_sent(1);
            if (nameless.converse(said, answer) == ending::silent) into.find("the server hangs", said);
            return;
        }
        const std::string name = "m" + std::to_string(by.next());
        std::string said = name + "\n";
        const std::size_t count = 1 + by.below(32);
        // Behind each mutant stands a line by which the observer knows that the server has come to its end.
        for (std::size_t one = 0; one < count; ++one)
            said.append(by.mutant()).append("\n").append(end_mark).append("\n");
        into.count_sent(count);
        into.count_valid(count);
        connection to{port_};
        std::string answer;
        const std::size_t portion = by.below(4) == 0 ? 1 + by.below(100) : said.size() + 1;
        if (to.converse(said, answer, portion) == ending::silent) return into.find("the server hangs", said);
        listen_until_left(name, said, into);
    }

    void check_health(tally& into) override {
        connection member{port_};
        std::string answer;
        if (member.ask("healthy\n", answer,
                       [](std::string_view text) { return text.find("* welcome, healthy\n") != text.npos; }))
            into.count_healthy();
        else
            into.find("a healthy member is not welcome, but gets '" + shown(answer) + "'", {});
    }

private:
    static constexpr std::string_view end_mark = "that was a mutant";

    // What the observer hears of a member until it has left.
    void listen_until_left(const std::string& name, const std::string& said, tally& into) {
        const std::string last = "* " + name + " has left";
        for (;;) {
            const std::size_t end = heard_.find('\n');
            if (end == std::string::npos) {
                if (observer_.read_some(heard_)) continue;
                return into.find("who listens is disconnected", said);
            }
            const std::string line = heard_.substr(0, end);
            heard_.erase(0, end + 1);
            if (is_harmful(line)) into.find("heard: " + shown(line), said);
            if (line == name + ": " + std::string{end_mark}) into.count_parsed(1);
            // It may have been among what was missed.
            if (line == last || line.starts_with("* you missed ")) return;
        }
    }

    std::uint16_t port_;
    connection observer_;
    std::string heard_;
};

int attack_chat(const options& given) {
    plan what;
    what.name = "chat";
    what.program = "chat_server";
    what.arguments = {"--history", "1024"};
    what.corpus = corpus();
    what.tokens = tokens();
    what.make = [](std::uint16_t port) { return std::make_unique<chat_attacker>(port); };
    const int failed = attack_server(given, what);
    tally more;
    exhaust_descriptors(given, what, more);
    return failed != 0 || more.findings() != 0 ? 1 : 0;
}

}  // namespace
}  // namespace attack

int main(int count, char** arguments) { return attack::run_attack(count, arguments, attack::attack_chat); }
