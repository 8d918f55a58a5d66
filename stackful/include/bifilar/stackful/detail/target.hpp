// Which processors fibers run on. The other parts of the library do not need it.
#pragma once

#include <bifilar/base/detail/language.hpp>

#if defined(__wasm__)
#error "fibers need stacks that a program may exchange; WebAssembly lets none do so: use bifilar::task there"
#endif
