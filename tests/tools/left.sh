# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a purged package may not leave. For machines that are thrown away. Sourced, never run.

# left FOLDER: everything with the package's name, one a line, but for the working tree, FOLDER and the logs of the past.
left() {
	local kprobes=/sys/kernel/debug/kprobes/list
	find / -xdev \( -path /root -o -path /proc -o -path /sys -o -path /dev -o -path "$1" -o -path /var/log \) -prune \
		-o -name '*nft-drops*' -print
	[ ! -e /sys/fs/bpf/nft-drops ] || echo /sys/fs/bpf/nft-drops
	[ ! -e /run/nft-drops ] || echo /run/nft-drops
	getent group nft-drops || true
	[ ! -e $kprobes ] || grep nft_do_chain $kprobes || true
}
