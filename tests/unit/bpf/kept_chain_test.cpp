// SPDX-License-Identifier: GPL-2.0-only
// What bpf/probe.bpf.c keeps of a base chain for the next drop, and when it must not.
#include "probe_world.h"

#include <cstring>
#include <gtest/gtest.h>

#include <functional>

namespace nft_drops::jit_test {
namespace {

constexpr uint32_t kNetns = 4026531840U;

std::string text(const char *name, size_t size) {
	return {name, strnlen(name, size)};
}

class KeptChain : public testing::TestWithParam<Reads> {
protected:
	KeptChain() {
		w.layout = made_up_layout(GetParam());
		w.use_registers(0);
		w.kernel.wanted_netns = kNetns;
		w.kernel.netns_held = true;
	}

	const nd_event &drop() {
		w.kernel.events.clear();
		return w.event();
	}
	// The kernel never changes names in place. After this change, names that the probe has kept differ from those
	// in memory.
	void change_names_in_place() {
		w.poke(w.names, std::string_view("other\0", 6));
		w.poke(w.names + 512, std::string_view("another\0", 8));
	}
	void expect_kept(const nd_event &e) {
		EXPECT_EQ(text(e.base_chain, sizeof(e.base_chain)), "input");
		EXPECT_EQ(text(e.table, sizeof(e.table)), "filter");
		EXPECT_EQ(e.table_handle, 0x99887766U);
		EXPECT_EQ(e.family, 1);
	}
	void expect_new(const nd_event &e) {
		EXPECT_EQ(text(e.base_chain, sizeof(e.base_chain)), "other");
		EXPECT_EQ(text(e.table, sizeof(e.table)), "another");
	}
	// A region like the one that `from` lies in, at another address; what `from` is there.
	uint64_t copy(uint64_t from, uint64_t distance) {
		const auto &[at, bytes] = *std::prev(w.kernel.memory.upper_bound(from));
		w.kernel.memory[at + distance] = bytes;
		return from + distance;
	}

	ProbeWorld w;
};

INSTANTIATE_TEST_SUITE_P(Layouts, KeptChain, testing::ValuesIn(kEveryWay),
                         [](const auto &info) { return name_of(info.param); });

TEST_P(KeptChain, SaysTheSameOfTheNextDrop) {
	expect_kept(drop());
	const size_t reads = w.kernel.reads;
	change_names_in_place();
	w.poke(w.table, w.layout.table_handle, 1);
	w.poke(w.table, w.layout.table_family, 2);
	w.kernel.reads = 0;
	const nd_event &e = drop();
	expect_kept(e);
	EXPECT_EQ(e.chain_handle, 0x1122334455U);
	EXPECT_EQ(e.flags, ND_FLAG_L2);
	EXPECT_LE(w.kernel.reads + 2, reads) << "the names at least are not read again";
}

TEST_P(KeptChain, IsForgottenWhereAnythingIsAnother) {
	const std::pair<const char *, std::function<void()>> changes[] = {
	        {"generation", [&] { w.poke(w.pernet, w.layout.pernet_base_seq, 78); }},
	        {"no generation", [&] { w.poke(w.pernet, w.layout.pernet_base_seq, 0); }},
	        {"chain", [&] { w.put(w.site.base, copy(w.base, 0x800)); }},
	        {"handle", [&] { w.poke(w.base, w.layout.chain_handle, 0x1122334456); }},
	        {"table", [&] { w.poke(w.base, w.layout.chain_table, copy(w.table, 0x1000)); }},
	        {"name", [&] { w.poke(w.base, w.layout.chain_name, copy(w.names, 0x1000)); }},
	        {"not yet in the ruleset", [&] { w.poke(w.base, w.layout.chain_genmask, 1); }},
	        {"soon not in the ruleset", [&] { w.poke(w.base, w.layout.chain_genmask, 2); }},
	        {"namespace", [&] { w.poke(w.state, w.layout.state_net, copy(w.net, 0x1000)); }},
	};
	for (const auto &[name, change] : changes) {
		SCOPED_TRACE(name);
		w.~ProbeWorld();
		new (&w) ProbeWorld;
		w.layout = made_up_layout(GetParam());
		w.use_registers(0);
		w.kernel.wanted_netns = kNetns;
		w.kernel.netns_held = true;
		expect_kept(drop());
		change_names_in_place();
		expect_kept(drop());
		change();
		expect_new(drop());
	}
}

// The kernel never changes the handle of a rule. This test changes the handle in memory, so that a handle that the
// probe has kept differs.
TEST_P(KeptChain, TheLatestRuleIsKeptForAGeneration) {
	const bool keeps = GetParam() != Reads::kLoads;
	const auto handle = [this] { return drop().rule_handle; };
	w.poke(w.rule, w.layout.rule_handle, 11);
	EXPECT_EQ(handle(), 11U);
	EXPECT_EQ(handle(), 11U);
	w.poke(w.rule, w.layout.rule_handle, 12);
	EXPECT_EQ(handle(), keeps ? 11U : 12U);
	const uint64_t other = copy(w.rule, 0x1000);
	w.put(w.site.rule, other);
	w.poke(other, w.layout.rule_handle, 13);
	EXPECT_EQ(handle(), 13U);
	w.put(w.site.rule, 0); // a policy's drop
	EXPECT_EQ(handle(), 0U);
	w.put(w.site.rule, w.rule);
	EXPECT_EQ(handle(), 12U);
	w.poke(w.rule, w.layout.rule_handle, 14);
	w.poke(w.pernet, w.layout.pernet_base_seq, 78);
	EXPECT_EQ(handle(), 14U) << "another generation";
	EXPECT_EQ(handle(), 14U);
	w.poke(w.rule, w.layout.rule_handle, 15);
	w.poke(w.base, w.layout.chain_genmask, 1);
	EXPECT_EQ(handle(), 15U) << "nothing is kept of this chain";
	w.poke(w.base, w.layout.chain_genmask, 0);
	w.kernel.netns_held = false;
	w.poke(w.rule, w.layout.rule_handle, 16);
	EXPECT_EQ(handle(), 16U) << "nor of this namespace";
}

TEST_P(KeptChain, IsNotKeptBeforeItIsInTheRuleset) {
	w.poke(w.base, w.layout.chain_genmask, 1);
	expect_kept(drop());
	change_names_in_place();
	w.poke(w.base, w.layout.chain_genmask, 0);
	expect_new(drop());
}

TEST_P(KeptChain, IsNotKeptWithoutAGeneration) {
	w.poke(w.pernet, w.layout.pernet_base_seq, 0);
	expect_kept(drop());
	change_names_in_place();
	expect_new(drop());
}

TEST_P(KeptChain, IsNotKeptWhereTheNamespaceMayEnd) {
	w.kernel.netns_held = false;
	expect_kept(drop());
	change_names_in_place();
	expect_new(drop());
}

TEST_P(KeptChain, IsNotKeptWhereItCannotBeToldToBeInTheRuleset) {
	w.layout.chain_genmask = {};
	expect_kept(drop());
	change_names_in_place();
	expect_new(drop());
}

TEST_P(KeptChain, NamesThatCannotBeReadAreNotKept) {
	const auto names = w.kernel.memory[w.names];
	w.kernel.memory.erase(w.names);
	EXPECT_EQ(drop().base_chain[0], 0);
	w.kernel.memory[w.names] = names;
	expect_kept(drop());
}

// A chain takes the place of another one that went without a commit, sees a packet before its own commit, and that one
// comes between two reads of the probe.
TEST_P(KeptChain, IsLookedAtBeforeTheGeneration) {
	expect_kept(drop());
	change_names_in_place();
	w.poke(w.base, w.layout.chain_genmask, 1);
	w.kernel.after_read = [this](uint64_t from) {
		if (from < w.pernet + w.layout.pernet_base_seq.offset ||
		    from >= w.pernet + w.layout.pernet_base_seq.offset + w.layout.pernet_base_seq.size)
			return;
		w.poke(w.base, w.layout.chain_genmask, 0);
	};
	expect_new(drop());
}

TEST_P(KeptChain, NamesOfAllLengths) {
	for (size_t length : {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{62}, size_t{63},
	                      size_t{64}, size_t{65}, size_t{255}}) {
		for (size_t of_table : {size_t{3}, length}) {
			const std::string chain(length, 'c');
			const std::string table(of_table, 't');
			w.poke(w.pernet, w.layout.pernet_base_seq, 1000 + 2 * length + of_table % 2);
			w.poke(w.names, chain + '\0');
			w.poke(w.names + 512, table + '\0');
			w.kernel.here = {};
			const nd_event first = drop();
			w.poke(w.names, std::string_view("?\0", 2));
			w.poke(w.names + 512, std::string_view("?\0", 2));
			const nd_event &again = drop();
			const std::string kept = chain.substr(0, ND_NAME_BYTES - 1);
			EXPECT_EQ(text(first.base_chain, sizeof(first.base_chain)), kept);
			EXPECT_EQ(text(again.base_chain, sizeof(again.base_chain)), kept);
			EXPECT_EQ(text(again.table, sizeof(again.table)), table.substr(0, ND_NAME_BYTES - 1));
			EXPECT_EQ(again.flags, first.flags);
			EXPECT_EQ((again.flags & ND_FLAG_CHAIN_CUT) != 0, length >= ND_NAME_BYTES);
			EXPECT_EQ((again.flags & ND_FLAG_TABLE_CUT) != 0, of_table >= ND_NAME_BYTES);
		}
	}
}

// Whether two chains share a place or not, each says its own.
TEST_P(KeptChain, ChainsTakeTurns) {
	uint64_t chains[6] = {w.base};
	for (uint64_t i = 1; i < std::size(chains); i++) {
		chains[i] = copy(w.base, 0x200 * i);
		w.poke(chains[i], w.layout.chain_handle, i);
		w.poke(chains[i], w.layout.chain_name, w.names + 16 * i);
		w.poke(w.names + 16 * i, "chain" + std::to_string(i) + '\0');
	}
	for (int round = 0; round < 3; round++) {
		for (uint64_t i = 1; i < std::size(chains); i++) {
			w.put(w.site.base, chains[i]);
			const nd_event &e = drop();
			EXPECT_EQ(e.chain_handle, i);
			EXPECT_EQ(text(e.base_chain, sizeof(e.base_chain)), "chain" + std::to_string(i));
		}
	}
}

} // namespace
} // namespace nft_drops::jit_test
