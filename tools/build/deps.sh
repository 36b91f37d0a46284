#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Install what the build needs, and nothing when nothing is missing.
#
#   tools/build/deps.sh DIR        DIR receives the private OpenSSL (build/deps), where the system's is too old
#
# 1. Debian packages, with apt-get, as root.
# 2. OpenSSL >= 3.2. Where the installed one is older (Debian 12 has 3.0, without raw public keys), the static
#    libraries of Debian's current stable release are unpacked under DIR. apt itself fetches them, with a source list,
#    state and cache of its own and Debian's own key ring: nothing of the system changes.
#
# Silent when there is nothing to do. DIR/openssl.mk says what the Makefile links.
set -eu

deps=${1:?usage: tools/build/deps.sh DIR}
wanted_openssl=3.2
newer_suite=trixie
packages="gcc libc6-dev make pkg-config libevent-dev libcoap3-dev libsqlite3-dev libjansson-dev libcbor-dev libcsv-dev
	libinih-dev uthash-dev libexpat1-dev libseccomp-dev libcmocka-dev libssl-dev sqlite3 openssl time
	faketime gnutls-bin libcoap3-bin" # the last line: a clock that steps and foreign clients, for the tests
lint_packages="clang clang-format cppcheck"
page_packages="chromium-headless-shell fonts-dejavu-core"
[ "${DEPS_LINT:-0}" = 1 ] && packages="$packages $lint_packages"
[ "${DEPS_FUZZ:-0}" = 1 ] && packages="$packages clang" # and its run-time library, below
[ "${DEPS_DEB:-0}" = 1 ] && packages="$packages lintian"
[ "${DEPS_PAGE:-0}" = 1 ] && packages="$packages $page_packages"

say() { printf 'deps: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

missing_packages() {
	for p in $packages; do
		state=$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true)
		[ "$state" = installed ] || printf '%s ' "$p"
	done
}

install_packages() {
	missing=$(missing_packages)
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || fail "these packages are missing and only root can install them: ${missing}
deps: run as root:  apt-get install $missing"
	say "installing: $missing"
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	if ! { apt-get -q update && apt-get -q -y --no-install-recommends install $missing; } >"$log" 2>&1; then
		tail -n 15 "$log" >&2
		rm -f "$log"
		fail "apt-get failed (above). Offline? Then install these packages from your own mirror and call make again."
	fi
	rm -f "$log"
}

# The mirror that the machine itself uses, from one-line or deb822 sources.
mirror() {
	{
		sed -n 's/^[[:space:]]*deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]\{1,\}\).*/\2/p' \
			/etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true
		sed -n 's/^URIs:[[:space:]]*\([^[:space:]]\{1,\}\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null || true
	} | grep -E '/debian/?$' | head -n 1
}

fetch_openssl() {
	uri=$(mirror)
	[ -n "$uri" ] || fail "no Debian mirror in the apt sources of this machine; OpenSSL >= $wanted_openssl must then come from the
deps: system: install its libssl-dev and call make again"
	say "fetching OpenSSL of Debian $newer_suite into $deps (the system's is older than $wanted_openssl; it stays as it is)"
	apt=$deps/apt
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources.d" "$deps/openssl"
	: >"$apt/status"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $newer_suite main" >"$apt/sources.list"
	options="-o Dir::Etc::SourceList=$apt/sources.list -o Dir::Etc::SourceParts=$apt/sources.d -o Dir::State=$apt
		-o Dir::State::Lists=$apt/lists -o Dir::State::status=$apt/status -o Dir::Cache=$apt/cache
		-o APT::Sandbox::User=root"
	(
		cd "$apt"
		apt-get -q $options update && apt-get -q $options download libssl-dev
	) >"$apt/log" 2>&1 || { tail -n 15 "$apt/log" >&2; fail "could not fetch OpenSSL of $newer_suite (above). Offline?"; }
	for deb in "$apt"/libssl-dev_*.deb; do
		dpkg-deb -x "$deb" "$deps/openssl"
	done
}

# promtool comes with a service that would start and listen: its package is unpacked under DIR, not installed.
fetch_promtool() {
	[ -x "$deps/promtool/usr/bin/promtool" ] && return
	command -v promtool >/dev/null && return
	say "fetching promtool into $deps"
	mkdir -p "$deps/promtool"
	log=$deps/promtool/log
	(cd "$deps/promtool" && { apt-get -q -o APT::Sandbox::User=root download prometheus ||
		{ apt-get -q update && apt-get -q -o APT::Sandbox::User=root download prometheus; }; } && dpkg-deb -x prometheus_*.deb .) \
		>"$log" 2>&1 || { tail -n 15 "$log" >&2; fail "could not fetch Debian's package prometheus (above)"; }
	rm -f "$deps/promtool"/prometheus_*.deb
}

# The system's own, or the unpacked one: the same two variables either way.
write_openssl_mk() {
	if pkg-config --atleast-version="$wanted_openssl" libssl 2>/dev/null; then
		printf 'OPENSSL_CFLAGS := %s\nOPENSSL_LIBS := %s\n' "$(pkg-config --cflags libssl libcrypto)" \
			"$(pkg-config --libs libssl libcrypto)"
		return
	fi
	arch=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
	root=$deps/openssl/usr
	[ -f "$root/lib/$arch/libssl.a" ] || fetch_openssl
	# __isoc23_strtol is the one glibc symbol in it that is newer than Debian 12's glibc; strtol does the same work here.
	printf 'OPENSSL_CFLAGS := -I%s/include -I%s/include/%s\n' "$root" "$root" "$arch"
	printf 'OPENSSL_LIBS := %s/lib/%s/libssl.a %s/lib/%s/libcrypto.a -lz -lzstd -ldl -lpthread' "$root" "$arch" "$root" "$arch"
	printf ' -Wl,--defsym=__isoc23_strtol=strtol -Wl,--exclude-libs,ALL\n'
}

if ! pkg-config --atleast-version="$wanted_openssl" libssl 2>/dev/null; then
	packages="$packages zlib1g-dev libzstd-dev"
fi
install_packages
if [ "${DEPS_FUZZ:-0}" = 1 ]; then # clang only recommends what -fsanitize=fuzzer links, under its version's name
	packages=libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev
	install_packages
fi
mkdir -p "$deps"
deps=$(cd "$deps" && pwd)
[ "${DEPS_PAGE:-0}" = 1 ] && fetch_promtool
write_openssl_mk >"$deps/openssl.mk.new"
if cmp -s "$deps/openssl.mk.new" "$deps/openssl.mk"; then rm "$deps/openssl.mk.new"; else mv "$deps/openssl.mk.new" "$deps/openssl.mk"; fi
