// SPDX-License-Identifier: GPL-2.0-only
// Self-tests and probes of all nft-drops processes find each other: see bpf/shared/self_test.h.
//
//	probe:      load the object, which has a map ND_IGNORED_MAP;  ignore_self_tests(map);  attach
//	self-test:  make the namespace;  const SelfTestMark mark(cookie);  send packets
//
// Both need CAP_SYS_ADMIN to look at the kernel's list of maps, and do nothing without it.
#ifndef NFT_DROPS_JIT_ATTACH_SELF_TEST_MARKS_H
#define NFT_DROPS_JIT_ATTACH_SELF_TEST_MARKS_H

#include "jit/base/descriptor.h"

#include <cstdint>

namespace nft_drops::jit {

// Makes a probe ignore the self-tests that run now. `map`: its ND_IGNORED_MAP. To be called before the probe is
// attached; self-tests that start later tell it themselves. A probe that watches the namespace of its own self-test,
// and no other, has to show what is dropped there: it must look at the map only where it watches all namespaces.
void ignore_self_tests(int map);

// Makes every probe there is, and every one that comes, ignore the drops in the namespace with this cookie
// (SO_NETNS_COOKIE).
class SelfTestMark {
public:
	explicit SelfTestMark(uint64_t cookie);

private:
	Descriptor map_; // its name is the mark, as long as it is open
};

} // namespace nft_drops::jit

#endif
