// "hello" by Boost.Beast over Boost.Asio on one thread, as a peer.
//   beast_server <port>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

namespace {

class session : public std::enable_shared_from_this<session> {
public:
    explicit session(tcp::socket socket) : stream_{std::move(socket)} {}

    void read() {
        parser_.emplace();
        stream_.expires_after(std::chrono::seconds{60});
        http::async_read(stream_, buffer_, *parser_, beast::bind_front_handler(&session::on_read, shared_from_this()));
    }

private:
    void on_read(beast::error_code error, std::size_t) {
        if (error) return;
        const auto& asked = parser_->get();
        answer_ = {};
        answer_.version(asked.version());
        answer_.keep_alive(asked.keep_alive());
        answer_.result(asked.target() == "/" ? http::status::ok : http::status::not_found);
        answer_.set(http::field::content_type, "text/plain; charset=utf-8");
        answer_.body() = "hello";
        answer_.prepare_payload();
        http::async_write(stream_, answer_, beast::bind_front_handler(&session::on_write, shared_from_this()));
    }
    void on_write(beast::error_code error, std::size_t) {
        if (!error && answer_.keep_alive()) read();
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> answer_;
};

void accept(tcp::acceptor& from) {
    from.async_accept([&from](beast::error_code error, tcp::socket socket) {
        if (!error) {
            socket.set_option(tcp::no_delay{true});
            std::make_shared<session>(std::move(socket))->read();
        }
        accept(from);
    });
}

}  // namespace

int main(int count, char** arguments) {
    asio::io_context context{1};
    const auto port = static_cast<unsigned short>(count > 1 ? std::atoi(arguments[1]) : 0);
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), port}};
    asio::signal_set signals{context, SIGINT, SIGTERM};
    signals.async_wait([&](const beast::error_code&, int) { context.stop(); });
    accept(acceptor);
    std::printf("listening on 127.0.0.1:%d\n", static_cast<int>(acceptor.local_endpoint().port()));
    std::fflush(stdout);
    context.run();
}
