// expect: A socket has one owner: std::move it
// expect: A listener has one owner: std::move it
// expect: An end of a pipe has one owner: std::move it
// expect: A half of a stream has one owner: std::move it
// expect: A file has one owner: std::move it
// expect: A directory has one owner: std::move it
// expect: A process has one owner: std::move it
// expect: A set of signals has one owner: std::move it
// expect: A descriptor has one owner: std::move it
#include <bifilar/bifilar.hpp>

namespace bf = bifilar;

void copy(bf::udp_socket& one) { bf::udp_socket other = one; }                  // refused
void copy(bf::unix_datagram& one) { bf::unix_datagram other = one; }            // refused
void copy(bf::tcp_listener& one) { bf::tcp_listener other = one; }              // refused
void copy(bf::unix_listener& one) { bf::unix_listener other = one; }            // refused
void copy(bf::unix_stream& one) { bf::unix_stream other = one; }                // refused
void copy(bf::pipe_reader& one) { bf::pipe_reader other = one; }                // refused
void copy(bf::pipe_writer& one) { bf::pipe_writer other = one; }                // refused
void copy(bf::socket_read_half& one) { bf::socket_read_half other = one; }      // refused
void copy(bf::socket_write_half& one) { bf::socket_write_half other = one; }    // refused
void copy(bf::file& one) { bf::file other = one; }                              // refused
void copy(bf::directory& one) { bf::directory other = one; }                    // refused
void copy(bf::process& one) { bf::process other = one; }                        // refused
void copy(bf::signal_set& one) { bf::signal_set other = one; }                  // refused
void copy(bf::watched_descriptor& one) { bf::watched_descriptor other = one; }  // refused

int main() {}
