// libdw's functions by their names, and the forms of its answers that compilers make.
#include "frame_tables.hpp"

#include <cstdlib>
#include <cxxabi.h>
#include <dlfcn.h>
#include <string_view>
#include <unistd.h>
#include <utility>

#if defined(BIFILAR_LIBDW)
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#endif

namespace bifilar::dump {
namespace {

std::string plainly_demangled(const char* name) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> made{abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free};
    return made != nullptr ? made.get() : name;
}

// What resumes a coroutine has the coroutine's own name in it: `_Z1fi.resume` (clang), or
// `f(f(int)::_Z1fi.Frame*) [clone .actor]` (GCC, demangled). A part of a function counts as that function.
std::string demangled(const char* name) {
    if (name == nullptr) return {};
    std::string text = plainly_demangled(name);
    if (const std::size_t clone = text.find(" [clone "); clone != std::string::npos) text.erase(clone);
    constexpr std::string_view frame = ".Frame*)";
    if (!text.ends_with(frame)) return text;
    const std::size_t begin = text.rfind("::_Z");
    if (begin == std::string::npos) return text;
    const std::string own = text.substr(begin + 2, text.size() - frame.size() - begin - 2);
    return plainly_demangled(own.c_str());
}

// By the dynamic linker's table: functions that a program exports.
code_place place_by_symbol(std::uint64_t code) {
    Dl_info found{};
    if (::dladdr(reinterpret_cast<const void*>(code - 1), &found) == 0) return {};
    return {demangled(found.dli_sname), {}, 0};
}

}  // namespace

#if defined(BIFILAR_LIBDW)

namespace {

constexpr const char* library_name = "libdw.so.1";

// The functions that are used here.
// clang-format off
#define BIFILAR_LIBDW_FUNCTIONS(each) \
    each(dwfl_begin) each(dwfl_end) each(dwfl_linux_proc_report) each(dwfl_report_end) each(dwfl_linux_proc_find_elf) \
    each(dwfl_build_id_find_debuginfo) each(dwfl_addrmodule) each(dwfl_module_addrname) each(dwfl_module_addrdie) \
    each(dwfl_module_nextcu) each(dwfl_module_eh_cfi) each(dwarf_haspc) each(dwarf_getsrc_die) each(dwarf_linesrc) \
    each(dwarf_lineno) each(dwarf_cfi_addrframe) each(dwarf_frame_cfa) each(dwarf_frame_register) \
    each(dwarf_getscopes) each(dwarf_tag) each(dwarf_attr_integrate) each(dwarf_formstring) each(dwarf_formudata) \
    each(dwarf_getsrcfiles) each(dwarf_filesrc)
// clang-format on

/// Each as the header declares it, of a library that is never unloaded; null where it has none.
struct libdw {
    explicit libdw(void* library) noexcept {
#define BIFILAR_FIND(name)                                              \
    (name) = reinterpret_cast<decltype(name)>(::dlsym(library, #name)); \
    complete = complete && (name) != nullptr;
        BIFILAR_LIBDW_FUNCTIONS(BIFILAR_FIND)
#undef BIFILAR_FIND
    }

    bool complete = true;                              // Whether it has all of them.
#define BIFILAR_DECLARE(name) decltype(&::name) name;  // NOLINT(bugprone-macro-parentheses): a declaration.
    BIFILAR_LIBDW_FUNCTIONS(BIFILAR_DECLARE)
#undef BIFILAR_DECLARE
};

}  // namespace

struct frame_tables::tables {
    explicit tables(const libdw& by) : dw{by} {
        // Local files alone: a dump asks no server for debug information.
        callbacks.find_elf = dw.dwfl_linux_proc_find_elf;
        callbacks.find_debuginfo = dw.dwfl_build_id_find_debuginfo;
        session = dw.dwfl_begin(&callbacks);
        if (session == nullptr) return;
        (void)dw.dwfl_linux_proc_report(session, ::getpid());
        (void)dw.dwfl_report_end(session, nullptr, nullptr);
    }
    tables(const tables&) = delete;
    tables& operator=(const tables&) = delete;
    ~tables() {
        if (session != nullptr) dw.dwfl_end(session);
    }

    [[nodiscard]] Dwfl_Module* module_of(std::uint64_t code) const {
        return session != nullptr ? dw.dwfl_addrmodule(session, code) : nullptr;
    }

    [[nodiscard]] bool read_end(Dwarf_Frame* frame, unwind_rule& into) const;
    [[nodiscard]] unwind_rule::place read_register(Dwarf_Frame* frame, int number) const;
    [[nodiscard]] std::string text(Dwarf_Die& die, unsigned attribute) const;
    [[nodiscard]] unsigned number(Dwarf_Die& die, unsigned attribute) const;
    [[nodiscard]] Dwarf_Die* unit_of(Dwfl_Module* module, std::uint64_t code, Dwarf_Addr& bias) const;
    void add_scopes(Dwfl_Module* module, std::uint64_t call, std::vector<code_place>& into) const;

    const libdw dw;
    Dwfl_Callbacks callbacks{};
    Dwfl* session = nullptr;
};

frame_tables::frame_tables() {
    void* const library = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        problem_ = "libdw.so.1 is not installed (Debian: libdw1)";
        return;
    }
    const libdw found{library};
    if (!found.complete) {
        problem_ = "libdw.so.1 is of another version than this library knows";
        return;
    }
    tables_ = std::make_unique<tables>(found);
}

frame_tables::~frame_tables() = default;

// The end of a frame: a register and a distance, and maybe a look at what lies there.
bool frame_tables::tables::read_end(Dwarf_Frame* frame, unwind_rule& into) const {
    Dwarf_Op* ops = nullptr;
    std::size_t count = 0;
    if (dw.dwarf_frame_cfa(frame, &ops, &count) != 0 || count == 0) return false;
    if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31) {
        into.end_register = static_cast<std::uint8_t>(ops[0].atom - DW_OP_breg0);
        into.end_distance = static_cast<std::int32_t>(ops[0].number);
    } else if (ops[0].atom == DW_OP_bregx) {
        if (ops[0].number >= register_set::count) return false;
        into.end_register = static_cast<std::uint8_t>(ops[0].number);
        into.end_distance = static_cast<std::int32_t>(ops[0].number2);
    } else {
        return false;
    }
    into.end_is_stored = count == 2 && ops[1].atom == DW_OP_deref;
    return count == 1 || into.end_is_stored;
}

unwind_rule::place frame_tables::tables::read_register(Dwarf_Frame* frame, int number) const {
    using enum unwind_rule::place::kind;
    Dwarf_Op memory[3];
    Dwarf_Op* ops = nullptr;
    std::size_t count = 0;
    if (dw.dwarf_frame_register(frame, number, memory, &ops, &count) != 0) return {unknown, 0};
    if (count == 0) return {ops == nullptr ? same : unknown, 0};
    if (ops[0].atom != DW_OP_call_frame_cfa) return {unknown, 0};
    std::int32_t distance = 0;
    std::size_t at = 1;
    if (at < count && ops[at].atom == DW_OP_plus_uconst) distance = static_cast<std::int32_t>(ops[at++].number);
    if (at == count) return {at_end, distance};
    return {at + 1 == count && ops[at].atom == DW_OP_stack_value ? end_itself : unknown, distance};
}

unwind_rule frame_tables::rule_at(std::uint64_t code) {
    unwind_rule made;
    if (tables_ == nullptr) return made;
    const libdw& dw = tables_->dw;
    Dwfl_Module* const module = tables_->module_of(code);
    Dwarf_Addr bias = 0;
    Dwarf_CFI* const table = module != nullptr ? dw.dwfl_module_eh_cfi(module, &bias) : nullptr;
    if (table == nullptr) return made;
    Dwarf_Frame* frame = nullptr;
    // The call lies before its return address, which may belong to the next function already.
    if (dw.dwarf_cfi_addrframe(table, code - 1 - bias, &frame) != 0) return made;
    const std::unique_ptr<Dwarf_Frame, void (*)(void*)> owner{frame, &std::free};
    made.usable = tables_->read_end(frame, made);
    for (std::size_t number = 0; number < register_set::count; ++number)
        made.registers[number] = tables_->read_register(frame, static_cast<int>(number));
    made.last = made.registers[register_set::code].is == unwind_rule::place::kind::unknown;
    return made;
}

std::string frame_tables::tables::text(Dwarf_Die& die, unsigned attribute) const {
    Dwarf_Attribute memory;
    Dwarf_Attribute* const found = dw.dwarf_attr_integrate(&die, attribute, &memory);
    const char* const value = found != nullptr ? dw.dwarf_formstring(found) : nullptr;
    return value != nullptr ? value : "";
}

unsigned frame_tables::tables::number(Dwarf_Die& die, unsigned attribute) const {
    Dwarf_Attribute memory;
    Dwarf_Word value = 0;
    Dwarf_Attribute* const found = dw.dwarf_attr_integrate(&die, attribute, &memory);
    return found != nullptr && dw.dwarf_formudata(found, &value) == 0 ? static_cast<unsigned>(value) : 0;
}

// The unit of the program in which an address lies. GCC writes a table of that; clang does not, and all units are
// asked.
Dwarf_Die* frame_tables::tables::unit_of(Dwfl_Module* module, std::uint64_t code, Dwarf_Addr& bias) const {
    if (Dwarf_Die* const found = dw.dwfl_module_addrdie(module, code, &bias); found != nullptr) return found;
    Dwarf_Die* unit = nullptr;
    do unit = dw.dwfl_module_nextcu(module, unit, &bias);
    while (unit != nullptr && dw.dwarf_haspc(unit, code - bias) != 1);
    return unit;
}

// Functions that were expanded where the call is: each has the place of its own call in the next one.
void frame_tables::tables::add_scopes(Dwfl_Module* module, std::uint64_t call, std::vector<code_place>& into) const {
    code_place inner;
    Dwarf_Addr bias = 0;
    Dwarf_Die* const unit = unit_of(module, call, bias);
    if (Dwarf_Line* const line = unit != nullptr ? dw.dwarf_getsrc_die(unit, call - bias) : nullptr; line != nullptr) {
        int number = 0;
        if (const char* const file = dw.dwarf_linesrc(line, nullptr, nullptr); file != nullptr) inner.file = file;
        if (dw.dwarf_lineno(line, &number) == 0) inner.line = static_cast<unsigned>(number);
    }
    Dwarf_Die* scopes = nullptr;
    const int count = unit != nullptr ? dw.dwarf_getscopes(unit, call - bias, &scopes) : 0;
    const std::unique_ptr<Dwarf_Die, void (*)(void*)> owner{count > 0 ? scopes : nullptr, &std::free};
    Dwarf_Files* files = nullptr;
    std::size_t file_count = 0;
    if (count > 0) (void)dw.dwarf_getsrcfiles(unit, &files, &file_count);
    for (int at = 0; at < count; ++at) {
        const int tag = dw.dwarf_tag(&scopes[at]);
        if (tag == DW_TAG_subprogram) break;
        if (tag != DW_TAG_inlined_subroutine) continue;
        std::string linked = text(scopes[at], DW_AT_linkage_name);
        inner.function = linked.empty() ? text(scopes[at], DW_AT_name) : demangled(linked.c_str());
        into.push_back(std::move(inner));
        inner = {};
        const unsigned file = number(scopes[at], DW_AT_call_file);
        const char* const name =
            files != nullptr && file < file_count ? dw.dwarf_filesrc(files, file, nullptr, nullptr) : nullptr;
        if (name != nullptr) inner.file = name;
        inner.line = number(scopes[at], DW_AT_call_line);
    }
    inner.function = demangled(dw.dwfl_module_addrname(module, call));
    into.push_back(std::move(inner));
}

std::vector<code_place> frame_tables::places_of(std::uint64_t code) {
    std::vector<code_place> found;
    if (Dwfl_Module* const module = tables_ != nullptr ? tables_->module_of(code) : nullptr; module != nullptr)
        tables_->add_scopes(module, code - 1, found);
    else
        found.push_back(place_by_symbol(code));
    return found;
}

#else

struct frame_tables::tables {};

frame_tables::frame_tables() : problem_{"this library was built without libdw (Debian: libdw-dev)"} {}
frame_tables::~frame_tables() = default;

unwind_rule frame_tables::rule_at(std::uint64_t) { return {}; }
std::vector<code_place> frame_tables::places_of(std::uint64_t code) { return {place_by_symbol(code)}; }

#endif

}  // namespace bifilar::dump
