// The door for plain fields that several threads touch, one after another: an atomic or a lock beside them orders them.
// In production it is the type itself; with BIFILAR_MODEL defined, tests/model gives the same name a second
// implementation, which fails an execution in which two accesses are unordered, or one comes after the field's end.
#pragma once

#if defined(BIFILAR_MODEL)
#include <model/plain.hpp>  // IWYU pragma: export
#else
namespace bifilar::base {

template <class T>
using plain = T;

}  // namespace bifilar::base
#endif
