// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/proven_plan.h"

#include "jit/base/bytes.h"

#include <type_traits>
#include <utility>

namespace nft_drops::jit {
namespace {

// The structured bindings below name all members: a member that is added and forgotten here does not compile.

// No padding: equal bytes mean equal values.
static_assert(std::has_unique_object_representations_v<Layout>);
static_assert(std::has_unique_object_representations_v<JumpLabel>);

std::string key_of(const Kernel &kernel) {
	if (!kernel.running || kernel.core_build_id.empty() || (kernel.module && kernel.nft_build_id.empty()))
		return {};
	const auto &[image, layout, others, release, core_build_id, nft_build_id, module, kprobe_table, running] =
	        kernel;
	const auto &[machine, ranges, labels, helpers, switches, checks, labels_known] = image;
	ByteWriter w;
	w.put(release);
	w.put(core_build_id);
	w.put(nft_build_id);
	w.put(module);
	w.put(layout);
	w.put(machine);
	for (const auto *all : {&ranges, &helpers}) {
		w.put(all->size());
		for (const CodeRange &range : *all) {
			const auto &[name, address, bytes] = range;
			w.put(name);
			w.put(address);
			w.put(bytes);
		}
	}
	w.put(labels);
	w.put(switches.size());
	for (const auto &[address, targets] : switches) {
		w.put(address);
		w.put(targets);
	}
	w.put(checks.size());
	for (const uint64_t check : checks)
		w.put(check);
	w.put(labels_known);
	return w.bytes();
}

// `site` and `plan` are const or not; `each` is called with every member.
void members(auto &site, auto each) {
	auto &[address, constants, place, causes, drops_only, jump, listing] = site;
	each(address);
	each(constants);
	each(place);
	each(causes);
	each(drops_only);
	each(jump);
	each(listing);
}

void plan_members(auto &plan, auto each) {
	auto &[sites, paths, drop_paths, instructions, static_keys, jump_limit, freed_inside] = plan;
	for (auto &site : sites)
		members(site, each);
	each(paths);
	each(drop_paths);
	each(instructions);
	each(static_keys);
	each(jump_limit);
	each(freed_inside);
}

} // namespace

PlanCache::PlanCache(const Kernel &kernel, std::string folder) : file_("plan", key_of(kernel), std::move(folder)) {
}

std::optional<Plan> plan_in(std::span<const char> content) {
	Plan plan;
	ByteReader r(content);
	plan.sites.resize(r.count(sizeof(nd_site)));
	plan_members(plan, [&r](auto &member) { r.get(member); });
	if (!r.at_end() || plan.sites.empty()) return std::nullopt;
	return plan;
}

std::optional<Plan> PlanCache::load() const {
	const auto content = file_.load();
	return content ? plan_in(*content) : std::nullopt;
}

void PlanCache::store(const Plan &proven) const {
	ByteWriter w;
	w.put(uint64_t{proven.sites.size()});
	plan_members(proven, [&w](const auto &member) { w.put(member); });
	const std::string &bytes = w.bytes();
	file_.store({bytes.data(), bytes.size()});
}

std::optional<Plan> load_proven(Kernel &kernel) {
	if (auto kept = PlanCache(kernel).load()) return kept;
	if (kernel.others.empty()) return std::nullopt;
	Kernel other = kernel;
	for (const Layout &layout : kernel.others) {
		other.layout = layout;
		if (auto kept = PlanCache(other).load()) {
			kernel.layout = layout;
			return kept;
		}
	}
	return std::nullopt;
}

} // namespace nft_drops::jit
