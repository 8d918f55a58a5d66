// Question: what does it cost a task to leave its thread for what blocks: a call in the pool, a file, a name?
// Unit: nanoseconds per call, read or lookup. Threats: one processor for all threads, and files that are in the page
// cache; names are those of /etc/hosts.
#include "rows.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    experiment all{"blocking", 11, 3};
    all.parse(argc, argv);
    add_calls(all);
    add_files(all);
    add_names(all);
    return all.run();
}
