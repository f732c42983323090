// SPDX-License-Identifier: GPL-2.0-only
// BTF read by ourselves is what libbpf reads, and damaged BTF leads nowhere.
#include "jit/kernel/types/btf_ptr.h"
#include "jit/kernel/types/types.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <string>

namespace nft_drops::jit_test {
namespace {

using jit::BtfPtr;
using jit::RawBytes;
using jit::Types;

RawBytes bytes_of(const btf *types) {
	uint32_t size = 0;
	const void *data = btf__raw_data(types, &size);
	RawBytes raw{std::make_unique<char[]>(size), size};
	memcpy(raw.bytes.get(), data, size);
	return raw;
}

// One type of each kind that has something behind it, and some that have nothing.
BtfPtr core_types() {
	BtfPtr t(btf__new_empty());
	const int number = btf__add_int(t.get(), "int", 4, BTF_INT_SIGNED);
	const int pointer = btf__add_ptr(t.get(), number);
	btf__add_struct(t.get(), "pair", 16);
	btf__add_field(t.get(), "first", number, 0, 0);
	btf__add_field(t.get(), "second", pointer, 64, 0);
	btf__add_union(t.get(), "either", 8);
	btf__add_field(t.get(), "number", number, 0, 0);
	btf__add_array(t.get(), number, number, 7);
	btf__add_enum(t.get(), "colour", 4);
	btf__add_enum_value(t.get(), "red", 1);
	btf__add_enum_value(t.get(), "green", 2);
	btf__add_enum64(t.get(), "large", 8, false);
	btf__add_enum64_value(t.get(), "huge", 1ULL << 40);
	btf__add_fwd(t.get(), "later", BTF_FWD_STRUCT);
	btf__add_typedef(t.get(), "pair_t", 3);
	btf__add_const(t.get(), 3);
	btf__add_volatile(t.get(), 3);
	btf__add_float(t.get(), "double", 8);
	const int proto = btf__add_func_proto(t.get(), number);
	btf__add_func_param(t.get(), "a", number);
	btf__add_func_param(t.get(), "b", pointer);
	btf__add_func(t.get(), "bpf_rdonly_cast", BTF_FUNC_GLOBAL, proto);
	const int variable = btf__add_var(t.get(), "jiffies", BTF_VAR_GLOBAL_ALLOCATED, number);
	btf__add_datasec(t.get(), ".data", 8);
	btf__add_datasec_var_info(t.get(), variable, 0, 8);
	btf__add_decl_tag(t.get(), "tag", 3, -1);
	btf__add_type_tag(t.get(), "user", number);
	btf__add_struct(t.get(), "last", 1);
	return t;
}

void expect_same(const Types &ours, const btf *theirs) {
	ASSERT_EQ(ours.count(), btf__type_cnt(theirs));
	for (uint32_t id = 1; id < ours.count(); id++) {
		const btf_type *a = ours.type(id);
		const btf_type *b = btf__type_by_id(theirs, id);
		ASSERT_NE(a, nullptr) << id;
		EXPECT_EQ(memcmp(a, b, sizeof(*a)), 0) << id;
		const std::string name = btf__name_by_offset(theirs, b->name_off);
		EXPECT_EQ(ours.name(a->name_off), name) << id;
		EXPECT_TRUE(ours.has_name(a->name_off, name)) << id;
		EXPECT_FALSE(ours.has_name(a->name_off, name + "x")) << id;
		EXPECT_EQ(ours.has_name(a->name_off, name.substr(0, name.size() / 2)), name.empty()) << id;
	}
	uint32_t last = 0;
	ours.each([&](uint32_t id, const btf_type &type) {
		EXPECT_EQ(id, ++last);
		EXPECT_EQ(&type, ours.type(id));
	});
	EXPECT_EQ(last + 1, ours.count());
}

TEST(Types, AreWhatLibbpfReads) {
	const BtfPtr core = core_types();
	const auto ours = Types::of(bytes_of(core.get()));
	ASSERT_TRUE(ours.has_value());
	EXPECT_EQ(ours->count(), 1 + 19U);
	expect_same(*ours, core.get());
	EXPECT_EQ(ours->type(ours->count()), nullptr);
	EXPECT_EQ(ours->type(UINT32_MAX), nullptr);
	EXPECT_EQ(ours->name(UINT32_MAX), "");
	EXPECT_FALSE(ours->has_name(UINT32_MAX, ""));
}

TEST(Types, OfAModuleGoOnWhereTheKernelsEnd) {
	const BtfPtr core = core_types();
	const BtfPtr module(btf__new_empty_split(core.get()));
	btf__add_struct(module.get(), "nft_chain", 24);
	btf__add_field(module.get(), "own_name", 1, 0, 0);
	btf__add_field(module.get(), "first", 3, 64, 0); // a name of the kernel's
	btf__add_ptr(module.get(), 3);
	const auto base = Types::of(bytes_of(core.get()));
	ASSERT_TRUE(base.has_value());
	const auto ours = Types::of(bytes_of(module.get()), &*base);
	ASSERT_TRUE(ours.has_value());
	expect_same(*ours, module.get());
	const btf_type *chain = ours->type(base->count());
	EXPECT_EQ(ours->name(chain->name_off), "nft_chain");
	EXPECT_EQ(ours->name(btf_members(chain)[0].name_off), "own_name");
	EXPECT_EQ(ours->name(btf_members(chain)[1].name_off), "first");
}

TEST(Types, NothingWhereBytesAreMissing) {
	const BtfPtr core = core_types();
	const RawBytes whole = bytes_of(core.get());
	for (size_t size = 0; size < whole.size; size++) {
		RawBytes cut{std::make_unique<char[]>(size), size};
		memcpy(cut.bytes.get(), whole.bytes.get(), size);
		EXPECT_FALSE(Types::of(std::move(cut)).has_value()) << size;
	}
}

TEST(Types, NothingWithAKindThatIsNotKnown) {
	const BtfPtr core = core_types();
	RawBytes raw = bytes_of(core.get());
	btf_type first{};
	memcpy(&first, &raw.bytes[sizeof(btf_header)], sizeof(first));
	first.info = 31U << 24;
	memcpy(&raw.bytes[sizeof(btf_header)], &first, sizeof(first));
	EXPECT_FALSE(Types::of(std::move(raw)).has_value());
}

// Whatever the bytes are, each type and each name that can be asked for lies within them (run with sanitizers).
TEST(Types, DamageLeadsNowhere) {
	const BtfPtr core = core_types();
	std::mt19937 random(20261128);
	size_t read = 0;
	for (int i = 0; i < 3000; i++) {
		RawBytes raw = bytes_of(core.get());
		for (int n = 0; n < 3; n++)
			raw.bytes[random() % raw.size] = static_cast<char>(random());
		const char *begin = raw.bytes.get();
		const char *end = begin + raw.size;
		const auto types = Types::of(std::move(raw));
		if (!types) continue;
		read++;
		for (uint32_t id = 1; id < types->count(); id++) {
			const auto *type = reinterpret_cast<const char *>(types->type(id));
			ASSERT_GE(type, begin);
			ASSERT_LE(type + sizeof(btf_type), end);
			const std::string_view name = types->name(types->type(id)->name_off);
			if (name.empty()) continue;
			ASSERT_LT(name.data() + name.size(), end);
		}
	}
	EXPECT_GT(read, 100U);
}

} // namespace
} // namespace nft_drops::jit_test
