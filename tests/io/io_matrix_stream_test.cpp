// The matrix of reads and writes of streams.
#include "io/stream_scene.hpp"

using tests::reading_scene;
using tests::writing_scene;
namespace bf = bifilar;
using bf::op_kind;

namespace {

class read_scene : public reading_scene {
public:
    static constexpr const char* name = "read";
    static constexpr auto faults = tests::faults_of_receives<op_kind::recv>;
    bf::stream_read_future start() { return ends.near.read(into_); }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && took(*output); }

private:
    std::array<std::byte, 16> into_{};
};

class read_exact_scene : public reading_scene {
public:
    static constexpr const char* name = "read_exact";
    static constexpr auto faults = tests::faults_of_receives<op_kind::recv>;
    bf::stream_read_future start() { return ends.near.read_exact(into_); }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && *output == 4 && took(*output); }

private:
    std::array<std::byte, 4> into_{};
};

class peek_scene : public reading_scene {
public:
    static constexpr const char* name = "peek";
    static constexpr auto faults = tests::faults_of_receives<op_kind::recv>;
    bf::stream_read_future start() { return ends.near.peek(into_); }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && *output > 0 && *output <= 16; }
    // What was peeked at is still there, whatever became of the operation.
    bool conserved(bool lossy) { return reading_scene::conserved(lossy && ends.far < 0); }

private:
    std::array<std::byte, 16> into_{};
};

class read_vectored_scene : public reading_scene {
public:
    static constexpr const char* name = "read_vectored";
    static constexpr auto faults = tests::faults_of_receives<op_kind::recv_message>;
    bf::vector_transfer_future start() { return ends.near.read_vectored(into_); }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && took(*output); }

private:
    std::array<std::byte, 1> first_{};
    std::array<std::byte, 3> second_{};
    std::array<iovec, 2> into_{iovec{first_.data(), first_.size()}, iovec{second_.data(), second_.size()}};
};

class write_scene : public writing_scene {
public:
    static constexpr const char* name = "write";
    static constexpr auto faults = tests::faults_of_sends<op_kind::send>;
    bf::stream_write_future start() { return ends.near.write(from_); }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && took(*output); }

private:
    std::array<std::byte, bytes> from_{};
};

class write_all_scene : public writing_scene {
public:
    static constexpr const char* name = "write_all";
    static constexpr auto faults = tests::faults_of_sends<op_kind::send>;
    bf::stream_write_future start() { return ends.near.write_all(from_); }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && *output == bytes && took(*output); }

private:
    std::array<std::byte, bytes> from_{};
};

class write_vectored_scene : public writing_scene {
public:
    static constexpr const char* name = "write_vectored";
    static constexpr auto faults = tests::faults_of_sends<op_kind::send_message>;
    bf::vector_transfer_future start() { return ends.near.write_vectored(from_); }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && took(*output); }

private:
    std::array<std::byte, bytes / 2> half_{};
    std::array<iovec, 2> from_{iovec{half_.data(), half_.size()}, iovec{half_.data(), half_.size()}};
};

class write_all_vectored_scene : public writing_scene {
public:
    static constexpr const char* name = "write_all_vectored";
    static constexpr auto faults = tests::faults_of_sends<op_kind::send_message>;
    bf::vector_write_all_future start() {
        from_ = {iovec{half_.data(), half_.size()}, iovec{half_.data(), half_.size()}};
        return ends.near.write_all_vectored(from_);
    }
    bool succeeded(const bf::io_result<std::size_t>& output) { return output && *output == bytes && took(*output); }

private:
    std::array<std::byte, bytes / 2> half_{};
    std::array<iovec, 2> from_{};
};

}  // namespace

TEMPLATE_TEST_CASE("every_fate_of_a_read_conserves_bytes_and_descriptors", "", read_scene, read_exact_scene, peek_scene,
                   read_vectored_scene) {
    tests::run_matrix<TestType>();
}

TEMPLATE_TEST_CASE("every_fate_of_a_write_conserves_bytes_and_descriptors", "", write_scene, write_all_scene,
                   write_vectored_scene, write_all_vectored_scene) {
    tests::run_matrix<TestType>();
}
