# SPDX-License-Identifier: Apache-2.0
#
# What system tests share: a world (PKI, store, configuration, devices), the real daemon, and one line a case.
# Source it; BUILD names the folder with the programs.
set -u

: "${BUILD:=build/release}"
name=$(basename "$0" .sh)
W=$BUILD/system/$name
rm -rf "$W"
mkdir -p "$W"
W=$(cd "$W" && pwd)
daemon_pid=
. tests/system/octets.sh

ok() { echo "ok $1"; }
not_ok() { echo "not ok $1: ${2:-}"; }

# check NAME COMMAND..: the command must succeed
check() {
	check_name=$1
	shift
	if "$@" >"$W/check.out" 2>&1; then ok "$check_name"; else
		not_ok "$check_name" "$*"
		sed 's/^/# /' "$W/check.out" | tail -n 20
	fi
}

# Values that must be the same; the wanted one is the operator's or the specification's.
same() { # NAME GOT WANTED
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', wanted '$3'"; fi
}

ctl() { "$BUILD/lwm2m-bootstrapctl" -s "$W/store" -k "$W/master.key" "$@"; }
sim() { "$BUILD/lwm2m-bootstrap-sim" --server "$address" --csv "$W/devices.csv" --key-dir "$W/pki" "$@"; }

make_pki() { # DEVICE..
	sh certs/dev-pki.sh "$W/pki" || exit 1
	for d; do sh certs/dev-pki.sh "$W/pki" device "$d" || exit 1; done
}

write_conf() { # further lines on standard input
	cat >"$W/daemon.conf" <<-CONF
		[listen]
		address = 127.0.0.1:0
		[store]
		directory = $W/store
		master-key = $W/master.key
		[server]
		user = $(id -un)
		certificate = $W/pki/server.pem
		private-key = $W/pki/server.key
		trust-anchors = $W/pki/ca.pem
		trust-anchors = $W/pki/ca2.pem
	CONF
	cat >>"$W/daemon.conf"
}

start_daemon() {
	LD_PRELOAD=${preload:-${LD_PRELOAD:-}} "${daemon_build:-$BUILD}/lwm2m-bootstrapd" -c "$W/daemon.conf" 2>>"${daemon_stderr:-$W/daemon.log}" &
	daemon_pid=$!
	trap 'kill $daemon_pid 2>/dev/null' EXIT INT TERM
	address=
	for _ in $(seq 100); do
		address=$(sed -n 's/.*event=daemon.listening address=\([^ ]*\).*/\1/p' "$W/daemon.log" | tail -n 1)
		grep -q 'event=daemon.started' "$W/daemon.log" && [ -n "$address" ] && return 0
		kill -0 "$daemon_pid" 2>/dev/null || break
		sleep 0.1
	done
	cat "$W/daemon.log"
	not_ok "the daemon starts" "see above"
	exit 1
}

stop_daemon() {
	kill "$daemon_pid" 2>/dev/null
	wait "$daemon_pid"
	daemon_status=$?
	daemon_pid=
	trap - EXIT INT TERM
	mv "$W/daemon.log" "$W/daemon.log.$(date +%s%N)"
	: >"$W/daemon.log"
}

# The daemon's status page and metrics. bash is on every Debian and can open a socket; curl is not.
http_address() { sed -n 's/.*event=daemon.http address=\([^ ]*\).*/\1/p' "$W/daemon.log" | tail -n 1; }
http() { # METHOD PATH: the whole answer; http_at: the address where it is known, as a log may be long
	bash -c 'exec 3<>"/dev/tcp/${1%:*}/${1##*:}" && printf "%s %s HTTP/1.0\r\n\r\n" "$2" "$3" >&3 && cat <&3' - "${http_at:-$(http_address)}" "$1" "$2"
}

# The last outcome that the journal holds for an endpoint, identity or address. The recorder writes in batches, at the
# latest 200 ms after the end of an attempt.
outcome_of() {
	sleep 0.6
	for _ in $(seq 30); do
		o=$(ctl --json explain "$1" 2>/dev/null | sqlite3_json '$[0].outcome')
		[ -n "$o" ] && break
		sleep 0.1
	done
	echo "$o"
}

# One value of JSON on standard input; sqlite3 reads JSON and is there anyway.
sqlite3_json() {
	cat >"$W/json.tmp"
	sqlite3 :memory: "SELECT json_extract(CAST(readfile('$W/json.tmp') AS TEXT), '$1')" 2>/dev/null
}
