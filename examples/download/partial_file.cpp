// Made and kept as a whole: whoever gives up meanwhile waits for the end of that.
#include "partial_file.hpp"

#include <unistd.h>

namespace bf = bifilar;

namespace download {
namespace {

[[noreturn]] void fail(const std::error_code& error, const std::string& what) { throw std::system_error{error, what}; }

}  // namespace

partial_file::~partial_file() {
    if (file_) ::unlink(name_.c_str());
}

// A file that a cancelled open has made stays, and the next download would find it.
bf::task<> partial_file::create() { co_await bf::shield(make()); }

bf::task<> partial_file::make() {
    bf::open_options how;
    how.read = false;
    how.write = how.create_new = true;
    auto made = co_await bf::file::open(name_, how);
    if (!made) fail(made.error(), "cannot make " + name_ + "; remove it unless another download writes it");
    file_.emplace(std::move(*made));
}

bf::task<> partial_file::keep() {
    auto done = co_await file_->sync();
    if (!done) fail(done.error(), "cannot bring " + name_ + " to the disk");
    done = co_await bf::rename(name_, to_);
    if (!done) fail(done.error(), "cannot rename " + name_ + " to " + to_);
    file_.reset();
}

}  // namespace download
