// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace nft_drops::jit {
namespace {

struct Line {
	uint64_t address;
	char kind;
	std::string_view name;
	std::string_view module;
};

// "ffffffffc0a010d0 t nft_do_chain\t[nf_tables]"
std::optional<Line> parse(std::string_view text) {
	Line line{};
	const char *end = text.data() + text.size();
	auto [p, error] = std::from_chars(text.data(), end, line.address, 16);
	if (error != std::errc() || end - p < 4) return std::nullopt;
	line.kind = p[1];
	text = std::string_view(p + 3, static_cast<size_t>(end - p - 3));
	const size_t tab = text.find('\t');
	line.name = text.substr(0, tab);
	if (tab != std::string_view::npos && text.size() > tab + 3) {
		line.module = text.substr(tab + 2, text.size() - tab - 3);
	}
	return line;
}

// Calls `each` for every line. The file has about 10 MB, and the kernel makes
// it anew at each read. The function never holds the whole file.
template <typename Each> Result<void> for_each_line(const char *path, Each each) {
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return unsupported(path, strerror(errno), "mount /proc and run as root");
	std::string buffer;
	buffer.resize(256 * 1024);
	size_t have = 0;
	for (;;) {
		const ssize_t n = read(fd, buffer.data() + have, buffer.size() - have);
		if (n < 0) {
			const int error = errno;
			close(fd);
			return unsupported(path, strerror(error));
		}
		if (n == 0) break;
		have += static_cast<size_t>(n);
		size_t begin = 0;
		while (const void *newline = memchr(buffer.data() + begin, '\n', have - begin)) {
			const size_t end = static_cast<size_t>(static_cast<const char *>(newline) - buffer.data());
			if (auto line = parse(std::string_view(buffer).substr(begin, end - begin))) each(*line);
			begin = end + 1;
		}
		memmove(buffer.data(), buffer.data() + begin, have - begin);
		have -= begin;
		if (have == buffer.size()) have = 0; // the kernel has no line longer than the buffer
	}
	close(fd);
	return {};
}

bool is_or_is_part_of(std::string_view name, std::string_view wanted) {
	if (!name.starts_with(wanted)) return false;
	return name.size() == wanted.size() || name[wanted.size()] == '.';
}

Result<std::vector<Symbol>> read_lines(const std::function<bool(const Line &line)> &wanted, const char *path) {
	std::vector<Symbol> found;
	std::vector<uint64_t> all;
	all.reserve(200'000);
	bool any_address = false;
	auto done = for_each_line(path, [&](const Line &line) {
		all.push_back(line.address);
		any_address |= line.address != 0;
		if (wanted(line)) found.push_back({std::string(line.name), std::string(line.module), line.address, 0});
	});
	if (!done) return std::unexpected(done.error());
	if (!any_address) {
		return unsupported(path, "the kernel hides its addresses from this process",
		                   "run as root with kernel.kptr_restrict below 2");
	}
	for (Symbol &s : found) {
		uint64_t next = UINT64_MAX;
		for (uint64_t a : all) {
			if (a > s.address && a < next) next = a;
		}
		if (next != UINT64_MAX) s.size = next - s.address;
	}
	return found;
}

} // namespace

Result<std::vector<Symbol>> read_symbols(std::span<const std::string_view> names, const char *path) {
	return read_lines(
	        [names](const Line &line) {
		        return std::ranges::any_of(
		                names, [&](std::string_view wanted) { return is_or_is_part_of(line.name, wanted); });
	        },
	        path);
}

Result<std::vector<Symbol>>
read_functions(const std::function<bool(std::string_view name, std::string_view module)> &wanted, const char *path) {
	return read_lines(
	        [&wanted](const Line &line) {
		        return (line.kind == 't' || line.kind == 'T') && wanted(line.name, line.module);
	        },
	        path);
}

std::vector<std::string> describe_addresses(std::span<const uint64_t> addresses, const char *path) {
	std::vector<Symbol> best(addresses.size());
	auto done = for_each_line(path, [&](const Line &line) {
		for (size_t i = 0; i < addresses.size(); i++) {
			if (line.address <= addresses[i] && line.address > best[i].address) {
				best[i].address = line.address;
				best[i].name = line.name;
			}
		}
	});
	std::vector<std::string> text(addresses.size());
	if (!done) return text;
	for (size_t i = 0; i < addresses.size(); i++) {
		const uint64_t offset = addresses[i] - best[i].address;
		if (best[i].name.empty()) continue;
		text[i] = offset ? fmt::format("{}+{:#x}", best[i].name, offset) : best[i].name;
	}
	return text;
}

} // namespace nft_drops::jit
