// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/metrics.h"

#include "jit/count/pins.h"
#include "nft-ext/commands/counted.h"
#include "nft-ext/drop/namespaces.h"
#include "nft-ext/loop/loop.h"
#include "nft-ext/loop/signals.h"
#include "nft-ext/metrics/http_server.h"
#include "nft-ext/metrics/label.h"
#include "nft-ext/metrics/text_file.h"
#include "nft-ext/metrics/text_format.h"
#include "nft-ext/sinks/output.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <poll.h>

namespace nft_drops::cli {
namespace {

DropReason reason_of(const nd_count_key &key) {
	switch (key.culprit & 0xff) {
	case ND_CAUSE_POLICY:
		return DropReason::kPolicy;
	case ND_CAUSE_RULE:
		return DropReason::kRule;
	default:
		return DropReason::kJumpLimit;
	}
}

// "blue" where `ip netns` has a name for it, else its inode number, as in JSON.
Result<std::string> present_netns_name() {
	auto present = NetNamespace::present();
	if (!present) return std::unexpected(present.error());
	const auto all = all_namespaces();
	const auto found = all.find(present->inode());
	const bool named = found != all.end() && found->second.path.starts_with("/run/netns/");
	return named ? name_label(found->second.name) : std::to_string(present->inode());
}

// Reads counts and rules for one scrape after another. Listing a ruleset costs by far the most, so that it is listed
// anew only where it changed.
class Scraper {
public:
	static Result<Scraper> create() {
		auto cookie = present_netns_cookie();
		if (!cookie) return std::unexpected(cookie.error());
		auto name = present_netns_name();
		if (!name) return std::unexpected(name.error());
		return Scraper(*cookie, std::move(*name));
	}

	Result<std::string> scrape() {
		auto pins = read();
		if (!pins) return std::unexpected(pins.error());
		if (pins->state != jit::PinState::kUsable) {
			tell(pins->state == jit::PinState::kNone ? "" : pins->why + "; " + pins->next);
			return text_format({});
		}
		tell("");
		// After the counts: what is not in this ruleset is deleted, and never comes back under its handle.
		if (auto fresh = refresh(); !fresh) return std::unexpected(fresh.error());
		const jit::RuleCounts &counts = pins->counts;
		make_room(counts);
		Snapshot snapshot{.counting = true,
		                  .netns = netns_,
		                  .series = series_of(*listed_, counted(counts)),
		                  .lost = counts.missed.hits,
		                  .lost_complete = counts.missed.complete,
		                  .unlisted = counts.unlisted.packets,
		                  .version = ND_VERSION,
		                  .kernel = label_of(counts.meta.release)};
		return text_format(snapshot);
	}

private:
	Scraper(uint64_t cookie, std::string netns) : cookie_(cookie), netns_(std::move(netns)) {}

	template <size_t n> static std::string label_of(const char (&text)[n]) {
		return text_label(std::string_view(text, std::find(text, text + n, '\0')));
	}

	static Result<jit::Pins> read() {
		auto place = jit::PinPlace::find();
		if (!place) return std::unexpected(place.error());
		auto lock = jit::PinLock::take(*place, jit::PinLock::Kind::kShared);
		if (!lock) return std::unexpected(lock.error());
		return jit::read_pins(*place);
	}

	Result<void> refresh() {
		const auto generation = ruleset_generation();
		if (!generation) return std::unexpected(generation.error());
		if (listed_ && listed_->generation() == *generation) return {};
		auto listed = ListedRules::read();
		if (!listed) return std::unexpected(listed.error());
		listed_.emplace(std::move(*listed));
		return {};
	}

	[[nodiscard]] std::vector<CountedDrops> counted(const jit::RuleCounts &counts) const {
		std::vector<CountedDrops> here;
		for (const jit::RuleCount &rule : counts.rules)
			if (rule.key.netns == cookie_)
				here.push_back({culprit_of(rule.key), reason_of(rule.key), rule.count.packets,
				                rule.count.bytes});
		return here;
	}

	// As a listing does: half of the room is taken.
	void make_room(const jit::RuleCounts &counts) {
		if (counts.rules.size() < counts.meta.max_rules / 2) return;
		std::unordered_set<Culprit, CulpritHash> there;
		for (const ListedRule &rule : listed_->rules())
			there.insert(rule.culprit);
		const auto deleted = deleted_rules(
		        counts, cookie_, [&there](const Culprit &culprit) { return there.contains(culprit); });
		auto place = jit::PinPlace::find();
		if (!place || deleted.empty()) return;
		if (auto lock = jit::PinLock::take(*place, jit::PinLock::Kind::kShared))
			jit::retire_deleted(*place, deleted);
	}

	// Why counting is off although it was started; once for each cause.
	void tell(const std::string &why) {
		if (why != told_ && !why.empty()) say(fmt::format("nftables_drop_counting is 0: {}", why));
		told_ = why;
	}

	uint64_t cookie_;
	std::string netns_;
	std::optional<ListedRules> listed_;
	std::string told_;
};

HttpAnswer answer(Scraper &scraper, std::string_view path) {
	HttpAnswer answer;
	if (path == "/") {
		answer.body = "nft-drops metrics: the metrics are at /metrics\n";
	} else if (path != "/metrics") {
		answer.status = 404;
		answer.body = "the metrics are at /metrics\n";
	} else if (auto text = scraper.scrape()) {
		answer.type = kTextFormatType;
		answer.body = std::move(*text);
	} else {
		answer.status = 500;
		answer.body = "nft-drops: " + text.error().message() + "\n";
		report(text.error());
	}
	return answer;
}

Result<void> serve(Scraper &scraper, const ListenAddress &address) {
	Signals signals;
	Loop loop;
	auto server = HttpServer::listen(loop, address, [&](std::string_view path) { return answer(scraper, path); });
	if (!server) return std::unexpected(server.error());
	say(fmt::format("serving metrics at http://{}/metrics", (*server)->address().text()));
	signals.report();
	loop.watch(signals.fd(), POLLIN, [&loop](short) { loop.stop(); });
	return loop.run();
}

} // namespace

Result<void> metrics(const MetricsOptions &options) {
	std::optional<ListenAddress> address;
	if (!options.listen.empty()) {
		auto parsed = ListenAddress::parse(options.listen);
		if (!parsed) return std::unexpected(parsed.error());
		address = *parsed;
	}
	auto scraper = Scraper::create();
	if (!scraper) return std::unexpected(scraper.error());
	if (address) return serve(*scraper, *address);
	auto text = scraper->scrape();
	if (!text) return std::unexpected(text.error());
	if (!options.textfile.empty()) return replace_text_file(options.textfile, *text);
	const Signals signals;
	write_out(*text);
	return {};
}

} // namespace nft_drops::cli
