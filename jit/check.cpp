// SPDX-License-Identifier: GPL-2.0-only
#include "jit/check.h"

#include "jit/compile/compile.h"
#include "jit/kernel/kernel.h"
#include "jit/kernel/load_nf_tables.h"
#include "jit/kernel/memory.h"
#include "jit/resolve/plan.h"
#include "jit/selftest/selftest.h"

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
	const std::string mode = text.substr(begin + 1, end - begin - 1);
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
		if (auto layout = read_running_layout(); !layout) return std::unexpected(layout.error());
		return "BTF of vmlinux and nf_tables";
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
		auto plan = resolve(kernel_.image, kernel_.layout);
		if (!plan) return std::unexpected(plan.error());
		plan_ = std::move(*plan);
		const bool drops_only = std::ranges::all_of(plan_.sites, &PlannedSite::drops_only);
		return fmt::format("{} site{}, {}", plan_.sites.size(), plan_.sites.size() == 1 ? "" : "s",
		                   drops_only ? "accepted packets pay nothing" : "accepted packets come there too");
	}

	State probe_made() {
		auto object = compile_probe(kernel_.layout.probe, constants_of(plan_));
		if (!object) return std::unexpected(object.error());
		object_ = std::move(*object);
		return fmt::format("compiled, {} bytes", object_.size());
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
		auto probe = Probe::attach(object_, plan_, {.netns = netns_});
		if (!probe) return std::unexpected(probe.error());
		probe_ = std::move(*probe);
		std::string places;
		for (const PlannedSite &site : plan_.sites)
			places += (places.empty() ? "kprobes at " : ", ") + site.place;
		return places;
	}

	State tested() {
		auto seen = test_->run(*probe_);
		if (!seen) return std::unexpected(seen.error());
		return fmt::format("{} dropped packets seen, every fact right", *seen);
	}

	const OnRequirement &tell_;
	Kernel kernel_;
	Plan plan_;
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
