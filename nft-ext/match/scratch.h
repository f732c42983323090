// SPDX-License-Identifier: GPL-2.0-only
// A network namespace in which nothing but a rule is: nft puts the rule there, and nf_tables tells what it took. For a
// process that does nothing else and ends soon (see match.h).
#ifndef NFT_DROPS_NFT_EXT_MATCH_SCRATCH_H
#define NFT_DROPS_NFT_EXT_MATCH_SCRATCH_H

#include "jit/base/result.h"
#include "nft-ext/match/translate.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

struct mnl_socket;
struct nft_ctx;

namespace nft_drops {

class Scratch {
public:
	// Leaves this process in the network namespace `netns` (-1: where it was), so that names of interfaces are its.
	// Without privilege it makes a user namespace, too, and stays in the scratch namespace: no interface is known
	// there. Fails with kMachine where the machine forbids those.
	static Result<std::unique_ptr<Scratch>> make(int netns);
	~Scratch();
	Scratch(const Scratch &) = delete;
	Scratch &operator=(const Scratch &) = delete;

	// Adds a rule of these words to the table of this family. Returns false if nft refuses the rule; `message` is
	// then nft's message.
	bool add_rule(uint8_t family, std::string_view words, std::string &message);
	// The program of the family's one rule. `words` as in translate().
	std::expected<jit::MatchProgram, Refusal> read_rule(uint8_t family, std::string_view words);

private:
	Scratch() = default;
	// Runs nft's commands. Returns nft's message where nft or the kernel refuses them.
	std::optional<std::string> error_of(const std::string &commands);
	// A table with a chain for each family that the kernel has.
	void add_chains();
	std::expected<AnonymousSet, Refusal> read_set(uint8_t family, const std::string &name);
	bool dump(uint16_t type, uint8_t family, const std::string &set,
	          const std::function<void(const void *)> &visit);

	nft_ctx *nft_ = nullptr;
	mnl_socket *socket_ = nullptr;
	uint32_t sequence_ = 0;
};

// The families that a MATCH is tried in (NFPROTO_*): inet, ip, ip6, netdev, bridge, arp. Where none takes it, nft's
// message about the first one is shown.
inline constexpr uint8_t kTriedFamilies[] = {1, 2, 10, 5, 7, 3};

} // namespace nft_drops

#endif
