// SPDX-License-Identifier: GPL-2.0-only
// Where a capture goes: what `-w FILE` names.
#ifndef NFT_DROPS_NFT_EXT_CAPTURE_CAPTURE_FILE_H
#define NFT_DROPS_NFT_EXT_CAPTURE_CAPTURE_FILE_H

#include "jit/base/result.h"

#include <string>

namespace nft_drops::pcapng {

class CaptureFile {
public:
	// "-" is standard output. Tells whether the file can be written, and changes no file that exists; one that does
	// not exist is made. Fails with kUsage: a folder, a terminal, a pipe that nobody reads, no permission.
	static Result<CaptureFile> open(const std::string &name);
	CaptureFile(CaptureFile &&other) noexcept;
	CaptureFile &operator=(CaptureFile &&) = delete;
	// Closes the file. One that open() made goes unless begin() was called.
	~CaptureFile();

	// The capture begins: what the file held before goes.
	Result<void> begin();

	[[nodiscard]] int descriptor() const { return descriptor_; }
	// What messages call the file.
	[[nodiscard]] std::string shown() const { return name_ == "-" ? "standard output" : name_; }
	// A file of a disk: it may become full, and can be cut.
	[[nodiscard]] bool regular() const { return regular_; }

private:
	CaptureFile(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}

	std::string name_;
	int descriptor_ = -1;
	bool regular_ = false;
	bool made_ = false; // by open(), and nothing was written yet
};

} // namespace nft_drops::pcapng

#endif
