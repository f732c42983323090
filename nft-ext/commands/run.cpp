// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/run.h"

#include "jit/base/descriptor.h"
#include "jit/sockets/group_sockets.h"
#include "nft-ext/commands/drop_watch.h"
#include "nft-ext/drop/namespaces.h"
#include "nft-ext/ruleset/netlink/netlink.h"
#include "nft-ext/run/command_process.h"
#include "nft-ext/run/control_group.h"
#include "nft-ext/run/flow_book.h"
#include "nft-ext/run/local_addresses.h"
#include "nft-ext/run/run_signals.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

using namespace std::chrono_literals;

// After CMD has ended, an answer that nobody has received is waited for so long.
constexpr auto kForAnswers = 1s;
// Children that end a moment after CMD are not worth a line.
constexpr auto kTellChildrenAfter = 500ms;
constexpr uint64_t kAskedLately = 2'000'000'000; // nanoseconds

class Run {
public:
	Run(const RunOptions &options, Loop &loop, const NetNamespace &netns, std::optional<RunUser> user)
	    : options_(options), loop_(loop), user_(std::move(user)), local_(netns.descriptor()),
	      book_([this](const Address &address) { return local_.has(address); }) {}

	Result<uint64_t> make_group() {
		auto group = ControlGroup::create();
		if (!group) return std::unexpected(group.error());
		group_ = std::move(*group);
		return group_->id();
	}

	// A flow is in the sockets' ring before its packet leaves, so it is known here whatever became of the packet.
	bool concerns(const nd_event &event) {
		if (event.of_group != 0) return true;
		sockets_->drain();
		return book_.concerns(event, decode(event));
	}

	Result<void> use(DropWatch &watch) {
		auto sockets = jit::GroupSockets::attach(group_->descriptor(),
		                                         [this](const nd_socket_record &record) { book_.add(record); });
		if (!sockets) return std::unexpected(sockets.error());
		sockets_ = std::move(*sockets);
		if (auto started = watch.start(); !started) return started;
		auto process = CommandProcess::start(options_.command, user_, given_);
		if (!process) return std::unexpected(process.error());
		if (auto added = group_->add(process->pid()); !added) return added;
		RunSignals signals;
		if (const int error = process->go()) {
			say(fmt::format("{}: {}", options_.command.front(), strerror(error)));
			status_ = status_of_exec_error(error);
			process->wait();
			return {};
		}
		if (auto ended = until_all_ended(watch, *process, signals); !ended) return ended;
		if (auto ended = watch.end(); !ended) return ended;
		tell_end(watch);
		return watch.outcome();
	}

	[[nodiscard]] int status() const { return status_; }

private:
	// Until CMD and its children have ended, and a while longer for answers that are on their way.
	Result<void> until_all_ended(DropWatch &watch, CommandProcess &process, RunSignals &signals) {
		bool ended = false;
		bool told = false;
		bool stopped = false;
		loop_.watch(sockets_->fd(), POLLIN, [this](short) { sockets_->drain(); });
		loop_.watch(process.descriptor(), POLLIN, [&](short) {
			ended = true;
			status_ = process.wait();
			loop_.forget(process.descriptor());
		});
		loop_.watch(group_->events(), POLLPRI, [this](short) { populated_ = group_->populated(); });
		loop_.watch(signals.fd(), POLLIN, [&](short) {
			while (const auto signal = signals.take()) {
				if (!ended && signal->for_cmd) kill(process.pid(), signal->number);
				if (!ended) continue;
				stopped = true;
				watch.stop_within(DropWatch::kAfterSignal);
			}
		});
		populated_ = true;
		Result<void> done;
		std::optional<Loop::Clock::time_point> alone; // CMD's children, from then on
		std::optional<Loop::Clock::time_point> latest;
		while (done && !stopped) {
			if (ended && !(populated_ = group_->populated())) {
				if (!latest) {
					sockets_->drain();
					const bool waits = book_.waits(now_ns() - kAskedLately);
					latest = Loop::Clock::now() + (waits ? Loop::Clock::duration(kForAnswers) : 0s);
				}
				if (Loop::Clock::now() >= *latest) break;
			} else if (ended && !alone) {
				alone = Loop::Clock::now();
				loop_.after(kTellChildrenAfter, [] {});
			} else if (ended && !told && Loop::Clock::now() >= *alone + kTellChildrenAfter) {
				told = true;
				say(fmt::format("{} has ended, and its children go on: Ctrl-C ends the watch, not them",
				                options_.command.front()));
			}
			done = loop_.once(latest.value_or(Loop::Clock::time_point::max()));
		}
		for (const int fd : {sockets_->fd(), group_->events(), signals.fd(), process.descriptor()})
			loop_.forget(fd);
		return done;
	}

	void tell_end(DropWatch &watch) {
		sockets_->drain();
		if (const uint64_t lost = sockets_->lost() + book_.left_out())
			watch.tell(fmt::format("{} flows and ports of {} could not be kept: drops that concern it may "
			                       "be missing",
			                       lost, options_.command.front()));
		if (!book_.resolver().empty())
			watch.tell(fmt::format("{} asked the resolver at {}: the queries that the resolver makes "
			                       "itself are not among the drops",
			                       options_.command.front(), book_.resolver()));
		if (const uint64_t n = watch.totals().undecided)
			watch.tell(fmt::format("{} undecided drops: what decides could not be read", n));
		watch.tell(watch.totals().concerned(options_.command.front(), watch.counts().lost(), watch.unseen()));
	}

	const RunOptions &options_;
	Loop &loop_;
	GivenSignals given_;
	std::optional<RunUser> user_;
	LocalAddresses local_;
	FlowBook book_;
	std::unique_ptr<ControlGroup> group_;
	std::unique_ptr<jit::GroupSockets> sockets_;
	bool populated_ = false;
	int status_ = kOwnFailure;
};

int failed(const Error &error) {
	report(error);
	return kOwnFailure;
}

// Where drops are printed: --output, else standard error. A descriptor that lives as long as the process.
Result<int> open_output(const std::string &file) {
	if (file.empty()) return STDERR_FILENO;
	const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0) return usage_error("--output " + file, strerror(errno), "give the name of a file to write");
	return fd;
}

} // namespace

int run_command(const MonitorOptions &watch, const RunOptions &options) {
	std::optional<RunUser> user;
	if (!options.user.empty()) {
		auto found = find_user(options.user);
		if (!found) return failed(found.error());
		user = std::move(*found);
	}
	auto netns = watch.netns.empty() ? NetNamespace::present() : NetNamespace::open(watch.netns);
	if (!netns) return failed(netns.error());
	if (const int error = look_for(options.command.front())) {
		say(fmt::format("{}: {}", options.command.front(), strerror(error)));
		return status_of_exec_error(error);
	}
	auto output = open_output(options.output);
	if (!output) return failed(output.error());
	MonitorOptions wanted = watch;
	if (!options.output.empty()) wanted.format_given = true;

	Loop loop;
	Run run(options, loop, *netns, std::move(user));
	const WatchRequest request{.command = "run",
	                           .options = wanted,
	                           .undone = "nothing is run",
	                           .text_fd = *output,
	                           .group = [&run] { return run.make_group(); },
	                           .concerns = [&run](const nd_event &event) { return run.concerns(event); }};
	auto done = with_drop_watch(request, loop, [&run](DropWatch &one) { return run.use(one); });
	if (!done) return failed(done.error());
	return run.status();
}

} // namespace nft_drops::cli
