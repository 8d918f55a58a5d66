// Two TLS sessions with a line between them on which drawn changes happen to the ciphertext, or one with bytes that no
// peer would send. Untouched, what one writes is what the other reads; else the session that was lied to fails for good
// and has given out nothing that was not written.
#include "input.hpp"

#include "attack/tls_client.hpp"
#include <bifilar/tls/detail/tls_session.hpp>

#include <array>
#include <memory>
#include <string>

namespace {

using namespace fuzz;
namespace bf = bifilar;
using bf::detail::tls_session;
using bf::detail::tls_side;
using bf::detail::tls_step;

// Made once, for keys take their time. Nobody verifies: a chain of certificates is OpenSSL's affair.
const bf::tls_context& client_context() {
    static const bf::tls_context made = [] {
        bf::tls_options how;
        how.verify = bf::tls_verify::none;
        how.resume_sessions = false;
        how.buffer_bytes = 4096;
        return bf::tls_context::client(how);
    }();
    return made;
}
bf::tls_context server_with(bf::tls_version newest) {
    const attack::certificate_folder own;
    bf::tls_options how;
    how.certificate = bf::tls_pem::file(own.certificate());
    how.key = bf::tls_pem::file(own.key());
    how.max_version = newest;
    how.buffer_bytes = 2048;
    return bf::tls_context::server(how);
}
const bf::tls_context& server_context(bool newest) {
    static const bf::tls_context new_one = server_with(bf::tls_version::tls13);
    static const bf::tls_context old_one = server_with(bf::tls_version::tls12);
    return newest ? new_one : old_one;
}

// One side with what it knows of the other.
class end_point {
public:
    end_point(const bf::tls_context& context, tls_side side) : session_{context, side, "localhost", 443} {}

    tls_session& session() { return session_; }
    [[nodiscard]] bool is_agreed() const { return agreed_; }

    // Goes on with whatever is next: the handshake, then a read.
    void go_on() {
        if (!agreed_) {
            const tls_step step = noted(session_.handshake());
            agreed_ = step == tls_step::done;
            return;
        }
        std::array<std::byte, 300> into;
        std::size_t count = 0;
        const tls_step step = noted(session_.read(into, count));
        if (step != tls_step::done) return;
        require(count != 0 && count <= into.size(),
                "a read is done and gives no bytes, or more than there is room for");
        got.append(text_of(std::span{into}.first(count)));
    }
    void write(std::string_view text) {
        if (!agreed_) return;
        std::size_t count = 0;
        if (noted(session_.write(bytes_of(text), count)) != tls_step::done) return;
        require(count <= text.size(), "a write has taken more than it was given");
        written.append(text.substr(0, count));
    }
    void shut() {
        if (agreed_) (void)noted(session_.shutdown());
    }

    std::string got;
    std::string written;

private:
    tls_step noted(tls_step step) {
        require(!failed_ || step == tls_step::failed, "a session goes on that had failed");
        failed_ = step == tls_step::failed;
        if (failed_) require(static_cast<bool>(session_.error()), "a session has failed without an error");
        return step;
    }

    tls_session session_;
    bool agreed_ = false;
    bool failed_ = false;
};

class line {
public:
    explicit line(input& from)
        : in_{from},
          ends_{end_point{client_context(), tls_side::client},
                end_point{server_context(from.flag()), tls_side::server}} {}

    void run() {
        for (int steps = 0; steps < 150 && !in_.empty(); ++steps) step();
        const bool is_whole = !touched_ && !shut_;
        for (int rounds = 0; is_whole && rounds < 40; ++rounds) pass_all();
        for (std::size_t side = 0; side < 2; ++side) {
            const std::string& sent = ends_[1 - side].written;
            require(sent.starts_with(ends_[side].got), "a session has given out what was not written");
            if (!is_whole) continue;
            require(ends_[side].is_agreed(), "two sessions that nobody has lied to do not agree");
            require(ends_[side].got == sent, "what was written has not come out");
        }
    }

private:
    void step() {
        const std::size_t side = in_.below(2);
        end_point& one = ends_[side];
        switch (in_.below(8)) {
            case 1:
                return one.write(in_.text(400));
            case 2:
                return in_.below(16) == 1 ? shut(one) : one.go_on();
            case 3:
                return lie(one);
            default:
                carry(one, ends_[1 - side], in_.below(4096));
                carry(ends_[1 - side], one, in_.below(4096));
                one.go_on();
                ends_[1 - side].go_on();
        }
    }
    void shut(end_point& one) {
        shut_ = shut_ || one.is_agreed();
        one.shut();
    }
    void pass_all() {
        carry(ends_[0], ends_[1], 0);
        carry(ends_[1], ends_[0], 0);
        for (end_point& one : ends_) one.go_on();
    }
    // So many bytes, or with 0 all, as far as there is room for them.
    void carry(end_point& from, end_point& to, std::size_t piece) {
        const std::size_t room = to.session().receive_room().size();
        std::string bytes{text_of(from.session().to_send())};
        bytes = bytes.substr(0, piece == 0 ? room : std::min(piece, room));
        const std::size_t taken = bytes.size();
        if (taken == 0) return;
        if (in_.below(32) == 1) change(bytes);
        from.session().sent(taken);
        give(to, bytes.substr(0, room));
    }
    void lie(end_point& to) {
        if (in_.below(4) != 1) return;
        touched_ = true;
        if (in_.flag()) return to.session().received_end();
        const std::string_view bytes = in_.text(300);
        give(to, bytes.substr(0, to.session().receive_room().size()));
        to.go_on();
    }
    static void give(end_point& to, std::string_view bytes) {
        const std::span<std::byte> room = to.session().receive_room();
        std::copy_n(bytes_of(bytes).begin(), bytes.size(), room.begin());
        to.session().received(bytes.size());
    }
    void change(std::string& bytes) {
        touched_ = true;
        const std::size_t at = in_.below(bytes.size());
        switch (in_.below(3)) {
            case 0:
                bytes[at] = static_cast<char>(bytes[at] ^ (1 + in_.below(255)));
                return;
            case 1:
                bytes.erase(at, 1 + in_.below(20));
                return;
            default:
                bytes.insert(at, in_.text(20));
        }
    }

    input& in_;
    std::array<end_point, 2> ends_;
    bool touched_ = false;  // Somebody was lied to.
    bool shut_ = false;     // A session was told to end.
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
    input in{bytes, count};
    line{in}.run();
    return 0;
}
