# SPDX-License-Identifier: Apache-2.0
#
# What run.sh and compare.sh share: the world (keys, devices, store), the daemon on one core and the devices on another,
# and samples, of which the least, the median and the greatest are shown. Source it; BUILD names the folder of programs.

root=$(pwd)
BUILD=$(cd "$BUILD" && pwd)
samples=$W/samples
server_core=0
client_core=$(($(nproc) > 1 ? 1 : 0))
server_pid=
exec= # "exec" in a subshell of its own, whose process is then the program itself

say() { [ -n "$json" ] || printf '%s\n' "$*" >&2; }
die() { echo "bench: $*" >&2; exit 1; }

# add NAME VALUE: one sample
add() { echo "$2" >>"$samples/$1"; }
# show NAME: least/median/greatest
show() {
	[ -s "$samples/$1" ] || { echo "not measured"; return; }
	sort -g "$samples/$1" | awk '{ v[NR] = $1 }
		function f(x) { return x >= 100 ? sprintf("%.0f", x) : x >= 10 ? sprintf("%.1f", x) : sprintf("%.2f", x) }
		END { m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2; printf "%s/%s/%s", f(v[1]), f(m), f(v[NR]) }'
}
median() { sort -g "$samples/$1" 2>/dev/null | awk '{ v[NR] = $1 } END { if (NR > 0) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
# ratio NAME NAME: of the medians
ratio() {
	[ -s "$samples/$1" ] && [ -s "$samples/$2" ] || { echo "-"; return; }
	awk -v a="$(median "$1")" -v b="$(median "$2")" 'BEGIN { printf "%.2f", a / b }'
}
# field NAME: a number of one line of flat or nested JSON on standard input
field() { sed -n "s/.*\"$1\": *\\([0-9.]*\\).*/\\1/p"; }
# all samples as one JSON object
samples_json() {
	for f in "$samples"/*; do printf '%s"%s":[%s]' "${sep:-}" "$(basename "$f")" "$(paste -sd, "$f")"; sep=,; done
}

ctl() { "$BUILD/lwm2m-bootstrapctl" -s "$W/store" -k "$W/master.key" "$@" 2>>"$W/ctl.log"; }

make_world() { # PSK RPK X509: numbers of devices
	sh certs/dev-pki.sh "$W/pki" >/dev/null 2>&1 || die "no keys could be made"
	mkdir -p "$W/keys" "$samples"
	(
		cd "$W/keys" || exit 1
		"$BUILD/tools/bench/make_fleet" psk "$1" >../psk.csv && "$BUILD/tools/bench/make_fleet" rpk "$2" >../rpk.csv &&
			"$BUILD/tools/bench/make_fleet" x509 "$3" "$W/pki" >../x509.csv
	) || die "no devices could be made"
}

provision() { # PROFILE_OPTION..
	ctl init && ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk || die "see $W/ctl.log"
	for m in psk rpk x509; do
		ctl profile add $m --server fleet "$@" $([ $m = psk ] || echo --anchor "$W/pki/ca.pem") || die "see $W/ctl.log"
	done
}

write_conf() {
	cat >"$W/daemon.conf" <<-CONF
		[listen]
		address = 127.0.0.1:0
		[store]
		directory = $W/store
		master-key = $W/master.key
		[server]
		user = $(id -un)
		workers = 1
		certificate = $W/pki/server.pem
		private-key = $W/pki/server.key
		raw-key = $W/pki/server-raw.key
		trust-anchors = $W/pki/ca.pem
		[limits]
		attempts-per-minute = 1000
		[log]
		level = warning
	CONF
}

# The daemon with one worker, all its threads on one core.
start_daemon() {
	taskset -c "$server_core" "$BUILD/lwm2m-bootstrapd" -c "$W/daemon.conf" >"$W/daemon.log" 2>&1 &
	server_pid=$!
	port=
	for _ in $(seq 100); do
		port=$(udp_port_of "$server_pid")
		[ -n "$port" ] && [ -S "$W/store/control.sock" ] && break
		kill -0 "$server_pid" 2>/dev/null || break
		sleep 0.1
	done
	[ -n "$port" ] || { cat "$W/daemon.log" >&2; die "the daemon does not listen"; }
	address=127.0.0.1:$port
}

# The port of the one UDP socket of a process.
udp_port_of() {
	for l in /proc/"$1"/fd/*; do
		inode=$(readlink "$l" 2>/dev/null | sed -n 's/^socket:\[\(.*\)\]$/\1/p')
		[ -n "$inode" ] || continue
		hex=$(awk -v i="$inode" '$10 == i { split($2, a, ":"); print a[2] }' /proc/net/udp /proc/net/udp6 2>/dev/null)
		[ -z "$hex" ] || { printf '%d\n' "0x$hex"; return; }
	done
}

stop_daemon() {
	[ -z "$server_pid" ] || { kill "$server_pid" 2>/dev/null; wait "$server_pid" 2>/dev/null; }
	server_pid=
}

rss() { awk '/^VmRSS:/ { print $2 * 1024 }' "/proc/$1/status"; }
sessions() { ctl --json status | field peers; }
wait_sessions() { # AT_LEAST|AT_MOST N
	for _ in $(seq 600); do
		n=$(sessions)
		[ "$1" = at-least ] && [ "${n:-0}" -ge "$2" ] && return
		[ "$1" = at-most ] && [ "${n:-1}" -le "$2" ] && return
		sleep 0.5
	done
	die "${n:-no} sessions after five minutes"
}

# load CSV COUNT OPTION..: a fleet run; prints the summary as JSON
load() {
	csv=$1 count=$2
	shift 2
	$exec taskset -c "$client_core" "$BUILD/lwm2m-bootstrap-sim" --server "$address" --csv "$csv" --devices "$count" --key-dir "$W/keys" \
		--server-public-key "$W/pki/server-raw.pub" --ca "$W/pki/ca.pem" --concurrency 128 --source 127.0.0.0/16 \
		--linger 0 --server-pid "$server_pid" --summary - "$@" 2>>"$W/sim.log"
}

# measure NAME CSV COUNT OPTION..: one sample of server CPU; every device must be done
measure() {
	name=$1
	shift
	out=$(load "$@") || die "$name: not all devices are done: $out; see $W/sim.log"
	add "$name" "$(echo "$out" | field cpu_us_per_done)"
}
