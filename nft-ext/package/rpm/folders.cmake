# SPDX-License-Identifier: GPL-2.0-only
# cpack runs this on the tree that is to be packed (CPACK_PRE_BUILD_SCRIPTS). Distributions with rpm keep what Wireshark looks
# for in lib64, Debian keeps it in lib/x86_64-linux-gnu; zsh looks into another folder there, too.
# lintian is Debian's.
if(CPACK_GENERATOR STREQUAL RPM)
  set(usr ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr)
  file(GLOB debians ${usr}/lib/*-linux-gnu)
  file(REMOVE_RECURSE ${debians} ${usr}/share/lintian)
  file(MAKE_DIRECTORY ${usr}/lib64/wireshark/extcap)
  file(MAKE_DIRECTORY ${usr}/share/zsh/site-functions)
  file(RENAME ${usr}/share/zsh/vendor-completions/_nft-drops ${usr}/share/zsh/site-functions/_nft-drops)
  file(REMOVE_RECURSE ${usr}/share/zsh/vendor-completions)
  file(CREATE_LINK ../../../libexec/nft-drops/nft-drops-extcap ${usr}/lib64/wireshark/extcap/nft-drops-extcap SYMBOLIC)
endif()
