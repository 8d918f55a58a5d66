// kv_server against mutated commands, rows of them on a connection and one a connection; and against keys that were
// chosen to have one hash, where the hash has no key.
#include "attack.hpp"
#include "exhaustion.hpp"
#include "resp_answers.hpp"
#include "server_process.hpp"
#include "wire.hpp"

#include <cstdio>
#include <cstring>
#include <functional>

namespace attack {
namespace {

std::string command(const std::vector<std::string>& words) {
    std::string made = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) made += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    return made;
}

std::vector<std::string> corpus() {
    return {
        "PING\r\n",
        command({"PING", "hi"}),
        command({"SET", "key", "value"}),
        command({"SET", "key", "value", "EX", "100", "NX", "GET"}),
        "SET key \"a \\x41 \\n b\" PX 50\r\n",
        "SET 'a key' 'it\\'s' KEEPTTL XX\r\n",
        command({"GET", "key"}),
        command({"MSET", "a", "1", "b", "2", "c", std::string(300, 'x')}),
        command({"MGET", "a", "b", "c", "key", "none"}),
        command({"INCR", "count"}),
        command({"DECRBY", "count", "9223372036854775807"}),
        command({"DEL", "a", "b", "none"}),
        command({"EXISTS", "a", "a", "key"}),
        command({"EXPIRE", "key", "100", "GT"}),
        command({"PEXPIREAT", "key", "99999999999999"}),
        command({"TTL", "key"}) + command({"PTTL", "key"}),
        command({"GETSET", "key", std::string(5000, 'y')}),
        command({"GETDEL", "key"}),
        command({"ECHO", std::string(5000, 'z')}),
        command({"EXPIRE", "key", "100", std::string(300, 'z')}),
        command({"AUTH", "default", "password"}),
        command({"FLUSHALL", "ASYNC"}),
        command({"DBSIZE"}),
        command({"COMMAND", "DOCS"}) + command({"CONFIG", "GET", "save"}),
        "*-1\r\n*0\r\n\r\nECHO  hello\n",
    };
}

std::vector<std::string> tokens() {
    return {"*1\r\n",
            "*2\r\n",
            "*-10\r\n",
            "*1000000\r\n",
            "*1000001\r\n",
            "$0\r\n\r\n",
            "$-1\r\n",
            "$67108864\r\n",
            "$67108865\r\n",
            "$4\r\nPING\r\n",
            "PING\r\n",
            "QUIT\r\n",
            "POST",
            "Host:",
            "EX",
            "PX",
            "EXAT",
            "KEEPTTL",
            "NX",
            "XX",
            "GET",
            "LT",
            "MSET",
            "MGET",
            "SYNC",
            "'",
            "\\x",
            "\\'",
            "$",
            "*",
            "+OK\r\n",
            "-1\r\n"};
}

class resp_attacker final : public attacker {
public:
    explicit resp_attacker(std::uint16_t port) : port_{port} {}

    void attack(mutator& by, tally& into) override {
        // One conversation in eight is a mutant alone; the others have commands with other words before it, of which
        // each has one answer. One in eight has valid commands instead, which change what the mutants meet.
        std::string row;
        const std::size_t kind = by.below(8);
        const std::size_t before = kind < 2 ? 0 : 1 + by.below(64);
        const std::size_t valid = kind == 1 ? 1 + by.below(64) : 0;
        for (std::size_t one = 0; one < before; ++one) row += varied(by);
        for (std::size_t one = 0; one < valid; ++one) row += by.valid();
        const std::size_t wild = 1 + by.below(4);
        for (std::size_t one = 0; one < wild; ++one) row += by.mutant();
        into.count_sent(before + wild);
        into.count_valid(valid);
        into.count_connection();
        connection to{port_};
        std::string answer;
        const std::size_t portion = by.below(4) == 0 ? 1 + by.below(100) : row.size() + 1;
        const ending how = to.converse(row, answer, portion);
        if (how == ending::silent) return into.find("the server hangs", row);
        const resp_answers got = read_resp_answers(answer);
        // Behind valid commands nobody knows whose the answers are.
        if (valid == 0) into.count_parsed(std::min(got.complete, before) + (got.complete > before ? 1 : 0));
        if (!got.is_well_formed) into.find("an answer is not of the protocol: " + shown(answer), row);
    }

    void check_health(tally& into) override {
        connection to{port_};
        std::string answer;
        // A value of its own: the others may remove it meanwhile, but not make it another.
        const std::string name = "healthy" + std::to_string(port_);
        const bool complete = to.ask(command({"SET", name, "well"}) + command({"GET", name}) + command({"PING"}),
                                     answer, [](std::string_view text) { return text.ends_with("+PONG\r\n"); });
        if (complete && (answer == "+OK\r\n$4\r\nwell\r\n+PONG\r\n" || answer == "+OK\r\n$-1\r\n+PONG\r\n"))
            into.count_healthy();
        else
            into.find("a healthy client is not served, but gets '" + shown(answer) + "'", {});
    }

private:
    // A command whose words are of any bytes.
    static std::string varied(mutator& by) {
        std::vector<std::string> words{by.below(2) == 0 ? "SET" : "MGET"};
        for (int word = 0; word < 2; ++word) {
            words.emplace_back();
            for (std::size_t bytes = by.below(40); bytes != 0; --bytes)
                words.back() += static_cast<char>(by.below(256));
        }
        return command(words);
    }

    std::uint16_t port_;
};

// Keys of 16 bytes whose std::hash, which is a MurmurHash64A with a key that all know, is the same: the second half is
// chosen so that it leads from wherever the first one leads to one number.
std::string key_of_one_hash(std::uint64_t number) {
    constexpr std::uint64_t factor = 0xc6a4a7935bd1e995;
    constexpr std::uint64_t inverse = [] {
        std::uint64_t made = 1;
        for (int step = 0; step < 6; ++step) made *= 2 - factor * made;
        return made;
    }();
    const auto mix = [](std::uint64_t word) { return ((word * factor) ^ ((word * factor) >> 47)) * factor; };
    constexpr std::uint64_t seed = 0xc70f6907;
    const std::uint64_t reached = ((seed ^ (16 * factor)) ^ mix(number)) * factor;
    const std::uint64_t mixed = (reached ^ 1) * inverse;
    const std::uint64_t second = (mixed ^ (mixed >> 47)) * inverse;
    std::string made(16, '\0');
    std::memcpy(made.data(), &number, 8);
    std::memcpy(made.data() + 8, &second, 8);
    return made;
}

std::chrono::duration<double> time_to_set(std::uint16_t port, const std::vector<std::string>& words, tally& into) {
    connection to{port};
    std::string answer;
    const auto began = std::chrono::steady_clock::now();
    if (!to.ask(command(words), answer, [](std::string_view text) { return text.ends_with("\r\n"); }) ||
        answer != "+OK\r\n")
        into.find("many keys were not set, but " + shown(answer), {});
    return std::chrono::steady_clock::now() - began;
}

void flood_with_one_hash(const options& given, tally& into) {
    constexpr std::uint64_t count = 16'000;
    if (std::hash<std::string_view>{}(key_of_one_hash(1)) != std::hash<std::string_view>{}(key_of_one_hash(2)))
        return into.find("the keys have not one hash: std::hash is another here", {});
    server_process server{given.examples + "/kv_server", {"--backend", given.backend, "--driver", given.driver}};
    std::vector<std::string> ordinary{"MSET"};
    std::vector<std::string> chosen{"MSET"};
    for (std::uint64_t number = 0; number < count; ++number) {
        ordinary.insert(ordinary.end(), {std::to_string(10'000'000'000'000'00 + number), "x"});
        chosen.insert(chosen.end(), {key_of_one_hash(number), "x"});
    }
    const auto usual = time_to_set(server.port(), ordinary, into);
    const auto flooded = time_to_set(server.port(), chosen, into);
    constexpr std::chrono::milliseconds slack{500};  // Other programs run as well.
    if (flooded > 5 * usual + slack) into.find("keys that were chosen for their std::hash take too long", {});
    std::printf("  %llu keys: %.1f ms; as many of one std::hash: %.1f ms\n", static_cast<unsigned long long>(count),
                usual.count() * 1e3, flooded.count() * 1e3);
    const std::string wrong = server.stop();
    if (!wrong.empty()) into.find("kv_server after chosen keys: " + wrong, {});
}

int attack_resp(const options& given) {
    plan what;
    what.name = "resp";
    what.program = "kv_server";
    what.arguments = {"--data", "64", "--input", "64"};
    what.corpus = corpus();
    what.tokens = tokens();
    what.make = [](std::uint16_t port) { return std::make_unique<resp_attacker>(port); };
    const int failed = attack_server(given, what);
    tally more;
    flood_with_one_hash(given, more);
    exhaust_descriptors(given, what, more);
    return failed != 0 || more.findings() != 0 ? 1 : 0;
}

}  // namespace
}  // namespace attack

int main(int count, char** arguments) { return attack::run_attack(count, arguments, attack::attack_resp); }
