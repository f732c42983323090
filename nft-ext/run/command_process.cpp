// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/run/command_process.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace nft_drops::cli {
namespace {

// Those that nft-drops handles or ignores.
constexpr int kChanged[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE};

// errno, or 0.
int become(const RunUser &user) {
	if (setgroups(user.groups.size(), user.groups.data()) != 0 || setgid(user.group) != 0 || setuid(user.user) != 0)
		return errno;
	setenv("HOME", user.home.c_str(), 1);
	setenv("USER", user.name.c_str(), 1);
	setenv("LOGNAME", user.name.c_str(), 1);
	return 0;
}

// errno where this file cannot be executed; 0: it can.
int check_file(const std::string &path) {
	struct stat status{};
	if (stat(path.c_str(), &status) != 0) return errno;
	if (S_ISDIR(status.st_mode)) return EACCES;
	return access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

} // namespace

int status_of_exec_error(int error) {
	return error == ENOENT || error == ENOTDIR ? kNotFound : kNotExecutable;
}

int status_of_wait(int wait_status) {
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

Result<RunUser> find_user(const std::string &name) {
	errno = 0;
	const passwd *entry = getpwnam(name.c_str());
	if (!entry && !name.empty() && name.find_first_not_of("0123456789") == std::string::npos && name.size() < 10)
		entry = getpwuid(static_cast<uid_t>(std::stoul(name)));
	if (!entry)
		return usage_error("--user " + name, errno ? strerror(errno) : "there is no such user",
		                   "give a name that getent passwd shows");
	RunUser user{.name = entry->pw_name,
	             .home = entry->pw_dir,
	             .user = entry->pw_uid,
	             .group = entry->pw_gid,
	             .groups = {}};
	int count = 0;
	getgrouplist(user.name.c_str(), user.group, nullptr, &count);
	user.groups.resize(static_cast<size_t>(std::max(count, 1)));
	count = static_cast<int>(user.groups.size());
	if (getgrouplist(user.name.c_str(), user.group, user.groups.data(), &count) < 0) user.groups = {user.group};
	return user;
}

GivenSignals::GivenSignals() {
	for (const int number : kChanged) {
		Given given{.number = number, .action = {}};
		if (sigaction(number, nullptr, &given.action) == 0) given_.push_back(given);
	}
	sigprocmask(SIG_SETMASK, nullptr, &mask_);
}

void GivenSignals::restore() const {
	for (const Given &given : given_)
		sigaction(given.number, &given.action, nullptr);
	sigprocmask(SIG_SETMASK, &mask_, nullptr);
}

int look_for(const std::string &command) {
	if (command.empty()) return ENOENT;
	if (command.find('/') != std::string::npos) return check_file(command);
	const char *path = getenv("PATH");
	std::string_view rest = path ? path : "/bin:/usr/bin"; // as execvp(3)
	int error = ENOENT;
	for (bool more = true; more;) {
		const size_t end = rest.find(':');
		more = end != std::string_view::npos;
		std::string folder(rest.substr(0, end));
		if (more) rest.remove_prefix(end + 1);
		const int why = check_file((folder.empty() ? "." : folder) + "/" + command);
		if (why == 0) return 0;
		if (why == EACCES) error = EACCES;
	}
	return error;
}

Result<CommandProcess> CommandProcess::start(const std::vector<std::string> &command,
                                             const std::optional<RunUser> &user, const GivenSignals &signals) {
	int go[2], error[2];
	if (pipe2(go, O_CLOEXEC) != 0) return usage_error(command.front(), strerror(errno));
	if (pipe2(error, O_CLOEXEC) != 0) {
		close(go[0]);
		close(go[1]);
		return usage_error(command.front(), strerror(errno));
	}
	std::vector<char *> argv;
	for (const std::string &word : command)
		argv.push_back(const_cast<char *>(word.c_str()));
	argv.push_back(nullptr);
	const pid_t pid = fork();
	if (pid == 0) {
		close(go[1]);
		close(error[0]);
		signals.restore();
		char byte = 0;
		// nft-drops is gone, or has changed its mind.
		if (read(go[0], &byte, 1) != 1) _exit(kOwnFailure);
		int why = user ? become(*user) : 0;
		if (why == 0) {
			execvp(argv[0], argv.data());
			why = errno;
		}
		static_cast<void>(!write(error[1], &why, sizeof(why)));
		_exit(status_of_exec_error(why));
	}
	close(go[0]);
	close(error[1]);
	const int pidfd = pid < 0 ? -1 : static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
	CommandProcess process(pid, pidfd, go[1], error[0]);
	if (pid < 0 || pidfd < 0) return usage_error(command.front(), strerror(errno));
	return process;
}

CommandProcess::CommandProcess(CommandProcess &&other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::exchange(other.pidfd_, -1)), go_(std::exchange(other.go_, -1)),
      error_(std::exchange(other.error_, -1)) {
}

CommandProcess::~CommandProcess() {
	const bool waiting = go_ >= 0;
	for (const int fd : {go_, error_, pidfd_})
		if (fd >= 0) close(fd);
	if (waiting && pid_ > 0) waitpid(pid_, nullptr, 0);
}

int CommandProcess::go() {
	const char byte = 1;
	static_cast<void>(!write(go_, &byte, 1));
	close(std::exchange(go_, -1));
	int error = 0;
	ssize_t n = 0;
	while ((n = read(error_, &error, sizeof(error))) < 0 && errno == EINTR) {
	}
	return n == sizeof(error) ? error : 0;
}

int CommandProcess::wait() {
	int status = 0;
	while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
	}
	return status_of_wait(status);
}

} // namespace nft_drops::cli
