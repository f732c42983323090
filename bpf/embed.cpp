// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/objects.h"

#include <cstring>

extern "C" {
extern const char nd_probe_bitcode[], nd_probe_bitcode_end[];
extern const char nd_probe_plain_loads_bitcode[], nd_probe_plain_loads_bitcode_end[];
extern const char nd_probe_plain_calls_bitcode[], nd_probe_plain_calls_bitcode_end[];
extern const char nd_count_bitcode[], nd_count_bitcode_end[];
extern const char nd_flows_bitcode[], nd_flows_bitcode_end[];
extern const char nd_reader_object[], nd_reader_object_end[];
extern const char nd_finder_object[], nd_finder_object_end[];
extern const char nd_sockets_object[], nd_sockets_object_end[];
}

namespace nft_drops::bpf {

std::span<const char> probe_bitcode(const nd_layout &layout, const nd_settings &settings) {
	const nd_settings none{};
	if (memcmp(&settings, &none, sizeof(none)) != 0) return {nd_probe_bitcode, nd_probe_bitcode_end};
	if (layout.cast.function) return {nd_probe_plain_loads_bitcode, nd_probe_plain_loads_bitcode_end};
	return {nd_probe_plain_calls_bitcode, nd_probe_plain_calls_bitcode_end};
}
std::span<const char> count_bitcode() {
	return {nd_count_bitcode, nd_count_bitcode_end};
}
std::span<const char> flows_bitcode() {
	return {nd_flows_bitcode, nd_flows_bitcode_end};
}
std::span<const char> reader_object() {
	return {nd_reader_object, nd_reader_object_end};
}
std::span<const char> finder_object() {
	return {nd_finder_object, nd_finder_object_end};
}
std::span<const char> sockets_object() {
	return {nd_sockets_object, nd_sockets_object_end};
}

} // namespace nft_drops::bpf
