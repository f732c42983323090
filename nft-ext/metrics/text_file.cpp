// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/metrics/text_file.h"

#include "jit/base/descriptor.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nft_drops {
namespace {

constexpr mode_t kMode = 0644;

bool write_all(int fd, std::string_view bytes) {
	while (!bytes.empty()) {
		const ssize_t n = write(fd, bytes.data(), bytes.size());
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return false;
		bytes.remove_prefix(static_cast<size_t>(n));
	}
	return true;
}

// "/a/.b.prom.XXXXXX" of "/a/b.prom".
std::string name_before(const std::string &path) {
	const size_t name = path.rfind('/') + 1; // 0 where there is none
	return path.substr(0, name) + "." + path.substr(name) + ".XXXXXX";
}

} // namespace

Result<void> replace_text_file(const std::string &path, std::string_view content) {
	std::string before = name_before(path);
	const jit::Descriptor file(mkostemp(before.data(), O_CLOEXEC));
	if (file.get() < 0) return usage_error("--textfile " + path, strerror(errno));
	if (write_all(file.get(), content) && fchmod(file.get(), kMode) == 0 &&
	    rename(before.c_str(), path.c_str()) == 0)
		return {};
	const int error = errno;
	unlink(before.c_str());
	return usage_error("--textfile " + path, strerror(error));
}

} // namespace nft_drops
