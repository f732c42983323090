// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/capture/pcapng_sink.h"

#include "nft-ext/capture/format.h"
#include "nft-ext/capture/link_type.h"
#include "nft-ext/sinks/line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

namespace nft_drops::pcapng {
namespace {

uint64_t ns_of(std::chrono::system_clock::time_point time) {
	const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
	return static_cast<uint64_t>(std::max<int64_t>(ns, 0));
}

std::string description_of(const Drop &drop) {
	if (!drop.netns_name.empty()) return "network namespace " + drop.netns_name;
	return fmt::format("network namespace {}", drop.event.netns);
}

} // namespace

size_t PcapngSink::Hash::operator()(const Key &key) const {
	const uint64_t numbers = uint64_t{key.netns} << 32 | key.index;
	return std::hash<uint64_t>()(numbers * 0x9e3779b97f4a7c15 + key.link_type) ^ std::hash<std::string>()(key.name);
}

PcapngSink::PcapngSink(CaptureFile file, Options options)
    : file_(std::move(file)), options_(std::move(options)), output_(file_.descriptor(), file_.regular()),
      begun_ns_(now_ns()) {
	begin_section();
	flush();
}

uint64_t PcapngSink::now_ns() {
	return ns_of(std::chrono::system_clock::now());
}

void PcapngSink::begin_section() {
	failures_ = output_.failures();
	interfaces_.clear();
	packets_.clear();
	last_ = {};
	append_section(output_.buffer(), options_.application, options_.system);
	output_.done(0);
}

uint32_t PcapngSink::add_interface(Key key, std::string description) {
	const auto number = static_cast<uint32_t>(packets_.size());
	append_interface(output_.buffer(), {key.name, std::move(description), key.link_type, options_.snaplen});
	output_.done(0);
	packets_.push_back(0);
	interfaces_.emplace(std::move(key), number);
	return number;
}

uint32_t PcapngSink::interface_of(const Drop &drop, const Frame &frame) {
	// libpcap up to 1.10 compares a later interface's LINKTYPE_RAW (101) with its own DLT_RAW (12), and refuses it
	// (sf-pcapng.c). A file for libpcap has one interface therefore.
	if (options_.types == LinkTypes::kRaw)
		return packets_.empty() ? add_interface({0, 0, kLinkTypeRaw, "nft-drops"}, "all devices") : 0;
	const uint32_t netns = drop.event.netns;
	if (!packets_.empty() && last_.index == frame.device.index && last_.netns == netns &&
	    last_.link_type == frame.link_type && last_.name == frame.device.name)
		return last_number_;
	Key key{netns, frame.device.index, frame.link_type, std::string(frame.device.name)};
	if (!interfaces_.contains(key) && interfaces_.size() >= kMaxInterfaces)
		key = {0, 0, frame.link_type, "further devices"};
	last_ = key;
	const auto known = interfaces_.find(key);
	if (known != interfaces_.end()) return last_number_ = known->second;
	std::string description = key.netns ? description_of(drop) : std::string();
	if (key.name.empty()) description.insert(0, "no device, ");
	return last_number_ = add_interface(std::move(key), std::move(description));
}

void PcapngSink::take(const Drop &drop) {
	if (!drop.capture) {
		without_++;
		return;
	}
	if (output_.behind()) {
		output_.flush();
		if (output_.behind()) {
			left_out_++;
			return;
		}
	}
	Frame frame;
	if (!make_frame(drop.event, *drop.capture, options_.types, options_.snaplen, frame)) {
		unfit_++;
		return;
	}
	if (output_.failures() != failures_) begin_section();
	const uint32_t number = interface_of(drop, frame);
	comment_.clear();
	words_.append(drop, {}, comment_);
	if (drop.capture->cut)
		fmt::format_to(std::back_inserter(comment_), " # cut: bytes from {} on cannot be read",
		               drop.capture->kept);
	append_packet(output_.buffer(), {.interface = number,
	                                 .time_ns = ns_of(drop.time),
	                                 .pieces = frame.pieces,
	                                 .original_length = frame.original_length,
	                                 .direction = frame.direction,
	                                 .comment = comment_});
	packets_[number]++;
	output_.done(1);
	tell_failure();
}

void PcapngSink::tell_failure() {
	if (told_ || output_.error() == 0) return;
	told_ = true;
	options_.tell(fmt::format("-w {}: {}; drops are missing there until there is room again", file_.shown(),
	                          strerror(output_.error())));
}

void PcapngSink::flush() {
	output_.flush();
	tell_failure();
}

void PcapngSink::not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
                             std::string_view why) {
	unseen_ += std::chrono::duration_cast<std::chrono::milliseconds>(to - from);
	unseen_why_ = why;
}

void PcapngSink::finish() {
	flush(); // so that what does not reach the disk is counted
	if (output_.failures() != failures_) begin_section();
	const uint64_t missing = lost_ + left_out_ + without_ + output_.given_up();
	if (packets_.empty() && (missing > 0 || unseen_.count() > 0))
		add_interface({0, 0, kLinkTypeEthernet, "nft-drops"}, "no packet is in this section");
	std::string comment = "dropped: the drops of all interfaces that are not in this file";
	if (unseen_.count() > 0)
		fmt::format_to(std::back_inserter(comment), "; for {}.{:03} s nobody saw drops: {}",
		               unseen_.count() / 1000, unseen_.count() % 1000, unseen_why_);
	for (uint32_t number = 0; number < packets_.size(); number++) {
		Statistics statistics{.interface = number,
		                      .begin_ns = begun_ns_,
		                      .end_ns = now_ns(),
		                      .delivered = packets_[number],
		                      .dropped = std::nullopt,
		                      .comment = {}};
		if (number == 0) {
			statistics.dropped = missing;
			statistics.comment = comment;
		}
		append_statistics(output_.buffer(), statistics);
		output_.done(0);
	}
	flush();
}

uint64_t PcapngSink::give_up() {
	const uint64_t unread = left_out_ + output_.give_up();
	const uint64_t unwritten = output_.given_up();
	// A reader that is gone wants no more.
	const auto tell = [this](uint64_t drops, std::string_view why) {
		if (drops > 0 && !closed())
			options_.tell(fmt::format("-w {}: {} drops are not in it: {}", file_.shown(), drops, why));
	};
	tell(unread, "its reader did not take them in time");
	tell(unwritten, strerror(output_.error()));
	tell(without_, "their packets could not be read");
	tell(unfit_, options_.types == LinkTypes::kRaw ? "they are not IP, and --linktype raw holds nothing else"
	                                               : "they are not IP and have no link header that pcap knows");
	return 0;
}

std::optional<Error> PcapngSink::failed() const {
	if (!closed() || output_.closed_by() == EPIPE || output_.closed_by() == ECONNRESET) return {};
	return Error{.what = "-w " + file_.shown(), .why = strerror(output_.closed_by()), .next = {}};
}

} // namespace nft_drops::pcapng
