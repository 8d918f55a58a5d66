// A listener whose connections and failures a test writes down, so that no socket decides about the order of events.
#pragma once

#include <bifilar/bifilar.hpp>
#include <bifilar/runtime/serve.hpp>

#include <atomic>
#include <expected>
#include <memory>
#include <system_error>
#include <utility>

namespace tests {

namespace bf = bifilar;

// Counts those that are open.
class scripted_stream {
public:
    explicit scripted_stream(std::shared_ptr<std::atomic<int>> open) : open_{std::move(open)} { ++*open_; }
    scripted_stream(scripted_stream&&) noexcept = default;
    scripted_stream& operator=(scripted_stream&&) = delete;
    ~scripted_stream() {
        if (open_ != nullptr) --*open_;
    }

private:
    std::shared_ptr<std::atomic<int>> open_;
};

// What accept() answers, in turn; then it waits for more. Outlives the listener.
class script {
public:
    void connect(int count = 1) {
        for (int n = 0; n < count; ++n) (void)answers.send(0);
    }
    void fail(int code) { (void)answers.send(code); }

    bf::unbounded_channel<int> answers;  // 0: a connection; else an errno.
    std::atomic<int> attempts{0};        // How many accepts were answered.
    std::atomic<bool> closed{false};     // The listener is gone.
    std::shared_ptr<std::atomic<int>> open = std::make_shared<std::atomic<int>>(0);
};

class scripted_listener {
public:
    explicit scripted_listener(script& from) noexcept : from_{&from} {}
    scripted_listener(scripted_listener&& other) noexcept : from_{std::exchange(other.from_, nullptr)} {}
    scripted_listener& operator=(scripted_listener&& other) noexcept {
        std::swap(from_, other.from_);
        return *this;
    }
    ~scripted_listener() {
        if (from_ != nullptr) from_->closed = true;
    }

    [[nodiscard]] auto accept() noexcept { return bf::map(from_->answers.recv(), answer{*from_}); }

private:
    class answer {
    public:
        explicit answer(script& from) noexcept : from_{&from} {}
        std::expected<scripted_stream, std::error_code> operator()(std::optional<int> code) const {
            ++from_->attempts;
            if (code.value_or(EINVAL) != 0)
                return std::unexpected{std::error_code{code.value_or(EINVAL), std::system_category()}};
            return scripted_stream{from_->open};
        }

    private:
        script* from_;
    };

    script* from_;
};

inline bf::task<> end_with_the_server(scripted_stream, bf::serving server) { co_await server.stop(); }
inline void end_with_the_server_on_a_fiber(scripted_stream, bf::serving server) { bf::await(server.stop()); }

inline bf::serve_options on(bf::backend model) {
    bf::serve_options options;
    options.on = model;
    options.max_connections = 1'000;  // They have no descriptors, of which a process may have few.
    return options;
}

// The connections are fibers of plain code or coroutines, as the model says.
inline bf::join_handle<bf::serve_report> start(bf::serve_options options, script& from, bf::event& stop) {
    if (options.on == bf::backend::stackful)
        return bf::spawn(
            bf::serve(scripted_listener{from}, std::move(options), end_with_the_server_on_a_fiber, stop.wait()));
    return bf::spawn(bf::serve(scripted_listener{from}, std::move(options), end_with_the_server, stop.wait()));
}

}  // namespace tests
