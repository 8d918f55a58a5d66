// tls_echo against changed ClientHellos, one a connection and in rows, and against changes in later flights of a client
// that is otherwise OpenSSL's own.
#include "attack.hpp"
#include "tls_client.hpp"
#include "wire.hpp"

#include <algorithm>

namespace attack {
namespace {

constexpr unsigned char alert_record = 21;
constexpr unsigned char handshake_record = 22;
constexpr std::size_t record_head = 5;
constexpr std::size_t message_head = 4;

unsigned char byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

// The lengths of the record and of the message in it made right, so that what was changed inside is looked at.
void mend_lengths(std::string& hello) {
    if (hello.size() < record_head + message_head) return;
    const std::size_t record = std::min<std::size_t>(hello.size() - record_head, 16'384);
    const std::size_t message = record - message_head;
    hello[0] = handshake_record;
    hello[1] = 3;
    hello[3] = static_cast<char>(record >> 8);
    hello[4] = static_cast<char>(record & 255);
    hello[5] = 1;  // ClientHello
    hello[6] = 0;
    hello[7] = static_cast<char>(message >> 8);
    hello[8] = static_cast<char>(message & 255);
}

// Whether record and message are there as long as they say. Of others the server says at their end that they are
// broken, which is no evidence that it has read them.
bool is_whole(std::string_view hello) {
    if (hello.size() < record_head + message_head) return false;
    const std::size_t record = byte_at(hello, 3) * 256U + byte_at(hello, 4);
    const std::size_t message = (byte_at(hello, 6) * 256U + byte_at(hello, 7)) * 256U + byte_at(hello, 8);
    return hello.size() >= record_head + record && record >= message_head + message;
}

// Whether the answer shows that the server has read the message, and not only the head of a record: it goes on with the
// handshake, or the alert is about what the message says.
bool shows_parsing(std::string_view answer) {
    if (answer.size() <= record_head) return false;
    if (byte_at(answer, 0) == handshake_record) return true;
    if (byte_at(answer, 0) != alert_record || answer.size() < record_head + 2) return false;
    constexpr unsigned char unexpected_message = 10;
    constexpr unsigned char record_overflow = 22;
    const unsigned char why = byte_at(answer, record_head + 1);
    return why != unexpected_message && why != record_overflow;
}

class tls_attacker final : public attacker {
public:
    explicit tls_attacker(std::uint16_t port) : port_{port} {}

    void attack(mutator& by, tally& into) override {
        into.count_connection();
        by.below(3) == 0 ? change_flight(by, into) : send_hellos(by, into);
    }

    void check_health(tally& into) override {
        tls_client client{{TLS1_3_VERSION, "localhost", true}};
        connection to{port_};
        std::string got;
        if (agree(client, to)) {
            client.write("hello");
            (void)to.write_all(client.take());
            while (got.size() < 5 && hear(client, to))
                for (std::string part = client.read(); !part.empty(); part = client.read()) got += part;
        }
        if (got != "hello") return into.find("a healthy client is not served, but gets '" + shown(got) + "'", {});
        into.count_healthy();
    }

private:
    // The whole handshake.
    static bool agree(tls_client& client, connection& to) {
        for (;;) {
            client.step();
            if (!to.write_all(client.take())) return false;
            if (client.is_agreed()) return true;
            if (!hear(client, to)) return false;
        }
    }
    static bool hear(tls_client& client, connection& to) {
        std::string bytes;
        if (!to.read_some(bytes)) return false;
        client.feed(bytes);
        return true;
    }

    // Changed ones, and in rows valid ones among them: all in one write, or a few bytes at a time.
    void send_hellos(mutator& by, tally& into) {
        std::string row;
        const std::size_t count = by.below(4) == 0 ? 2 + by.below(6) : 1;
        for (std::size_t n = 0; n < count; ++n) {
            std::string hello = by.valid();
            for (std::size_t changes = count == 1 ? 1 + by.below(4) : by.below(3); changes != 0; --changes)
                by.change_bytes(hello);
            if (by.below(8) != 0) mend_lengths(hello);
            row += hello;
        }
        into.count_sent(count);
        connection to{port_};
        std::string answer;
        const std::size_t portion = by.below(4) == 0 ? 1 + by.below(100) : row.size() + 1;
        if (to.converse(row, answer, portion) == ending::silent) return into.find("the server hangs", row);
        // Of a row the server reads the first, and what it makes of the second ends the handshake.
        if (is_whole(row) && shows_parsing(answer)) into.count_parsed(1);
    }

    // A client that agrees as far as its flight number `at`, which is changed: 1 is what ends the handshake, later ones
    // are text.
    void change_flight(mutator& by, tally& into) {
        const std::size_t at = 1 + by.below(4);
        tls_client client{{by.below(2) == 0 ? TLS1_2_VERSION : TLS1_3_VERSION, "localhost", by.below(2) == 0}};
        connection to{port_};
        std::string flight;
        for (std::size_t number = 0;; ++number) {
            for (flight.clear(); flight.empty();) {
                client.is_agreed() ? client.write("text") : client.step();
                flight = client.take();
                if (flight.empty() && !client.is_agreed() && !hear(client, to))
                    return into.find("half a flight of the server's", {});
            }
            if (number == at) break;
            if (!to.write_all(flight) || !hear(client, to))
                return into.find("a handshake that is still good is not answered", flight);
            if (client.is_agreed()) (void)client.read();
        }
        for (std::size_t changes = 1 + by.below(3); changes != 0; --changes) by.change_bytes(flight);
        into.count_sent(1);
        std::string answer;
        if (to.converse(flight, answer) == ending::silent) return into.find("the server hangs", flight);
        client.feed(answer);
        if (client.hears()) into.count_parsed(1);
    }

    std::uint16_t port_;
};

int attack_tls(const options& given) {
    const certificate_folder own;
    plan what;
    what.name = "tls";
    what.program = "tls_echo";
    what.arguments = {"--certificate", own.certificate(), "--key", own.key()};
    what.corpus = hellos();
    what.make = [](std::uint16_t port) { return std::make_unique<tls_attacker>(port); };
    return attack_server(given, what);
}

}  // namespace
}  // namespace attack

int main(int count, char** arguments) { return attack::run_attack(count, arguments, attack::attack_tls); }
