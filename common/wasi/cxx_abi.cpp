// What the Itanium C++ ABI asks for and Debian's libraries for WebAssembly leave out.
// They bring no unwinder: what is thrown ends the program and says so; with -fexceptions, try blocks cost nothing and
// catch nothing. They know no threads: what belongs to the thread ends with the program.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <typeinfo>

// NOLINTBEGIN(bugprone-reserved-identifier): the names are the ABI's.
extern "C" {

int __cxa_atexit(void (*end)(void*), void* object, void* library);

int __cxa_thread_atexit(void (*end)(void*), void* object, void* library) noexcept {
    return __cxa_atexit(end, object, library);
}

void* __cxa_allocate_exception(std::size_t bytes) noexcept {
    void* const memory = std::malloc(bytes);
    if (memory == nullptr) std::abort();
    return memory;
}

[[noreturn]] void __cxa_throw(void*, std::type_info* type, void (*)(void*)) {
    std::fprintf(stderr, "bifilar: an exception of type %s was thrown where none can be caught\n", type->name());
    std::abort();
}
}
// NOLINTEND(bugprone-reserved-identifier)
