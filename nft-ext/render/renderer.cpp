// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/render/renderer.h"

#include "nft-ext/render/block.h"
#include "nft-ext/render/json.h"
#include "nft-ext/render/line.h"

namespace nft_drops {

std::unique_ptr<Renderer> make_renderer(Format format) {
	switch (format) {
	case Format::kLine:
		return std::make_unique<LineRenderer>();
	case Format::kJson:
		return std::make_unique<JsonRenderer>();
	case Format::kBlock:
		break;
	}
	return std::make_unique<BlockRenderer>();
}

} // namespace nft_drops
