// SPDX-License-Identifier: GPL-2.0-only
#include "emulated_process.h"

#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nft_drops::jit_test {

EmulatedProcess::EmulatedProcess(const char *program) {
	signal(SIGPIPE, SIG_IGN); // a program that is gone is told by write()
	int in[2];
	int out[2];
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return;
	pid_ = fork();
	if (pid_ == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
#ifndef __aarch64__
		execlp("qemu-aarch64-static", "qemu-aarch64-static", program, nullptr);
#else
		execl(program, program, nullptr);
#endif
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to_ = in[1];
	from_ = out[0];
}

EmulatedProcess::~EmulatedProcess() {
	close(to_);
	close(from_);
	if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

bool EmulatedProcess::send(const void *from, size_t bytes) {
	const auto *at = static_cast<const char *>(from);
	while (bytes) {
		const ssize_t n = write(to_, at, bytes);
		if (n <= 0) return false;
		at += n;
		bytes -= static_cast<size_t>(n);
	}
	return true;
}

bool EmulatedProcess::receive(void *to, size_t bytes) {
	auto *at = static_cast<char *>(to);
	while (bytes) {
		const ssize_t n = read(from_, at, bytes);
		if (n <= 0) return false;
		at += n;
		bytes -= static_cast<size_t>(n);
	}
	return true;
}

} // namespace nft_drops::jit_test
