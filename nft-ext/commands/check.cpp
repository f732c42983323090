// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/check.h"

#include "jit/attach/forms.h"
#include "jit/explain/explain.h"
#include "jit/start/start.h"
#include "nft-ext/cli/privilege.h"
#include "nft-ext/sinks/output.h"

#include <fmt/format.h>

#include <csignal>
#include <sys/utsname.h>

namespace nft_drops::cli {
namespace {

class Check {
public:
	explicit Check(const CheckOptions &options) : report_(options.report) {}

	Result<void> run(std::string_view versions) {
		if (report_) head(versions);
		auto works = privilege();
		if (works) works = steps();
		print(works ? "nft-drops can run here\n" : "nft-drops cannot run here\n");
		if (report_ && !plan_.empty()) print("\n" + plan_);
		return works;
	}

private:
	void print(std::string_view text) const {
		std::string all = report_ ? jit::without_kernel_addresses(text) : std::string(text);
		write_out(all);
	}

	void head(std::string_view versions) const {
		utsname name{};
		uname(&name);
		print(fmt::format("{}Linux {} {}\n\n", versions, name.release, name.machine));
	}

	void print_step(std::string_view name, const Result<std::string> &state, std::string_view more = {}) const {
		print(fmt::format("{:<6}{}: {}{}\n", state ? "ok" : "FAIL", name, state ? *state : state.error().why,
		                  more));
	}

	Result<void> privilege() const {
		auto allowed = check_privilege();
		if (allowed) {
			print_step("privilege", "CAP_BPF, CAP_PERFMON, CAP_SYSLOG and CAP_NET_ADMIN");
			return {};
		}
		allowed.error().blame = Blame::kMachine;
		print_step("privilege", std::unexpected(allowed.error()));
		return allowed;
	}

	Result<void> steps() {
		jit::Start start({.keep = false}, [this](const jit::StepReport &step) {
			const double ms = static_cast<double>(step.took.count()) / 1000;
			print_step(step.name, step.state, report_ ? fmt::format(" ({:.3f} ms)", ms) : "");
		});
		auto works = start.run();
		// Of a start that failed behind the Plan, the Plan tells most.
		if (report_ && start.has_plan())
			plan_ = jit::explain(start.plan(), start.kernel(),
			                     jit::probe_forms(start.plan(), start.kernel()));
		return works;
	}

	bool report_;
	std::string plan_; // in words
};

} // namespace

Result<void> check(const CheckOptions &options, std::string_view versions) {
	signal(SIGPIPE, SIG_IGN);
	return Check(options).run(versions);
}

} // namespace nft_drops::cli
