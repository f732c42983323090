// SPDX-License-Identifier: GPL-2.0-only
#include "jit/attach/self_test_marks.h"

#include "bpf/shared/self_test.h"
#include "jit/base/mapped_array.h"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <cstring>
#include <functional>
#include <string_view>

namespace nft_drops::jit {
namespace {

std::string_view name_of(const bpf_map_info &info) {
	return {info.name, strnlen(info.name, sizeof(info.name))};
}

// By mmap(2): a system call that writes an element makes the kernel skip kprobes' programs meanwhile.
void ignore(int map, uint64_t cookie) {
	const MappedArray<uint64_t> ignored(map, ND_IGNORED_SLOTS);
	if (!ignored.empty()) std::atomic_ref(ignored[nd_ignored_slot(cookie)]).store(cookie);
}

void for_each_map(const std::function<void(int map, const bpf_map_info &info)> &visit) {
	for (uint32_t id = 0; bpf_map_get_next_id(id, &id) == 0;) {
		const Descriptor map(bpf_map_get_fd_by_id(id));
		bpf_map_info info{};
		uint32_t size = sizeof(info);
		if (map.get() >= 0 && bpf_obj_get_info_by_fd(map.get(), &info, &size) == 0) visit(map.get(), info);
	}
}

bool is_ignored_map(const bpf_map_info &info) {
	return info.type == BPF_MAP_TYPE_ARRAY && name_of(info) == ND_IGNORED_MAP &&
	       info.value_size == sizeof(uint64_t) && info.max_entries == ND_IGNORED_SLOTS &&
	       (info.map_flags & BPF_F_MMAPABLE) != 0;
}

// The cookie that a self-test's map is named after; 0: it is none.
uint64_t cookie_of(const bpf_map_info &info) {
	std::string_view name = name_of(info);
	if (info.type != BPF_MAP_TYPE_QUEUE || !name.starts_with(ND_SELF_TEST_MAP)) return 0;
	name.remove_prefix(strlen(ND_SELF_TEST_MAP));
	uint64_t cookie = 0;
	const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), cookie, 16);
	return error == std::errc{} && end == name.data() + name.size() ? cookie : 0;
}

} // namespace

void ignore_self_tests(int map) {
	for_each_map([map](int, const bpf_map_info &info) {
		if (const uint64_t cookie = cookie_of(info)) ignore(map, cookie);
	});
}

// A cookie of more than 36 bits does not fit into a name, and would take 2,000 namespaces a second for a year.
SelfTestMark::SelfTestMark(uint64_t cookie)
    : map_(bpf_map_create(BPF_MAP_TYPE_QUEUE, fmt::format(ND_SELF_TEST_MAP "{:x}", cookie).c_str(), 0, sizeof(uint64_t),
                          1, nullptr)) {
	for_each_map([cookie](int map, const bpf_map_info &info) {
		if (is_ignored_map(info)) ignore(map, cookie);
	});
}

} // namespace nft_drops::jit
