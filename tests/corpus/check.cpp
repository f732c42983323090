// SPDX-License-Identifier: GPL-2.0-only
// nft-drops-corpus-check: resolves one build of nft_do_chain, holds the Plan against DWARF where there is some, and
// prints one line for the table of docs/kernels.md (fields with tabs between):
//   NAME RELEASE ARCHITECTURE SHAPE COMPILER SITES PACKETS DWARF
// What DWARF was compared with goes to stderr. Exit status 0; 1 where the Plan differs from DWARF, or the files cannot
// be read; 2 where there is no Plan.
#include "jit/kernel/files/elf.h"
#include "jit/kernel/files/file.h"
#include "jit/kernel/files/kernel.h"
#include "jit/kernel/files/link.h"
#include "jit/kernel/files/types.h"
#include "jit/resolve/explore.h"
#include "verify.h"

#include <algorithm>
#include <bpf/libbpf.h>
#include <cstdio>
#include <fmt/format.h>
#include <getopt.h>
#include <map>
#include <string>
#include <string_view>

namespace nft_drops::corpus {
namespace {

struct Options {
	std::string name;
	std::string ko;      // of a stock kernel
	std::string vmlinux; // of that
	std::string object;  // instead of both: a compiled nf_tables_core.c with DWARF and BTF
	std::string dwarf;   // of `ko`; may be empty
};

struct Build {
	jit::Kernel kernel;
	std::string compiler;
	bool has_blobs = false;
};

std::string_view text_of(std::span<const uint8_t> bytes) {
	return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

// "GCC: (Debian 10.2.1-6) 10.2.1 20210110" -> "gcc 10.2.1"; "Debian clang version 19.1.7 (...)" -> "clang 19.1.7"
std::string compiler_of(std::string_view comment) {
	const std::string first(comment.substr(0, comment.find('\0', 1)));
	constexpr std::string_view kClang = "clang version ";
	if (const size_t at = first.find(kClang); at != std::string::npos) {
		const std::string version = first.substr(at + kClang.size());
		return "clang " + version.substr(0, version.find(' '));
	}
	const size_t version = first.find(") "); // behind it perhaps a date, too
	if (!first.starts_with("GCC: (") || version == std::string::npos) return "unknown";
	return "gcc " + first.substr(version + 2, first.find(' ', version + 2) - version - 2);
}

// What all files say that hold nf_tables' code.
Result<Build> read_module(const std::string &path) {
	auto bytes = jit::offline::read_module_file(path);
	if (!bytes) return std::unexpected(bytes.error());
	auto elf = jit::offline::ElfFile::open(*bytes, path);
	if (!elf) return std::unexpected(elf.error());
	Build b;
	auto comment = text_of(elf->bytes_of(".comment"));
	comment.remove_prefix(std::min(comment.size(), comment.find_first_not_of('\0')));
	b.compiler = compiler_of(comment);
	b.has_blobs = text_of(elf->bytes_of(".BTF")).contains("nft_rule_blob");
	return b;
}

// A file of an object folder, as kernel: everything in one.
Result<jit::Kernel> read_object(const std::string &path) {
	auto bytes = jit::offline::read_module_file(path);
	if (!bytes) return std::unexpected(bytes.error());
	auto elf = jit::offline::ElfFile::open(*bytes, path);
	if (!elf) return std::unexpected(elf.error());
	auto image = jit::offline::link_module(*elf);
	if (!image) return std::unexpected(image.error());
	auto layouts = jit::offline::layouts_of(elf->bytes_of(".BTF"), {}, path, path);
	if (!layouts) return std::unexpected(layouts.error());
	jit::Kernel kernel;
	kernel.running = false;
	kernel.image = std::move(*image);
	kernel.set_layouts(*layouts);
	return kernel;
}

Result<Build> read_build(const Options &o) {
	const std::string &module = o.object.empty() ? o.ko : o.object;
	auto build = read_module(module);
	if (!build) return build;
	auto kernel =
	        o.object.empty() ? jit::read_kernel_files({.module = o.ko, .core = o.vmlinux}) : read_object(o.object);
	if (!kernel) return std::unexpected(kernel.error());
	build->kernel = std::move(*kernel);
	return build;
}

// What the function returns where jumps are nested too deeply.
Result<uint64_t> limit_value(const jit::Kernel &kernel) {
	auto arch = jit::Architecture::of(kernel.image.machine);
	if (!arch) return std::unexpected(arch.error());
	auto code = jit::Code::decode(kernel.image, **arch);
	if (!code) return std::unexpected(code.error());
	auto paths = jit::explore(jit::Emulator(*code, **arch, kernel.layout));
	if (!paths) return std::unexpected(paths.error());
	const auto limit = std::ranges::find(paths->all, uint8_t{ND_CAUSE_JUMP_LIMIT},
	                                     [](const jit::ExecutionPath &p) { return p.outcome.cause; });
	return limit == paths->all.end() ? 0 : limit->return_value;
}

// It still works where a blob's size is not known: the last rule is told by itself.
bool needs_no_size(const jit::Kernel &kernel) {
	jit::Layout layout = kernel.layout;
	layout.ruleset.blob_size.size = 0;
	return jit::resolve(kernel.image, layout).has_value();
}

Result<std::string> shape_of(const Build &b, const jit::Plan &plan) {
	auto limit = limit_value(b.kernel);
	if (!limit) return std::unexpected(limit.error());
	std::string shape = !b.has_blobs ? "rule array" : needs_no_size(b.kernel) ? "blob, is_last" : "blob, size";
	if (plan.freed_inside) shape += ", freed inside";
	if (*limit >> 16) shape += ", ELOOP";
	return shape;
}

std::string sites_of(const jit::Plan &plan, jit::Machine machine) {
	const std::map<uint8_t, const char *> causes = {
	        {ND_CAUSE_RULE, "rule"}, {ND_CAUSE_POLICY, "policy"}, {ND_CAUSE_JUMP_LIMIT, "limit"}};
	std::string all;
	for (const jit::PlannedSite &s : plan.sites) {
		std::string words;
		for (uint8_t c : s.causes)
			words += (words.empty() ? "" : "+") + std::string(causes.at(c));
		const char *kind = machine != jit::Machine::kX86_64 ? "brk" : s.jump ? "jump" : "int3";
		all += fmt::format("{}{} ({})", all.empty() ? "" : ", ", words, kind);
	}
	return all;
}

// "10 same, 2 equal copies, 1 silent"; fails where one differs.
Result<std::string> held_against_dwarf(const Build &b, const jit::Plan &plan, const std::string &path) {
	auto dwarf = Dwarf::open(path);
	if (!dwarf) return std::unexpected(dwarf.error());
	if (!b.kernel.nft_build_id.empty() && dwarf->build_id() != b.kernel.nft_build_id)
		return usage_error(path, "of another build", "its build-id is " + dwarf->build_id());
	auto all = compare_with_dwarf(b.kernel, plan, *dwarf);
	if (!all) return std::unexpected(all.error());
	constexpr const char *kWords[] = {"same place", "equal copy", "DWARF is silent", "DIFFERS"};
	size_t counts[std::size(kWords)] = {};
	for (const Comparison &c : *all) {
		const auto n = static_cast<size_t>(c.agreement);
		counts[n]++;
		fmt::print(stderr, "  site {} {:8} {:22} {:32} {} ({} visits)\n", c.site, c.fact, c.plan, c.dwarf,
		           kWords[n], c.visits);
	}
	if (counts[static_cast<size_t>(Agreement::kDiffers)]) return usage_error(path, "the Plan differs from DWARF");
	if (!counts[static_cast<size_t>(Agreement::kSamePlace)] && !counts[static_cast<size_t>(Agreement::kEqualCopy)])
		return usage_error(path, "DWARF says nothing at all");
	return fmt::format("{} same, {} copies, {} silent", counts[0], counts[1], counts[2]);
}

Result<std::string> check(const Options &o) {
	auto build = read_build(o);
	if (!build) return std::unexpected(build.error());
	auto plan = jit::resolve(build->kernel.image, build->kernel.layout);
	if (!plan) return std::unexpected(plan.error());
	auto shape = shape_of(*build, *plan);
	if (!shape) return std::unexpected(shape.error());
	const std::string &path = o.object.empty() ? o.dwarf : o.object;
	auto agreed = path.empty() ? Result<std::string>("-") : held_against_dwarf(*build, *plan, path);
	if (!agreed) return std::unexpected(agreed.error());
	const jit::Machine machine = build->kernel.image.machine;
	const bool drops_only = std::ranges::all_of(plan->sites, &jit::PlannedSite::drops_only);
	return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", o.name,
	                   build->kernel.release.empty() ? "-" : build->kernel.release,
	                   machine == jit::Machine::kX86_64 ? "x86-64" : "arm64", *shape, build->compiler,
	                   sites_of(*plan, machine), drops_only ? "dropped ones only" : "others too", *agreed);
}

int run(int argc, char *argv[]) {
	Options o;
	const std::map<int, std::string *> to = {
	        {'n', &o.name}, {'k', &o.ko}, {'v', &o.vmlinux}, {'o', &o.object}, {'d', &o.dwarf}};
	const option names[] = {
	        {"name", required_argument, nullptr, 'n'},    {"ko", required_argument, nullptr, 'k'},
	        {"vmlinux", required_argument, nullptr, 'v'}, {"object", required_argument, nullptr, 'o'},
	        {"dwarf", required_argument, nullptr, 'd'},   {nullptr, 0, nullptr, 0}};
	for (int c; (c = getopt_long(argc, argv, "", names, nullptr)) != -1;) {
		if (!to.contains(c)) return 1;
		*to.at(c) = optarg;
	}
	libbpf_set_print(nullptr);
	auto row = check(o);
	if (!row) {
		fmt::print(stderr, "{}: {}\n", o.name, row.error().message());
		return row.error().exit_status();
	}
	fputs(row->c_str(), stdout);
	return 0;
}

} // namespace
} // namespace nft_drops::corpus

int main(int argc, char *argv[]) {
	return nft_drops::corpus::run(argc, argv);
}
