// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_METRICS_TEXT_FILE_H
#define NFT_DROPS_NFT_EXT_METRICS_TEXT_FILE_H

#include "jit/base/result.h"

#include <string>
#include <string_view>

namespace nft_drops {

// Makes `path` a file of mode 0644 with this content, by rename(2): a reader sees the old file or the new one, whole. A
// symbolic link of that name is replaced, never followed. The new file has another name before, which does not end in
// ".prom", so that node_exporter never reads it. Nothing is left behind on failure, and `path` is as it was.
Result<void> replace_text_file(const std::string &path, std::string_view content);

} // namespace nft_drops

#endif
