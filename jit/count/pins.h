// SPDX-License-Identifier: GPL-2.0-only
// Counting that no process keeps: its links and maps, pinned in a folder of the BPF file system. What lies there may be
// of another version, half made, or of nf_tables before it was loaded anew; it is only read where it is none of these.
// docs/pinned-maps.md describes the layout.
#ifndef NFT_DROPS_JIT_COUNT_PINS_H
#define NFT_DROPS_JIT_COUNT_PINS_H

#include "jit/base/result.h"
#include "jit/count/figures.h"

#include <cstdint>
#include <string>

namespace nft_drops::jit {

inline constexpr const char *kPinFolder = "/sys/fs/bpf/nft-drops";
// The maps there, as the programs have them with "nd_" before. "meta" is the last one to be pinned: what has it is
// whole.
inline constexpr const char *kPinnedMaps[] = {"rules", "counts", "used", "recent", "changing", "meta"};

enum class PinState {
	kNone,   // there is no such folder
	kUsable, // counting, of this version
	kUnlike, // anything else
};

struct Pins {
	PinState state = PinState::kNone;
	std::string why; // kUnlike: what is wrong
	Figures figures; // kUsable
};

// Reads what is pinned. Fails only where the folder cannot be looked at.
Result<Pins> read_pins(const std::string &folder = kPinFolder);

// Takes away all that nft-drops pins, and the folder, and waits until the kernel has let go of the links. A folder that
// holds anything else is an error.
Result<void> remove_pins(const std::string &folder = kPinFolder);

// Makes the folder, and mounts the BPF file system where that is missing, as bpftool does.
Result<void> make_pin_folder(const std::string &folder = kPinFolder);

// Otherwise the programs that see changes of rulesets are attached, and see nothing.
bool ftrace_is_on();

// Names nf_tables as it is loaded now: another number after it was loaded anew; 0 where it is part of the kernel.
uint64_t nf_tables_inode();

// Held while pins are made, taken away or read: two at once wait for each other.
class PinLock {
public:
	enum class Kind { kShared, kExclusive };
	static Result<PinLock> take(Kind kind);
	PinLock(PinLock &&other) noexcept;
	PinLock &operator=(PinLock &&) = delete;
	~PinLock();

private:
	explicit PinLock(int fd) : fd_(fd) {}
	int fd_;
};

} // namespace nft_drops::jit

#endif
