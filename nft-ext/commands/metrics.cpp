// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/metrics.h"

#include "nft-ext/commands/scraper.h"
#include "nft-ext/loop/loop.h"
#include "nft-ext/loop/signals.h"
#include "nft-ext/metrics/http_server.h"
#include "nft-ext/metrics/text_file.h"
#include "nft-ext/metrics/text_format.h"
#include "nft-ext/sinks/output.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>

#include <poll.h>

namespace nft_drops::cli {
namespace {

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
