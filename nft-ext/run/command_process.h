// SPDX-License-Identifier: GPL-2.0-only
// CMD's process: as the shell would have started it, but that it waits in front of exec(2) until it is told to go.
#ifndef NFT_DROPS_NFT_EXT_RUN_COMMAND_PROCESS_H
#define NFT_DROPS_NFT_EXT_RUN_COMMAND_PROCESS_H

#include "jit/base/descriptor.h"
#include "jit/base/result.h"

#include <csignal>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace nft_drops::cli {

// What a shell's exit status says about a command (POSIX, section 2.8.2), and env(1)'s about itself.
inline constexpr int kOwnFailure = 125;
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;
// exec(2)'s error as an exit status.
int status_of_exec_error(int error);
// waitpid(2)'s status as an exit status: 128 and the signal's number where a signal ended the process.
int status_of_wait(int wait_status);

// Whose process CMD is to be: --user NAME.
struct RunUser {
	std::string name, home;
	uid_t user = 0;
	gid_t group = 0;
	std::vector<gid_t> groups;
};
// Fails where there is no such user. A number is a name, too.
Result<RunUser> find_user(const std::string &name);

// The dispositions that this process was started with, for CMD. To be made before others are set.
class GivenSignals {
public:
	GivenSignals();
	void restore() const;

private:
	struct Given {
		int number = 0;
		struct sigaction action{};
	};
	std::vector<Given> given_;
	sigset_t mask_{};
};

// errno of what execvp(3) would fail with, as far as the files tell; 0: it would start. Of the caller's PATH.
int look_for(const std::string &command);

class CommandProcess {
public:
	// Forks. The process has this process's standard files, process group and terminal.
	static Result<CommandProcess> start(const std::vector<std::string> &command, const std::optional<RunUser> &user,
	                                    const GivenSignals &signals);
	CommandProcess(CommandProcess &&other) noexcept;
	CommandProcess &operator=(CommandProcess &&) = delete;
	// A process that was never told to go ends.
	~CommandProcess();

	// Returns 0 once CMD is executed, else errno: then the process ends.
	int go();
	[[nodiscard]] pid_t pid() const { return pid_; }
	// For poll(2): readable once the process has ended.
	[[nodiscard]] int descriptor() const { return pidfd_; }
	// Waits for the end; an exit status.
	int wait();

private:
	CommandProcess(pid_t pid, int pidfd, int go, int error) : pid_(pid), pidfd_(pidfd), go_(go), error_(error) {}
	pid_t pid_;
	int pidfd_;
	int go_;    // written to: go
	int error_; // read: errno of exec(2), or nothing
};

} // namespace nft_drops::cli

#endif
