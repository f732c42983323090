// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/metrics/listed_rules.h"

#include "jit/base/descriptor.h"
#include "nft-ext/counts/list.h"
#include "nft-ext/counts/visitor.h"
#include "nft-ext/metrics/label.h"
#include "nft-ext/metrics/rule_words.h"
#include "nft-ext/ruleset/netlink/netlink.h"

#include <nftables/libnftables.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nft_drops {
namespace {

using jit::Descriptor;

constexpr const char *kWhat = "ruleset";
// 100,000 rules took more than a minute in a machine that is emulated and shares its processor.
constexpr unsigned kMostSeconds = 600;
constexpr size_t kSendAt = 1 << 16;
// The last record of the child: the generation that it listed, or an error.
constexpr char kLine = 'L', kEnd = 'E', kChanged = 'C', kFailed = 'F';

void put(std::string &out, std::string_view text) {
	const auto size = static_cast<uint32_t>(text.size());
	out.append(reinterpret_cast<const char *>(&size), sizeof(size));
	out += text;
}

template <typename T> void put_number(std::string &out, T number) {
	out.append(reinterpret_cast<const char *>(&number), sizeof(number));
}

// Takes what put() and put_number() wrote; once the bytes are too few, everything is empty and whole() is false.
class Taker {
public:
	explicit Taker(std::string_view bytes) : bytes_(bytes) {}
	template <typename T> T number() {
		T value{};
		const std::string_view raw = take(sizeof(T));
		if (raw.size() == sizeof(T)) memcpy(&value, raw.data(), sizeof(T));
		return value;
	}
	std::string_view text() { return take(number<uint32_t>()); }
	[[nodiscard]] bool whole() const { return whole_; }
	[[nodiscard]] bool at_end() const { return bytes_.empty(); }

private:
	std::string_view take(size_t size) {
		whole_ = whole_ && size <= bytes_.size();
		if (!whole_) return {};
		const std::string_view taken = bytes_.substr(0, size);
		bytes_.remove_prefix(size);
		return taken;
	}
	std::string_view bytes_;
	bool whole_ = true;
};

bool write_all(int fd, std::string_view bytes) {
	while (!bytes.empty()) {
		const ssize_t n = write(fd, bytes.data(), bytes.size());
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return false;
		bytes.remove_prefix(static_cast<size_t>(n));
	}
	return true;
}

// Sends each line, and asks the kernel for the handles that the listing does not tell, as a listing with counts does.
class Sender final : public ListingVisitor {
public:
	explicit Sender(int pipe) : pipe_(pipe) {}

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

	void end(char kind, uint32_t generation, std::string_view error) {
		out_ += kind;
		if (kind == kFailed)
			put(out_, error);
		else
			put_number(out_, generation);
		send();
	}

private:
	void send() {
		if (!write_all(pipe_, out_)) _exit(1);
		out_.clear();
	}
	int pipe_;
	std::string out_;
	DropCounts none_;
	CountsVisitor handles_{none_, false, nullptr};
};

[[noreturn]] void list_in_child(int pipe) {
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	std::signal(SIGALRM, SIG_DFL);
	alarm(kMostSeconds);
	Sender sender(pipe);
	const auto before = ruleset_generation();
	const ListRequest request{.command = "list ruleset",
	                          .flags = NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_TERSE,
	                          .zero = false,
	                          .sorted = false};
	const auto done = visit_listing(request, sender);
	const auto after = ruleset_generation();
	if (!before || !done || !after) {
		const Error &error = !before ? before.error() : !done ? done.error() : after.error();
		sender.end(kFailed, 0, error.message());
	} else {
		sender.end(*before == *after ? kEnd : kChanged, *after, {});
	}
	_exit(0);
}

// All that the child says; empty where it ended otherwise than it should.
std::string from_child() {
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0) return {};
	const Descriptor reader(ends[0]);
	std::string bytes;
	pid_t child = -1;
	{
		const Descriptor writer(ends[1]);
		child = fork();
		if (child == 0) list_in_child(writer.get());
	}
	if (child < 0) return {};
	char buffer[kSendAt];
	for (;;) {
		const ssize_t n = ::read(reader.get(), buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) break;
		bytes.append(buffer, static_cast<size_t>(n));
	}
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? bytes : std::string();
}

} // namespace

Result<uint32_t> ruleset_generation() {
	auto query = Query::open();
	if (!query) return std::unexpected(query.error());
	return query->generation();
}

void ListedRules::add(const ListedLine &line) {
	ListedChain chain{name_label(line.family), name_label(line.table), name_label(line.chain)};
	// A chain's lines follow each other.
	if (chains_.empty() || chains_.back() != chain) chains_.push_back(std::move(chain));
	rules_.push_back({.culprit = {line.table_handle, line.handle, line.policy},
	                  .chain = static_cast<uint32_t>(chains_.size() - 1),
	                  .may_drop = line.policy ? line.text.find(" policy drop;") != std::string_view::npos
	                                          : says_drop(line.text),
	                  .text = text_label(line.text),
	                  .comment = line.policy ? std::string() : text_label(comment_in(line.text))});
}

std::string ListedRules::pack(const ListedLine &line) {
	std::string out(1, kLine);
	for (const std::string_view text : {line.family, line.table, line.chain, line.text})
		put(out, text);
	put_number(out, line.table_handle);
	put_number(out, line.handle);
	put_number(out, static_cast<uint8_t>(line.policy));
	return out;
}

Result<ListedRules> ListedRules::unpack(std::string_view bytes) {
	constexpr const char *kTry = "try nft list ruleset";
	const auto broken = [] { return usage_error(kWhat, "nft could not list it to its end", kTry); };
	ListedRules listed;
	Taker taker(bytes);
	for (;;) {
		const char kind = taker.number<char>();
		if (kind == kFailed) return usage_error(kWhat, std::string(taker.text()), kTry);
		if (kind == kEnd || kind == kChanged) {
			const auto generation = taker.number<uint32_t>();
			if (kind == kEnd) listed.generation_ = generation;
			return taker.whole() && taker.at_end() ? Result<ListedRules>(std::move(listed)) : broken();
		}
		if (kind != kLine) return broken();
		ListedLine line;
		line.family = taker.text();
		line.table = taker.text();
		line.chain = taker.text();
		line.text = taker.text();
		line.table_handle = taker.number<uint64_t>();
		line.handle = taker.number<uint64_t>();
		line.policy = taker.number<uint8_t>() != 0;
		if (!taker.whole()) return broken();
		listed.add(line);
	}
}

Result<ListedRules> ListedRules::read() {
	constexpr int kAttempts = 3;
	for (int attempt = 1;; attempt++) {
		auto listed = unpack(from_child());
		if (!listed || listed->generation() || attempt == kAttempts) return listed;
	}
}

} // namespace nft_drops
