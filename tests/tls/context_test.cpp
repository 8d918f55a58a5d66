// Contexts that cannot be made say what is wrong and what to do.
#include "tls_pair.hpp"

#include "last_words.hpp"

#include <openssl/ui.h>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>

namespace {

using namespace tests;
using Catch::Matchers::Contains;

// What making a context is answered with.
template <class Make>
std::string refusal(Make make) {
    try {
        (void)make();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no refusal";
}

std::string refused_server(const bf::tls_options& options) {
    return refusal([&] { return bf::tls_context::server(options); });
}
std::string refused_client(const bf::tls_options& options) {
    return refusal([&] { return bf::tls_context::client(options); });
}

}  // namespace

TEST_CASE("files_that_cannot_be_used_are_named_with_the_remedy") {
    bf::tls_options options = server_options();
    options.certificate = bf::tls_pem::file("/nonexistent/chain.pem");
    CHECK_THAT(refused_server(options), Contains("certificate file '/nonexistent/chain.pem': No such file") &&
                                            Contains("give PEM with -----BEGIN CERTIFICATE-----"));
    options = server_options();
    options.key = bf::tls_pem::file("/nonexistent/key.pem");
    CHECK_THAT(refused_server(options), Contains("key file '/nonexistent/key.pem'") && Contains("openssl pkey"));
    options = client_options();
    options.trust.push_back(bf::tls_pem::file("/dev/null"));
    CHECK_THAT(refused_client(options), Contains("no usable roots in '/dev/null'"));
    options.trust.assign(1, bf::tls_pem::file("/"));
    CHECK_THAT(refused_client(options), Contains("trust file '/': Is a directory"));
}

TEST_CASE("text_that_is_no_certificate_or_no_key_is_refused") {
    CHECK_THAT(refused_server({}), Contains("a server has no certificate"));
    bf::tls_options options = server_options();
    options.key.reset();
    CHECK_THAT(refused_server(options), Contains("give both"));
    options = server_options();
    options.certificate = bf::tls_pem::text("nothing");
    CHECK_THAT(refused_server(options), Contains("no usable certificate in the text"));
    options = server_options();
    options.key = bf::tls_pem::text(house().issue().key);
    CHECK_THAT(refused_server(options), Contains("not the certificate's private key in the text"));
    options = server_options();
    options.certificate = bf::tls_pem::text(house_server().certificate +
                                            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    CHECK_THAT(refused_server(options), Contains("a bad certificate behind the first"));
    options = server_options();
    options.key =
        bf::tls_pem::text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    CHECK_THAT(refused_server(options), Contains("no usable private key") && Contains("without a password"));
}

// OpenSSL asked for the password at the terminal, and waited.
TEST_CASE("nobody_is_asked_for_the_password_of_a_certificate") {
    static bool asked;
    asked = false;
    UI_METHOD* const terminal = UI_create_method("terminal of the test");
    UI_method_set_opener(terminal, [](UI*) {
        asked = true;
        return 0;
    });
    UI_set_default_method(terminal);
    const bf::tls_pem secret = bf::tls_pem::text(
        "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
        "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAAAAAAAAAAAAAAAAAAAA==\n"
        "-----END CERTIFICATE-----\n");
    bf::tls_options options = server_options();
    options.certificate = secret;
    CHECK_THAT(refused_server(options), Contains("no usable certificate in the text: bad password read"));
    options = client_options();
    options.trust.assign(1, secret);
    CHECK_THAT(refused_client(options), Contains("no usable roots in the text: bad password read"));
    CHECK_FALSE(asked);
    UI_set_default_method(UI_OpenSSL());
    UI_destroy_method(terminal);
}

TEST_CASE("rules_that_cannot_be_kept_are_refused_with_their_value") {
    bf::tls_options options = client_options();
    options.min_version = bf::tls_version::tls13;
    options.max_version = bf::tls_version::tls12;
    CHECK_THAT(refused_client(options), Contains("min_version is above max_version"));
    options = client_options();
    options.ciphers = "NO-SUCH-CIPHER";
    CHECK_THAT(refused_client(options), Contains("NO-SUCH-CIPHER"));
    options = client_options();
    options.cipher_suites = "NO_SUCH_SUITE";
    CHECK_THAT(refused_client(options), Contains("NO_SUCH_SUITE"));
    options = client_options();
    options.alpn = {""};
    CHECK_THAT(refused_client(options), Contains("1 to 255 bytes"));
    options = client_options();
    options.buffer_bytes = 100;
    CHECK_THAT(refused_client(options), Contains("buffer_bytes is 100"));
    options = server_options();
    options.names.emplace_back("a.example", bf::tls_context::client(client_options()));
    CHECK_THAT(refused_server(options), Contains("'a.example' with a client"));
}

// They were held against the system's roots: whoever had bought any certificate got in.
TEST_CASE("a_server_that_asks_for_certificates_is_told_whose_it_trusts") {
    for (const auto verify : {bf::tls_verify::required, bf::tls_verify::if_given}) {
        bf::tls_options options = server_options();
        options.verify = verify;
        CHECK_THAT(refused_server(options), Contains("a server that verifies its clients has no trust") &&
                                                Contains("give the roots that sign their certificates"));
        options.trust = client_options().trust;
        CHECK(refused_server(options) == "no refusal");
    }
}

TEST_CASE("files_and_the_systems_roots_work_as_well") {
    const int file = ::memfd_create("pem", MFD_CLOEXEC);
    REQUIRE(file >= 0);
    const std::string both = house_server().certificate + house_server().key;
    REQUIRE(::write(file, both.data(), both.size()) == static_cast<ssize_t>(both.size()));
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    bf::tls_options options;
    options.certificate = bf::tls_pem::file(path);
    options.key = bf::tls_pem::file(path);
    CHECK(refused_server(options) == "no refusal");
    CHECK(refused_client({}) == "no refusal");
    ::close(file);
}

TEST_CASE("a_closed_tls_stream_names_the_misuse") {
    check_aborts("a tls_stream was used after close()", [] {
        narrow_pair sockets;
        const auto client = bf::tls_context::client(client_options());
        const auto server = bf::tls_context::server(server_options());
        auto ends = bf::block_on(bf::join_all(bf::tls_connect(std::move(sockets.near), client, "localhost"),
                                              bf::tls_accept(std::move(sockets.far), server)));
        tls stream = std::move(*std::get<0>(ends));
        stream.close();
        (void)stream.version();
    });
}

TEST_CASE("a_name_that_is_given_twice_is_refused") {
    bf::tls_options options = server_options();
    options.names.emplace_back("shop.example", bf::tls_context::server(server_options()));
    options.names.emplace_back("Shop.Example", bf::tls_context::server(server_options()));
    CHECK_THAT(refused_server(options), Contains("names has 'Shop.Example' twice"));
}

TEST_CASE("a_context_of_the_other_side_is_refused") {
    const bf::tls_context client = bf::tls_context::client(client_options());
    const bf::tls_context server = bf::tls_context::server(server_options());
    CHECK_THAT(refusal([&] { return bf::tls_connect(std::move(narrow_pair{}.near), server, "localhost"); }),
               Contains("make one by tls_context::client"));
    CHECK_THAT(refusal([&] { return bf::tls_accept(std::move(narrow_pair{}.far), client); }),
               Contains("make one by tls_context::server"));
}
