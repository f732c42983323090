// SPDX-License-Identifier: GPL-2.0-only
#include "abilities.h"

#include "running.h"

#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <memory>
#include <string_view>

namespace nft_drops::guest {
namespace {

// Whether an enum of vmlinux has this value.
bool has_enumerator(const char *type, std::string_view name) {
	const std::unique_ptr<btf, decltype(&btf__free)> types(btf__parse_raw("/sys/kernel/btf/vmlinux"), btf__free);
	EXPECT_TRUE(types) << "every kernel that is tested has BTF";
	if (!types) return false;
	const int32_t id = btf__find_by_name_kind(types.get(), type, BTF_KIND_ENUM);
	const btf_type *values = id < 0 ? nullptr : btf__type_by_id(types.get(), static_cast<uint32_t>(id));
	for (uint32_t i = 0; values && i < btf_vlen(values); i++) {
		const char *text = btf__name_by_offset(types.get(), btf_enum(values)[i].name_off);
		if (text && name == text) return true;
	}
	return false;
}

} // namespace

bool tells_netfilter_drops() {
	static const bool tells = has_enumerator("skb_drop_reason", "SKB_DROP_REASON_NETFILTER_DROP");
	return tells;
}

bool tells_hooks() {
	return run({"nft", "list", "hooks"}).out.find("hook") != std::string::npos;
}

bool has_egress() {
	static const bool has = has_enumerator("nf_dev_hooks", "NF_NETDEV_EGRESS");
	return has;
}

bool names_expressions() {
	static const bool names = [] {
		size_t rules = 0, expressions = 0;
		bool of_rules = false, has_types = true;
		for (const std::string &line : lines_of(shell(nft_drops() + " probe"))) {
			if (line.find("known layout") != std::string::npos) has_types = false;
			if (line.starts_with("  sees ")) {
				of_rules = line.find("drop by a rule") != std::string::npos;
				rules += of_rules ? 1 : 0;
			}
			expressions += of_rules && line.starts_with("  expr ") ? 1 : 0;
		}
		EXPECT_GT(rules, 0U) << "no site sees drops by rules";
		return has_types && expressions == rules;
	}();
	return names;
}

} // namespace nft_drops::guest
