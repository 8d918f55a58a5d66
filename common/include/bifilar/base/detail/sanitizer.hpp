// Which sanitizer this file is compiled for: one spelling for GCC and clang.
// Few macros, all here.
#pragma once

#include <bifilar/base/detail/language.hpp>

#if defined(__SANITIZE_ADDRESS__)
#define BIFILAR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BIFILAR_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define BIFILAR_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BIFILAR_TSAN 1
#endif
#endif

/// Before a function that reads what others have poisoned, or write meanwhile.
#if defined(__clang__)
#define BIFILAR_UNSANITIZED __attribute__((no_sanitize("address", "thread", "memory")))
#else
#define BIFILAR_UNSANITIZED __attribute__((no_sanitize("address", "thread")))
#endif
