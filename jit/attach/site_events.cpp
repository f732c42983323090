// SPDX-License-Identifier: GPL-2.0-only
#include "jit/attach/site_events.h"

#include "jit/attach/sites.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace nft_drops::jit {
namespace {

// The kernel's number for perf events that are kprobes; it is given at boot.
uint32_t kprobe_event_type() {
	uint32_t type = 0;
	std::ifstream("/sys/bus/event_source/devices/kprobe/type") >> type;
	return type;
}

// A kprobe at an address: no name in config1, and the address in config2 (perf_kprobe_event_init()). On one processor,
// whichever: the program runs on all.
int open_event(uint32_t type, uint64_t address) {
	perf_event_attr attr{};
	attr.size = sizeof(attr);
	attr.type = type;
	attr.config2 = address;
	return static_cast<int>(syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
}

} // namespace

SiteEvents::SiteEvents(const Plan &plan) : all_(plan.sites.size()) {
	const uint32_t type = kprobe_event_type();
	for (size_t i = 0; i < all_.size(); i++) {
		Opening &opening = all_[i];
		opening.place = plan.sites[i].place;
		if (!type) {
			opening.error = ENOENT;
			continue;
		}
		const auto open = [&opening, type, address = plan.sites[i].address] {
			opening.fd = open_event(type, address);
			if (opening.fd < 0) opening.error = errno;
		};
		try {
			opening.thread = std::thread(open);
		} catch (const std::system_error &) {
			open(); // no thread can be had: it takes longer
		}
	}
}

SiteEvents::~SiteEvents() {
	wait();
	for (const Opening &opening : all_)
		if (opening.fd >= 0) close(opening.fd);
}

void SiteEvents::wait() {
	for (Opening &opening : all_)
		if (opening.thread.joinable()) opening.thread.join();
}

Result<std::vector<int>> SiteEvents::take() {
	wait();
	for (const Opening &opening : all_)
		if (opening.fd < 0)
			return unsupported(fmt::format("kprobe at {}", opening.place), strerror(opening.error),
			                   help_for(opening.error));
	std::vector<int> fds;
	for (Opening &opening : all_)
		fds.push_back(std::exchange(opening.fd, -1));
	return fds;
}

} // namespace nft_drops::jit
