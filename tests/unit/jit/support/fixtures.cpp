// SPDX-License-Identifier: GPL-2.0-only
#include "fixtures.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <iterator>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

extern "C" {
#define FIXTURE(name)                                                                                                  \
	FIXTURE_HIDDEN unsigned int name(void *pkt, void *priv);                                                       \
	extern const fixture_layout name##_layout FIXTURE_HIDDEN;
#include "fixtures.inc"
#undef FIXTURE
// Made by the linker around the section.
extern const fixture_label labels_begin[] asm("__start_fixture_labels") FIXTURE_HIDDEN;
extern const fixture_label labels_end[] asm("__stop_fixture_labels") FIXTURE_HIDDEN;
}

namespace nft_drops::jit_test {
namespace {

const Fixture kAll[] = {
#define FIXTURE(name) {#name, name, &name##_layout},
#include "fixtures.inc"
#undef FIXTURE
};

[[noreturn]] void die(const char *why) {
	fprintf(stderr, "unit_jit: %s\n", why);
	abort();
}

uint64_t load_address() {
	uint64_t base = 0;
	dl_iterate_phdr(
	        [](dl_phdr_info *info, size_t, void *to) {
		        *static_cast<uint64_t *>(to) = info->dlpi_addr;
		        return 1; // the first is the program itself
	        },
	        &base);
	return base;
}

struct Function {
	const char *name;
	uint64_t address; // in this process
};

// This program's file, which is large: mapped, not read.
std::span<const char> own_file() {
	const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat about{};
	if (fd < 0 || fstat(fd, &about) != 0) die("this program's own file cannot be read");
	const auto size = static_cast<size_t>(about.st_size);
	void *at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (at == MAP_FAILED) die("this program's own file cannot be mapped");
	return {static_cast<const char *>(at), size};
}

// All functions of this program, by address.
std::vector<Function> read_functions() {
	const std::span<const char> bytes = own_file();
	const auto at = [&]<typename T>(uint64_t offset, T &to) {
		if (offset > bytes.size() || bytes.size() - offset < sizeof(T))
			die("this program's own ELF file is cut");
		memcpy(&to, bytes.data() + offset, sizeof(T));
	};
	Elf64_Ehdr header;
	at(0, header);
	std::vector<Function> functions;
	const uint64_t base = load_address();
	for (unsigned i = 0; i < header.e_shnum; i++) {
		Elf64_Shdr table;
		Elf64_Shdr strings;
		at(header.e_shoff + i * sizeof(Elf64_Shdr), table);
		if (table.sh_type != SHT_SYMTAB) continue;
		at(header.e_shoff + table.sh_link * sizeof(Elf64_Shdr), strings);
		for (uint64_t n = 0; n < table.sh_size / sizeof(Elf64_Sym); n++) {
			Elf64_Sym symbol;
			at(table.sh_offset + n * sizeof(Elf64_Sym), symbol);
			if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
			functions.push_back(
			        {bytes.data() + strings.sh_offset + symbol.st_name, base + symbol.st_value});
		}
	}
	if (functions.empty()) die("this program has no symbol table (stripped?)");
	std::ranges::sort(functions, {}, &Function::address);
	return functions;
}

const std::vector<Function> &functions() {
	static const std::vector<Function> all = read_functions();
	return all;
}

// Where core kernel and modules are on x86-64.
constexpr uint64_t kImageBase = 0xffffffff'a0000000;

template <typename T> uint64_t address_of(const T &object) {
	return reinterpret_cast<uint64_t>(&object);
}

jit::JumpLabel native_label(const fixture_label &l) {
	const auto from_here = [](const nd_u32 &offset) {
		return address_of(offset) + static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(offset)));
	};
	return {.code = from_here(l.code), .target = from_here(l.target), .key = l.key};
}

} // namespace

std::span<const Fixture> all_fixtures() {
	return kAll;
}

const Fixture &fixture(std::string_view name) {
	const auto *found = std::ranges::find(kAll, name, &Fixture::name);
	if (found == std::end(kAll)) die("no such fixture");
	return *found;
}

uint64_t to_image(uint64_t native_address) {
	return native_address - load_address() + kImageBase;
}
uint64_t to_native(uint64_t image_address) {
	return image_address - kImageBase + load_address();
}

jit::Image image_of(const Fixture &f) {
	jit::Image image;
	const std::string_view name = f.name;
	const auto &all = functions();
	for (auto i = all.begin(); i != all.end(); ++i) {
		const std::string_view here = i->name;
		if (!here.starts_with(name) || (here != name && here[name.size()] != '.')) continue;
		const auto next =
		        std::ranges::find_if(i, all.end(), [i](const Function &o) { return o.address > i->address; });
		if (next == all.end()) die("a fixture is the program's last function");
		const auto *bytes = native_bytes(i->address);
		jit::CodeRange range{i->name, to_image(i->address), {bytes, bytes + (next->address - i->address)}};
		image.ranges.insert(here == name ? image.ranges.begin() : image.ranges.end(), std::move(range));
	}
	if (image.ranges.empty()) die("a fixture is not in the symbol table");
	image.labels_known = true;
	for (const fixture_label *l = labels_begin; l != labels_end; l++) {
		jit::JumpLabel label = native_label(*l);
		label.code = to_image(label.code);
		label.target = to_image(label.target);
		label.key += 0xffffffff'c1000000; // its address
		const bool ours = std::ranges::any_of(
		        image.ranges, [&](const jit::CodeRange &r) { return label.code - r.address < r.bytes.size(); });
		if (ours) image.labels.push_back(label);
	}
	return image;
}

jit::Layout layout_of(const fixture_layout &from) {
	jit::Layout lay;
	lay.probe.rule_handle = from.rule_handle;
	lay.probe.pkt_skb = from.pkt_skb;
	lay.probe.pkt_state = from.pkt_state;
	lay.probe.state_net = from.state_net;
	lay.probe.base_policy = from.base_policy;
	lay.probe.chain_in_base = from.chain_in_base;
	jit::RulesetLayout &r = lay.ruleset;
	r.chain_rules[0] = from.chain_rules_0;
	r.chain_rules[1] = from.chain_rules_1;
	r.rule_array = from.rule_array;
	r.blob_size = from.blob_size;
	r.blob_data = from.blob_data;
	r.rule_is_last = from.rule_is_last;
	r.rule_dlen = from.rule_dlen;
	r.rule_data = from.rule_data;
	r.rule_size = from.rule_size;
	r.expr_ops = from.expr_ops;
	r.expr_ops_eval = from.ops_eval;
	r.expr_ops_size = from.ops_size;
	r.regs_code = from.regs_code;
	r.regs_chain = from.regs_chain;
	r.regs_size = from.regs_size;
	r.traceinfo_size = from.traceinfo_size;
	r.net_gencursor = from.net_gencursor;
	r.chain_size = from.chain_size;
	r.base_chain_size = from.base_chain_size;
	r.pkt_size = from.pkt_size;
	r.state_size = from.state_size;
	return lay;
}

void make_writable(uint64_t native_address, size_t bytes) {
	const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
	const uint64_t begin = native_address & ~(page - 1);
	if (mprotect(native_bytes(begin), native_address + bytes - begin, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
		die("code cannot be made writable");
}

void switch_static_keys(uint32_t keys) {
	constexpr uint8_t kNop[5] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
	for (const fixture_label *l = labels_begin; l != labels_end; l++) {
		const jit::JumpLabel label = native_label(*l);
		auto *code = native_bytes(label.code);
		make_writable(label.code, sizeof(kNop));
		if (keys >> (label.key - 1) & 1) {
			const auto distance = static_cast<int32_t>(label.target - (label.code + sizeof(kNop)));
			code[0] = 0xe9;
			memcpy(code + 1, &distance, sizeof(distance));
		} else {
			memcpy(code, kNop, sizeof(kNop));
		}
	}
}

} // namespace nft_drops::jit_test
