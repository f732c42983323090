# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Functions that the scripts of tests share. Scripts source this file; nobody runs it.

# say TEXT...: one line on stderr, under the script's own name.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# die TEXT...: like say, and then the script ends with status 1.
die() {
	say "$@"
	exit 1
}

# need COMMAND...: ends the script if a command is not installed, and names all that are missing.
need() {
	local command missing=()
	for command in "$@"; do
		command -v "$command" >/dev/null || missing+=("$command")
	done
	[ ${#missing[@]} -eq 0 ] || die "not installed: ${missing[*]}; 'make deps' installs what the tests need"
}

# The folder for everything that is fetched or kept between runs.
cache_folder() { printf '%s\n' "${NFT_DROPS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nft-drops}"; }

# architecture_of FOLDER: Debian's name of the architecture of a kernel that fetch-kernel fetched.
architecture_of() {
	case $(<"$1/release") in
	*-arm64*) echo arm64 ;;
	*) echo amd64 ;;
	esac
}

# retry COMMAND...: runs the command up to four times, with longer and longer pauses, because an archive may be out of
# reach for a moment.
retry() {
	local pause
	for pause in 5 15 45 0; do
		"$@" && return 0
		[ "$pause" -eq 0 ] && break
		say "'$*' failed, trying again in $pause s"
		sleep "$pause"
	done
	say "'$*' failed four times"
	return 1
}
