// SPDX-License-Identifier: GPL-2.0-only
// Counting that no process keeps: its links and maps, pinned in a folder of the BPF file system. What lies there may be
// of another version, half made, or of nf_tables before it was loaded anew; it is only read where it is none of these.
// docs/pinned-maps.md describes the layout.
#ifndef NFT_DROPS_JIT_COUNT_PINS_H
#define NFT_DROPS_JIT_COUNT_PINS_H

#include "jit/base/result.h"
#include "jit/count/rule_counts.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace nft_drops::jit {

// Where pins and lock are: in the mount namespace of process 1, so that pins outlive `ip netns exec`, and all processes
// of this machine (or container) find the same.
class PinPlace {
public:
	// Fails where that mount namespace cannot be looked into.
	static Result<PinPlace> find();

	[[nodiscard]] const std::string &root() const { return root_; } // "" or "/proc/1/root"
	[[nodiscard]] std::string folder() const { return root_ + "/sys/fs/bpf/nft-drops"; }

private:
	explicit PinPlace(std::string root) : root_(std::move(root)) {}
	std::string root_;
};

// What an administrator calls it, whatever the mount namespace.
inline constexpr const char *kPinFolder = "/sys/fs/bpf/nft-drops";
// The maps there, as the programs have them with "nd_" before. "meta" is the last one to be pinned: what has it is
// whole.
inline constexpr const char *kOtherMaps[] = {"index", "free", "cpus", "late", "lock", "ignored", "changing"};
inline constexpr const char *kPinnedMaps[] = {"index",    "free",  "cpus",   "late",  "lock", "ignored",
                                              "changing", "rules", "counts", "state", "meta"};

enum class PinState {
	kNone,   // there is no such folder
	kUsable, // counting, of this version
	kUnlike, // anything else
};

struct Pins {
	PinState state = PinState::kNone;
	std::string why;   // kUnlike: what is wrong
	std::string next;  // kUnlike: what to do about it
	RuleCounts counts; // kUsable
};

// Reads what is pinned. Fails where the folder cannot be looked at, or is not root's alone.
Result<Pins> read_pins(const PinPlace &place);

// Frees the numbers of rules that the caller knows to be deleted, so that new rules get them. Takes at most 100 steps
// of 1 ms; what is not done by then is done later.
void retire_deleted(const PinPlace &place, const std::vector<RuleCount> &deleted);

// Takes away all that nft-drops pins, and the folder, and waits until the kernel has let go of the links. A folder that
// holds anything else is an error.
Result<void> remove_pins(const std::string &folder);

// Makes the folder, and mounts the BPF file system where that is missing, as bpftool does.
Result<void> make_pin_folder(const PinPlace &place);

// True if ftrace is on. Else the programs that watch changes of rulesets are attached, but never run.
bool ftrace_is_on();

// False where the kernel says that kprobes are switched off (/sys/kernel/debug/kprobes/enabled): nothing is counted
// then.
bool kprobes_are_on(const PinPlace &place);

// Names nf_tables as it is loaded now: another number after it was loaded anew; 0 where it is part of the kernel.
uint64_t nf_tables_inode();

// Held while pins are made, taken away or read: two at once wait for each other.
class PinLock {
public:
	enum class Kind { kShared, kExclusive };
	static Result<PinLock> take(const PinPlace &place, Kind kind);
	PinLock(PinLock &&other) noexcept;
	PinLock &operator=(PinLock &&) = delete;
	~PinLock();

private:
	explicit PinLock(int fd) : fd_(fd) {}
	int fd_;
};

} // namespace nft_drops::jit

#endif
