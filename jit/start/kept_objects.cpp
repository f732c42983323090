// SPDX-License-Identifier: GPL-2.0-only
#include "jit/start/kept_objects.h"

#include "jit/base/bytes.h"
#include "jit/base/checksum.h"
#include "jit/compile/compile.h"

#include <type_traits>

namespace nft_drops::jit {
namespace {

// No padding: equal bytes mean equal values.
static_assert(std::has_unique_object_representations_v<nd_layout>);
static_assert(std::has_unique_object_representations_v<nd_site>);
static_assert(std::has_unique_object_representations_v<nd_settings>);

} // namespace

Result<std::vector<char>> kept_or_compiled(const nd_layout &layout, std::span<const nd_site> sites,
                                           const nd_settings &settings, std::span<const char> shape,
                                           const Filter &filter, const std::string &folder) {
	ByteWriter key;
	key.put(layout);
	key.put(std::vector<nd_site>(sites.begin(), sites.end()));
	key.put(settings);
	Checksum of_shape;
	of_shape.add({shape.data(), shape.size()});
	key.put(of_shape.sum());
	// A filter is asked once: it leaves the probe without one where it is.
	if (!filter.empty()) return compile_probe(layout, sites, settings, shape, filter);
	const KeptFile file("probe", key.bytes(), folder);
	if (auto kept = file.load()) return std::move(*kept);
	auto object = compile_probe(layout, sites, settings, shape);
	if (object) file.store(*object);
	return object;
}

} // namespace nft_drops::jit
