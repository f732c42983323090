# SPDX-License-Identifier: GPL-2.0-only
# A thin layer over CMake, for people and CI:
#
#   make            build everything into build/
#   make demo       watch drops: on this kernel if it can, else on Debian's newest in a virtual machine
#   make test       unit, corpus and VM tests
#   make test-unit  the first of these alone, and those of completion, manual pages and nft's own commands
#   make test-all   all tests, on further kernels of Debian too, and on the next Debian (13); hours. In parts:
#                   tests/tools/test-all --list, tests/tools/test-all --rest PART, tests/tools/test-all --table
#   make kernels-table   docs/kernels.md, from a run of all corpus tests
#   make kernels-proven  README.md's table of kernels, from what the latest test or test-all left
#   make bench      docs/cost.md: what watching costs, in instructions per packet
#   make lint       clang-format, clang-tidy, shellcheck; make lint-fast: without clang-tidy
#   make deb        a Debian package, in build-deb/ (DEB_BUILD); checked by lintian
#   make rpm        the same files as an RPM, in build-deb/ too; tests/package/check-rpm checks it
#   make install    into PREFIX (default /usr/local), below DESTDIR
#   make deps       install all Debian packages that any of these needs
#
# Each installs what it needs and the machine lacks (Debian 12 or 13, as root).

BUILD ?= build
PREFIX ?= /usr/local
DEB_BUILD ?= build-deb
JOBS ?= $(shell nproc)

BUILD_PACKAGES := cmake ninja-build g++ pkg-config clang-19 llvm-19-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross libbpf-dev \
	libnftables-dev libnftnl-dev libmnl-dev libedit-dev libfmt-dev nlohmann-json3-dev libgtest-dev libgmock-dev libelf-dev \
	libdw-dev liblzma-dev liblz4-dev libzstd-dev zlib1g-dev systemtap-sdt-dev libsqlite3-dev libpcap0.8-dev prometheus-cpp-dev \
	libncurses-dev
VM_PACKAGES := qemu-system-x86 busybox-static kmod cpio xz-utils zstd nftables iproute2 netbase
TEST_PACKAGES := $(VM_PACKAGES) qemu-user-static iptables bpftrace zsh fish groff-base mandoc python3-jsonschema libclang-rt-19-dev tshark jq tcpdump tmux ncurses-base
# Where an init system runs, installing these would start servers: tests skip what needs them there.
TEST_PACKAGES += $(if $(wildcard /run/systemd/system),,prometheus)
SERVER_PACKAGES := $(if $(wildcard /run/systemd/system),,prometheus-node-exporter ulogd2 ulogd2-sqlite3)
PATCH_PACKAGES := git autoconf automake libtool bison flex libgmp-dev libreadline-dev libjansson-dev libxtables-dev bpftool
# For machines of arm64.
ARM64_PACKAGES := qemu-system-arm g++-aarch64-linux-gnu
# To compile kernel sources, for both processors.
CORPUS_PACKAGES := make gcc-12 clang-14 clang-19 lld-19 llvm-19 bc bison flex libssl-dev dwarves
DEB_PACKAGES := dpkg-dev file lintian
RPM_PACKAGES := rpm file
LINT_PACKAGES := clang-format-19 clang-tidy-19 shellcheck git

install_packages := tests/tools/install-packages
timed := tests/tools/timed
# Written as lists of folders, so that nothing built or fetched is ever looked at.
sources = $(shell find bpf jit nft-ext tests -name '*.cpp' -o -name '*.h' -o -name '*.c')
scripts = .ci/run $(shell grep -rlE '^\#!/bin/(sh|bash|busybox)' nft-ext tests)

.DEFAULT_GOAL := build
.PHONY: build configure packaged deb rpm deps demo test test-unit test-all bench kernels-table kernels-proven lint lint-fast install

build: configure
	@$(timed) 'build' cmake --build $(BUILD) -j $(JOBS)

configure:
	@$(timed) 'packages to build' $(install_packages) $(BUILD_PACKAGES)
	@$(timed) 'configure' cmake -G Ninja -S . -B $(BUILD) -DCMAKE_INSTALL_PREFIX=$(PREFIX)

deps:
	@$(install_packages) $(BUILD_PACKAGES) $(TEST_PACKAGES) $(ARM64_PACKAGES) $(CORPUS_PACKAGES) $(PATCH_PACKAGES) $(LINT_PACKAGES) $(DEB_PACKAGES) $(RPM_PACKAGES) $(SERVER_PACKAGES) debootstrap

demo: configure
	@$(timed) 'packages for a virtual machine' $(install_packages) $(VM_PACKAGES)
	@$(timed) 'build' cmake --build $(BUILD) -j $(JOBS) --target nft-drops nft-drops-live
	@cmake --build $(BUILD) --target demo

# ctest's summary is the last thing to be seen, so nothing may follow it.
test: build
	@$(timed) 'packages to test' $(install_packages) $(TEST_PACKAGES)
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j $(JOBS) -LE further

test-unit: build
	@$(timed) 'packages to test' $(install_packages) $(TEST_PACKAGES)
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j $(JOBS) -LE 'further|corpus|vm' -E '^sanitized'

test-all: build
	@$(timed) 'packages to test' $(install_packages) $(TEST_PACKAGES) $(ARM64_PACKAGES) $(CORPUS_PACKAGES) $(PATCH_PACKAGES) \
		$(DEB_PACKAGES) $(RPM_PACKAGES) $(SERVER_PACKAGES) debootstrap
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j $(JOBS)

kernels-table: build
	@$(timed) 'packages to test' $(install_packages) $(TEST_PACKAGES) $(CORPUS_PACKAGES)
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j $(JOBS) -L corpus
	@cmake --build $(BUILD) --target kernels-table

kernels-proven: configure
	@cmake --build $(BUILD) --target kernels-proven

bench: build
	@$(timed) 'packages to test' $(install_packages) $(TEST_PACKAGES)
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -R '^bench\.'
	@cmake --build $(BUILD) --target cost-table

lint: build lint-fast
	run-clang-tidy-19 -quiet -p $(BUILD) -j $(JOBS) '/(bpf|jit|nft-ext|tests)/.*\.cpp$$'

# Without clang-tidy, which takes most of the time.
lint-fast:
	@$(install_packages) $(LINT_PACKAGES)
	shellcheck -x $(scripts)
	clang-format-19 --dry-run -Werror $(sources)
	tests/tools/test-all --build $(BUILD) --check

# In a folder of its own: the programs know where they are installed.
packaged:
	@$(timed) 'packages to build' $(install_packages) $(BUILD_PACKAGES)
	@cmake -G Ninja -S . -B $(DEB_BUILD) -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_TESTING=OFF
	@$(timed) 'build' cmake --build $(DEB_BUILD) -j $(JOBS)

deb: packaged
	@$(install_packages) $(DEB_PACKAGES)
	cd $(DEB_BUILD) && cpack
	lintian --fail-on error $(DEB_BUILD)/*.deb

rpm: packaged
	@$(install_packages) $(RPM_PACKAGES)
	cd $(DEB_BUILD) && cpack -G RPM

install: build
	cmake --install $(BUILD)
