// What the runtime prints of a stall where the application does not ask for it.
#include "dump/frame_text.hpp"

#include <bifilar/runtime/stall.hpp>

#include <cstdio>
#include <string>

namespace bifilar {
namespace {

std::string milliseconds(std::chrono::nanoseconds time) {
    char text[32];
    (void)std::snprintf(text, sizeof text, "%.1f ms", static_cast<double>(time.count()) / 1e6);
    return text;
}

}  // namespace

std::string task_stall::text() const {
    using namespace std::chrono_literals;
    std::string made = "a task";
    if (!name.empty()) made = "task \"" + name + "\"";
    if (!model.empty()) made.append(" (").append(model).append(")");
    made += " keeps worker " + std::to_string(worker) + " for " + milliseconds(lasted) + " so far without a wait";
    if (waited >= 100us) made += ", " + milliseconds(waited) + " of it without a processor";
    made += "\n";
    if (spawned_at.line() != 0)
        made.append("  spawned at ")
            .append(spawned_at.file_name())
            .append(":")
            .append(std::to_string(spawned_at.line()))
            .append("\n");
    dump::add_text(frames, made, "  ");
    if (!problem.empty()) made += "  " + problem + "\n";
    if (unreported != 0)
        made += "  " + std::to_string(unreported) + (unreported == 1 ? " more stall" : " more stalls") +
                " there since the last report\n";
    return made;
}

}  // namespace bifilar
