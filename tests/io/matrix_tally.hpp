// What the matrix of operations has tried, for the table in the books: with BIFILAR_MATRIX set to a file, each
// operation appends one line of JSON.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace tests {

/// ENOENT, or what the error of another kind says.
template <class Error>
std::string name_of_error(Error error) {
    if constexpr (std::is_same_v<Error, int>) {
        const char* const name = ::strerrorname_np(error);
        return name != nullptr ? name : std::to_string(error);
    } else {
        return make_error_code(error).message();
    }
}

/// Of one operation over one driver. One thread.
class matrix_tally {
public:
    void add_case(const char* fate) {
        ++cases_;
        fates_.insert(fate);
    }
    /// Failures of the real kernel, that a scene has brought about.
    template <class Error>
    void add_real(Error error) {
        real_.insert(name_of_error(error));
    }
    /// Failures that a simulated kernel was told to answer with.
    template <class Error>
    void add_planned(Error error) {
        ++cases_;
        planned_.insert(name_of_error(error));
    }

    void write(std::string_view operation, std::string_view driver) const {
        const char* const file = std::getenv("BIFILAR_MATRIX");
        if (file == nullptr) return;
        std::ofstream out{file, std::ios::app};
        out << R"({"operation": ")" << operation << R"(", "driver": ")" << driver << R"(", "cases": )" << cases_;
        list(out, "fates", fates_);
        list(out, "real", real_);
        list(out, "planned", planned_);
        out << "}\n";
    }

private:
    static void list(std::ofstream& out, const char* key, const std::set<std::string>& of) {
        out << ", \"" << key << "\": [";
        const char* between = "\"";
        for (const std::string& one : of) {
            out << between << one << '"';
            between = ", \"";
        }
        out << ']';
    }

    std::size_t cases_ = 0;
    std::set<std::string> fates_;
    std::set<std::string> real_;
    std::set<std::string> planned_;
};

}  // namespace tests
