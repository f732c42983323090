// SPDX-License-Identifier: GPL-2.0-only
// What libbpf and the kernel's verifier say. libbpf prints to stderr by itself; here its words are kept instead, so
// that an error can quote them.
#ifndef NFT_DROPS_JIT_BASE_LIBBPF_LOG_H
#define NFT_DROPS_JIT_BASE_LIBBPF_LOG_H

#include <cstddef>
#include <string>
#include <string_view>

namespace nft_drops {

// The end of a text that is written piece by piece, and no more memory than that.
class LogTail {
public:
	static constexpr size_t kMostBytes = 64 * 1024;

	void add(std::string_view text);
	void clear() { text_.clear(); }
	[[nodiscard]] std::string_view text() const { return text_; }

private:
	std::string text_;
};

// The last `lines` lines of the verifier's last log in libbpf's words, on one line: "R1 invalid mem access 'scalar'".
// libbpf puts a verifier's log between "-- BEGIN PROG LOAD LOG --" and "-- END PROG LOAD LOG --". The verifier's
// figures ("processed 12 insns ...") are left out, control characters become '?', and what is longer than 400 bytes is
// cut. Empty where there is no such log.
std::string last_verifier_lines(std::string_view libbpf_words, size_t lines = 3);

// From now on libbpf's words are kept. They are written to stderr where DebugTopic::kVerifier is on. May be called
// again.
void keep_libbpf_log();
// Forgets what libbpf said so far.
void clear_libbpf_log();
// last_verifier_lines() of what libbpf said since clear_libbpf_log().
std::string last_verifier_lines();

// For bpf_object_open_opts.kernel_log_level: 1 where DebugTopic::kVerifier is on, so that the verifier's log of a
// program that it takes is told, too; else 0, since a log makes loading slower.
unsigned verifier_log_level();

} // namespace nft_drops

#endif
