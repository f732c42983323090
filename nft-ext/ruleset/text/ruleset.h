// SPDX-License-Identifier: GPL-2.0-only
// What the ruleset says about a drop: rule text exactly as the installed nft prints it, or nothing.
//
//	auto ruleset = Ruleset::start({});   // returns at once; a child process reads the ruleset meanwhile
//	...                                  // open kernel symbols, compile the probe
//	ruleset->ready();                    // waits until everything that changes from now on is noticed
//	ruleset->about(event);               // next to nothing for a drop like an earlier one; about 0.02 ms where
//	                                     // the child process knows the text already, 0.1 ms where not
//
// One network namespace each. Not thread-safe. The child process holds libnftables; it dies with the *thread* that
// called start() (PR_SET_PDEATHSIG), ignores SIGINT and SIGTERM, so that what was captured can still be rendered after
// Ctrl-C, and ends when the Ruleset is destroyed. Call start() early, before threads are created.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_RULESET_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_RULESET_H

#include "bpf/shared/event.h"
#include "jit/base/result.h"
#include "nft-ext/ruleset/index/attribution.h"
#include "nft-ext/ruleset/text/attribution_cache.h"
#include "nft-ext/ruleset/text/wire.h"

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

namespace nft_drops {

class Ruleset {
public:
	struct Options {
		int netns = -1; // the network namespace, an open /proc/PID/ns/net that stays the caller's; -1: the
		                // present one
	};

	static Result<std::unique_ptr<Ruleset>> start(Options options);
	~Ruleset();
	Ruleset(const Ruleset &) = delete;
	Ruleset &operator=(const Ruleset &) = delete;

	// Waits until the ruleset has been read. Drops of before that cannot all be answered. May be left out.
	Result<Ready> ready();

	// What dropped this packet. `known` is false where it cannot be told for sure. An Error only where no answer
	// can be had at all; the child process is then started again with the next call.
	// With a path, the jumps that led to the rule, too.
	struct About {
		SharedAttribution attribution;
		std::optional<JumpPath> path;
	};
	Result<About> about(const nd_event &event, const nd_path *path = nullptr);

	// The child process, for tests.
	[[nodiscard]] pid_t worker() const { return worker_; }

private:
	explicit Ruleset(Options options);
	Result<void> launch();
	void stop();
	Result<Attributed> ask(const nd_event &event, const nd_path *path);
	// Why the child process is gone.
	std::string epitaph();

	Options options_;
	int netns_ = -1;
	int socket_ = -1;
	pid_t worker_ = -1;
	std::optional<Ready> ready_;
	AttributionCache cache_;
};

} // namespace nft_drops

#endif
