// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/capture/capture_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace nft_drops::pcapng {
namespace {

constexpr const char *kElsewhere = "give another file with -w";
// Without blocking, since a pipe without a reader would make open(2) wait.
constexpr int kFlags = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

} // namespace

Result<CaptureFile> CaptureFile::open(const std::string &name) {
	if (name == "-") {
		if (isatty(STDOUT_FILENO))
			return usage_error("-w -", "standard output is a terminal, and a capture is not text",
			                   "send it to a program: nft-drops monitor -w - | wireshark -k -i -");
		if (fcntl(STDOUT_FILENO, F_GETFD) < 0) return usage_error("-w -", "standard output is closed");
		struct stat s{};
		CaptureFile file(name, STDOUT_FILENO);
		file.regular_ = fstat(STDOUT_FILENO, &s) == 0 && S_ISREG(s.st_mode);
		return file;
	}
	bool made = true;
	int descriptor = ::open(name.c_str(), kFlags | O_CREAT | O_EXCL, 0666);
	if (descriptor < 0 && errno == EEXIST) {
		made = false;
		descriptor = ::open(name.c_str(), kFlags);
	}
	if (descriptor < 0 && errno == ENXIO)
		return usage_error("-w " + name, "nobody reads this pipe", "start its reader first");
	if (descriptor < 0) return usage_error("-w " + name, strerror(errno), kElsewhere);
	CaptureFile file(name, descriptor);
	file.made_ = made;
	struct stat s{};
	if (fstat(descriptor, &s) != 0) return usage_error("-w " + name, strerror(errno), kElsewhere);
	if (isatty(descriptor)) return usage_error("-w " + name, "a terminal, and a capture is not text", kElsewhere);
	file.regular_ = S_ISREG(s.st_mode);
	return file;
}

CaptureFile::CaptureFile(CaptureFile &&other) noexcept
    : name_(other.name_), descriptor_(std::exchange(other.descriptor_, -1)), regular_(other.regular_),
      made_(std::exchange(other.made_, false)) {
}

CaptureFile::~CaptureFile() {
	if (made_) unlink(name_.c_str());
	if (descriptor_ >= 0 && name_ != "-") close(descriptor_);
}

Result<void> CaptureFile::begin() {
	made_ = false;
	// Standard output may stand behind what others wrote there (>>).
	if (regular_ && name_ != "-" && ftruncate(descriptor_, 0) != 0)
		return usage_error("-w " + name_, strerror(errno), kElsewhere);
	return {};
}

} // namespace nft_drops::pcapng
