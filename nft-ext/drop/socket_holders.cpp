// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/socket_holders.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>

namespace nft_drops::cli {
namespace {

struct FolderClose {
	void operator()(DIR *folder) const { closedir(folder); }
};
using Folder = std::unique_ptr<DIR, FolderClose>;

template <typename Number> std::optional<Number> number_in(std::string_view text) {
	Number number{};
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
	if (error != std::errc() || end != text.data() + text.size()) return {};
	return number;
}

// The socket's inode if the link says "socket:[INODE]".
std::optional<uint64_t> socket_at(const std::string &link) {
	std::array<char, 64> text{};
	const ssize_t length = readlink(link.c_str(), text.data(), text.size());
	constexpr std::string_view kBegin = "socket:[";
	if (length <= static_cast<ssize_t>(kBegin.size())) return {};
	std::string_view what(text.data(), static_cast<size_t>(length));
	if (!what.starts_with(kBegin) || !what.ends_with(']')) return {};
	what.remove_prefix(kBegin.size());
	what.remove_suffix(1);
	return number_in<uint64_t>(what);
}

// Calls `use` with each number that names something in that folder, until `use` returns false.
template <typename Number, typename Use> void for_each_number(const std::string &path, Use use) {
	const Folder folder(opendir(path.c_str()));
	if (!folder) return;
	while (const dirent *entry = readdir(folder.get())) {
		const auto number = number_in<Number>(entry->d_name);
		if (number && !use(*number)) return;
	}
}

} // namespace

std::vector<Process> SocketHolders::of(uint64_t inode) {
	auto found = checked(inode);
	if (!found.empty() || Clock::now() < next_) return found;
	read_all();
	return checked(inode);
}

// Descriptors and process numbers are used again.
std::vector<Process> SocketHolders::checked(uint64_t inode) const {
	std::vector<Process> processes;
	const auto known = places_.find(inode);
	if (known == places_.end()) return processes;
	for (const auto &[pid, descriptor] : known->second) {
		const std::string process = proc_ + '/' + std::to_string(pid);
		if (socket_at(process + "/fd/" + std::to_string(descriptor)) != inode) continue;
		Process &holder = processes.emplace_back();
		holder.pid = pid;
		std::ifstream name(process + "/comm");
		std::getline(name, holder.name, '\0');
		if (holder.name.ends_with('\n')) holder.name.pop_back();
	}
	std::ranges::sort(processes, {}, &Process::pid);
	return processes;
}

void SocketHolders::read_all() {
	const auto begun = Clock::now();
	latest_ = begun + most_time_;
	places_.clear();
	for_each_number<pid_t>(proc_, [&](pid_t pid) {
		read_process(pid);
		return places_.size() < kMostSockets && Clock::now() < latest_;
	});
	const auto ended = Clock::now();
	next_ = ended + kRest * (ended - begun);
}

void SocketHolders::read_process(pid_t pid) {
	const std::string folder = proc_ + '/' + std::to_string(pid) + "/fd";
	for_each_number<int>(folder, [&](int descriptor) {
		const auto inode = socket_at(folder + '/' + std::to_string(descriptor));
		if (inode) {
			auto &places = places_[*inode];
			const bool same = !places.empty() && places.back().pid == pid; // it holds the socket twice
			if (!same && places.size() < Details::kMostProcesses) places.push_back({pid, descriptor});
		}
		return Clock::now() < latest_;
	});
}

} // namespace nft_drops::cli
