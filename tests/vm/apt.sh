# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A private apt: packages of any suite and architecture, with nothing of the machine's own package state read or
# changed, but its proxies and certificates used. The archives' addresses are those in the machine's own apt sources.
# Sourced after ../tools/lib.sh, never run.

# The archives of the machine's own apt sources, one "URI|RELEASE|LABEL" a line, whatever format they are kept in.
# apt leaves $(LABEL) as it stands while it has not fetched that archive's index.
# shellcheck disable=SC2016 # the $(...) are apt's
machine_archives() {
	apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(LABEL)' 'Created-By: Packages' 'Component: main' | sort -u
}

# archive_of SUITE: the address that serves this suite, or nothing where the machine knows none.
archive_of() {
	local label=Debian like='^(stable|oldstable|testing|unstable|[a-z]+)$'
	case $1 in
	*-security) label=Debian-Security like='-security$' ;;
	esac
	machine_archives | awk -F'|' -v label="$label" -v like="$like" '
		$3 == label && found == "" { found = $1 }
		$3 ~ /^\$/ && $2 ~ like && guess == "" { guess = $1 }
		END { if (found != "") print found; else if (guess != "") print guess }'
}

# write_apt_configuration FOLDER ARCH SUITES...: a private apt in FOLDER.
write_apt_configuration() {
	local folder=$1 arch=$2 suite uri keyring=/usr/share/keyrings/debian-archive-keyring.gpg options=''
	shift 2
	mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
	[ ! -e $keyring ] || options="[signed-by=$keyring] "
	: >"$folder/sources.list.new"
	for suite in "$@"; do
		uri=$(archive_of "$suite")
		if [ -n "$uri" ]; then
			echo "deb $options$uri $suite main" >>"$folder/sources.list.new"
		elif [[ $suite == *-security ]]; then
			say "this machine's apt sources have no security archive: going without $suite"
		else
			die "this machine's apt sources name no Debian archive to take $suite from"
		fi
	done
	mv "$folder/sources.list.new" "$folder/sources.list"
	: >"$folder/status"
	# Given with -c, and so read after the machine's own configuration.
	cat >"$folder/apt.conf" <<-END
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		#clear APT::Architectures;
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "root";
		Dir::Etc::sourcelist "$folder/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State "$folder";
		Dir::State::lists "$folder/lists";
		Dir::State::status "$folder/status";
		Dir::Cache "$folder/cache";
		Dir::Cache::pkgcache "pkgcache.bin";
		Dir::Cache::srcpkgcache "";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Acquire::Check-Valid-Until "true";
	END
}

# private_apt MAX-AGE ARCH SUITES...: prints the folder of a private apt for these, whose lists are at most MAX-AGE
# seconds old; its configuration is apt.conf there. Any number of processes may share it.
private_apt() {
	local max_age=$1 folder lock
	shift
	folder=$(cache_folder)/apt/$(
		IFS=-
		echo "$*"
	)
	mkdir -p "$folder"
	exec {lock}>"$folder/lock"
	flock "$lock"
	write_apt_configuration "$folder" "$@"
	if [ ! -e "$folder/updated" ] || ! cmp -s "$folder/sources.list" "$folder/updated" ||
		[ $(($(date +%s) - $(stat -c %Y "$folder/updated"))) -ge "$max_age" ]; then
		say "reading the archive's lists of ${*:2} for $1"
		retry apt-get -q -c "$folder/apt.conf" update --error-on=any >&2
		cp "$folder/sources.list" "$folder/updated"
	fi
	exec {lock}>&-
	echo "$folder"
}
