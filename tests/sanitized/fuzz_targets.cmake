# SPDX-License-Identifier: GPL-2.0-only
# The names of the fuzz targets. The sanitized tree builds them (tests/fuzz), the other tree runs them (tests/sanitized).
set(ND_FUZZ_TARGETS packet event listing messages annotator completion mounts kept symbols machine kernel_files)
# Those of which 100,000 inputs take many minutes; they need most of jit/, which takes long to build, too.
set(ND_SLOW_FUZZ_TARGETS kernel_files symbols)
