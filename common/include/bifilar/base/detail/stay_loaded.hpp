// Keeps the shared object that this code lies in, a plug-in for example, from being unloaded.
// Behind a runtime that has ended there stay a signal handler, destructors of other threads' thread_locals, and threads
// that wait for a program's end or for a name server: all of them would run code that is not there any more.
#pragma once

namespace bifilar::base {

/// From the first call on dlclose leaves this code where it is. Does nothing in a program that the library is linked
/// into. Any thread.
void stay_loaded() noexcept;

}  // namespace bifilar::base
