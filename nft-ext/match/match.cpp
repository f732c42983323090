// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/match/match.h"

#include "jit/base/bytes.h"
#include "jit/base/table_family.h"
#include "nft-ext/match/scratch.h"
#include "nft-ext/match/words.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

namespace nft_drops {
namespace {

using Read = std::expected<Match, MatchError>;

std::unexpected<MatchError> refused(std::string text) {
	return std::unexpected(MatchError{std::move(text), {}});
}

// In the child process.
Read read_here(const std::string &words, int netns) {
	auto scratch = Scratch::make(netns);
	if (!scratch) return std::unexpected(MatchError{{}, scratch.error()});
	Match match;
	std::string first_message;
	for (const uint8_t family : kTriedFamilies) {
		std::string message;
		if (!(*scratch)->add_rule(family, words, message)) {
			if (first_message.empty()) first_message = std::move(message);
			match.without.emplace_back(family_name(family));
			continue;
		}
		auto program = (*scratch)->read_rule(family, words);
		if (!program) return refused(in_nfts_form(words, program.error()));
		match.families.push_back({family, std::move(*program)});
	}
	if (match.families.empty()) return refused(first_message);
	return match;
}

// What the child process found out, and back.
std::string pack(const Read &read) {
	jit::ByteWriter w;
	w.put(read.has_value());
	if (read) {
		w.put(jit::Filter{read->families, {}}.bytes());
		w.put(read->without);
		return w.bytes();
	}
	const auto &[text, error] = read.error();
	w.put(text);
	w.put(error.what);
	w.put(error.why);
	w.put(error.next);
	w.put(error.blame);
	return w.bytes();
}

Read unpack(const std::string &bytes) {
	jit::ByteReader r({bytes.data(), bytes.size()});
	bool good = false;
	r.get(good);
	if (good) {
		Match match;
		jit::Filter filter;
		std::string packed;
		r.get(packed);
		r.get(match.without);
		if (r.at_end() && filter.read(packed)) {
			match.families = std::move(filter.match);
			return match;
		}
	} else {
		MatchError e;
		r.get(e.text);
		r.get(e.error.what);
		r.get(e.error.why);
		r.get(e.error.next);
		r.get(e.error.blame);
		if (r.at_end()) return std::unexpected(std::move(e));
	}
	return std::unexpected(MatchError{{}, {"MATCH", "libnftables ended while it read it", "see nft(8)"}});
}

void write_all(int to, const std::string &bytes) {
	for (size_t done = 0; done < bytes.size();) {
		const ssize_t n = write(to, bytes.data() + done, bytes.size() - done);
		if (n < 0 && errno != EINTR) return;
		if (n > 0) done += static_cast<size_t>(n);
	}
}

std::string read_all(int from) {
	std::string bytes;
	std::array<char, 4096> part{};
	for (;;) {
		const ssize_t n = read(from, part.data(), part.size());
		if (n > 0) bytes.append(part.data(), static_cast<size_t>(n));
		if (n == 0 || (n < 0 && errno != EINTR)) return bytes;
	}
}

} // namespace

std::string join_words(const std::vector<std::string> &words) {
	std::string all;
	for (const std::string &word : words) {
		if (!all.empty()) all += ' ';
		all += word;
	}
	return all;
}

std::expected<Match, MatchError> read_match(const std::string &words, int netns) {
	if (auto refusal = scan(words)) return refused(in_nfts_form(words, *refusal));
	std::array<int, 2> ends{};
	const auto failed = [](const char *what) {
		return std::unexpected(MatchError{{}, {"MATCH", fmt::format("{}: {}", what, strerror(errno)), {}}});
	};
	if (pipe(ends.data()) != 0) return failed("pipe");
	const pid_t child = fork();
	if (child < 0) return failed("fork");
	if (child == 0) {
		close(ends[0]);
		write_all(ends[1], pack(read_here(words, netns)));
		_exit(0);
	}
	close(ends[1]);
	const std::string answer = read_all(ends[0]);
	close(ends[0]);
	while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
	}
	return unpack(answer);
}

} // namespace nft_drops
