// The client of the examples against a hostile server: plain threads that answer its requests with mutants, and, to
// those for /healthy, as they should. The client's code runs in this process, in tasks of either model.
#include "attack.hpp"
#include "wire.hpp"

#include "http/client.hpp"

#include <atomic>
#include <optional>
#include <thread>

namespace bf = bifilar;

namespace attack {
namespace {

using clock = std::chrono::steady_clock;

constexpr unsigned tasks = 8;
constexpr std::chrono::minutes silence{3};  // A busy machine may leave a process alone for long.
const std::string healthy = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

std::vector<std::string> corpus() {
    return {
        healthy,
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\nContent-Length: "
        "0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\nAccept-Ranges: bytes\r\n\r\n0123456789",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/10\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + healthy,
        "HTTP/1.1 301 Moved Permanently\r\nLocation: /healthy\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 302 Found\r\nLocation: /mutant?x=y\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n00A;q=\"x;\\\"y\"\r\n0123456789\r\n0\r\nX: "
        "y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
    };
}

std::vector<std::string> tokens() {
    return {"HTTP/1.1",
            "HTTP/1.0",
            "HTTP/2.0",
            "100",
            "101",
            "199",
            "200",
            "204",
            "304",
            "301",
            "599",
            "999",
            "Content-Length",
            "Content-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\n",
            "chunked",
            "identity",
            "gzip",
            "chunked, chunked",
            "Location",
            "Location: /x\r\n",
            "Connection: close\r\n",
            "close",
            "keep-alive",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "0\r\n\r\n",
            "5\r\nhello\r\n",
            ";name=\"value\"",
            "X: y\r\n",
            " folded\r\n"};
}

// What the threads of the server and the tasks of the client have in common.
class scene {
public:
    explicit scene(const options& given) : given_{given} {}

    [[nodiscard]] bool is_over() const {
        if (found_.findings() >= 10) return true;
        return given_.time.count() != 0 ? clock::now() - began_ >= given_.time : found_.parsed() >= given_.inputs;
    }
    [[nodiscard]] http::url at(const char* path) const { return {"127.0.0.1:" + std::to_string(door_.port()), path}; }
    void serve(std::uint64_t number);
    void end() noexcept { ended_.store(true); }

    tally& found() noexcept { return found_; }
    [[nodiscard]] clock::time_point began() const noexcept { return began_; }

private:
    [[nodiscard]] bool answer(connection& to, std::string& asked, mutator& by);

    const options& given_;
    listener door_;
    tally found_;
    const clock::time_point began_ = clock::now();
    std::atomic<bool> ended_{
        false};  // Set once, when the tasks have ended; the threads look at it between connections.
};

// One connection after another, and on each as many answers as the client goes on to ask for.
void scene::serve(std::uint64_t number) {
    mutator by{given_.seed * 1000 + number, corpus(), tokens()};
    while (!ended_.load()) {
        const int descriptor = door_.accept(std::chrono::milliseconds{50});
        if (descriptor < 0) continue;
        connection to{descriptor, silence};
        found_.count_connection();
        std::string asked;
        while (answer(to, asked, by)) continue;
    }
}

// False: the connection is over.
bool scene::answer(connection& to, std::string& asked, mutator& by) {
    std::size_t end = 0;
    while ((end = asked.find("\r\n\r\n")) == std::string::npos)
        if (!to.read_some(asked)) return false;
    const std::string request = asked.substr(0, end);
    asked.erase(0, end + 4);
    const bool is_head = request.starts_with("HEAD");
    if (request.find(" /healthy ") != std::string::npos)
        return to.write_all(is_head ? healthy.substr(0, healthy.size() - 5) : healthy);
    found_.count_sent(1);
    // Most go on with a field more, so that the connection is kept; the others are wild and the last on theirs.
    if (by.below(4) != 0 && !is_head) {
        std::string mild = by.valid();
        mild.insert(mild.find("\r\n") + 2,
                    "X-" + std::to_string(by.next()) + ": \t" + std::to_string(by.next()) + "\r\n");
        return to.write_all(mild) && mild.find("Connection: close") == std::string::npos;
    }
    (void)to.write_all(by.mutant());
    return false;
}

// What became of a request.
class fetched {
public:
    int status = 0;
    std::string body;
    std::string failure;  // Empty: it was answered.
    bool is_expected = true;
};

bf::task<fetched> fetch(http::client& by, http::url at, http::method how) {
    fetched made;
    try {
        const http::response* const got = co_await by.ask(at, how);
        made.status = got->status;
        for (;;) {
            const std::string_view bytes = co_await by.read_body();
            if (bytes.empty()) break;
            made.body += bytes;
        }
    } catch (const http::failure& error) {
        made.failure = error.what();
    } catch (const std::exception& error) {
        made.failure = error.what();
        made.is_expected = false;
    }
    co_return made;
}

http::patience hurry() {
    http::patience made;
    made.silence = silence;
    return made;
}

// Whether the client has looked at bytes of the answer.
bool is_parsed(const fetched& got) {
    if (got.status != 0) return true;
    for (const char* const complaint : {"HTTP/1.1", "redirects", "announces", "within its answer"})
        if (got.failure.find(complaint) != std::string::npos) return true;
    return false;
}

void note_mutant(scene& in, const fetched& got) {
    if (is_parsed(got)) in.found().count_parsed(1);
    if (!got.is_expected || got.failure.find("said nothing") != std::string::npos) in.found().find(got.failure, {});
}

void note_healthy(scene& in, const fetched& got) {
    in.found().count_healthy();
    if (got.status != 200 || got.body != "hello") in.found().find("a healthy answer is lost: " + got.failure, got.body);
}

http::method method_of(unsigned number) { return number % 8 == 0 ? http::method::head : http::method::get; }

bf::task<> ask_on_and_on(scene& in) {
    http::client one{hurry()};
    http::client other{hurry()};  // What comes behind a mutant may be taken for the next answer.
    for (unsigned number = 0; !in.is_over(); ++number) {
        fetched got = co_await fetch(one, in.at("/mutant"), method_of(number));
        note_mutant(in, got);
        if (number % 16 != 0) continue;
        fetched sound = co_await fetch(other, in.at("/healthy"), http::method::get);
        note_healthy(in, sound);
    }
}

void ask_on_and_on_in_fiber(scene& in) {
    http::client one{hurry()};
    http::client other{hurry()};  // What comes behind a mutant may be taken for the next answer.
    for (unsigned number = 0; !in.is_over(); ++number) {
        note_mutant(in, bf::await(fetch(one, in.at("/mutant"), method_of(number))));
        if (number % 16 == 0) note_healthy(in, bf::await(fetch(other, in.at("/healthy"), http::method::get)));
    }
}

int attack_client(const options& given) {
    const auto on = bf::parse_backend(given.backend);
    const auto driver = bf::parse_driver(given.driver);
    if (!on || !driver) throw std::invalid_argument{"no such backend or driver"};
    scene all{given};
    std::vector<std::jthread> servers;
    for (std::uint64_t one = 0; one < 2 * tasks; ++one) servers.emplace_back([&all, one] { all.serve(one); });
    {
        bf::runtime_options machine;
        machine.driver = *driver;
        machine.workers = given.threads;
        bf::runtime runtime{machine};
        std::vector<bf::join_handle<void>> clients;
        for (unsigned one = 0; one < tasks; ++one) {
            if (*on == bf::backend::stackful)
                clients.push_back(runtime.spawn(*on, ask_on_and_on_in_fiber, std::ref(all)));
            else
                clients.push_back(runtime.spawn(*on, ask_on_and_on, std::ref(all)));
        }
        for (auto& one : clients) one.join();
    }
    all.end();
    servers.clear();
    all.found().print("client, " + given.backend + " over " + given.driver, given.seed, clock::now() - all.began());
    return all.found().findings() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace attack

int main(int count, char** arguments) { return attack::run_attack(count, arguments, attack::attack_client); }
