// The cache lines of an operation, from a memory trace of this very program by Valgrind's lackey, which says of each
// load and store its address, and in between which thread has begun to run.
#include <unistd.h>

#include <bifilar/runtime/spawn_options.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "questions.hpp"
#include "trace.hpp"

namespace bifilar::experiments {

namespace {

using line_number = std::uintptr_t;
using thread_number = unsigned;

constexpr line_number first_mark = marks_address / marked_line_bytes;

// A turn: the lines that were loaded or stored between two marks, and which of them were stored to.
struct touched {
    std::set<line_number> all;
    std::set<line_number> written;
};

// Which threads have loaded or stored of a line while an operation was measured, and which have stored; a bit each.
struct visitors {
    std::uint64_t all = 0;
    std::uint64_t writers = 0;
};

struct counts {
    std::vector<double> written;
    std::vector<double> shared;
    std::vector<double> of_all;
    std::vector<double> read_of_others;
};

double median_of(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

// Reads a trace and keeps the turns of the operation that is being measured.
class reader {
public:
    explicit reader(std::uint32_t workers) : workers_{static_cast<int>(workers)} {}

    void load_or_store(line_number line, bool stores) {
        if (line >= first_mark && line <= first_mark + traced_operations.size()) {
            if (stores) mark(line - first_mark);
            return;
        }
        if (!operation_) return;
        visitors& of = visitors_[line];
        of.all |= bit();
        if (stores) of.writers |= bit();
        touched& turn = open_[owner()];
        turn.all.insert(line);
        if (stores) turn.written.insert(line);
    }
    void run(thread_number thread) { thread_ = thread; }

    [[nodiscard]] const std::map<std::size_t, sample>& found() const noexcept { return found_; }

private:
    struct closed_turn {
        thread_number owner;
        touched of;
    };

    [[nodiscard]] std::uint64_t bit() const { return std::uint64_t{1} << std::min(thread_, 63U); }
    [[nodiscard]] bool by_thread() const { return traced_operations[*operation_].on_all_workers; }
    [[nodiscard]] thread_number owner() const { return by_thread() ? thread_ : 0; }

    void mark(std::size_t which) {
        if (which == 0 && operation_) {
            closed_.push_back({owner(), std::exchange(open_[owner()], {})});
        } else if (which != 0 && !operation_) {
            operation_ = which - 1;
            visitors_.clear();
            open_.clear();
            closed_.clear();
        } else if (which != 0) {
            found_[*operation_] = counted();
            operation_.reset();
        }
    }

    // Without the first turn of each, to which the meeting before it belongs.
    [[nodiscard]] sample counted() const {
        counts all;
        std::set<thread_number> begun;
        for (const closed_turn& turn : closed_)
            if (!begun.insert(turn.owner).second) count(turn, all);
        if (all.written.empty()) throw wrong_answer{"the trace has no turns of an operation"};
        sample row{median_of(all.written),
                   1,
                   {{"shared", median_of(all.shared)}, {"shared_by_all_workers", median_of(all.of_all)}}};
        if (by_thread()) row.also["read_and_written_by_others"] = median_of(all.read_of_others);
        return row;
    }

    void count(const closed_turn& turn, counts& all) const {
        std::size_t shared = 0;
        std::size_t of_all = 0;
        std::size_t read_of_others = 0;
        for (const line_number line : turn.of.all) {
            const visitors& of = visitors_.at(line);
            if (turn.of.written.contains(line)) {
                shared += std::popcount(of.all) > 1 ? 1 : 0;
                of_all += std::popcount(of.all) >= workers_ ? 1 : 0;
            } else if (turn.owner != 0) {
                read_of_others += (of.writers & ~(std::uint64_t{1} << std::min(turn.owner, 63U))) != 0 ? 1 : 0;
            }
        }
        all.written.push_back(static_cast<double>(turn.of.written.size()));
        all.shared.push_back(static_cast<double>(shared));
        all.of_all.push_back(static_cast<double>(of_all));
        all.read_of_others.push_back(static_cast<double>(read_of_others));
    }

    int workers_;
    thread_number thread_ = 1;
    std::optional<std::size_t> operation_;
    std::unordered_map<line_number, visitors> visitors_;
    std::unordered_map<thread_number, touched> open_;
    std::vector<closed_turn> closed_;
    std::map<std::size_t, sample> found_;
};

// " S 1ffeffe7f0,8", " L …", " M …" are data; "I  …" is an instruction; "--7--   SCHED[3]:  acquired lock (…" says who
// runs from here on.
void read_line(std::string_view text, reader& into) {
    constexpr std::string_view names_thread = "SCHED[";
    if (text.size() > 4 && text[0] == ' ' && (text[1] == 'L' || text[1] == 'S' || text[1] == 'M')) {
        char* end = nullptr;
        const std::uintptr_t address = std::strtoull(text.data() + 3, &end, 16);
        const std::uintptr_t bytes = std::strtoull(end + 1, nullptr, 10);
        for (line_number line = address / marked_line_bytes; line <= (address + bytes - 1) / marked_line_bytes; ++line)
            into.load_or_store(line, text[1] != 'L');
    } else if (text.starts_with("--")) {
        const std::size_t at = text.find(names_thread);
        if (at != std::string_view::npos && text.find("acquired lock") != std::string_view::npos)
            into.run(static_cast<thread_number>(std::strtoul(text.data() + at + names_thread.size(), nullptr, 10)));
    }
}

std::string this_program() {
    std::array<char, 4096> path{};
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
    if (length <= 0) throw std::runtime_error{"/proc/self/exe does not say which program this is"};
    return {path.data(), static_cast<std::size_t>(length)};
}

std::map<std::size_t, sample> trace_of(backend on, std::uint32_t workers) {
    if (std::system("command -v valgrind >/dev/null 2>&1") != 0)
        throw std::runtime_error{"there is no valgrind here, which traces memory"};
    const std::string command =
        "exec timeout 300 valgrind --tool=lackey --trace-mem=yes --trace-sched=yes --fair-sched=yes --log-fd=1 '" +
        this_program() + "' --trace " + std::string{to_string(on)} + " " + std::to_string(workers) + " 2>/dev/null";
    const std::unique_ptr<FILE, int (*)(FILE*)> from{popen(command.c_str(), "r"), pclose};
    if (from == nullptr) throw std::runtime_error{"valgrind cannot be started"};
    reader into{workers};
    std::array<char, 512> text{};
    while (std::fgets(text.data(), static_cast<int>(text.size()), from.get()) != nullptr) read_line(text.data(), into);
    if (into.found().size() != traced_operations.size())
        throw std::runtime_error{"the traced program did not come to its end"};
    return into.found();
}

// The last trace of a model, of which each operation takes its row.
struct last_trace {
    backend on;
    std::uint32_t workers;
    std::map<std::size_t, sample> rows = {};

    sample at(std::size_t operation) {
        if (operation == 0) rows = trace_of(on, workers);
        return rows.at(operation);
    }
};

void add(experiment& all, const std::string& id, const std::string& title, backend on, std::uint32_t workers) {
    workload work{id, title, "lines written", static_cast<double>(workers), 1, {}};
    const auto of = std::make_shared<last_trace>(on, workers);
    for (std::size_t operation = 0; operation < traced_operations.size(); ++operation)
        work.contenders.push_back({std::string{traced_operations[operation].name}, [=] { return of->at(operation); }});
    work.full_only = workers > 4;
    work.warm_up = 0;
    work.repetitions = work.quick_repetitions = 1;  // Each row is the median of many turns of one trace.
    all.add(std::move(work));
}

}  // namespace

void add_lines(experiment& all) {
    for (const std::uint32_t workers : {4U, 8U})
        add(all, "lines_of_coroutines", "cache lines that an operation of coroutines writes", backend::stackless,
            workers);
    add(all, "lines_of_fibers", "cache lines that an operation of fibers writes", backend::stackful, 4);
}

}  // namespace bifilar::experiments
