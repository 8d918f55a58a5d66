// Counts of operations, by kind.
#include <bifilar/drivers/contract/detail/io_counts.hpp>

#include <bifilar/drivers/contract/detail/op_name.hpp>

#include <cerrno>

namespace bifilar::drivers {

void io_counts::note(op_kind kind, const call_result& answer) noexcept {
    entry& of = entries_[static_cast<std::size_t>(kind)];
    if (!answer) return of.waits.add();
    of.results.add();
    if (*answer < 0 && *answer != -ECANCELED) of.errors.add();
}

void io_counts::add_to(std::vector<io_operation_stats>& all) const {
    all.resize(entries_.size());
    for (std::size_t n = 0; n < entries_.size(); ++n) {
        all[n].kind = static_cast<op_kind>(n);
        all[n].name = name_of(all[n].kind);
        all[n].results += entries_[n].results.get();
        all[n].waits += entries_[n].waits.get();
        all[n].errors += entries_[n].errors.get();
    }
}

}  // namespace bifilar::drivers
