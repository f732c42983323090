# SPDX-License-Identifier: GPL-2.0-only
# cpack runs this on the tree that is to be packed (CPACK_PRE_BUILD_SCRIPTS). Distributions with rpm keep libraries, and what
# Wireshark looks for, in lib64; Debian in lib/x86_64-linux-gnu.
if(CPACK_GENERATOR STREQUAL RPM)
  set(usr ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr)
  file(GLOB debians ${usr}/lib/*-linux-gnu)
  file(REMOVE_RECURSE ${debians})
  file(MAKE_DIRECTORY ${usr}/lib64/wireshark/extcap)
  file(CREATE_LINK ../../../libexec/nft-drops/nft-drops-extcap ${usr}/lib64/wireshark/extcap/nft-drops-extcap SYMBOLIC)
endif()
