// A doubly linked list whose links live in the elements: linking allocates nothing, unlinking is O(1).
// It builds on nothing. Whoever owns the list guards it; elements know whether they are linked.
#pragma once

#include <bifilar/base/detail/assert.hpp>
#include <bifilar/base/detail/plain.hpp>

namespace bifilar::base {

/// The links of one element in one list. `Tag` lets an object sit in several lists.
template <class Tag>
class list_link {
public:
    list_link() noexcept = default;        // NOLINT(bugprone-crtp-constructor-accessibility): a tag, no CRTP.
    list_link(const list_link&) = delete;  // NOLINT(bugprone-crtp-constructor-accessibility): likewise.
    list_link& operator=(const list_link&) = delete;
    ~list_link() { BIFILAR_ASSERT(!linked(), "a list element was destroyed while linked; unlink it first"); }

    /// Whether the element is in a list. Under the list's lock.
    [[nodiscard]] bool linked() const noexcept { return next_ != nullptr; }

private:
    // Lists alone write the links: an element that unlinked itself would leave its neighbours behind.
    template <class, class>
    friend class intrusive_list;

    plain<list_link*> next_{nullptr};
    plain<list_link*> prev_{nullptr};
};

/// First in, first out; T derives from list_link<Tag>. Not thread-safe.
template <class T, class Tag = T>
class intrusive_list {
    using link = list_link<Tag>;

public:
    intrusive_list() noexcept { reset(); }
    intrusive_list(const intrusive_list&) = delete;
    intrusive_list& operator=(const intrusive_list&) = delete;
    ~intrusive_list() {
        BIFILAR_ASSERT(empty(), "a list was destroyed with elements in it; unlink them first");
        root_.next_ = root_.prev_ = nullptr;
    }

    [[nodiscard]] bool empty() const noexcept { return root_.next_ == &root_; }

    /// The oldest element, or null.
    [[nodiscard]] T* front() noexcept { return empty() ? nullptr : static_cast<T*>(root_.next_); }

    /// The newest element, or null.
    [[nodiscard]] T* back() noexcept { return empty() ? nullptr : static_cast<T*>(root_.prev_); }

    /// The first element, from the oldest on, that `suits`, or null. `suits` must not change the list.
    template <class Function>
    [[nodiscard]] T* find(Function suits) noexcept {
        for (link* at = root_.next_; at != &root_; at = at->next_)
            if (suits(static_cast<T&>(*at))) return static_cast<T*>(at);
        return nullptr;
    }

    void push_back(T& element) noexcept { insert_before(root_, element); }
    void push_front(T& element) noexcept { insert_before(*root_.next_, element); }

    /// Unlinks and returns the oldest element, or null.
    T* take_front() noexcept {
        T* const first = front();
        if (first != nullptr) erase(*first);
        return first;
    }

    /// Takes over all elements of another list; this one is empty before.
    void splice(intrusive_list& other) noexcept {
        BIFILAR_ASSERT(empty(), "splice needs an empty list");
        if (other.empty()) return;
        root_.next_ = other.root_.next_;
        root_.prev_ = other.root_.prev_;
        root_.next_->prev_ = root_.prev_->next_ = &root_;
        other.reset();
    }

    /// Unlinks an element that is in this list.
    static void erase(T& element) noexcept {
        link& at = element;
        BIFILAR_ASSERT(at.linked(), "an element was unlinked twice");
        at.prev_->next_ = at.next_;
        at.next_->prev_ = at.prev_;
        at.next_ = at.prev_ = nullptr;
    }

private:
    void reset() noexcept { root_.next_ = root_.prev_ = &root_; }

    static void insert_before(link& after, link& at) noexcept {
        BIFILAR_ASSERT(!at.linked(), "an element was linked twice");
        // In this order the compiler cannot pair the stores in a vector register, which takes longer than all of them.
        link* const before = after.prev_;
        at.next_ = &after;
        before->next_ = &at;
        at.prev_ = before;
        after.prev_ = &at;
    }

    link root_;
};

}  // namespace bifilar::base
