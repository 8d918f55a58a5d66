// Question: what do more workers, more tasks, one object for all and a busy neighbour do to the cost of an operation?
// Unit: nanoseconds an operation, MB, cache lines. Threats: two virtual processors; what follows for more is argued.
#include <cstdlib>
#include <cstring>

#include "questions.hpp"
#include "trace.hpp"

int main(int argc, char** argv) {
    using namespace bifilar::experiments;
    if (argc == 4 && std::strcmp(argv[1], "--trace") == 0)
        return trace(argv[2], static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10)));
    experiment all{"scaling", 9, 1};
    all.parse(argc, argv);
    add_by_workers(all);
    add_by_tasks(all);
    add_one_object(all);
    add_beside(all);
    add_given_back(all);
    add_lines(all);
    return all.run();
}
