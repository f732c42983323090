// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/choose.h"
#include "jit/resolve/plan.h"

#include <algorithm>
#include <fmt/format.h>

namespace nft_drops::jit {
namespace {

constexpr int kNeighbours = 3;

std::vector<std::string> listing_around(const Code &code, Architecture &arch, uint64_t address) {
	std::vector<std::string> lines;
	const Instruction *site = code.at(address);
	const auto index = static_cast<int64_t>(code.index_of(*site));
	const auto last = static_cast<int64_t>(code.all().size()) - 1;
	for (int64_t i = std::max<int64_t>(0, index - kNeighbours); i <= std::min(last, index + kNeighbours); i++) {
		const Instruction &in = code.all()[static_cast<size_t>(i)];
		lines.push_back(fmt::format("{} {}: {}", i == index ? "=>" : "  ", code.place(in.address),
		                            arch.text(in, code.bytes_of(in))));
	}
	return lines;
}

} // namespace

Result<Plan> resolve(const Image &image, const Layout &layout) {
	auto arch = Architecture::of(image.machine);
	if (!arch) return std::unexpected(arch.error());
	auto code = Code::decode(image, **arch);
	if (!code) return std::unexpected(code.error());
	const Emulator emulator(*code, **arch, layout);
	auto paths = explore(emulator);
	if (!paths) return std::unexpected(paths.error());
	auto sites = choose_sites(*code, **arch, emulator, *paths, layout);
	if (!sites) return std::unexpected(sites.error());

	Plan plan;
	plan.sites = std::move(*sites);
	for (PlannedSite &s : plan.sites)
		s.listing = listing_around(*code, **arch, s.address);
	plan.paths = paths->all.size();
	for (const ExecutionPath &p : paths->all) {
		plan.drop_paths += p.outcome.cause != 0;
		plan.freed_inside |= p.outcome.cause && (p.return_value & kVerdictMask) == kStolen;
	}
	plan.instructions = code->all().size();
	plan.static_keys = emulator.keys();
	plan.jump_limit = paths->jump_limit;
	return plan;
}

std::vector<nd_site> constants_of(const Plan &plan) {
	std::vector<nd_site> constants(plan.sites.size());
	std::ranges::transform(plan.sites, constants.begin(), &PlannedSite::site);
	return constants;
}

} // namespace nft_drops::jit
