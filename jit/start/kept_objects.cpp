// SPDX-License-Identifier: GPL-2.0-only
#include "jit/start/kept_objects.h"

#include "jit/base/bytes.h"
#include "jit/base/checksum.h"
#include "jit/base/debug.h"
#include "jit/compile/compile.h"

#include <type_traits>

namespace nft_drops::jit {
namespace {

// No padding: equal bytes mean equal values.
static_assert(std::has_unique_object_representations_v<nd_layout>);
static_assert(std::has_unique_object_representations_v<nd_site>);
static_assert(std::has_unique_object_representations_v<nd_settings>);

// Of the kept probes with a filter: together they have 8 MiB at most. Most filters have some 30 KiB.
constexpr size_t kMostFilters = 32;
constexpr size_t kMostFilterBytes = 256UL * 1024;

} // namespace

Result<std::vector<char>> kept_or_compiled(const nd_layout &layout, std::span<const nd_site> sites,
                                           const nd_settings &settings, std::span<const char> probe_template,
                                           const Filter &filter, const std::string &folder) {
	ByteWriter key;
	key.put(layout);
	key.put(std::vector<nd_site>(sites.begin(), sites.end()));
	key.put(settings);
	Checksum of_template;
	of_template.add({probe_template.data(), probe_template.size()});
	key.put(of_template.sum());
	key.put(filter.bytes());
	// Users type new filters again and again, so probes with a filter are files of another kind. The number of
	// these files is bounded.
	const KeptFile file(filter.empty() ? "probe" : "filter", key.bytes(), folder);
	// There is no IR to show of what is not compiled.
	if (auto kept = file.load(); kept && !debugs(DebugTopic::kIr)) return std::move(*kept);
	auto object = compile_probe(layout, sites, settings, probe_template, filter);
	if (!object) return object;
	if (filter.empty())
		file.store(*object);
	else if (key.bytes().size() + object->size() <= kMostFilterBytes)
		file.store(*object, kMostFilters);
	return object;
}

} // namespace nft_drops::jit
