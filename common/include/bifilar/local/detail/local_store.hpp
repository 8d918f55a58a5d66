// What one task, or one plain thread, keeps under its task_local keys, and the deadline that is in force for it.
// A task without such things has no store and pays nothing for that: a store comes in by giving the task a kind of its
// own, a copy of its operations that knows the store. So neither header nor poll has a field or a branch for it.
#pragma once

#include <bifilar/base/detail/clock.hpp>
#include <bifilar/task/detail/task_header.hpp>
#include <bifilar/task/detail/thread_state.hpp>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace bifilar::detail {

class deadline_alarm;
class local_key;

/// One value. The newest comes first. Memory from the frame pool, unless the value asks for a wide alignment.
class local_entry {
public:
    explicit local_entry(const local_key& key) noexcept : key_{&key} {}
    local_entry(const local_entry&) = delete;
    local_entry& operator=(const local_entry&) = delete;
    virtual ~local_entry() = default;

    static void* operator new(std::size_t bytes);
    static void operator delete(void* place) noexcept;
    static void* operator new(std::size_t bytes, std::align_val_t alignment) {
        return ::operator new(bytes, alignment);
    }
    static void operator delete(void* place, std::align_val_t alignment) noexcept {
        ::operator delete(place, alignment);
    }

    [[nodiscard]] const local_key& key() const noexcept { return *key_; }

    std::unique_ptr<local_entry> older_;  ///< The next one in the store, whose link it is.

private:
    const local_key* key_;
};

/// What values are found by: the key's address.
class local_key {
public:
    local_key(const local_key&) = delete;
    local_key& operator=(const local_key&) = delete;

protected:
    using copier = std::unique_ptr<local_entry> (*)(const local_entry&);

    constexpr explicit local_key(copier copy) noexcept : copy_{copy} {}
    ~local_key() = default;

private:
    // Keys are what applications name: how a value is copied is for the store alone.
    friend class local_store;

    const copier copy_;  // Makes the copy for a child; null when children get none.
};

/// Belongs to whoever owns the task's body, or to its thread.
class local_store {
public:
    local_store() noexcept = default;
    local_store(const local_store&) = delete;
    local_store& operator=(const local_store&) = delete;
    /// Ends what is left as end_values does.
    ~local_store();

    static void* operator new(std::size_t bytes);
    static void operator delete(void* place) noexcept;

    [[nodiscard]] local_entry* find(const local_key& key) const noexcept {
        for (local_entry* at = newest_.get(); at != nullptr; at = at->older_.get())
            if (&at->key() == &key) return at;
        return nullptr;
    }
    /// There is none with its key.
    void add(std::unique_ptr<local_entry> made) noexcept {
        made->older_ = std::move(newest_);
        newest_ = std::move(made);
    }
    /// Takes a value out without ending it; null when there is none.
    [[nodiscard]] std::unique_ptr<local_entry> take(const local_key& key) noexcept;
    /// Ends the values, newest first, and those that they set meanwhile.
    void end_values() noexcept;

    /// What a child gets: copies of the values of inherited keys, and the deadline. Null when that is nothing. Throws
    /// what the copies throw, and std::bad_alloc.
    [[nodiscard]] std::unique_ptr<local_store> for_child() const;

    /// Gives the store to a task that has none. Whoever owns the body.
    static void attach(std::unique_ptr<local_store> made, task_header& task) noexcept;
    /// See end_locals.
    static void detach(task_header& task) noexcept;

    /// Whoever begins to run with this store has perhaps another clock than its spawner: an inherited deadline then
    /// leaves as much time as was left at the spawn.
    void adopt_clock() noexcept;

    /// The nearest deadline in force; base::never: none.
    [[nodiscard]] base::instant_ns deadline() const noexcept { return deadline_; }
    void set_deadline(base::instant_ns moment) noexcept { deadline_ = moment; }
    /// The deadline that was in force where the task was spawned.
    [[nodiscard]] base::instant_ns inherited_deadline() const noexcept { return inherited_deadline_; }

private:
    static run_result first_run(task_header& task, context& cx) noexcept;

    operations kind_{};                // The task's, with this store.
    const operations* was_ = nullptr;  // The task's own, which it gets back at its end; null for a thread's store.
    std::unique_ptr<local_entry> newest_;
    base::instant_ns deadline_ = base::never;
    base::instant_ns inherited_deadline_ = base::never;
    base::instant_ns left_ns_ = 0;                 // Until the inherited deadline, when the task was spawned.
    const simulated_clock* spawned_by_ = nullptr;  // The spawner's clock. Compared only; it may be gone.
    deadline_alarm* alarm_ = nullptr;              // Cancels the task at its inherited deadline. Null: there is none.
};

/// The store of whoever runs on this thread: a task, a blocking job, or the thread itself. Null: none yet.
[[nodiscard]] inline local_store* running_locals(const thread_state& here) noexcept {
    const task_header* const task = here.task.load(base::relaxed);  // Relaxed: this thread wrote it.
    return task != nullptr ? task->kind_->locals : here.locals;
}

/// The same; made when there is none. Throws std::bad_alloc.
[[nodiscard]] local_store& own_locals();

/// What a task gets that this thread spawns now; see local_store::for_child. User code runs here.
[[nodiscard]] inline std::unique_ptr<local_store> locals_for_child(const thread_state& here) {
    const local_store* const own = running_locals(here);
    if (own == nullptr) [[likely]]
        return nullptr;
    return own->for_child();
}

/// The body of a task that has a store has ended: ends the values and takes the store away. In the task's name, before
/// its completion is published.
void end_locals(task_header& task) noexcept;

/// In a handler at the end of a task's body, or of a part of it: whether the exception is a task_cancelled and the
/// running task was itself asked to cancel, or should have been by now. It then ends as a cancelled task, and not by
/// the exception of the task that it waited for.
[[nodiscard]] bool ends_as_cancelled() noexcept;

/// While it lives, what runs on this plain thread has a store of its own: a blocking job.
class job_locals {
public:
    explicit job_locals(std::unique_ptr<local_store> own) noexcept;
    job_locals(const job_locals&) = delete;
    job_locals& operator=(const job_locals&) = delete;
    /// Ends the job's values.
    ~job_locals();

private:
    local_store* outer_;
};

}  // namespace bifilar::detail
