// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/metrics/listing_worker.h"

#include "nft-ext/counts/list.h"
#include "nft-ext/counts/visitor.h"
#include "nft-ext/ruleset/netlink/netlink.h"
#include "nft-ext/ruleset/netlink/references.h"
#include "nft-ext/ruleset/text/worker_process.h"

#include <linux/netfilter/nf_tables.h>
#include <nftables/libnftables.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nft_drops {
namespace {

using jit::Descriptor;

constexpr const char *kWhat = "ruleset";
constexpr const char *kTry = "try nft list ruleset";
constexpr size_t kSendAt = 1 << 16;

void send_to_parent(std::string_view bytes) {
	while (!bytes.empty()) {
		const ssize_t n = write(kWorkerDescriptor, bytes.data(), bytes.size());
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) _exit(1);
		bytes.remove_prefix(static_cast<size_t>(n));
	}
}

// Sends each line, and asks the kernel for the handles that the listing does not tell, as a listing with counts does.
class Sender final : public ListingVisitor {
public:
	std::string comment(const ListedLine &line) override {
		out_ += ListedRules::pack(line);
		if (out_.size() > kSendAt) send();
		return {};
	}
	uint64_t table_handle(std::string_view family, std::string_view table) override {
		return handles_.table_handle(family, table);
	}
	std::optional<std::vector<uint64_t>> inner_rules(const ListedLine &rule) override {
		return handles_.inner_rules(rule);
	}
	void send() {
		send_to_parent(out_);
		out_.clear();
	}

private:
	std::string out_;
	DropCounts none_;
	CountsVisitor handles_{none_, false, nullptr};
};

Result<bool> has_xtables(Query &query) {
	bool found = false;
	Requests request;
	request.dump(NFT_MSG_GETRULE);
	// Where the ruleset changes meanwhile, the listing is made once more.
	const auto done = query.ask(std::move(request), [&found](const nlmsghdr *message) {
		found = found || references_of_rule(message).xtables;
	});
	if (!done) return std::unexpected(done.error());
	return found;
}

// Returns the listing's last record.
Result<std::string> list_in_child(const ListingOptions &options, pid_t parent) {
	if (options.most_bytes) {
		const rlimit most{.rlim_cur = *options.most_bytes, .rlim_max = *options.most_bytes};
		setrlimit(RLIMIT_FSIZE, &most);
	}
	alarm(static_cast<unsigned>(options.lifetime.count()));
	const auto confined = confine_worker(
	        {.xtables = options.xtables, .background = options.background, .most_memory = options.most_memory},
	        parent);
	if (!confined) return std::unexpected(confined.error());
	auto query = Query::open();
	if (!query) return std::unexpected(query.error());
	const auto before = query->generation();
	if (!before) return std::unexpected(before.error());
	if (!options.xtables) {
		const auto found = has_xtables(*query);
		if (!found) return std::unexpected(found.error());
		if (*found) _exit(kNeedsXtables);
	}
	Sender sender;
	const ListRequest request{.command = "list ruleset",
	                          .flags = NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_TERSE,
	                          .zero = false,
	                          .sorted = false};
	if (auto listed = visit_listing(request, sender); !listed) return std::unexpected(listed.error());
	sender.send();
	const auto after = query->generation();
	if (!after) return std::unexpected(after.error());
	return ListedRules::pack_end(*after, *before != *after);
}

[[noreturn]] void run_child(int memory, const ListingOptions &options, pid_t parent) {
	const auto begun = begin_worker(memory, options.netns, parent);
	try {
		const auto last = begun ? list_in_child(options, parent) : std::unexpected(begun.error());
		send_to_parent(last ? *last : ListedRules::pack_error(last.error().message()));
	} catch (const std::exception &) {
		_exit(1);
	}
	// Not exit(): what the parent has not written yet is the parent's to write.
	_exit(0);
}

} // namespace

Result<std::unique_ptr<ListingWorker>> ListingWorker::start(const ListingOptions &options) {
	const auto failed = [](const char *call) {
		return usage_error("reading the ruleset", std::string(call) + ": " + strerror(errno));
	};
	collect_ended_workers();
	Descriptor memory(memfd_create(kWorkerName, MFD_CLOEXEC));
	if (memory.get() < 0) return failed("memfd_create");
	const pid_t parent = getpid();
	const pid_t child = fork();
	if (child < 0) return failed("fork");
	if (child == 0) run_child(memory.get(), options, parent);
	Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
	if (process.get() < 0) {
		const auto error = failed("pidfd_open");
		end_worker(child);
		return error;
	}
	return std::unique_ptr<ListingWorker>(new ListingWorker(child, std::move(process), std::move(memory)));
}

ListingWorker::~ListingWorker() {
	if (pid_ > 0) end_worker(pid_);
}

Result<ListedRules> ListingWorker::result() {
	int status = 0;
	while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
	}
	pid_ = -1;
	needs_xtables_ = WIFEXITED(status) && WEXITSTATUS(status) == kNeedsXtables;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ)
		return usage_error(kWhat, "it is larger than nft-drops keeps");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return usage_error(kWhat, "nft takes too long to list it", kTry);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return usage_error(kWhat, "nft could not list it to its end", kTry);
	struct stat s{};
	std::string bytes(fstat(memory_.get(), &s) == 0 ? static_cast<size_t>(s.st_size) : 0, '\0');
	bytes_ = bytes.size();
	for (size_t at = 0; at < bytes.size();) {
		const ssize_t n = pread(memory_.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
		if (n <= 0) return usage_error(kWhat, "what nft listed cannot be read");
		at += static_cast<size_t>(n);
	}
	return ListedRules::unpack(bytes);
}

} // namespace nft_drops
