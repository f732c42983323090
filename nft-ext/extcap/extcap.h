// SPDX-License-Identifier: GPL-2.0-only
// Wireshark's protocol for programs that capture (extcap(4)): Wireshark runs the program once for each question, and
// once for a capture.
#ifndef NFT_DROPS_NFT_EXT_EXTCAP_EXTCAP_H
#define NFT_DROPS_NFT_EXT_EXTCAP_EXTCAP_H

#include "jit/base/result.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::extcap {

enum class Question {
	kInterfaces, // --extcap-interfaces: which interfaces there are
	kLinkTypes,  // --extcap-dlts
	kConfig,     // --extcap-config: which options an interface has
	kFilter,     // --extcap-capture-filter without --capture: whether this is a capture filter
	kCapture,    // --capture
};

struct Request {
	Question question = Question::kInterfaces;
	std::string fifo;    // --fifo: where the capture goes
	std::string match;   // --match
	std::string filter;  // --extcap-capture-filter: as libpcap has it
	std::string netns;   // --netns
	std::string snaplen; // --snaplen
	bool all_netns = false;
	bool path = false;
};

// Arguments without the program's name. An option's argument may stand behind it or after a "=". Options of later
// versions of the protocol are passed over where they have a "=" or no argument.
Result<Request> parse(std::span<const std::string_view> arguments);

// What is printed for kInterfaces, kLinkTypes and kConfig.
std::string answer(Question question, std::string_view version, std::string_view help);

// The words of nft-drops' command line for a capture to standard output. Each value stays one word, or is split into
// words at spaces (MATCH): no shell ever sees one.
std::vector<std::string> command_line(const Request &request);

// What is split at spaces outside of double quotes; the quotes stay.
std::vector<std::string> words_of(std::string_view match);

} // namespace nft_drops::extcap

#endif
