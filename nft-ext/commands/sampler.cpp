// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/sampler.h"

#include "jit/base/table_family.h"
#include "nft-ext/ruleset/details/details.h"

#include <poll.h>
#include <utility>

namespace nft_drops::cli {
namespace {

// For the packets of the self-test. A sample is one event.
constexpr size_t kRingBytes = 256 * 1024;

Result<jit::Selector> selector_of(const CulpritWords &culprit) {
	const auto family = family_number(culprit.family);
	if (!family) return usage_error("a sample", "the rule's family is not known");
	jit::Selector selector{.kind = ND_SELECT_RULE,
	                       .family = *family,
	                       .table = culprit.table,
	                       .chain = culprit.chain,
	                       .handle = culprit.handle};
	if (culprit.cause == ND_CAUSE_POLICY) {
		selector.kind = ND_SELECT_POLICY;
		selector.chain = culprit.base_chain;
	}
	return selector;
}

} // namespace

Result<std::unique_ptr<Sampler>> Sampler::start(Loop &loop, const NetNamespace &home, bool all,
                                                const CulpritWords &culprit, const jit::Filter &filter) {
	auto selector = selector_of(culprit);
	if (!selector) return std::unexpected(selector.error());
	load_detail_modules();
	auto rulesets = std::make_unique<Rulesets>(loop, home, all, [](const Error &) {});
	if (auto started = rulesets->start(); !started) return std::unexpected(started.error());
	jit::SessionOptions wanted{
	        .netns = culprit.netns,
	        .netns_held = !all,
	        .selector = std::move(*selector),
	        .one_at_a_time = true,
	        .start = {.ring_bytes = kRingBytes, .path = true, .filter = filter, .details = true}};
	auto session = jit::Session::start(wanted);
	if (!session) {
		// There are kernels in which the jumps cannot be told.
		wanted.start.path = false;
		session = jit::Session::start(wanted);
	}
	if (!session) return std::unexpected(session.error());
	return std::unique_ptr<Sampler>(
	        new Sampler(loop, std::move(rulesets), std::move(*session), Devices(home), all, culprit.text));
}

Sampler::Sampler(Loop &loop, std::unique_ptr<Rulesets> rulesets, jit::Session session, Devices devices, bool all,
                 std::string text)
    : loop_(loop), rulesets_(std::move(rulesets)), session_(std::move(session)),
      names_(session_.kernel.layout.expression, std::move(devices)),
      display_(loop, *rulesets_, names_, {.name_netns = all}) {
	auto sink = std::make_unique<SampleSink>(std::move(text));
	sink_ = sink.get();
	display_.add(std::move(sink));
	loop_.watch(session_.probe->fd(), POLLIN, [this](short) { drain(); });
}

Sampler::~Sampler() {
	loop_.forget(session_.probe->fd());
}

void Sampler::drain() {
	display_.begin();
	session_.probe->drain([this](const nd_event &event, const nd_path *path) {
		display_.take(event, path);
		return true;
	});
	display_.flush();
}

} // namespace nft_drops::cli
