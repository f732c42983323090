// SPDX-License-Identifier: GPL-2.0-only
// A Snapshot in Prometheus' text format 0.0.4, by prometheus-cpp. docs/metrics.md lists the names.
#ifndef NFT_DROPS_NFT_EXT_METRICS_TEXT_FORMAT_H
#define NFT_DROPS_NFT_EXT_METRICS_TEXT_FORMAT_H

#include "jit/base/result.h"
#include "nft-ext/metrics/snapshot.h"

#include <string>

namespace nft_drops {

// The media type of what text_format() returns.
inline constexpr const char *kTextFormatType = "text/plain; version=0.0.4; charset=utf-8";

// Where snapshot.counting is false: nftables_drop_counting alone. Figures are doubles in this format: exact up to 2^53.
Result<std::string> text_format(const Snapshot &snapshot);

} // namespace nft_drops

#endif
