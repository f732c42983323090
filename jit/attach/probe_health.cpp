// SPDX-License-Identifier: GPL-2.0-only
#include "jit/attach/probe_health.h"

#include "jit/kernel/live/modules.h"

#include <algorithm>
#include <fcntl.h>
#include <glob.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

namespace nft_drops::jit {
namespace {

constexpr const char *kModule = "nf_tables";
constexpr const char *kLivePatches = "/sys/kernel/livepatch";
constexpr const char *kFunction = "nft_do_chain";
// arm_all_kprobes() turns the switch on before it puts the kprobes into the code, which takes far less than this.
constexpr std::chrono::seconds kArming{1};
constexpr const char *kSwitch = "/sys/kernel/debug/kprobes/enabled";

// Writes to a file are told by inotify(7) in debugfs, too, where the writer is a process.
Descriptor watch_switch() {
	Descriptor watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
	if (watch.get() >= 0 && inotify_add_watch(watch.get(), kSwitch, IN_MODIFY) < 0) return Descriptor(-1);
	return watch;
}

} // namespace

Result<ProbeHealth> ProbeHealth::start(const Plan &plan, const Kernel &kernel) {
	auto memory = KernelMemory::open();
	if (!memory) return std::unexpected(memory.error());
	return ProbeHealth(std::move(*memory), plan, kernel);
}

ProbeHealth::ProbeHealth(KernelMemory memory, const Plan &plan, const Kernel &kernel)
    : memory_(std::move(memory)), machine_(kernel.image.machine), patched_(is_live_patched(kLivePatches, kFunction)),
      switch_(watch_switch()) {
	for (const PlannedSite &site : plan.sites)
		sites_.push_back(site.address);
	if (!kernel.module) return;
	module_ = kModule;
	identity_ = module_identity(module_);
}

// int3, or the jump of an optimised kprobe; on arm64 BRK #4 (KPROBES_BRK_IMM).
bool ProbeHealth::is_armed(uint64_t site) const {
	constexpr uint32_t kBrk = 0xd4200080;
	const uint64_t word = memory_.read_integer(site, sizeof(uint32_t)).value_or(0);
	if (machine_ == Machine::kAArch64) return word == kBrk;
	return (word & 0xff) == 0xcc || (word & 0xff) == 0xe9;
}

bool ProbeHealth::was_switched() {
	char events[512];
	bool any = false;
	while (switch_.get() >= 0 && read(switch_.get(), events, sizeof(events)) > 0)
		any = true;
	return any;
}

bool ProbeHealth::is_switched_on() const {
	const Descriptor file(open(kSwitch, O_RDONLY | O_CLOEXEC));
	char on = 0;
	return file.get() >= 0 && read(file.get(), &on, 1) == 1 && on == '1';
}

ProbeHealth::State ProbeHealth::look() {
	// First: a switch that is used while the rest is looked at shows the next time.
	const bool switched = was_switched();
	if (!module_.empty()) {
		const uint64_t identity = module_identity(module_);
		if (!identity) return State::kNotLoaded;
		if (identity != identity_) return State::kReplaced;
	}
	if (is_live_patched(kLivePatches, kFunction) != patched_) return State::kReplaced;
	if (!std::ranges::all_of(sites_, [this](uint64_t site) { return is_armed(site); })) {
		const auto now = std::chrono::steady_clock::now();
		if (!is_switched_on())
			gone_since_.reset();
		else if (!gone_since_)
			gone_since_ = now;
		return gone_since_ && now - *gone_since_ >= kArming ? State::kReplaced : State::kSwitchedOff;
	}
	gone_since_.reset();
	return switched ? State::kWasSwitchedOff : State::kSees;
}

std::string describe(ProbeHealth::State state) {
	switch (state) {
	case ProbeHealth::State::kSees:
		break;
	case ProbeHealth::State::kSwitchedOff:
	case ProbeHealth::State::kWasSwitchedOff:
		return "kprobes were switched off";
	case ProbeHealth::State::kNotLoaded:
		return "nf_tables was unloaded";
	case ProbeHealth::State::kReplaced:
		return "nf_tables was loaded anew or patched";
	}
	return "it sees";
}

bool is_live_patched(const std::string &folder, const std::string &function) {
	glob_t found{};
	const bool any = glob((folder + "/*/*/" + function + ",*").c_str(), 0, nullptr, &found) == 0;
	globfree(&found);
	return any;
}

} // namespace nft_drops::jit
