// SPDX-License-Identifier: GPL-2.0-only
// Programs started by tests, and what they leave behind in the kernel.
#ifndef NFT_DROPS_TESTS_GUEST_RUNNING_H
#define NFT_DROPS_TESTS_GUEST_RUNNING_H

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace nft_drops::guest {

struct Finished {
	int status = -1; // exit status; 128 + signal where it was killed
	std::string out;
	std::string err;
};

// The program under test: NFT_DROPS.
std::string nft_drops();

// A file's bytes; none where the file cannot be read. A process may end while its file in /proc is read.
std::string contents(const std::string &path);

// A program with its stdout and stderr kept in files.
class Running {
public:
	// `user`: runs as this user, without privileges; 0 is root.
	explicit Running(std::vector<std::string> command, uid_t user = 0);
	Running(const Running &) = delete;
	Running &operator=(const Running &) = delete;
	~Running(); // kills it

	// Waits until stderr or stdout has this text; false where the program ends or two minutes pass before:
	// several emulated machines may share a processor.
	bool wait_for(const std::string &text);
	// The same until stderr has this text so many times.
	bool wait_for_times(const std::string &text, size_t times);
	// Waits until stdout has so many lines that hold `text`; false where the program ends or a minute passes
	// before.
	bool wait_for_lines(size_t count, const std::string &text = "");
	Finished finish(int signal); // sends it and waits for the end
	bool ended_by(int signal);   // sends it; false where the program goes on for ten seconds
	Finished wait();             // waits for the end
	[[nodiscard]] std::string out() const;
	[[nodiscard]] std::string err() const;
	[[nodiscard]] pid_t pid() const { return pid_; }

private:
	[[nodiscard]] bool ended();
	std::string folder_;
	pid_t pid_ = -1;
	int status_ = -1;
	bool reaped_ = false;
};

// nft-drops monitor, ready. Fails the test (non-fatally) where it does not become ready.
class Monitor : public Running {
public:
	explicit Monitor(const std::vector<std::string> &options);
};

Finished run(std::vector<std::string> command);
// A shell command that must succeed, with each of its parts (sh -e); returns its stdout.
std::string shell(const std::string &command);

// Writes to a file below /sys/kernel/tracing. Fails the test (non-fatally) where the kernel does not take the text.
void write_tracing(const std::string &file, const std::string &text);

// Each line of text is one object.
std::vector<nlohmann::json> json_lines(const std::string &text);
std::vector<std::string> lines_of(const std::string &text);

// What a probe would leave behind: kprobes and BPF objects in the kernel.
struct Leftovers {
	size_t kprobes = 0;
	size_t programs = 0;
	size_t maps = 0;
	size_t links = 0;
	[[nodiscard]] bool no_more_than(const Leftovers &other) const {
		return kprobes <= other.kprobes && programs <= other.programs && maps <= other.maps &&
		       links <= other.links;
	}
};
Leftovers leftovers();
// The kernel takes some time to free what was detached: waits until there is no more of anything than before, for up to
// a minute (a kernel with PREEMPT_RT frees when nothing else is to do), and says how long it took if that was long.
// (Less, where "before" saw what an earlier test had just let go of.)
bool become(const Leftovers &before);

// A process as /proc tells of it.
struct Process {
	pid_t pid = 0;
	std::string status; // /proc/PID/status
	// Of a line "NAME: VALUE ..." of the status: the value up to a space. Empty if there is no such line.
	[[nodiscard]] std::string field(const std::string &name) const;
};
std::vector<Process> children_of(pid_t pid);
// A monitor's processes that read rulesets.
std::vector<Process> workers_of(pid_t monitor);

// The most memory that a process and its children have had, with what BPF maps that it has open lock now, in KiB. Pages
// of maps that the process has mapped, a ring's even twice, count once, and so do pages of files (the program's) that
// the children share with the process.
uint64_t memory_of(pid_t pid);
// The same of the process alone.
uint64_t memory_without_children(pid_t pid);

// Processes of the program under test that are running: their names. A process that has ended and that nobody has
// waited for does not count.
std::vector<std::string> programs_alive();
// Waits until there are none, for up to 30 seconds: who was killed takes some time to go, and so do its children, which
// notice the death.
bool programs_end();

} // namespace nft_drops::guest

#endif
