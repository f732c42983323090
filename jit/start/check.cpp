// SPDX-License-Identifier: GPL-2.0-only
#include "jit/start/check.h"

#include "jit/attach/forms.h"
#include "jit/compile/compile.h"
#include "jit/kernel/live/load_nf_tables.h"
#include "jit/kernel/live/memory.h"
#include "jit/kernel/live/running_kernel.h"
#include "jit/resolve/plan.h"
#include "jit/selftest/selftest.h"
#include "jit/start/candidates.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>

namespace nft_drops::jit {
namespace {

using State = Result<std::string>;

// "none [integrity] confidentiality": the word in brackets is in force.
State lockdown() {
	std::ifstream file("/sys/kernel/security/lockdown");
	std::string text;
	if (!std::getline(file, text)) return "not there";
	const size_t begin = text.find('[');
	const size_t end = text.find(']');
	if (begin == std::string::npos || end == std::string::npos || end < begin) return "not there";
	std::string mode = text.substr(begin + 1, end - begin - 1);
	if (mode != "confidentiality") return mode;
	return cannot("lockdown", "kernel lockdown is in mode confidentiality: nobody may read kernel memory",
	              "boot with lockdown=integrity or without");
}

class Check {
public:
	explicit Check(const OnRequirement &tell) : tell_(tell) {}

	Result<void> all() {
		const struct {
			const char *name;
			State (Check::*look)();
		} requirements[] = {
		        {"lockdown", &Check::lockdown_mode}, {"nf_tables", &Check::nf_tables},
		        {"kernel memory", &Check::memory},   {"types", &Check::types},
		        {"nft_do_chain", &Check::code},      {"Plan", &Check::plan},
		        {"probe", &Check::probe_made},       {"network namespace", &Check::network_namespace},
		        {"attached", &Check::attached},      {"self-test", &Check::tested},
		};
		for (const auto &r : requirements) {
			const State state = (this->*r.look)();
			tell_(r.name, state);
			if (!state) return std::unexpected(state.error());
		}
		return {};
	}

private:
	[[nodiscard]] const Candidate &likeliest() const { return candidates_.front(); }

	State lockdown_mode() { return lockdown(); }

	State nf_tables() {
		if (auto loaded = load_nf_tables(); !loaded) return std::unexpected(loaded.error());
		return "there";
	}

	State memory() {
		if (auto memory = KernelMemory::open(); !memory) return std::unexpected(memory.error());
		return "can be read by BPF programs";
	}

	State types() {
		auto layouts = propose_running_layouts();
		if (!layouts) return std::unexpected(layouts.error());
		if (!layouts->front().known) return "BTF of vmlinux and nf_tables";
		return fmt::format("BTF of vmlinux; {} known layouts of nf_tables' own", layouts->size());
	}

	State code() {
		auto kernel = read_running_kernel();
		if (!kernel) return std::unexpected(kernel.error());
		kernel_ = std::move(*kernel);
		size_t bytes = 0;
		for (const CodeRange &range : kernel_.image.ranges)
			bytes += range.bytes.size();
		return fmt::format("{} bytes, {}, Linux {}", bytes,
		                   kernel_.module ? "of a module" : "built into the kernel", kernel_.release);
	}

	State plan() {
		auto candidates = find_candidates(kernel_);
		if (!candidates) return std::unexpected(candidates.error());
		candidates_ = std::move(*candidates);
		const auto &sites = likeliest().plan.sites;
		const bool drops_only = std::ranges::all_of(sites, &PlannedSite::drops_only);
		return fmt::format("{} site{}, {}", sites.size(), sites.size() == 1 ? "" : "s",
		                   drops_only ? "accepted packets pay nothing" : "accepted packets come there too");
	}

	State probe_made() {
		auto object = compile_probe(likeliest().layout.probe, constants_of(likeliest().plan));
		if (!object) return std::unexpected(object.error());
		object_ = std::move(*object);
		return fmt::format("compiled, {} bytes", object_.size());
	}

	// Of the next candidate: the likeliest was found wrong.
	State next_made() {
		candidates_.erase(candidates_.begin());
		return probe_made();
	}

	State network_namespace() {
		auto test = SelfTest::start();
		if (!test) return std::unexpected(test.error());
		test_ = std::move(*test);
		auto netns = test_->netns();
		if (!netns) return std::unexpected(netns.error());
		netns_ = *netns;
		return "one of our own can be made, with rules";
	}

	State attached() {
		auto probe = Probe::attach(object_, likeliest().plan, {.netns = netns_});
		while (!probe && candidates_.size() > 1) {
			if (auto made = next_made(); !made) return made;
			probe = Probe::attach(object_, likeliest().plan, {.netns = netns_});
		}
		if (!probe) return std::unexpected(probe.error());
		probe_ = std::move(*probe);
		std::string places;
		const ProbeForms forms = settled_probe_forms(likeliest().plan, kernel_);
		for (size_t i = 0; i < forms.size(); i++) {
			places += (places.empty() ? "kprobes at " : ", ") + likeliest().plan.sites[i].place;
			if (forms[i]) places += *forms[i] == ProbeForm::kJump ? " (a jump)" : " (a breakpoint)";
		}
		return places;
	}

	State tested() {
		auto seen = test_->run(*probe_, likeliest().plan, likeliest().layout);
		// Where BTF does not tell the layout, packets do.
		while (!seen && candidates_.size() > 1) {
			probe_.reset();
			if (auto made = next_made(); !made) return made;
			if (auto there = attached(); !there) return there;
			seen = test_->run(*probe_, likeliest().plan, likeliest().layout);
		}
		if (!seen) return std::unexpected(seen.error());
		const uint32_t known = likeliest().layout.known;
		return fmt::format("{} dropped packets seen, every fact right{}", *seen,
		                   known ? fmt::format(", with known layout {}", known) : "");
	}

	const OnRequirement &tell_;
	Kernel kernel_;
	std::vector<Candidate> candidates_; // likeliest first; those that were found wrong are gone
	std::vector<char> object_;
	uint32_t netns_ = 0;
	std::optional<SelfTest> test_;
	std::unique_ptr<Probe> probe_;
};

} // namespace

Result<void> check_machine(const OnRequirement &on_requirement) {
	libbpf_set_print(nullptr); // errors are reported once, by us
	return Check(on_requirement).all();
}

} // namespace nft_drops::jit
