// SPDX-License-Identifier: GPL-2.0-only
// The only file that calls prometheus-cpp, which may throw.
#include "nft-ext/metrics/text_format.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <exception>
#include <sstream>

namespace nft_drops {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

const char *name_of(DropReason reason) {
	switch (reason) {
	case DropReason::kPolicy:
		return "policy";
	case DropReason::kJumpLimit:
		return "jump-limit";
	default:
		return "rule";
	}
}

void add(MetricFamily &family, uint64_t value, Labels labels = {}) {
	ClientMetric &metric = family.metric.emplace_back();
	metric.label = std::move(labels);
	if (family.type == MetricType::Counter)
		metric.counter.value = static_cast<double>(value);
	else
		metric.gauge.value = static_cast<double>(value);
}

MetricFamily single(const char *name, const char *help, MetricType type, uint64_t value, Labels labels = {}) {
	MetricFamily family{name, help, type, {}};
	add(family, value, std::move(labels));
	return family;
}

// As in JSON, only a rule has a handle.
std::string handle_of(const DropSeries &one) {
	return one.reason == DropReason::kPolicy ? std::string() : std::to_string(one.rule->culprit.handle);
}

std::vector<MetricFamily> families_of(const Snapshot &snapshot) {
	std::vector<MetricFamily> all;
	all.push_back(single("nftables_drop_counting", "1 where drops are counted, 0 where counting is off.",
	                     MetricType::Gauge, snapshot.counting ? 1 : 0));
	if (!snapshot.counting) return all;

	MetricFamily packets{"nftables_drop_packets_total",
	                     "Packets that this rule or chain policy dropped since counting began.",
	                     MetricType::Counter,
	                     {}};
	MetricFamily bytes{"nftables_drop_bytes_total",
	                   "Bytes of these packets, as nft's own counters count bytes.",
	                   MetricType::Counter,
	                   {}};
	MetricFamily info{"nftables_drop_rule_info",
	                  "Always 1; the label text is the rule or policy as nft lists it.",
	                  MetricType::Gauge,
	                  {}};
	size_t series = 0;
	for (const NamespaceSeries &of : snapshot.namespaces)
		series += of.series.size();
	for (MetricFamily *family : {&packets, &bytes, &info})
		family->metric.reserve(series);
	for (const NamespaceSeries &of : snapshot.namespaces) {
		for (const DropSeries &one : of.series) {
			Labels labels{{"netns", of.netns},         {"family", one.chain->family},
			              {"table", one.chain->table}, {"chain", one.chain->chain},
			              {"handle", handle_of(one)},  {"reason", name_of(one.reason)}};
			Labels described = labels;
			described.push_back({"text", one.rule->text});
			labels.push_back({"comment", one.rule->comment});
			add(packets, one.packets, labels);
			add(bytes, one.bytes, std::move(labels));
			add(info, 1, std::move(described));
		}
	}
	for (MetricFamily *family : {&packets, &bytes, &info})
		if (!family->metric.empty()) all.push_back(std::move(*family));

	all.push_back(single("nftables_drops_lost_total", "Drops that were not counted, as far as the kernel tells.",
	                     MetricType::Counter, snapshot.lost));
	all.push_back(single("nftables_drops_lost_complete",
	                     "1 where the kernel counts every loss; 0 where there may be more than "
	                     "nftables_drops_lost_total tells.",
	                     MetricType::Gauge, snapshot.lost_complete ? 1 : 0));
	all.push_back(single("nftables_drops_unlisted_packets_total",
	                     "Packets dropped by rules that the kernel's table of counts had no room for.",
	                     MetricType::Counter, snapshot.unlisted));
	all.push_back(single("nftables_drops_unread_namespaces",
	                     "Network namespaces with drops that have no series, because their rulesets were not read.",
	                     MetricType::Gauge, snapshot.unread));
	all.push_back(single("nftables_drops_build_info", "Always 1; the label version is that of nft-drops.",
	                     MetricType::Gauge, 1, {{"version", snapshot.version}}));
	all.push_back(single("nftables_drops_kernel_info",
	                     "Always 1; the label release is that of the kernel that counts.", MetricType::Gauge, 1,
	                     {{"release", snapshot.kernel}}));
	return all;
}

} // namespace

Result<std::string> text_format(const Snapshot &snapshot) {
	try {
		std::ostringstream out;
		out.exceptions(std::ios::badbit | std::ios::failbit);
		prometheus::TextSerializer().Serialize(out, families_of(snapshot));
		return std::move(out).str();
	} catch (const std::exception &error) {
		return usage_error("metrics", error.what());
	}
}

} // namespace nft_drops
