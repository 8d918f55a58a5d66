// The switch between a model's thread and the engine.
// Builds on jump_fcontext of Boost 1.81.
#include "strand.hpp"

#include <boost/context/detail/fcontext.hpp>

#if defined(__SANITIZE_ADDRESS__)
#define MODEL_ASAN_ 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MODEL_ASAN_ 1
#endif
#endif

#if defined(MODEL_ASAN_)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

// An abandoned stack would leak ASan's second stack for escaping locals, and making one costs two system calls.
extern "C" const char* __asan_default_options() { return "detect_stack_use_after_return=0"; }
#endif

namespace model {
namespace {

// Room for Catch2's expressions under ASan at -O0.
constexpr std::size_t stack_bytes = 256 * 1024;

void leave(void** fake_stack, const void* bottom, std::size_t bytes) noexcept {
#if defined(MODEL_ASAN_)
    __sanitizer_start_switch_fiber(fake_stack, bottom, bytes);
#else
    (void)fake_stack, (void)bottom, (void)bytes;
#endif
}

void arrive(void* fake_stack, const void** bottom, std::size_t* bytes) noexcept {
#if defined(MODEL_ASAN_)
    __sanitizer_finish_switch_fiber(fake_stack, bottom, bytes);
#else
    (void)fake_stack, (void)bottom, (void)bytes;
#endif
}

}  // namespace

/// Gives the C entry function access to the strand.
struct strand_switch {
    static void enter(boost::context::detail::transfer_t from) {
        auto* const self = static_cast<strand*>(from.data);
        self->resumer_ = from.fctx;
        arrive(nullptr, &self->resumer_bottom_, &self->resumer_bytes_);
        self->run_(self->argument_);
        self->ended_ = true;
        self->suspend();
    }
};

strand::strand() : stack_(new std::byte[stack_bytes]) {}
strand::~strand() {
#if defined(MODEL_ASAN_)
    ASAN_UNPOISON_MEMORY_REGION(stack_.get(), stack_bytes);
#endif
}

void strand::prepare(entry run, void* argument) noexcept {
#if defined(MODEL_ASAN_)
    // Frames of an abandoned execution left their red zones behind.
    ASAN_UNPOISON_MEMORY_REGION(stack_.get(), stack_bytes);
#endif
    run_ = run;
    argument_ = argument;
    fake_stack_ = nullptr;
    ended_ = false;
    context_ = boost::context::detail::make_fcontext(stack_.get() + stack_bytes, stack_bytes, &strand_switch::enter);
}

void strand::resume() noexcept {
    void* own_fake_stack = nullptr;
    leave(&own_fake_stack, stack_.get(), stack_bytes);
    context_ = boost::context::detail::jump_fcontext(context_, this).fctx;
    arrive(own_fake_stack, nullptr, nullptr);
}

void strand::suspend() noexcept {
    // A null fake stack tells ASan that this stack is finished.
    leave(ended_ ? nullptr : &fake_stack_, resumer_bottom_, resumer_bytes_);
    resumer_ = boost::context::detail::jump_fcontext(resumer_, this).fctx;
    arrive(fake_stack_, &resumer_bottom_, &resumer_bytes_);
}

}  // namespace model
