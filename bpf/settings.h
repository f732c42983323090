/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user asks of the probe: a constant of the build in the editions without settings (objects.h), else of
 * jit/compile. */
#ifndef NFT_DROPS_BPF_SETTINGS_H
#define NFT_DROPS_BPF_SETTINGS_H

#include "shared/site.h"

#ifdef ND_PLAIN
static const struct nd_settings nd_the_settings = {};
#else
extern const struct nd_settings nd_the_settings;
#endif

#endif
