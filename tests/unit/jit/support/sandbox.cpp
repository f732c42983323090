// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox.h"

#include <csignal>
#include <cstddef>
#include <cstring>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <type_traits>
#include <unistd.h>

namespace nft_drops::jit_test {
namespace {

constexpr int kNoSandboxStatus = 77;
constexpr suseconds_t kMicroseconds = 500'000; // of processor time: a hundred times what is needed

bool confine() {
	constexpr auto allow = [](unsigned number) {
		return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
	};
	constexpr sock_filter yes = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	sock_filter filter[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
	        allow(SYS_write),
	        yes,
	        allow(SYS_exit_group),
	        yes,
	        allow(SYS_rt_sigreturn),
	        yes,
	        allow(SYS_rt_sigaction),
	        yes,
	        allow(SYS_mmap),
	        yes,
	        allow(SYS_munmap),
	        yes,
	        allow(SYS_mprotect),
	        yes,
	        allow(SYS_brk),
	        yes,
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const sock_fprog program{.len = static_cast<unsigned short>(std::size(filter)), .filter = filter};
	const itimerval time{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = kMicroseconds}};
	const rlimit none{.rlim_cur = 0, .rlim_max = 0};
	const rlimit memory{.rlim_cur = rlim_t{4} << 30, .rlim_max = rlim_t{4} << 30};
	return setitimer(ITIMER_PROF, &time, nullptr) == 0 && setrlimit(RLIMIT_CORE, &none) == 0 &&
	       setrlimit(RLIMIT_AS, &memory) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

struct Counts {
	int rulesets, by_rule, by_policy, by_jump_limit, not_dropped, foreign, wrong, inconsistent;
};

[[noreturn]] void child(int pipe, const Fixture &f, const jit::Image &changed, const jit::Plan &plan, unsigned seed,
                        int rulesets) {
	for (const jit::CodeRange &r : changed.ranges) {
		const uint64_t at = to_native(r.address);
		make_writable(at, r.bytes.size());
		memcpy(native_bytes(at), r.bytes.data(), r.bytes.size());
	}
	if (!confine()) _exit(kNoSandboxStatus);
	const Proof p = prove(f, plan, seed, rulesets);
	const Counts counts{p.rulesets,    p.by_rule, p.by_policy, p.by_jump_limit,
	                    p.not_dropped, p.foreign, p.wrong,     p.inconsistent};
	_exit(write(pipe, &counts, sizeof(counts)) == sizeof(counts) ? 0 : 1);
}

} // namespace

SandboxResult prove_in_sandbox(const Fixture &f, const jit::Image &changed, const jit::Plan &plan, unsigned seed,
                               int rulesets) {
	SandboxResult result;
	int ends[2];
	if (pipe(ends) != 0) return result;
	const pid_t pid = fork();
	if (pid == 0) child(ends[1], f, changed, plan, seed, rulesets);
	close(ends[1]);
	Counts c{};
	const bool told = pid > 0 && read(ends[0], &c, sizeof(c)) == sizeof(c);
	close(ends[0]);
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid) return result;
	if (WIFEXITED(status) && WEXITSTATUS(status) == kNoSandboxStatus) result.end = SandboxResult::End::kNoSandbox;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF) result.end = SandboxResult::End::kEndless;
	if (!told || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return result;
	result.end = SandboxResult::End::kProof;
	Proof &p = result.proof;
	p.rulesets = c.rulesets;
	p.by_rule = c.by_rule;
	p.by_policy = c.by_policy;
	p.by_jump_limit = c.by_jump_limit;
	p.not_dropped = c.not_dropped;
	p.foreign = c.foreign;
	p.wrong = c.wrong;
	p.inconsistent = c.inconsistent;
	return result;
}

} // namespace nft_drops::jit_test
