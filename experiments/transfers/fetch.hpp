// One request to a server under measurement, whose answer is looked at byte by byte: wrk only counts answers.
#pragma once

#include <string>

namespace bifilar::experiments {

/// Gets http://ADDRESS/PATH, or https://, waiting some seconds for the server to listen, and compares the body with
/// `wanted`. Of TLS it demands 1.3 with TLS_AES_128_GCM_SHA256, and that nothing was said that would make a later
/// handshake shorter. Throws wrong_answer, and std::runtime_error where the server cannot be had.
void check_answer(const std::string& address, const std::string& path, bool encrypted, const std::string& wanted);

}  // namespace bifilar::experiments
