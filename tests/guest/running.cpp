// SPDX-License-Identifier: GPL-2.0-only
#include "running.h"

#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <iterator>
#include <map>
#include <sstream>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using namespace std::chrono_literals;

// Where the text goes on behind "NAME:" at the beginning of a line; the text's end: there is no such line.
size_t behind(const std::string &text, const std::string &name) {
	const size_t at = ("\n" + text).find("\n" + name + ":");
	return at == std::string::npos ? text.size() : at + name.size() + 1;
}

// The number there; 0: there is none.
uint64_t field_of(const std::string &text, const std::string &name) {
	return std::strtoull(text.c_str() + behind(text, name), nullptr, 10);
}

size_t objects(bpf_cmd next_id) {
	bpf_attr attr{};
	size_t n = 0;
	for (; syscall(SYS_bpf, next_id, &attr, sizeof(attr)) == 0; n++)
		attr.start_id = attr.next_id;
	return n;
}

int open_for(const std::string &path) {
	return open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
}

} // namespace

std::string nft_drops() {
	const char *path = std::getenv("NFT_DROPS");
	return path ? path : "/usr/bin/nft-drops";
}

// Not by istreambuf_iterator, which throws where the process ends.
std::string contents(const std::string &path) {
	std::ifstream file(path, std::ios::binary);
	std::ostringstream text;
	text << file.rdbuf();
	return text.str();
}

Running::Running(std::vector<std::string> command, uid_t user) {
	std::string name = "/tmp/running-XXXXXX";
	if (!mkdtemp(name.data())) {
		fprintf(stderr, "no folder in /tmp: %m\n");
		std::abort();
	}
	folder_ = name;
	std::vector<char *> argv;
	for (std::string &word : command)
		argv.push_back(word.data());
	argv.push_back(nullptr);
	pid_ = fork();
	if (pid_ == 0) {
		dup2(open_for(folder_ + "/out"), STDOUT_FILENO);
		dup2(open_for(folder_ + "/err"), STDERR_FILENO);
		if (user != 0 && (setgroups(0, nullptr) != 0 || setresgid(user, user, user) != 0 ||
		                  setresuid(user, user, user) != 0))
			_exit(126);
		execvp(argv[0], argv.data());
		_exit(127);
	}
}

Running::~Running() {
	if (!reaped_) finish(SIGKILL);
	std::filesystem::remove_all(folder_);
}

bool Running::ended() {
	if (!reaped_ && waitpid(pid_, &status_, WNOHANG) == pid_) reaped_ = true;
	return reaped_;
}

std::string Running::out() const {
	return contents(folder_ + "/out");
}
std::string Running::err() const {
	return contents(folder_ + "/err");
}

bool Running::wait_for(const std::string &text) {
	for (int i = 0; i < 12000; i++) {
		const bool last = ended();
		if (out().find(text) != std::string::npos || err().find(text) != std::string::npos) return true;
		if (last) return false;
		std::this_thread::sleep_for(10ms);
	}
	return false;
}

bool Running::wait_for_times(const std::string &text, size_t times) {
	for (int i = 0; i < 12000; i++) {
		const bool last = ended();
		const std::string all = err();
		size_t n = 0;
		for (size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + text.size()))
			n++;
		if (n >= times) return true;
		if (last) return false;
		std::this_thread::sleep_for(10ms);
	}
	return false;
}

bool Running::wait_for_lines(size_t count, const std::string &text) {
	for (int i = 0; i < 6000; i++) {
		const bool last = ended();
		size_t n = 0;
		for (const std::string &line : lines_of(out()))
			n += line.find(text) != std::string::npos;
		if (n >= count) return true;
		if (last) return false;
		std::this_thread::sleep_for(10ms);
	}
	return false;
}

Finished Running::finish(int signal) {
	if (!ended()) kill(pid_, signal);
	return wait();
}

bool Running::ended_by(int signal) {
	if (!ended()) kill(pid_, signal);
	for (int i = 0; i < 1000 && !ended(); i++)
		std::this_thread::sleep_for(10ms);
	return reaped_;
}

Finished Running::wait() {
	for (int i = 0; i < 6000 && !ended(); i++)
		std::this_thread::sleep_for(10ms);
	if (!reaped_) {
		ADD_FAILURE() << "no end within a minute";
		kill(pid_, SIGKILL);
		reaped_ = waitpid(pid_, &status_, 0) == pid_;
	}
	const int status = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
	return {status, out(), err()};
}

Monitor::Monitor(const std::vector<std::string> &options)
    : Running([&] {
	      std::vector<std::string> command = {nft_drops(), "monitor"};
	      command.insert(command.end(), options.begin(), options.end());
	      return command;
      }()) {
	EXPECT_TRUE(wait_for("nft-drops: monitoring")) << err();
}

Finished run(std::vector<std::string> command) {
	return Running(std::move(command)).wait();
}

std::string shell(const std::string &command) {
	Finished f = run({"sh", "-ec", command});
	EXPECT_EQ(f.status, 0) << command << "\n" << f.err;
	return f.out;
}

std::vector<std::string> lines_of(const std::string &text) {
	std::vector<std::string> lines;
	std::istringstream in(text);
	for (std::string line; std::getline(in, line);)
		lines.push_back(line);
	return lines;
}

std::vector<nlohmann::json> json_lines(const std::string &text) {
	std::vector<nlohmann::json> all;
	for (const std::string &line : lines_of(text)) {
		all.push_back(nlohmann::json::parse(line, nullptr, false));
		EXPECT_TRUE(all.back().is_object()) << line;
	}
	return all;
}

void write_tracing(const std::string &file, const std::string &text) {
	const int to = open(("/sys/kernel/tracing/" + file).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
	const bool written = to >= 0 && write(to, text.data(), text.size()) == static_cast<ssize_t>(text.size());
	EXPECT_TRUE(written) << file << " does not take " << text << ": " << strerror(errno);
	if (to >= 0) close(to);
}

Leftovers leftovers() {
	Leftovers l;
	l.kprobes = lines_of(contents("/sys/kernel/debug/kprobes/list")).size();
	l.programs = objects(BPF_PROG_GET_NEXT_ID);
	l.maps = objects(BPF_MAP_GET_NEXT_ID);
	l.links = objects(BPF_LINK_GET_NEXT_ID);
	return l;
}

namespace {

// What a process has mapped of BPF maps, in KiB. proc_pid_smaps(5): a line about the mapping, then its figures.
uint64_t mapped_of_maps(pid_t pid) {
	uint64_t kilobytes = 0;
	bool of_map = false;
	for (const std::string &line : lines_of(contents("/proc/" + std::to_string(pid) + "/smaps"))) {
		if (line.find("bpf-map") != std::string::npos)
			of_map = true;
		else if (line.starts_with("VmFlags:"))
			of_map = false;
		else if (of_map && line.starts_with("Rss:"))
			kilobytes += field_of(line, "Rss");
	}
	return kilobytes;
}

// What the maps that a process has open lock, in KiB.
uint64_t locked_by_maps(pid_t pid) {
	std::map<uint64_t, uint64_t> locked; // by the map's id
	for (const auto &entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fdinfo")) {
		const std::string about = contents(entry.path());
		if (const uint64_t id = field_of(about, "map_id")) locked[id] = field_of(about, "memlock");
	}
	EXPECT_FALSE(locked.empty());
	uint64_t bytes = 0;
	for (const auto &[id, of_map] : locked)
		bytes += of_map;
	return bytes / 1024;
}

} // namespace

std::string Process::field(const std::string &name) const {
	std::istringstream rest(status.substr(behind(status, name)));
	std::string value;
	rest >> value;
	return value;
}

std::vector<Process> children_of(pid_t pid) {
	std::vector<Process> all;
	for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
		const std::string name = entry.path().filename();
		if (name.find_first_not_of("0123456789") != std::string::npos) continue;
		Process one{std::stoi(name), contents(entry.path() / "status")};
		if (field_of(one.status, "PPid") == static_cast<uint64_t>(pid)) all.push_back(std::move(one));
	}
	return all;
}

std::vector<Process> workers_of(pid_t monitor) {
	std::vector<Process> workers = children_of(monitor);
	std::erase_if(workers, [](const Process &one) {
		return one.field("Name") != "nft-drops-rules" || one.field("State") == "Z";
	});
	return workers;
}

uint64_t memory_of(pid_t pid) {
	uint64_t kilobytes = memory_without_children(pid);
	for (const Process &child : children_of(pid)) {
		// The files of a test machine lie in memory (initramfs), and their pages are RssShmem there.
		kilobytes += field_of(child.status, "VmHWM") - field_of(child.status, "RssFile") -
		             field_of(child.status, "RssShmem");
	}
	return kilobytes;
}

uint64_t memory_without_children(pid_t pid) {
	const std::string status = contents("/proc/" + std::to_string(pid) + "/status");
	const uint64_t mapped = mapped_of_maps(pid);
	// Before Linux 6.4 a ring locks nothing by fdinfo. It is mapped twice.
	const uint64_t locked = std::max(locked_by_maps(pid), mapped / 2);
	// The kernel's sum lags behind: of these pages no more are taken off than the sum has.
	return field_of(status, "VmHWM") - std::min(mapped, field_of(status, "RssFile")) + locked;
}

std::vector<std::string> programs_alive() {
	std::vector<std::string> names;
	// The program of the tests, and what it forked.
	const std::string own = contents("/proc/self/comm");
	for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
		const std::string pid = entry.path().filename();
		if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
		// "PID (NAME) STATE ...": proc(5). A process that has gone meanwhile has nothing.
		const std::string stat = contents(entry.path() / "stat");
		const size_t open = stat.find('('), close = stat.rfind(") ");
		if (open == std::string::npos || close == std::string::npos || close + 2 >= stat.size()) continue;
		const std::string name = stat.substr(open + 1, close - open - 1);
		const bool tests = name + '\n' == own;
		const bool dead = stat[close + 2] == 'Z' || stat[close + 2] == 'X';
		if (name.starts_with("nft-drops") && !tests && !dead) names.push_back(name);
	}
	return names;
}

bool programs_end() {
	constexpr int kTenths = 300;
	for (int i = 0; i < kTenths; i++) {
		if (programs_alive().empty()) return true;
		std::this_thread::sleep_for(100ms);
	}
	return false;
}

bool become(const Leftovers &before) {
	constexpr auto kPatience = 60s;
	const auto begin = std::chrono::steady_clock::now();
	Leftovers now = leftovers();
	for (; !now.no_more_than(before); now = leftovers()) {
		if (std::chrono::steady_clock::now() - begin > kPatience) break;
		std::this_thread::sleep_for(10ms);
	}
	const auto took = std::chrono::steady_clock::now() - begin;
	if (took > 5s)
		fprintf(stderr,
		        "after %.1f s: %zu kprobes (%zu before), %zu programs (%zu), %zu maps (%zu), %zu links (%zu)\n",
		        std::chrono::duration<double>(took).count(), now.kprobes, before.kprobes, now.programs,
		        before.programs, now.maps, before.maps, now.links, before.links);
	return now.no_more_than(before);
}

} // namespace nft_drops::guest
