// SPDX-License-Identifier: GPL-2.0-only
#include "tests/nft/run.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <regex>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace nft_drops::tests {
namespace {

int status_of(pid_t child) {
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string all_of(int file) {
	std::string text;
	std::array<char, 65536> part{};
	for (off_t at = 0;;) {
		const ssize_t n = pread(file, part.data(), part.size(), at);
		if (n <= 0) return text;
		text.append(part.data(), static_cast<size_t>(n));
		at += n;
	}
}

int file_of(const std::string &text) {
	const int file = memfd_create("stream", 0);
	if (write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) _exit(99);
	lseek(file, 0, SEEK_SET);
	return file;
}

[[noreturn]] void become(const std::string &program, const Words &arguments) {
	std::vector<std::string> words = arguments;
	words.insert(words.begin(), "nft");
	std::vector<char *> argv;
	for (std::string &w : words)
		argv.push_back(w.data());
	argv.push_back(nullptr);
	// One history file and one language for all.
	std::array<char *, 5> environment = {const_cast<char *>("HOME=/nonexistent"), const_cast<char *>("LANG=C"),
	                                     const_cast<char *>("PATH=/usr/sbin:/usr/bin:/sbin:/bin"),
	                                     const_cast<char *>("TERM=dumb"), nullptr};
	execve(program.c_str(), argv.data(), environment.data());
	_exit(98);
}

// The line editor reads the keys: before, the terminal itself would echo them.
bool edits(int master) {
	termios modes{};
	return tcgetattr(master, &modes) == 0 && !(modes.c_lflag & ICANON);
}

// Types the lines, each once a prompt ("> " or ". " at the end of what was printed) is there, then end of file.
Outcome at_terminal(const std::string &program, const Job &job) {
	int master = -1;
	const winsize size{.ws_row = 24, .ws_col = 200, .ws_xpixel = 0, .ws_ypixel = 0};
	const pid_t child = forkpty(&master, nullptr, nullptr, &size);
	if (child == 0) become(program, job.arguments);
	Outcome outcome;
	std::string rest = job.input;
	size_t seen = 0; // what was printed up to the last line typed
	std::array<char, 4096> part{};
	for (int idle = 0; idle < 6000;) {
		pollfd fd{master, POLLIN, 0};
		if (poll(&fd, 1, 10) > 0) {
			const ssize_t n = read(master, part.data(), part.size());
			if (n <= 0) break;
			outcome.out.append(part.data(), static_cast<size_t>(n));
			continue;
		}
		idle++;
		const std::string fresh = outcome.out.substr(seen);
		if ((!fresh.ends_with("nft> ") && !fresh.ends_with(".... ")) || !edits(master)) continue;
		const std::string line = rest.empty() ? "\x04" : rest.substr(0, rest.find('\n') + 1);
		rest.erase(0, line.size());
		seen = outcome.out.size();
		if (write(master, line.data(), line.size()) < 0) break;
	}
	close(master);
	outcome.status = status_of(child);
	return outcome;
}

} // namespace

std::ostream &operator<<(std::ostream &to, const Outcome &o) {
	return to << "status " << o.status << "\n--- stdout\n" << o.out << "--- stderr\n" << o.err << "---\n";
}

std::ostream &operator<<(std::ostream &to, const Pair &p) {
	return to << p.run << "then the ruleset: " << p.ruleset;
}

Outcome execute(const std::string &program, const Job &job) {
	if (job.terminal) return at_terminal(program, job);
	const std::array<int, 3> streams = {file_of(job.input), memfd_create("out", 0), memfd_create("err", 0)};
	const pid_t child = fork();
	if (child == 0) {
		for (int i = 0; i < 3; i++)
			dup2(streams[static_cast<size_t>(i)], i);
		for (int s : streams)
			close(s);
		become(program, job.arguments);
	}
	Outcome outcome;
	outcome.status = status_of(child);
	outcome.out = all_of(streams[1]);
	outcome.err = all_of(streams[2]);
	for (int s : streams)
		close(s);
	return outcome;
}

std::optional<int> in_namespace(const std::function<int()> &what) {
	constexpr int kNotHere = 97;
	const pid_t child = fork();
	if (child == 0) {
		const bool root = geteuid() == 0;
		if (unshare(root ? CLONE_NEWNET : CLONE_NEWNET | CLONE_NEWUSER) != 0) _exit(kNotHere);
		if (execute(nft(), {.arguments = {"list", "chains"}}).status != 0) _exit(kNotHere);
		_exit(what());
	}
	const int status = status_of(child);
	return status == kNotHere ? std::nullopt : std::optional(status);
}

Pair run_in_namespace(const std::string &program, const Job &job) {
	// Six texts come back through files that parent and child share.
	std::array<int, 5> files{};
	for (int &f : files)
		f = memfd_create("result", 0);
	const auto put = [](int file, const std::string &text) {
		return write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
	};
	const auto status = in_namespace([&] {
		if (!job.ruleset.empty()) {
			const auto load = execute(nft(), {.arguments = {"-f", "-"}, .input = job.ruleset});
			if (load.status != 0) return 1;
		}
		const Outcome run = execute(program, job);
		const Outcome list = execute(nft(), {.arguments = {"-a", "list", "ruleset"}});
		const bool ok = put(files[0], run.out) && put(files[1], run.err) && put(files[2], list.out) &&
		                put(files[3], list.err) && put(files[4], std::to_string(run.status));
		return ok ? 0 : 1;
	});
	Pair pair;
	if (status == 0) {
		// nft -e tells its process's number and name.
		static const std::regex process(R"(by process [0-9]+ \(nft(-drops)?\))");
		pair.run = {std::regex_replace(all_of(files[0]), process, "by process N (nft)"), all_of(files[1]),
		            std::stoi(all_of(files[4]))};
		pair.ruleset = {all_of(files[2]), all_of(files[3]), 0};
	}
	for (int f : files)
		close(f);
	return pair;
}

std::string nft() {
	return "/usr/sbin/nft";
}

std::string nft_drops() {
	const char *path = getenv("NFT_DROPS"); // NOLINT(concurrency-mt-unsafe): one thread
	return path ? path : "";
}

} // namespace nft_drops::tests
