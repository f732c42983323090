// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/files/link.h"

#include "jit/kernel/files/relocate.h"
#include "jit/machine/calls.h"
#include "jit/machine/instrumentation.h"
#include "jit/machine/jump_labels.h"
#include "jit/machine/switches.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace nft_drops::jit::offline {
namespace {

constexpr std::string_view kFunction = "nft_do_chain";
constexpr std::string_view kColdPart = "nft_do_chain.cold";
constexpr std::string_view kJumpTable = "__jump_table";
constexpr std::string_view kFtraceEntry = "__fentry__"; // x86; arm64's compilers leave nops
constexpr uint64_t kMostBytes = 256 * 1024;             // nft_do_chain has 1,500 to 3,000
constexpr uint64_t kMostLoaded = 64 * 1024 * 1024;      // a module, without its debugging information

std::unexpected<Error> no_function() {
	return unsupported("nft_do_chain", "there is no such function in its symbol table",
	                   "give nf_tables.ko, or a vmlinux that has nf_tables built in and is not stripped");
}

// The five-byte nop that ftrace writes over the call of an untraced function.
void put_nop(std::span<uint8_t> call) {
	constexpr uint8_t kNop[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
	std::ranges::copy(kNop, call.begin());
}

// The function's symbol, then the symbols of its parts.
Result<std::vector<const ElfSymbol *>> parts_of(const ElfFile &file) {
	std::vector<const ElfSymbol *> parts;
	for (const ElfSymbol &s : file.symbols()) {
		const bool whole = s.name == kFunction;
		if (!s.section || (!whole && !s.name.starts_with(kColdPart))) continue;
		if (s.section >= file.sections().size() || s.size == 0 || s.size > kMostBytes)
			return unsupported(std::string(s.name), "implausible place or size in the symbol table");
		parts.insert(whole ? parts.begin() : parts.end(), &s);
	}
	if (parts.empty() || parts.front()->name != kFunction) return no_function();
	return parts;
}

Result<CodeRange> range_of(const ElfSymbol &symbol, const Section &section) {
	const uint64_t offset = symbol.value - section.address; // 0 in a module
	if (offset > section.bytes.size() || symbol.size > section.bytes.size() - offset)
		return unsupported(std::string(symbol.name), "the file ends within it", "fetch the file again");
	const auto code = section.bytes.subspan(offset, symbol.size);
	return CodeRange{std::string(symbol.name), 0, {code.begin(), code.end()}};
}

bool is_helper(const ElfSymbol &s, const ElfFile &file, const std::vector<const ElfSymbol *> &parts) {
	return s.function && s.section && s.section < file.sections().size() && s.size && s.size <= kMostHelperBytes &&
	       std::ranges::find(parts, &s) == parts.end();
}

class Linker {
public:
	explicit Linker(const ElfFile &module) : file_(module) {}

	Result<Image> go() {
		if (auto placed = place_sections(); !placed) return std::unexpected(placed.error());
		auto parts = parts_of(file_);
		if (!parts) return std::unexpected(parts.error());
		Image image;
		image.machine = file_.machine();
		for (const ElfSymbol *part : *parts) {
			auto range = range_of(*part, file_.sections()[part->section]);
			if (!range) return std::unexpected(range.error());
			range->address = addresses_[part->section] + part->value;
			if (auto ok = apply(part->section, part->value, *range); !ok)
				return std::unexpected(ok.error());
			image.ranges.push_back(std::move(*range));
		}
		if (auto ok = add_helpers(*parts, image); !ok) return std::unexpected(ok.error());
		if (auto ok = add_labels(image); !ok) return std::unexpected(ok.error());
		add_checks(image);
		add_switch_tables(image, [this](uint64_t address) { return word_at(address); });
		return image;
	}

private:
	// The sections follow each other, each with its own alignment.
	Result<void> place_sections() {
		constexpr uint64_t kMostAlign = 4096;
		uint64_t next = module_base(file_.machine());
		const uint64_t end = next + kMostLoaded;
		for (const Section &s : file_.sections()) {
			const uint64_t align = std::clamp<uint64_t>(s.align, 1, kMostAlign);
			next = (next + align - 1) / align * align;
			addresses_.push_back(next);
			if (!s.loaded) continue;
			if (s.size > end - std::min(end, next))
				return usage_error("nf_tables", "implausible size of a section",
				                   "fetch the file again");
			next += s.size;
		}
		return {};
	}

	// Of a core symbol's address only equality matters: two symbols have equal addresses here if, and only if, the
	// kernel gives them equal addresses.
	[[nodiscard]] std::optional<uint64_t> address_of(uint32_t symbol) const {
		constexpr uint64_t kBelow = 96 * 1024 * 1024; // an arm64 call reaches 128 MiB
		constexpr uint64_t kApart = 64;
		if (symbol >= file_.symbols().size()) return std::nullopt;
		const ElfSymbol &s = file_.symbols()[symbol];
		if (s.absolute) return s.value;
		if (s.section == 0) return module_base(file_.machine()) - kBelow + symbol * kApart;
		if (s.section >= addresses_.size()) return std::nullopt;
		return addresses_[s.section] + s.value;
	}

	// Applies the relocations inside of `range`, which begins at `offset` of the relocated section.
	Result<void> apply(uint32_t section, uint64_t offset, CodeRange &range) const {
		for (const Section &table : file_.sections()) {
			if (table.relocates != section || table.relocates == 0) continue;
			for (const Relocation &r : file_.relocations(table)) {
				if (r.offset < offset || r.offset - offset >= range.bytes.size()) continue;
				if (auto ok = apply_one(r, r.offset - offset, range); !ok) return ok;
			}
		}
		return {};
	}

	Result<void> apply_one(const Relocation &r, uint64_t at, CodeRange &range) const {
		const std::string place = fmt::format("{}+{:#x}", range.name, at);
		const auto address = address_of(r.symbol);
		if (!address)
			return usage_error(place, "a relocation by a symbol that does not exist",
			                   "fetch the file again");
		constexpr uint64_t kCallBytes = 5;
		if (file_.symbols()[r.symbol].name == kFtraceEntry && at >= 1 &&
		    at + kCallBytes - 1 <= range.bytes.size()) {
			put_nop(std::span(range.bytes).subspan(at - 1, kCallBytes));
			return {};
		}
		const uint64_t target = *address + static_cast<uint64_t>(r.addend);
		switch (relocate(file_.machine(), r.type, range.bytes, at, range.address, target)) {
		case Relocated::kDone:
			return {};
		case Relocated::kUnknownType:
			return unsupported(place, fmt::format("relocation of type {} is not known here", r.type));
		case Relocated::kOutOfBounds:
			return usage_error(place, "a relocation reaches beyond the function", "fetch the file again");
		case Relocated::kOutOfReach:
			break;
		}
		return usage_error(place, "a relocation's target is out of reach", "fetch the file again");
	}

	Result<void> add_helpers(const std::vector<const ElfSymbol *> &parts, Image &image) const {
		const auto called = called_addresses(image);
		for (const ElfSymbol &s : file_.symbols()) {
			if (!is_helper(s, file_, parts)) continue;
			const uint64_t address = addresses_[s.section] + s.value;
			if (!called.contains(address)) continue;
			auto range = range_of(s, file_.sections()[s.section]);
			if (!range) return std::unexpected(range.error());
			range->address = address;
			if (auto ok = apply(s.section, s.value, *range); !ok) return ok;
			image.helpers.push_back(std::move(*range));
		}
		return {};
	}

	void add_checks(Image &image) const {
		for (uint32_t i = 0; i < file_.symbols().size(); i++) {
			const auto address = is_check(file_.symbols()[i].name) ? address_of(i) : std::nullopt;
			if (address) image.checks.insert(*address);
		}
	}

	Result<void> add_labels(Image &image) const {
		for (size_t i = 0; i < file_.sections().size(); i++) {
			const Section &s = file_.sections()[i];
			if (s.name != kJumpTable) continue;
			CodeRange table{std::string(kJumpTable), addresses_[i], {s.bytes.begin(), s.bytes.end()}};
			if (auto ok = apply(static_cast<uint32_t>(i), 0, table); !ok) return ok;
			add_jump_labels(image, table.address, table.bytes);
		}
		image.labels_known = true; // the file has all labels of the function
		return {};
	}

	// The state of the label when the module is loaded.
	[[nodiscard]] std::optional<uint64_t> word_at(uint64_t address) const {
		uint64_t word = 0;
		for (size_t i = 0; i < addresses_.size(); i++) {
			const Section &s = file_.sections()[i];
			const uint64_t offset = address - addresses_[i];
			if (!s.loaded || s.bytes.size() < sizeof(word) || offset > s.bytes.size() - sizeof(word))
				continue;
			const auto bytes = s.bytes.subspan(offset, sizeof(word));
			CodeRange range{std::string(s.name), address, {bytes.begin(), bytes.end()}};
			if (!apply(static_cast<uint32_t>(i), offset, range)) return std::nullopt;
			memcpy(&word, range.bytes.data(), sizeof(word));
			return word;
		}
		return std::nullopt;
	}

	const ElfFile &file_;
	std::vector<uint64_t> addresses_; // by section
};

const Section *section_at(const ElfFile &file, uint64_t address) {
	for (const Section &s : file.sections()) {
		if (s.loaded && address >= s.address && address - s.address < s.bytes.size()) return &s;
	}
	return nullptr;
}

std::optional<uint64_t> address_in(const ElfFile &file, std::string_view name) {
	for (const ElfSymbol &s : file.symbols()) {
		if (s.section && s.name == name) return s.value;
	}
	return std::nullopt;
}

// The compiler's call of __fentry__, at the function's entry or behind its endbr64.
void remove_ftrace_call(CodeRange &function, uint64_t ftrace) {
	constexpr uint8_t kCall = 0xe8;
	constexpr size_t kEndbrBytes = 4;
	for (size_t at : {size_t{0}, kEndbrBytes}) {
		int32_t distance = 0;
		const size_t end = at + 1 + sizeof(distance);
		if (function.bytes.size() < end || function.bytes[at] != kCall) continue;
		memcpy(&distance, &function.bytes[at + 1], sizeof(distance));
		if (function.address + end + static_cast<uint64_t>(int64_t{distance}) == ftrace)
			put_nop(std::span(function.bytes).subspan(at, end - at));
	}
}

void add_core_labels(const ElfFile &file, Image &image) {
	const auto start = address_in(file, kJumpTableStart);
	const auto stop = address_in(file, kJumpTableStop);
	const Section *section = start ? section_at(file, *start) : nullptr;
	if (!section || !stop || *stop < *start || *stop - section->address > section->bytes.size()) return;
	add_jump_labels(image, *start, section->bytes.subspan(*start - section->address, *stop - *start));
	image.labels_known = true;
}

} // namespace

uint64_t module_base(Machine machine) {
	return machine == Machine::kX86_64 ? 0xffff'ffff'c000'0000 : 0xffff'8000'7a00'0000;
}

Result<Image> link_module(const ElfFile &module) {
	return Linker(module).go();
}

Result<Image> image_of_vmlinux(const ElfFile &vmlinux) {
	auto parts = parts_of(vmlinux);
	if (!parts) return std::unexpected(parts.error());
	Image image;
	image.machine = vmlinux.machine();
	for (const ElfSymbol *part : *parts) {
		auto range = range_of(*part, vmlinux.sections()[part->section]);
		if (!range) return std::unexpected(range.error());
		range->address = part->value;
		image.ranges.push_back(std::move(*range));
	}
	if (auto ftrace = address_in(vmlinux, kFtraceEntry); ftrace && image.machine == Machine::kX86_64)
		remove_ftrace_call(image.ranges.front(), *ftrace);
	const auto called = called_addresses(image);
	for (const ElfSymbol &s : vmlinux.symbols()) {
		if (s.section && called.contains(s.value) && is_check(s.name)) image.checks.insert(s.value);
		if (!called.contains(s.value) || !is_helper(s, vmlinux, *parts)) continue;
		auto range = range_of(s, vmlinux.sections()[s.section]);
		if (!range) return std::unexpected(range.error());
		range->address = s.value;
		image.helpers.push_back(std::move(*range));
	}
	add_core_labels(vmlinux, image);
	add_switch_tables(image, [&vmlinux](uint64_t address) -> std::optional<uint64_t> {
		const Section *section = section_at(vmlinux, address);
		uint64_t word = 0;
		if (!section || section->bytes.size() - (address - section->address) < sizeof(word))
			return std::nullopt;
		memcpy(&word, section->bytes.data() + (address - section->address), sizeof(word));
		return word;
	});
	return image;
}

} // namespace nft_drops::jit::offline
