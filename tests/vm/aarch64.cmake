# SPDX-License-Identifier: GPL-2.0-only
# CMake toolchain file: builds for arm64, with Debian's cross compiler against Debian's own arm64 packages, for the test
# machines of that architecture.
#
#   cmake -G Ninja -S . -B build-arm64 -DCMAKE_TOOLCHAIN_FILE=tests/vm/aarch64.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/fetch-sysroot arm64
  OUTPUT_VARIABLE ND_SYSROOT OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(CMAKE_FIND_ROOT_PATH ${ND_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${ND_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${ND_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/pkgconfig:${ND_SYSROOT}/usr/share/pkgconfig)
# libc and libstdc++ are the cross compiler's; everything else is the sysroot's.
set(ND_LIBRARIES ${ND_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
foreach(language C CXX)
  set(CMAKE_${language}_FLAGS_INIT "-isystem ${ND_SYSROOT}/usr/include -isystem ${ND_SYSROOT}/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}")
endforeach()
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${ND_LIBRARIES} -Wl,-rpath-link,${ND_LIBRARIES}")
