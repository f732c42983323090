// SPDX-License-Identifier: GPL-2.0-only
// The resolver's Plans for AArch64 against reality: each build of do_chain.c in guest.c's program is resolved like a
// kernel's nft_do_chain, and then run on an AArch64 processor (or QEMU's) with breakpoints at the Plan's sites.
#include "emulated_process.h"
#include "guest_protocol.h"
#include "jit/explain/explain.h"
#include "proof.h"
#include "traced.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <gtest/gtest.h>
#include <map>
#include <unistd.h>

namespace nft_drops::jit_test {
namespace {

constexpr unsigned kSeed = 20;
constexpr int kRulesets = 150;
// Where modules are on AArch64.
constexpr uint64_t kImageBase = 0xffff800078000000;

// The guest's program as a file.
class Guest {
public:
	static const Guest &get() {
		static const Guest guest;
		return guest;
	}

	[[nodiscard]] std::vector<std::string> functions() const {
		std::vector<std::string> names;
		for (const auto &[name, symbol] : symbols_) {
			if (name.starts_with("do_chain_") && name.find('.') == std::string::npos &&
			    GELF_ST_TYPE(symbol.st_info) == STT_FUNC)
				names.push_back(name);
		}
		return names;
	}

	[[nodiscard]] uint64_t address(const std::string &name) const { return symbol(name).st_value; }

	[[nodiscard]] fixture_layout layout(const std::string &function) const {
		fixture_layout layout;
		const std::vector<uint8_t> bytes = content(symbol(function + "_layout").st_value, sizeof(layout));
		memcpy(&layout, bytes.data(), sizeof(layout));
		return layout;
	}

	[[nodiscard]] jit::Image image(const std::string &function) const {
		jit::Image image;
		image.machine = jit::Machine::kAArch64;
		image.labels_known = true;
		for (const auto &[name, symbol] : symbols_) {
			if (name != function && !name.starts_with(function + ".")) continue;
			if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
			jit::CodeRange range{name, symbol.st_value + kImageBase,
			                     content(symbol.st_value, symbol.st_size)};
			image.ranges.insert(name == function ? image.ranges.begin() : image.ranges.end(),
			                    std::move(range));
		}
		const uint64_t end = address("__stop_fixture_labels");
		for (uint64_t at = address("__start_fixture_labels"); at < end; at += sizeof(fixture_label)) {
			fixture_label l;
			memcpy(&l, content(at, sizeof(l)).data(), sizeof(l));
			const auto from = [](uint64_t place, nd_u32 offset) {
				return place + static_cast<uint64_t>(int64_t{static_cast<int32_t>(offset)}) +
				       kImageBase;
			};
			const jit::JumpLabel label{from(at + offsetof(fixture_label, code), l.code),
			                           from(at + offsetof(fixture_label, target), l.target),
			                           l.key + 0xffff800081000000};
			if (std::ranges::any_of(image.ranges, [&](const jit::CodeRange &r) {
				    return label.code - r.address < r.bytes.size();
			    }))
				image.labels.push_back(label);
		}
		return image;
	}

	[[nodiscard]] Named named() const {
		return {{address("fixture_eval_immediate"), address("fixture_eval_lookup"),
		         address("fixture_eval_other")},
		        address("fixture_cmp_fast"),
		        address("fixture_bitwise_fast"),
		        address("fixture_payload_fast")};
	}

private:
	Guest() {
		elf_version(EV_CURRENT);
		const int fd = open(ND_GUEST, O_RDONLY | O_CLOEXEC);
		elf_ = elf_begin(fd, ELF_C_READ, nullptr);
		for (Elf_Scn *s = nullptr; elf_ && (s = elf_nextscn(elf_, s));) {
			GElf_Shdr header;
			gelf_getshdr(s, &header);
			if (header.sh_type == SHT_SYMTAB) read_symbols(s, header);
			if (header.sh_type != SHT_NOBITS && (header.sh_flags & SHF_ALLOC))
				sections_.push_back({header.sh_addr, elf_getdata(s, nullptr)});
		}
		if (symbols_.empty()) fprintf(stderr, "unit_jit: %s cannot be read\n", ND_GUEST);
	}

	void read_symbols(Elf_Scn *section, const GElf_Shdr &header) {
		Elf_Data *data = elf_getdata(section, nullptr);
		for (int i = 0; i < static_cast<int>(header.sh_size / header.sh_entsize); i++) {
			GElf_Sym symbol;
			gelf_getsym(data, i, &symbol);
			symbols_.emplace(elf_strptr(elf_, header.sh_link, symbol.st_name), symbol);
		}
	}

	[[nodiscard]] const GElf_Sym &symbol(const std::string &name) const {
		const auto found = symbols_.find(name);
		if (found != symbols_.end()) return found->second;
		fprintf(stderr, "unit_jit: no %s in %s\n", name.c_str(), ND_GUEST);
		abort();
	}

	[[nodiscard]] std::vector<uint8_t> content(uint64_t address, size_t bytes) const {
		for (const auto &[at, data] : sections_) {
			if (address < at || address - at >= data->d_size || data->d_size - (address - at) < bytes)
				continue;
			const auto *from = static_cast<const uint8_t *>(data->d_buf) + (address - at);
			return {from, from + bytes};
		}
		fprintf(stderr, "unit_jit: nothing at %#lx in %s\n", static_cast<unsigned long>(address), ND_GUEST);
		abort();
	}

	struct Section {
		uint64_t address;
		const Elf_Data *data;
	};
	Elf *elf_ = nullptr;
	std::map<std::string, GElf_Sym> symbols_;
	std::vector<Section> sections_;
};

class AArch64Proof : public testing::TestWithParam<std::string> {
protected:
	void expect_proven(const fixture_layout &layout, const jit::Plan &plan, uint32_t keys) {
		ASSERT_LE(plan.sites.size(), size_t{GUEST_SITES});
		guest_request setup{.kind = GUEST_SETUP,
		                    .count = static_cast<nd_u32>(plan.sites.size()),
		                    .function = guest.address(GetParam()),
		                    .layout = guest.address(GetParam() + "_layout"),
		                    .sites = {},
		                    .keys = keys,
		                    .pad = 0,
		                    .pkt = 0,
		                    .base = 0};
		for (size_t i = 0; i < plan.sites.size(); i++)
			setup.sites[i] = plan.sites[i].address - kImageBase;
		ASSERT_TRUE(process.send(&setup, sizeof(setup)));
		Arena arena(GUEST_ARENA);
		bool lost = false;
		std::vector<Hit> hits;
		const Proof proof =
		        prove(layout, plan, kSeed + keys, kRulesets, arena, guest.named(), [&](const World &w) {
			        guest_request run{};
			        run.kind = GUEST_RUN;
			        run.count = static_cast<nd_u32>(arena.used().size());
			        run.pkt = reinterpret_cast<uint64_t>(w.pkt);
			        run.base = reinterpret_cast<uint64_t>(w.base);
			        guest_result r{};
			        lost = lost || !process.send(&run, sizeof(run)) ||
			               !process.send(arena.used().data(), run.count) || !process.receive(&r, sizeof(r));
			        hits = events_of(r, plan, layout, arena);
			        return Observed{.returned = r.returned,
			                        .evaluations = r.evaluations,
			                        .freed = r.freed,
			                        .freed_what = r.freed_what,
			                        .events = hits};
		        });
		ASSERT_FALSE(lost) << "no answer from " ND_GUEST ": is qemu-user-static here?";
		EXPECT_EQ(proof.foreign, 0) << "the fixture itself is wrong: " << proof.first_foreign;
		EXPECT_EQ(proof.wrong, 0) << proof.first_wrong;
		// That something was proven.
		EXPECT_GE(proof.by_rule, 15);
		EXPECT_GE(proof.by_policy, 15);
		EXPECT_GE(proof.by_jump_limit, 3);
		EXPECT_GE(proof.not_dropped, 15);
	}

	static std::vector<Hit> events_of(const guest_result &r, const jit::Plan &plan, const fixture_layout &layout,
	                                  const Arena &arena) {
		std::vector<Hit> hits;
		EXPECT_LE(r.hits, nd_u32{GUEST_HITS});
		for (size_t i = 0; i < std::min<size_t>(r.hits, GUEST_HITS); i++) {
			const guest_hit &h = r.hit[i];
			Hit event{};
			if (!evaluate_site(plan.sites[h.site].site, layout.base_policy, h.regs, arena, h.stack, event))
				continue;
			event.site = h.site;
			event.freed = h.freed != 0;
			hits.push_back(event);
		}
		return hits;
	}

	const Guest &guest = Guest::get();
	EmulatedProcess process{ND_GUEST};
};

TEST_P(AArch64Proof, EachDropIsSeenOnce) {
	const fixture_layout layout = guest.layout(GetParam());
	const auto plan = jit::resolve(guest.image(GetParam()), layout_of(layout));
	ASSERT_TRUE(plan.has_value()) << plan.error().message();
	std::string sites;
	for (const jit::PlannedSite &s : plan->sites) {
		sites += s.place + " rule in " + jit::describe(s.site.rule, jit::Machine::kAArch64) + "\n";
		for (const std::string &l : s.listing)
			sites += "  " + l + "\n";
	}
	SCOPED_TRACE(sites);
	EXPECT_EQ(plan->jump_limit, static_cast<int>(layout.jump_limit));
	EXPECT_EQ(plan->freed_inside, layout.freed_inside != 0);
	EXPECT_FALSE(plan->sites.empty());
	expect_proven(layout, *plan, 0);
	// Tracing and chain statistics may be switched on while the probe is attached.
	for (uint32_t keys = 1; layout.has_static_keys && keys < 4; keys++)
		expect_proven(layout, *plan, keys);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, AArch64Proof, testing::ValuesIn(Guest::get().functions()),
                         [](const auto &info) { return info.param.substr(sizeof("do_chain_") - 1); });

// ftrace's call in place of the nops that flags_0 and flags_3 of CMakeLists.txt have.
TEST(AArch64Traced, CodeHasTheSamePlan) {
	constexpr uint32_t kNop = 0xd503201f, kMoveLink = 0xaa1e03e9, kCall = 0x94100000; // mov x9, x30; bl, far away
	int traced = 0;
	for (const std::string &name : Guest::get().functions()) {
		jit::Image image = Guest::get().image(name);
		auto &bytes = image.ranges.front().bytes;
		const auto word = [&bytes](size_t at) {
			uint32_t w = 0;
			memcpy(&w, &bytes[at], sizeof(w));
			return w;
		};
		const size_t at = word(0) == kNop ? 0 : 4; // behind a bti
		if (word(at) != kNop || word(at + 4) != kNop) continue;
		traced++;
		const jit::Layout layout = layout_of(Guest::get().layout(name));
		const auto plain = jit::resolve(image, layout);
		memcpy(&bytes[at], &kMoveLink, sizeof(kMoveLink));
		memcpy(&bytes[at + 4], &kCall, sizeof(kCall));
		expect_same(plain, jit::resolve(image, layout), name);
	}
	EXPECT_GE(traced, 10);
}

} // namespace
} // namespace nft_drops::jit_test
