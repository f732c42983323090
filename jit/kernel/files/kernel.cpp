// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/files/kernel.h"

#include "jit/base/build_id.h"
#include "jit/kernel/files/elf.h"
#include "jit/kernel/files/file.h"
#include "jit/kernel/files/link.h"
#include "jit/kernel/files/types.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace nft_drops::jit {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr const char *kOnePackage = "give the module and the kernel of one package";

std::string_view text_of(Bytes bytes) {
	return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

// "Linux version 6.1.0-56-cloud-amd64 (...": linux_banner of the kernel.
std::string release_of_core(Bytes bytes) {
	constexpr std::string_view kBanner = "Linux version ";
	constexpr size_t kLongest = 64; // __NEW_UTS_LEN
	const std::string_view text = text_of(bytes);
	const std::boyer_moore_horspool_searcher banner(kBanner.begin(), kBanner.end());
	for (const auto *at = text.begin(); (at = std::search(at, text.end(), banner)) != text.end();) {
		at += kBanner.size();
		const std::string_view behind(at, std::min<size_t>(kLongest + 1, static_cast<size_t>(text.end() - at)));
		const size_t end = behind.find(' ');
		if (end == std::string_view::npos || !isdigit(static_cast<unsigned char>(behind.front()))) continue;
		return std::string(behind.substr(0, end));
	}
	return {};
}

// "vermagic=6.1.0-56-cloud-amd64 SMP ..." in the module's section .modinfo.
std::string release_of_module(Bytes modinfo) {
	constexpr std::string_view kMagic = "vermagic=";
	std::string_view text = text_of(modinfo);
	while (!text.empty()) {
		const std::string_view entry = text.substr(0, text.find('\0'));
		if (entry.starts_with(kMagic)) {
			const std::string_view value = entry.substr(kMagic.size());
			return std::string(value.substr(0, value.find(' ')));
		}
		text.remove_prefix(std::min(text.size(), entry.size() + 1));
	}
	return {};
}

// The unpacked vmlinux or vmlinuz.
struct Core {
	std::vector<uint8_t> bytes;
	std::optional<offline::ElfFile> elf; // nothing for an arm64 Image
	Machine machine = Machine::kAArch64;
	Bytes types;
	std::string build_id;
	std::string release;
};

Result<Core> read_core(const std::string &path) {
	Core core;
	auto bytes = offline::read_kernel_file(path);
	if (!bytes) return std::unexpected(bytes.error());
	core.bytes = std::move(*bytes);
	if (offline::is_elf(core.bytes)) {
		auto elf = offline::ElfFile::open(core.bytes, path);
		if (!elf) return std::unexpected(elf.error());
		if (elf->relocatable())
			return usage_error(path, "a module or object file, no kernel", "give vmlinux or vmlinuz");
		core.machine = elf->machine();
		core.types = elf->bytes_of(".BTF");
		core.build_id = build_id_of_notes(elf->bytes_of(".notes"));
		core.elf = std::move(*elf);
	} else {
		core.types = offline::find_btf(core.bytes);
	}
	core.release = release_of_core(core.bytes);
	return core;
}

Result<void> add_built_in(const Core &core, const KernelFiles &files, Kernel &kernel) {
	if (!core.elf || core.elf->symbols().empty())
		return usage_error(
		        files.core, "it has no symbol table, and no module was given",
		        "give nf_tables.ko with --ko, or, where nf_tables is built in, the vmlinux of the build");
	auto image = offline::image_of_vmlinux(*core.elf);
	if (!image) return std::unexpected(image.error());
	kernel.image = std::move(*image);
	auto layouts = offline::layouts_of(core.types, {}, files.core, {});
	if (!layouts) return std::unexpected(layouts.error());
	kernel.set_layouts(*layouts);
	return {};
}

Result<void> add_module(const Core &core, const KernelFiles &files, Kernel &kernel) {
	auto bytes = offline::read_module_file(files.module);
	if (!bytes) return std::unexpected(bytes.error());
	auto elf = offline::ElfFile::open(*bytes, files.module);
	if (!elf) return std::unexpected(elf.error());
	if (!elf->relocatable()) return usage_error(files.module, "not a kernel module", "give nf_tables.ko with --ko");
	if (elf->machine() != core.machine)
		return usage_error(files.module, "not of the same processor as " + files.core, kOnePackage);
	const std::string release = release_of_module(elf->bytes_of(".modinfo"));
	if (!release.empty() && !core.release.empty() && release != core.release) {
		return usage_error(files.module, "of Linux " + release + ", but " + files.core + " is " + core.release,
		                   kOnePackage);
	}
	if (kernel.release.empty()) kernel.release = release;
	kernel.module = true;
	kernel.nft_build_id = build_id_of_notes(elf->bytes_of(".note.gnu.build-id"));
	auto image = offline::link_module(*elf);
	if (!image) return std::unexpected(image.error());
	kernel.image = std::move(*image);
	auto layouts = offline::layouts_of(core.types, elf->bytes_of(".BTF"), files.core, files.module);
	if (!layouts) return std::unexpected(layouts.error());
	kernel.set_layouts(*layouts);
	return {};
}

} // namespace

Result<Kernel> read_kernel_files(const KernelFiles &files) {
	auto core = read_core(files.core);
	if (!core) return std::unexpected(core.error());
	Kernel kernel;
	kernel.running = false;
	kernel.release = core->release;
	kernel.core_build_id = core->build_id;
	auto added = files.module.empty() ? add_built_in(*core, files, kernel) : add_module(*core, files, kernel);
	if (!added) return std::unexpected(added.error());
	// The kernel assigns the number when nf_tables is loaded.
	kernel.layout.probe.pernet_base_seq.size = 0;
	return kernel;
}

} // namespace nft_drops::jit
