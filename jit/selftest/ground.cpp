// SPDX-License-Identifier: GPL-2.0-only
#include "jit/selftest/ground.h"

#include "jit/base/time_namespace.h"

#include <netinet/in.h> // before the kernel's headers, which else define the same

#include <fmt/format.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>
#include <sched.h>
#include <type_traits>
#include <unistd.h>

namespace nft_drops::jit {
namespace {

constexpr const char *kWhat = "self-test";
constexpr int kPatienceMs = 30'000; // far beyond what any of it takes
constexpr size_t kMostTrials = 64;

// The child's first message.
struct Hello {
	bool ok = false;
	char why[160]{};
	char next[160]{};
	GroundFacts facts;
};
// Its answer to each request.
struct Report {
	bool ok = false;
	char why[160]{};
	Sent sent[kMostTrials];
};
static_assert(std::is_trivially_copyable_v<Hello> && std::is_trivially_copyable_v<Report>);

uint64_t now_ns() {
	timespec t{};
	clock_gettime(CLOCK_MONOTONIC, &t);
	static const auto offset = monotonic_offset();
	return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec) -
	       static_cast<uint64_t>(offset.count());
}

template <size_t N> void copy_text(char (&to)[N], const std::string &text) {
	strncpy(to, text.c_str(), N - 1);
}

// A namespace that is this process's own; without CAP_SYS_ADMIN, within a user namespace of its own.
Result<void> leave_network() {
	if (unshare(CLONE_NEWNET) == 0 || (errno == EPERM && unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)) return {};
	return unsupported(kWhat, fmt::format("no network namespace can be made: {}", strerror(errno)),
	                   "run it as root where unshare(2) is allowed, on a kernel with CONFIG_NET_NS");
}

Result<GroundFacts> settle() {
	if (auto left = leave_network(); !left) return std::unexpected(left.error());
	GroundFacts facts;
	struct stat s{};
	if (stat("/proc/self/ns/net", &s) != 0)
		return unsupported(kWhat, fmt::format("/proc/self/ns/net: {}", strerror(errno)), "mount /proc");
	facts.netns = static_cast<uint32_t>(s.st_ino);

	const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	constexpr int kNetnsCookie = 71; // SO_NETNS_COOKIE, which older headers do not have
	socklen_t size = sizeof(facts.cookie);
	if (getsockopt(control, SOL_SOCKET, kNetnsCookie, &facts.cookie, &size) != 0) facts.cookie = 0;
	ifreq r{};
	strncpy(r.ifr_name, "lo", sizeof(r.ifr_name) - 1);
	r.ifr_flags = IFF_UP;
	const bool up = ioctl(control, SIOCSIFFLAGS, &r) == 0 && ioctl(control, SIOCGIFINDEX, &r) == 0;
	const int error = errno;
	close(control);
	if (!up) return unsupported(kWhat, fmt::format("no loopback device: {}", strerror(error)));
	facts.loopback = static_cast<uint32_t>(r.ifr_ifindex);

	auto handles = load_trial_ruleset();
	if (!handles) return std::unexpected(handles.error());
	facts.handles = *handles;
	return facts;
}

// A UDP socket of its own port; -1 where there is no such address family.
int udp_socket(int family, uint16_t port) {
	const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) return -1;
	sockaddr_in6 six{.sin6_family = AF_INET6,
	                 .sin6_port = htons(port),
	                 .sin6_flowinfo = 0,
	                 .sin6_addr = in6addr_loopback,
	                 .sin6_scope_id = 0};
	sockaddr_in four{
	        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
	const bool ok = family == AF_INET6 ? bind(fd, reinterpret_cast<sockaddr *>(&six), sizeof(six)) == 0
	                                   : bind(fd, reinterpret_cast<sockaddr *>(&four), sizeof(four)) == 0;
	if (ok) return fd;
	close(fd);
	return -1;
}

// A socket that sends frames over lo. -1 where there is none, or where one would load a module.
int frame_socket() {
	if (access("/proc/net/packet", F_OK) != 0) return -1;
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

class Sender {
public:
	explicit Sender(const GroundFacts &facts) : facts_(facts) {
		// On one processor all packets that wait for their way in do so in one line.
		cpu_set_t here;
		CPU_ZERO(&here);
		const int cpu = sched_getcpu();
		if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(cpu, &here);
		sched_setaffinity(0, sizeof(here), &here);
	}

	void send_all(Report &report) {
		for (size_t i = 0; i < trials().size(); i++)
			report.sent[i] = send(trials()[i]);
		report.ok = fence_passed();
		if (!report.ok) copy_text(report.why, "a packet that no rule drops did not arrive");
		const uint64_t end = now_ns();
		for (Sent &s : report.sent)
			s.after = end;
	}

private:
	[[nodiscard]] Sent send(const Trial &trial) const {
		const int fd = trial.arp ? frames_ : trial.ip6 ? six_ : four_;
		if (fd < 0 || facts_.handles.table[trial.table] == 0) return {.error = Sent::kLeftOut};
		uint8_t payload[ND_L3_BYTES * 2];
		for (size_t i = 0; i < trial.payload; i++)
			payload[i] = payload_byte(trial.port, i);
		Sent sent{.before = now_ns()};
		if (trial.arp) {
			if (send_arp() < 0) sent.error = errno;
			return sent;
		}
		if (send_to(fd, trial.ip6, trial.port, payload, trial.payload) < 0) sent.error = errno;
		return sent;
	}

	static ssize_t send_to(int fd, bool ip6, uint16_t port, const uint8_t *payload, size_t size) {
		sockaddr_in6 six{.sin6_family = AF_INET6,
		                 .sin6_port = htons(port),
		                 .sin6_flowinfo = 0,
		                 .sin6_addr = in6addr_loopback,
		                 .sin6_scope_id = 0};
		sockaddr_in four{.sin_family = AF_INET,
		                 .sin_port = htons(port),
		                 .sin_addr = {htonl(INADDR_LOOPBACK)},
		                 .sin_zero = {}};
		return ip6 ? sendto(fd, payload, size, 0, reinterpret_cast<sockaddr *>(&six), sizeof(six))
		           : sendto(fd, payload, size, 0, reinterpret_cast<sockaddr *>(&four), sizeof(four));
	}

	[[nodiscard]] ssize_t send_arp() const {
		uint8_t frame[sizeof(ether_header) + kArpRequest.size()]{};
		const ether_header link{.ether_dhost = {}, .ether_shost = {}, .ether_type = htons(ETHERTYPE_ARP)};
		memcpy(frame, &link, sizeof(link));
		memcpy(frame + sizeof(link), kArpRequest.data(), kArpRequest.size());
		sockaddr_ll to{};
		to.sll_family = AF_PACKET;
		to.sll_protocol = htons(ETHERTYPE_ARP);
		to.sll_ifindex = static_cast<int>(facts_.loopback);
		return sendto(frames_, frame, sizeof(frame), 0, reinterpret_cast<sockaddr *>(&to), sizeof(to));
	}

	// The queue on the way in has room for net.core.netdev_max_backlog packets. A flood may have taken that, and
	// the fence is lost: it is sent again until one of this round arrives, behind everything that was sent before.
	[[nodiscard]] bool fence_passed() {
		constexpr int kAgainMs = 50;
		const uint8_t round = ++round_;
		for (int waited = 0; waited < kPatienceMs / 2; waited += kAgainMs) {
			if (send_to(four_, false, kFencePort, &round, sizeof(round)) != sizeof(round)) return false;
			pollfd waiting{.fd = fence_, .events = POLLIN, .revents = 0};
			poll(&waiting, 1, kAgainMs);
			for (uint8_t received = 0; recv(fence_, &received, sizeof(received), MSG_DONTWAIT) > 0;)
				if (received == round) return true;
		}
		return false;
	}

	const GroundFacts &facts_;
	uint8_t round_ = 0;
	int four_ = udp_socket(AF_INET, kSourcePort);
	int six_ = udp_socket(AF_INET6, kSourcePort);
	int fence_ = udp_socket(AF_INET, kFencePort);
	int frames_ = frame_socket();
};

[[noreturn]] void live(int socket, pid_t parent) {
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) _exit(1); // it died before that call
	prctl(PR_SET_NAME, "nft-drops-test");
	// Ctrl-C goes to the whole process group: it is the parent that ends this process.
	for (const int ignored : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT})
		signal(ignored, SIG_IGN);
	Hello hello;
	if (auto facts = settle()) {
		hello.ok = true;
		hello.facts = *facts;
	} else {
		copy_text(hello.why, facts.error().why);
		copy_text(hello.next, facts.error().next);
	}
	if (send(socket, &hello, sizeof(hello), 0) != sizeof(hello) || !hello.ok) _exit(1);
	Sender sender(hello.facts);
	for (char request = 0; recv(socket, &request, sizeof(request), 0) == sizeof(request);) {
		Report report;
		sender.send_all(report);
		if (send(socket, &report, sizeof(report), 0) != sizeof(report)) break;
	}
	_exit(0);
}

template <typename T> std::optional<T> receive(int socket) {
	pollfd waiting{.fd = socket, .events = POLLIN, .revents = 0};
	T message;
	int n = 0;
	do
		n = poll(&waiting, 1, kPatienceMs);
	while (n < 0 && errno == EINTR);
	if (n != 1 || recv(socket, &message, sizeof(message), 0) != sizeof(message)) return std::nullopt;
	return message;
}

std::unexpected<Error> no_answer() {
	return usage_error(kWhat, "its process does not answer", "start nft-drops again");
}

} // namespace

Result<std::unique_ptr<Ground>> Ground::start() {
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return usage_error(kWhat, fmt::format("socketpair: {}", strerror(errno)));
	const pid_t parent = getpid();
	const pid_t child = fork();
	if (child == 0) {
		close(pair[0]);
		live(pair[1], parent);
	}
	const int error = errno;
	close(pair[1]);
	if (child > 0) return std::unique_ptr<Ground>(new Ground(pair[0], child));
	close(pair[0]);
	return usage_error(kWhat, fmt::format("fork: {}", strerror(error)));
}

Ground::~Ground() {
	close(socket_);
	kill(child_, SIGKILL);
	while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
	}
}

Result<GroundFacts> Ground::facts() {
	const auto hello = receive<Hello>(socket_);
	if (!hello) return no_answer();
	if (!hello->ok) return unsupported(kWhat, hello->why, hello->next);
	return hello->facts;
}

Result<std::vector<Sent>> Ground::send_all() {
	static_assert(kMostTrials >= 32);
	const char request = 's';
	if (send(socket_, &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request)) return no_answer();
	const auto report = receive<Report>(socket_);
	if (!report) return no_answer();
	if (!report->ok) return unsupported(kWhat, report->why);
	return std::vector<Sent>(report->sent, report->sent + trials().size());
}

} // namespace nft_drops::jit
