// SPDX-License-Identifier: GPL-2.0-only
// What the ruleset of one network namespace says about drops: rule text exactly as the installed nft prints it, or
// nothing. A child process (worker.h) holds libnftables and reads the ruleset; this is the other end. Nothing here
// waits:
//
//	auto ruleset = Ruleset::start({});      // forks; the child reads the ruleset
//	loop.watch(ruleset->descriptor(), POLLIN, [&](short) { ruleset->receive(handler); });
//	if (ruleset->state() == Ruleset::State::kReady) ruleset->ask(event, nullptr);
//
// Replies come in the order of the questions: about 0.02 ms where the child knows the text already, 0.1 ms where not.
// The child dies with the *thread* that called start() (PR_SET_PDEATHSIG), and ends when the Ruleset is destroyed.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_RULESET_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_RULESET_H

#include "bpf/shared/event.h"
#include "jit/base/result.h"
#include "nft-ext/ruleset/text/wire.h"
#include "nft-ext/ruleset/text/worker.h"

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nft_drops {

class Ruleset {
public:
	// How many questions may be open: what is asked beyond them waits with the caller.
	static constexpr size_t kWindow = 32;

	static Result<std::unique_ptr<Ruleset>> start(const WorkerOptions &options);
	~Ruleset();
	Ruleset(const Ruleset &) = delete;
	Ruleset &operator=(const Ruleset &) = delete;

	enum class State {
		kReading, // the child reads the ruleset; questions have to wait
		kReady,
		kEnded, // the child ended; see error()
	};
	[[nodiscard]] State state() const { return state_; }
	[[nodiscard]] const Ready &ready() const { return ready_; }
	// Whether the object of WorkerOptions::watched is in the ruleset; nothing: none was asked for.
	[[nodiscard]] std::optional<bool> is_there() const { return is_there_; }
	[[nodiscard]] const Error &error() const { return error_; }
	// The child met a rule that it can print only with WorkerOptions::xtables.
	[[nodiscard]] bool needs_xtables() const { return needs_xtables_; }

	// For poll(2); stays open after kEnded.
	[[nodiscard]] int descriptor() const { return socket_; }
	// Takes what has arrived: calls `reply` for each attribution, and changes the state.
	void receive(const std::function<void(Attributed)> &reply);
	// Asks what dropped this packet; with a path, for the jumps that led there, too, and with `details` (only with
	// a path) for Details. False where that is not possible now. `known` is false in the reply where the text is
	// not known for sure.
	bool ask(const nd_event &event, const nd_path *path, const nd_details *details = nullptr);
	// Questions without a reply.
	[[nodiscard]] size_t open_questions() const { return open_; }

	// The child process, for tests.
	[[nodiscard]] pid_t worker() const { return worker_; }

private:
	Ruleset() = default;
	void end(Error error);
	// Why the child process is gone.
	std::string epitaph();

	int socket_ = -1;
	pid_t worker_ = -1;
	State state_ = State::kReading;
	Ready ready_;
	std::optional<bool> is_there_;
	Error error_;
	bool needs_xtables_ = false;
	size_t open_ = 0;
	MessageReader reader_;
};

} // namespace nft_drops

#endif
