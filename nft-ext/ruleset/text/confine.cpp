// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/confine.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/nsfs.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace nft_drops {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "which AUDIT_ARCH_*?"
#endif

std::unexpected<Error> confine_error(const char *action) {
	return unsupported("confining the ruleset's reader", std::string(action) + ": " + strerror(errno));
}

// Joins the user namespace that owns the present network namespace, where that is another one than our own.
Result<void> join_owner() {
	const int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	const int owner = netns < 0 ? -1 : ioctl(netns, NS_GET_USERNS);
	if (netns >= 0) close(netns);
	// Owned by a user namespace above ours (ns_get_owner): then our own one is as near as we get.
	if (owner < 0 && errno == EPERM) return {};
	if (owner < 0) return confine_error("NS_GET_USERNS");
	struct stat theirs{};
	struct stat ours{};
	const bool same = fstat(owner, &theirs) == 0 && stat("/proc/self/ns/user", &ours) == 0 &&
	                  theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
	const bool joined = same || setns(owner, CLONE_NEWUSER) == 0;
	const int error = errno;
	close(owner);
	errno = error;
	if (!joined) return confine_error("joining the namespace's user namespace");
	return {};
}

// A seccomp filter: an allow list, written as classic BPF over struct seccomp_data.
class Filter {
public:
	Filter() {
		load(offsetof(seccomp_data, arch));
		add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
		add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
		load(offsetof(seccomp_data, nr));
	}
	void allow(uint32_t call) {
		add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
		add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	// Where none of `bits` is set in the argument's lower half (the kernel takes no more of these flags).
	void allow_without(uint32_t call, unsigned argument, uint32_t bits) {
		add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
		load(low_half(argument));
		add(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
		add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		add(BPF_RET | BPF_K, kRefuse);
	}
	// Where the argument is one of these.
	void allow_with(uint32_t call, unsigned argument, const std::vector<uint32_t> &values) {
		const auto count = static_cast<uint8_t>(values.size());
		add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, static_cast<uint8_t>(count + 3));
		load(low_half(argument));
		for (uint8_t i = 0; i < count; i++)
			add(BPF_JMP | BPF_JEQ | BPF_K, values[i], static_cast<uint8_t>(count - i), 0);
		add(BPF_RET | BPF_K, kRefuse);
		add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	bool install() {
		add(BPF_RET | BPF_K, kRefuse);
		const sock_fprog program{.len = static_cast<unsigned short>(code_.size()), .filter = code_.data()};
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
	}

private:
	static constexpr uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;

	static uint32_t low_half(unsigned argument) {
		static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
		return static_cast<uint32_t>(offsetof(seccomp_data, args) + argument * sizeof(uint64_t));
	}
	void load(size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
	void add(unsigned code, uint32_t k, uint8_t jump_true = 0, uint8_t jump_false = 0) {
		code_.push_back({static_cast<uint16_t>(code), jump_true, jump_false, k});
	}

	std::vector<sock_filter> code_;
};

constexpr auto kAllowed = std::to_array<uint32_t>({
        // What comes most often stands first. The parent and the kernel:
        __NR_recvfrom,
        __NR_sendto,
        __NR_recvmsg,
        __NR_sendmsg,
        __NR_ppoll,
        __NR_read,
        __NR_write,
        __NR_close,
        __NR_getsockopt,
        __NR_setsockopt,
        __NR_bind,
        __NR_getsockname,
        __NR_fcntl,
        __NR_lseek,
        __NR_pread64,
        __NR_writev,
        __NR_dup,
        // Memory:
        __NR_brk,
        __NR_munmap,
        __NR_mremap,
        __NR_madvise,
        __NR_futex,
        // Names: /etc/protocols, /etc/iproute2, /sys/fs/cgroup.
        __NR_fstat,
        __NR_newfstatat,
        __NR_statx,
        __NR_getdents64,
        __NR_faccessat,
        __NR_readlinkat,
        __NR_statfs,
        __NR_fstatfs,
        // Itself:
        __NR_exit,
        __NR_exit_group,
        __NR_rt_sigreturn,
        __NR_rt_sigaction,
        __NR_rt_sigprocmask,
        __NR_restart_syscall,
        __NR_getpid,
        __NR_gettid,
        __NR_getuid,
        __NR_geteuid,
        __NR_getgid,
        __NR_getegid,
        __NR_getppid,
        __NR_clock_gettime,
        __NR_clock_nanosleep,
        __NR_nanosleep,
        __NR_gettimeofday,
        __NR_getrandom,
        __NR_uname,
        __NR_sched_yield,
        __NR_sysinfo,
#if defined(__x86_64__)
        __NR_poll,
        __NR_stat,
        __NR_lstat,
        __NR_access,
        __NR_readlink,
        __NR_time,
#endif
});

} // namespace

Result<void> keep_only_net_admin(bool raw_sockets) {
	if (auto joined = join_owner(); !joined) return joined;
	uint64_t kept = uint64_t{1} << CAP_NET_ADMIN;
	if (raw_sockets) kept |= uint64_t{1} << CAP_NET_RAW;
	// The bounding set counts for programs that are executed, and none is: where CAP_SETPCAP is missing, it stays.
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		if ((kept >> capability & 1) == 0) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return confine_error("PR_SET_NO_NEW_PRIVS");
	__user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
	std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
	for (size_t i = 0; i < data.size(); i++)
		data[i].effective = data[i].permitted = static_cast<uint32_t>(kept >> 32 * i);
	if (syscall(SYS_capset, &header, data.data()) != 0) return confine_error("capset");
	// __ptrace_may_access() asks for CAP_SYS_PTRACE in the user namespace that the process's memory belongs to
	// then.
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return confine_error("PR_SET_DUMPABLE");
	return {};
}

void bound_memory(size_t bytes) {
	// RLIMIT_DATA counts private writable mappings (mm->data_vm), the sixth number of /proc/self/statm at most.
	size_t pages[6] = {};
	FILE *statm = fopen("/proc/self/statm", "re");
	if (statm == nullptr) return;
	const int read = fscanf(statm, "%zu %zu %zu %zu %zu %zu", &pages[0], &pages[1], &pages[2], &pages[3], &pages[4],
	                        &pages[5]);
	fclose(statm);
	if (read != 6) return;
	const rlim_t most = pages[5] * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + bytes;
	const rlimit limit{.rlim_cur = most, .rlim_max = most};
	setrlimit(RLIMIT_DATA, &limit);
}

Result<void> confine_system_calls(bool xtables) {
	// Has the C library load what /etc/nsswitch.conf names for protocols: no library can be loaded later.
	static_cast<void>(getprotobynumber(IPPROTO_TCP));
	static_cast<void>(getprotobynumber(255));
	Filter filter;
	for (const uint32_t call : kAllowed)
		filter.allow(call);
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
	// AddressSanitizer asks for the signal stack in front of each function that does not return.
	filter.allow(__NR_sigaltstack);
#endif
#endif
	constexpr uint32_t kWrites = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
	filter.allow_without(__NR_openat, 2, kWrites);
#if defined(__x86_64__)
	filter.allow_without(__NR_open, 1, kWrites);
#endif
	if (xtables) {
		filter.allow_with(__NR_socket, 0, {AF_NETLINK, AF_INET, AF_INET6});
		filter.allow(__NR_mmap);
		filter.allow(__NR_mprotect);
	} else {
		filter.allow_with(__NR_socket, 0, {AF_NETLINK});
		filter.allow_without(__NR_mmap, 2, PROT_EXEC);
		filter.allow_without(__NR_mprotect, 2, PROT_EXEC);
	}
	// abort() of this process, no other.
	filter.allow_with(__NR_tgkill, 0, {static_cast<uint32_t>(getpid())});
	if (!filter.install()) return confine_error("seccomp");
	return {};
}

} // namespace nft_drops
