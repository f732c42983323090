// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/worker.h"

#include "bpf/shared/event.h"
#include "nft-ext/ruleset/text/lookup.h"
#include "nft-ext/ruleset/text/wire.h"
#include "nft-ext/ruleset/text/worker_process.h"

#include <malloc.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

namespace nft_drops {
namespace {

// The ruleset's owner may have written a rule that this process must not print.
void leave_if_unfit(const Lookup &lookup) {
	if (lookup.needs_xtables()) _exit(kNeedsXtables);
}

// Answers one request; false where the parent is gone.
bool serve(Lookup &lookup) {
	const auto request = receive_message(kWorkerDescriptor, -1);
	constexpr size_t kWithPath = sizeof(nd_event) + sizeof(nd_path);
	constexpr size_t kWithDetails = kWithPath + sizeof(nd_details);
	if (!request ||
	    (request->size() != sizeof(nd_event) && request->size() != kWithPath && request->size() != kWithDetails))
		return false;
	nd_event event{};
	memcpy(&event, request->data(), sizeof(event));
	Attributed attributed{.attribution = lookup.attribute(event), .path = {}, .details = {}};
	if (request->size() > sizeof(event)) {
		nd_path path{};
		memcpy(&path, request->data() + sizeof(event), sizeof(path));
		attributed.path = lookup.jump_path(event, path, attributed.attribution);
	}
	if (request->size() == kWithDetails) {
		nd_details seen{};
		memcpy(&seen, request->data() + kWithPath, sizeof(seen));
		attributed.details = lookup.details(event, seen, attributed.attribution, attributed.path);
	}
	leave_if_unfit(lookup);
	return send_message(kWorkerDescriptor, pack(attributed));
}

// Tells when the watched object comes or goes.
class Watch {
public:
	Watch(Lookup &lookup, const std::optional<WatchedObject> &object) : lookup_(lookup), object_(object) {}
	bool tell() {
		if (!object_) return true;
		const bool there = lookup_.is_there(*object_);
		if (told_ && there == there_) return true;
		told_ = true;
		there_ = there;
		return send_message(kWorkerDescriptor, pack(Presence{there}));
	}

private:
	Lookup &lookup_;
	const std::optional<WatchedObject> &object_;
	bool told_ = false;
	bool there_ = false; // as it was told
};

void loop(Lookup &lookup, Watch &watch) {
	std::array<pollfd, 3> watched{{{.fd = kWorkerDescriptor, .events = POLLIN, .revents = 0},
	                               {.fd = lookup.ruleset_descriptor(), .events = POLLIN, .revents = 0},
	                               {.fd = lookup.links_descriptor(), .events = POLLIN, .revents = 0}}};
	bool more = true;
	for (;;) {
		leave_if_unfit(lookup);
		const int ready = poll(watched.data(), watched.size(), more ? 0 : lookup.pause_ms());
		if (ready < 0 && errno != EINTR) return;
		const bool waited_in_vain = ready == 0 && !more;
		if (waited_in_vain || (ready > 0 && (watched[1].revents != 0 || watched[2].revents != 0))) {
			if (auto drained = lookup.drain(); !drained) {
				send_message(kWorkerDescriptor, pack(drained.error()));
				return;
			}
			if (!watch.tell()) return;
		}
		if (ready > 0 && watched[0].revents != 0 && !serve(lookup)) return;
		const bool worked = std::exchange(more, lookup.work());
		// Reading texts leaves memory behind that nobody needs for now.
		if (worked && !more) malloc_trim(0);
	}
}

} // namespace

void run_worker(int socket, const WorkerOptions &options, int parent) {
	auto begun = begin_worker(socket, options.netns, parent);
	try {
		if (!begun) {
			send_message(kWorkerDescriptor, pack(begun.error()));
			_exit(1);
		}
		auto lookup = Lookup::open(
		        {.narrow = options.narrow,
		         .output = options.output,
		         .xtables = options.xtables,
		         .confine = [&] {
			         return confine_worker({.xtables = options.xtables, .background = options.background},
			                               parent);
		         }});
		if (!lookup) {
			send_message(kWorkerDescriptor, pack(lookup.error()));
			_exit(1);
		}
		leave_if_unfit(**lookup);
		malloc_trim(0);
		const Lookup::Size size = (*lookup)->size();
		Watch watch(**lookup, options.watched);
		if (watch.tell() &&
		    send_message(kWorkerDescriptor, pack(Ready{size.tables, size.rules, size.generation, size.narrow})))
			loop(**lookup, watch);
	} catch (const std::exception &) {
		_exit(1);
	}
	// Not exit(): what the parent has not written yet is the parent's to write.
	_exit(0);
}

} // namespace nft_drops
