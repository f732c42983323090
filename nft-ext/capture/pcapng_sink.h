// SPDX-License-Identifier: GPL-2.0-only
// A Sink that writes a capture file: `monitor -w FILE`.
//
// Each drop becomes a packet with its true link header, the text format's words from the family on as its comment. Each
// network namespace, device and link type is an interface of its own; for libpcap (LinkTypes::kRaw) all are one. At the
// end each interface gets its statistics; the first one's tell how many drops are not in the file, and how long the
// probe did not see.
#ifndef NFT_DROPS_NFT_EXT_CAPTURE_PCAPNG_SINK_H
#define NFT_DROPS_NFT_EXT_CAPTURE_PCAPNG_SINK_H

#include "nft-ext/capture/block_output.h"
#include "nft-ext/capture/capture_file.h"
#include "nft-ext/capture/frame.h"
#include "nft-ext/drop/sink.h"
#include "nft-ext/sinks/line.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace nft_drops::pcapng {

class PcapngSink final : public Sink {
public:
	struct Options {
		uint32_t snaplen = 256; // as the probe has it (nd_settings.snaplen)
		LinkTypes types = LinkTypes::kNative;
		std::string application; // "nft-drops 0.1.0"
		std::string system;      // "Linux 6.12.9"
		// Takes a line for standard error, without the program's name. Never empty.
		std::function<void(const std::string &line)> tell;
	};
	// CaptureFile::begin() was called.
	PcapngSink(CaptureFile file, Options options);

	void take(const Drop &drop) override;
	[[nodiscard]] bool behind() const override { return output_.behind(); }
	void lost(uint64_t drops) override { lost_ = drops; }
	void flush() override;
	void not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
	                 std::string_view why) override;
	[[nodiscard]] bool pending() const override { return !output_.closed() && !output_.empty(); }
	void finish() override;
	// Tells how many drops are not in the file, and why. Returns 0.
	uint64_t give_up() override;
	[[nodiscard]] int descriptor() const override { return file_.regular() ? -1 : output_.descriptor(); }
	void hung_up() override { output_.hung_up(); }
	[[nodiscard]] bool closed() const override { return output_.closed(); }
	// A full disk is no failure: its reader lacks packets, and the rest of the run goes on.
	[[nodiscard]] std::optional<Error> failed() const override;

private:
	struct Key {
		uint32_t netns = 0;
		uint32_t index = 0;
		uint16_t link_type = 0;
		std::string name;
		bool operator==(const Key &) const = default;
	};
	struct Hash {
		size_t operator()(const Key &key) const;
	};
	// Further interfaces of a link type share one: a host that makes and removes devices must not fill the memory.
	static constexpr size_t kMaxInterfaces = 4096;

	void begin_section();
	uint32_t interface_of(const Drop &drop, const Frame &frame);
	uint32_t add_interface(Key key, std::string description);
	void tell_failure();
	static uint64_t now_ns();

	CaptureFile file_;
	Options options_;
	BlockOutput output_;
	LineWords words_;
	std::unordered_map<Key, uint32_t, Hash> interfaces_; // of this section, with their numbers
	Key last_;                                           // the latest packet's interface
	uint32_t last_number_ = 0;
	std::vector<uint64_t> packets_; // by interface
	uint64_t begun_ns_ = 0;
	uint64_t failures_ = 0; // of the output, when this section began
	uint64_t lost_ = 0;     // in the kernel
	uint64_t left_out_ = 0; // by this Sink: its reader does not keep up
	uint64_t without_ = 0;  // drops without their packet's bytes
	uint64_t unfit_ = 0;    // neither IP nor of a link type that pcap has
	bool told_ = false;     // that the disk is full
	std::chrono::milliseconds unseen_{};
	std::string unseen_why_; // the latest
	std::string comment_;
};

} // namespace nft_drops::pcapng

#endif
