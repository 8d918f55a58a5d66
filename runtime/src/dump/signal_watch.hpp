// Dumps on stderr when a signal comes, as runtime_options::dump_on_signal asks for it. The handler only tells a thread,
// which is made with the first such runtime and stays.
#pragma once

#include <cstddef>

namespace bifilar::sched {
class scheduler;
}

namespace bifilar::dump {

/// Watches for one runtime.
class signal_watch {
public:
    /// From now on. The runtime outlives this. Throws std::invalid_argument for what is no signal that a program may
    /// handle, or is in use here; std::system_error when there is no thread; std::bad_alloc.
    signal_watch(sched::scheduler& of, int signal);
    signal_watch(const signal_watch&) = delete;
    signal_watch& operator=(const signal_watch&) = delete;
    /// Answers a signal that came before. The last one for a signal gives it back to who had it before.
    ~signal_watch();

    /// How many threads wait for signals in this process; they wake no task. Any thread.
    [[nodiscard]] static std::size_t thread_count() noexcept;

private:
    class watcher;

    static watcher& all();

    sched::scheduler& of_;
    const int signal_;
};

}  // namespace bifilar::dump
