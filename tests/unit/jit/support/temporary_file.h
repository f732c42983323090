// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_TEMPORARY_FILE_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_TEMPORARY_FILE_H

#include <cstdlib>
#include <string>
#include <string_view>
#include <unistd.h>

namespace nft_drops::jit_test {

// A file with these bytes, gone at the end.
class TemporaryFile {
public:
	explicit TemporaryFile(std::string_view bytes) {
		const int fd = mkstemp(path_.data());
		while (fd >= 0 && !bytes.empty()) {
			const ssize_t n = write(fd, bytes.data(), bytes.size());
			if (n <= 0) abort();
			bytes.remove_prefix(static_cast<size_t>(n));
		}
		if (fd < 0) abort();
		close(fd);
	}
	~TemporaryFile() { unlink(path_.c_str()); }
	TemporaryFile(const TemporaryFile &) = delete;
	TemporaryFile &operator=(const TemporaryFile &) = delete;

	[[nodiscard]] const char *path() const { return path_.c_str(); }

private:
	std::string path_ = "/tmp/unit_jit.XXXXXX";
};

} // namespace nft_drops::jit_test

#endif
