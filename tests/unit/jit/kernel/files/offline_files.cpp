// SPDX-License-Identifier: GPL-2.0-only
#include "offline_files.h"

#include "fixtures.h"

#include <algorithm>
#include <bpf/btf.h>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <lz4.h>
#include <lzma.h>
#include <map>
#include <memory>
#include <vector>
#include <zlib.h>
#include <zstd.h>

namespace nft_drops::jit_test {
namespace {

template <typename T> void put(std::string &to, size_t at, T value) {
	memcpy(to.data() + at, &value, sizeof(value));
}

std::string whole_file(const std::string &path) {
	std::ifstream file(path, std::ios::binary);
	return {std::istreambuf_iterator<char>(file), {}};
}

struct TypedMember {
	const char *structure;
	const char *name;
	nd_field at;
};

// What do_chain.c has, by its own layout; all else that is read of a kernel lies somewhere.
std::vector<TypedMember> members(const fixture_layout &l) {
	constexpr nd_field kPointer = {.offset = 64, .size = 8, .shift = 0, .bits = 0, .pad = {}};
	constexpr nd_field kWord = {.offset = 72, .size = 4, .shift = 0, .bits = 0, .pad = {}};
	nd_field policy = l.base_policy;
	policy.offset = static_cast<nd_u16>(policy.offset + l.chain_in_base);
	nd_field chain = kWord; // only its place is of interest
	chain.offset = static_cast<nd_u16>(l.chain_in_base);
	return {{"nft_rule_dp", "is_last", l.rule_is_last},
	        {"nft_rule_dp", "dlen", l.rule_dlen},
	        {"nft_rule_dp", "handle", l.rule_handle},
	        {"nft_rule_dp", "data", l.rule_data},
	        {"nft_rule_blob", "size", l.blob_size},
	        {"nft_rule_blob", "data", l.blob_data},
	        {"nft_pktinfo", "skb", l.pkt_skb},
	        {"nft_pktinfo", "state", l.pkt_state},
	        {"nf_hook_state", "net", l.state_net},
	        {"nf_hook_state", "hook", kWord},
	        {"nf_hook_state", "pf", kWord},
	        {"nf_hook_state", "in", kPointer},
	        {"nf_hook_state", "out", kPointer},
	        {"net", "ns", kPointer},
	        {"net", "nft", l.net_gencursor},
	        {"sk_buff", "len", kWord},
	        {"sk_buff", "data_len", kWord},
	        {"sk_buff", "head", kPointer},
	        {"sk_buff", "data", kPointer},
	        {"sk_buff", "network_header", kWord},
	        {"sk_buff", "mac_header", kWord},
	        {"sk_buff", "protocol", kWord},
	        {"sk_buff", "dev", kPointer},
	        {"sk_buff", "vlan_all", kWord},
	        {"sk_buff", "vlan_proto", kWord},
	        {"sk_buff", "vlan_tci", kWord},
	        {"net_device", "name", kPointer},
	        {"net_device", "ifindex", kWord},
	        {"net_device", "type", kWord},
	        {"nft_chain", "blob_gen_0", l.chain_rules_0},
	        {"nft_chain", "blob_gen_1", l.chain_rules_1},
	        {"nft_chain", "table", kPointer},
	        {"nft_chain", "handle", kPointer},
	        {"nft_chain", "name", kPointer},
	        {"nft_table", "handle", kPointer},
	        {"nft_table", "family", kWord},
	        {"nft_table", "name", kPointer},
	        {"nft_expr", "ops", l.expr_ops},
	        {"nft_expr_ops", "eval", l.ops_eval},
	        {"nft_expr_ops", "size", l.ops_size},
	        {"nft_regs", "verdict", l.regs_code},
	        {"nft_base_chain", "policy", policy},
	        {"nft_base_chain", "chain", chain}};
}

std::string btf_of(const fixture_layout &l) {
	const std::unique_ptr<btf, void (*)(btf *)> owner(btf__new_empty(), btf__free);
	btf *b = owner.get();
	std::map<int, int> integers;
	for (int size : {1, 2, 4, 8})
		integers[size] = btf__add_int(b, ("u" + std::to_string(size)).c_str(), static_cast<size_t>(size), 0);
	const std::map<std::string, uint32_t> sizes = {
	        {"nft_rule_dp", l.rule_size},          {"nft_pktinfo", l.pkt_size},
	        {"nf_hook_state", l.state_size},       {"nft_chain", l.chain_size},
	        {"nft_base_chain", l.base_chain_size}, {"nft_regs", l.regs_size},
	        {"nft_traceinfo", l.traceinfo_size}};
	const auto all = members(l);
	const auto inner = [&](const char *name, const char *member) {
		btf__add_struct(b, name, 8);
		btf__add_field(b, member, integers[member == std::string("gencursor") ? l.net_gencursor.size : 4], 0,
		               0);
		return static_cast<int>(btf__type_cnt(b)) - 1;
	};
	const int ns = inner("ns_common", "inum");
	const int nft = inner("netns_nft", "gencursor");
	btf__add_struct(b, "nft_verdict", 16);
	btf__add_field(b, "code", integers[4], 0, 0);
	btf__add_field(b, "chain", integers[8], 8U * (l.regs_chain.offset - l.regs_code.offset), 0);
	const int verdict = static_cast<int>(btf__type_cnt(b)) - 1;
	btf__add_struct(b, "nft_traceinfo", l.traceinfo_size);
	const char *current = "";
	for (const TypedMember &m : all) {
		if (std::string_view(current) != m.structure) {
			const auto size = sizes.find(m.structure);
			btf__add_struct(b, m.structure, size == sizes.end() ? 256 : size->second);
			current = m.structure;
		}
		const std::string_view name = m.name;
		const int type = name == "ns"        ? ns
		                 : name == "nft"     ? nft
		                 : name == "verdict" ? verdict
		                                     : integers[m.at.size];
		btf__add_field(b, m.name, type, 8U * m.at.offset + m.at.shift, m.at.bits);
	}
	uint32_t length = 0;
	const void *raw = btf__raw_data(b, &length);
	return {static_cast<const char *>(raw), length};
}

} // namespace

std::string module_of(const std::string &compiler) {
	return whole_file(std::string(ND_MODULES) + "/" + compiler + ".ko");
}

std::string vmlinux() {
	constexpr size_t kSections = 5;
	const std::string names("\0.shstrtab\0.BTF\0.notes\0.rodata\0", 31);
	std::string notes(sizeof(Elf64_Nhdr), '\0');
	put(notes, 0, Elf64_Nhdr{4, 20, NT_GNU_BUILD_ID});
	notes.append("GNU\0", 4);
	for (char c = 1; c <= 20; c++)
		notes += c;
	const std::string contents[kSections] = {{},
	                                         names,
	                                         btf_of(*fixture("do_chain_gcc_O1_5_17_0").layout),
	                                         notes,
	                                         "Linux version 6.12.0-test (gcc) #1\n"};
	constexpr uint32_t kNames[kSections] = {0, 1, 11, 16, 23};
	std::string file(sizeof(Elf64_Ehdr), '\0');
	Elf64_Shdr headers[kSections] = {};
	for (size_t i = 1; i < kSections; i++) {
		file.resize((file.size() + 7) & ~size_t{7});
		headers[i] = {.sh_name = kNames[i],
		              .sh_type = i == 1 ? uint32_t{SHT_STRTAB} : uint32_t{SHT_PROGBITS},
		              .sh_flags = SHF_ALLOC,
		              .sh_addr = 0,
		              .sh_offset = file.size(),
		              .sh_size = contents[i].size(),
		              .sh_link = 0,
		              .sh_info = 0,
		              .sh_addralign = 1,
		              .sh_entsize = 0};
		file += contents[i];
	}
	file.resize((file.size() + 7) & ~size_t{7});
	Elf64_Ehdr header = {};
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	header.e_type = ET_EXEC;
	header.e_machine = EM_X86_64;
	header.e_version = EV_CURRENT;
	header.e_ehsize = sizeof(header);
	header.e_shoff = file.size();
	header.e_shentsize = sizeof(Elf64_Shdr);
	header.e_shnum = kSections;
	header.e_shstrndx = 1;
	put(file, 0, header);
	file.append(reinterpret_cast<const char *>(headers), sizeof(headers));
	return file;
}

std::string gzip(std::string_view bytes) {
	z_stream stream{};
	deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
	stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
	stream.avail_in = static_cast<uInt>(bytes.size());
	stream.next_out = reinterpret_cast<Bytef *>(out.data());
	stream.avail_out = static_cast<uInt>(out.size());
	deflate(&stream, Z_FINISH);
	out.resize(stream.total_out);
	deflateEnd(&stream);
	return out;
}

std::string xz(std::string_view bytes) {
	std::string out(lzma_stream_buffer_bound(bytes.size()), '\0');
	size_t used = 0;
	if (lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr, reinterpret_cast<const uint8_t *>(bytes.data()),
	                            bytes.size(), reinterpret_cast<uint8_t *>(out.data()), &used,
	                            out.size()) != LZMA_OK)
		abort();
	out.resize(used);
	return out;
}

std::string zstd(std::string_view bytes) {
	std::string out(ZSTD_compressBound(bytes.size()), '\0');
	out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1));
	return out;
}

std::string lz4(std::string_view bytes) {
	constexpr size_t kBlock = size_t{8} << 20;
	std::string out("\x02\x21\x4c\x18", 4);
	for (size_t at = 0; at < bytes.size(); at += kBlock) {
		const auto size = static_cast<int>(std::min(kBlock, bytes.size() - at));
		std::string packed(static_cast<size_t>(LZ4_compressBound(size)), '\0');
		const int length =
		        LZ4_compress_default(bytes.data() + at, packed.data(), size, static_cast<int>(packed.size()));
		out.append(reinterpret_cast<const char *>(&length), sizeof(length));
		out.append(packed, 0, static_cast<size_t>(length));
	}
	return out;
}

std::string bzimage(std::string_view packed) {
	constexpr uint8_t kSetupSectors = 7;
	constexpr uint32_t kPayloadAt = 0x123; // within the protected-mode code
	constexpr size_t kCodeAt = (kSetupSectors + 1) * 512;
	std::string file(kCodeAt + kPayloadAt, '\x90');
	put(file, 0x1f1, kSetupSectors);
	file.replace(0x202, 4, "HdrS");
	put(file, 0x206, uint16_t{0x20f});
	put(file, 0x248, kPayloadAt);
	// Behind the stream stands the unpacked size, which counts as payload.
	put(file, 0x24c, static_cast<uint32_t>(packed.size() + 4));
	file += packed;
	return file + std::string(4, '\x11') + std::string(100, '\x90');
}

std::string zboot(std::string_view packed) {
	constexpr uint32_t kPayloadAt = 0x1000;
	std::string file(kPayloadAt, '\0');
	file.replace(0, 8, std::string_view("MZ\0\0zimg", 8));
	put(file, 8, kPayloadAt);
	put(file, 12, static_cast<uint32_t>(packed.size()));
	file += packed;
	return file + std::string(64, '\x33');
}

} // namespace nft_drops::jit_test
