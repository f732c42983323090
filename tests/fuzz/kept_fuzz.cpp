// SPDX-License-Identifier: GPL-2.0-only
// Files below /run/nft-drops: any bytes as a file, and any bytes as the content of a file whose header and checksum are
// right. Each is refused or read; what is read is written again as the same bytes.
#include "input.h"

#include "jit/base/bytes.h"
#include "jit/base/kept_file.h"
#include "jit/resolve/proven_plan.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace nft_drops::fuzz {
namespace {

namespace fs = std::filesystem;

// A folder of this process; it has one file after the first start.
class Folder {
public:
	Folder() {
		std::string name = fs::temp_directory_path() / "kept_fuzz.XXXXXX";
		require(mkdtemp(name.data()) != nullptr, "no folder for files", name);
		path = name;
	}
	~Folder() { fs::remove_all(path); }
	Folder(const Folder &) = delete;
	Folder &operator=(const Folder &) = delete;
	[[nodiscard]] fs::path only_file() const { return fs::directory_iterator(path)->path(); }
	fs::path path;
};

void try_reader(std::string_view bytes) {
	struct Plain {
		uint32_t a;
		uint16_t b;
	};
	jit::ByteReader r({bytes.data(), bytes.size()});
	std::string text;
	std::vector<Plain> numbers;
	std::vector<std::string> texts;
	uint64_t number = 0;
	r.get(number);
	r.get(text);
	r.get(numbers);
	r.get(texts);
	require(text.size() <= bytes.size() && numbers.size() * sizeof(Plain) <= bytes.size() &&
	                texts.size() * sizeof(uint64_t) <= bytes.size(),
	        "more was read than there is", bytes);
}

jit::Kernel some_kernel() {
	jit::Kernel kernel;
	kernel.image.ranges = {{"nft_do_chain", 0xffff'ffff'c000'0000, {0xc3}}};
	kernel.release = "6.12";
	kernel.core_build_id = "01";
	kernel.running = true;
	return kernel;
}

void try_one(Input input) {
	static const Folder folder;
	static const jit::Kernel kernel = some_kernel();
	const bool whole_file = input.number<uint8_t>() % 4 == 0;
	const std::string bytes(input.rest());
	try_reader(bytes);
	const jit::KeptFile file("plan", "key", folder.path);
	file.store({"x", 1});
	if (whole_file) {
		std::ofstream(folder.only_file(), std::ios::binary) << bytes;
		require(!file.load(), "a file without a header was read", bytes);
		return;
	}
	file.store({bytes.data(), bytes.size()});
	const auto content = file.load();
	require(content && std::ranges::equal(*content, bytes), "it was kept and is another", bytes);

	static const Folder of_plans;
	const jit::PlanCache plans(kernel, of_plans.path);
	if (static bool first = true; first) {
		first = false;
		plans.store({});
	}
	// The same content under the key of a kernel: the header of the file that is there, with its checksum made
	// right.
	const auto plan = jit::plan_in({bytes.data(), bytes.size()});
	if (!plan) return;
	plans.store(*plan);
	require(plans.load().has_value(), "a Plan was kept and cannot be read", bytes);
}

} // namespace
} // namespace nft_drops::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	nft_drops::fuzz::try_one(nft_drops::fuzz::Input({data, size}));
	return 0;
}
