// SPDX-License-Identifier: GPL-2.0-only
// Any bytes out of the ring, with any names and texts out of the ruleset, in all three formats.
#include "input.h"

#include "nft-ext/ruleset/text/wire.h"
#include "nft-ext/sinks/renderer.h"
#include "nft-ext/sinks/short_text.h"
#include "tests/unit/nft-ext/support/safe_text.h"

#include <nlohmann/json.hpp>

#include <memory>

namespace nft_drops::fuzz {
namespace {

std::string render(Format format, const nd_event &event, const Attribution &answer) {
	const auto copy = std::make_unique<nd_event>(event);
	const auto renderer = make_renderer(format);
	std::string out;
	Drop drop;
	drop.event = *copy;
	drop.time = std::chrono::system_clock::time_point(std::chrono::nanoseconds(event.time_ns));
	drop.attribution = std::make_shared<const Attribution>(answer);
	renderer->drop(drop, out);
	renderer->finish(out);
	const std::string danger = test::danger_in(out, format == Format::kBlock);
	require(danger.empty(), danger.c_str(), out);
	return out;
}

void try_one(Input input) {
	nd_event event;
	const auto shape = input.number<uint8_t>();
	input.take(&event, sizeof(event));
	// What the probe writes; every other value is tried with the other half of the inputs.
	if (shape & 1) event.cause %= 5;
	if (shape & 2) event.time_ns %= uint64_t{1} << 62;
	Attribution answer;
	answer.known = shape & 4;
	answer.family = shape & 8 ? "inet" : input.text();
	answer.table = input.text();
	answer.chain = input.text();
	answer.base_chain = input.text();
	answer.text = input.text();
	answer.table_handle = input.number<uint64_t>();
	answer.chain_handle = input.number<uint64_t>();

	render(Format::kBlock, event, answer);
	const std::string line = render(Format::kLine, event, answer);
	require(line.find('\n') + 1 == line.size(), "not one line", line);
	const std::string json = render(Format::kJson, event, answer);
	require(json.find('\n') + 1 == json.size(), "not one line", json);
	require(nlohmann::json::accept(json), "not JSON", json);
	// The way between the two processes: what is packed is unpacked again, and any bytes are refused or understood.
	const auto reply = unpack(pack(Attributed{answer, {}}));
	require(reply && std::get<Attributed>(*reply).attribution.text == answer.text,
	        "packed and unpacked, it is another", answer.text);
	static_cast<void>(unpack(input.rest()));
	const std::string long_text = std::string(kWhole, ' ') + answer.text;
	require(shortened(long_text).text.size() <= long_text.size() + 2, "shortened, it is longer", answer.text);
}

} // namespace
} // namespace nft_drops::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	nft_drops::fuzz::try_one(nft_drops::fuzz::Input({data, size}));
	return 0;
}
