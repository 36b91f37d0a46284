#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#   compare.sh BUILD_DIR [--short] [--json]
#
# The same PSK devices (CCM_8, LwM2M 1.0, no Discover, the same Deletes and Writes) at our daemon and at the bootstrap
# server of Eclipse Leshan 1.5.0, in turns, from one run on one machine. Each server is pinned to one core, the devices to
# another; CPU is what the scheduler charged the whole server process. Leshan holds all devices in memory and writes no
# journal; its just-in-time compiler is warm. Needs Java and Maven, which fetches Leshan; without them it says so.
set -eu

BUILD=$1
shift
json='' short=''
for a; do
	case $a in
	--json) json=1 ;;
	--short) short=1 ;;
	*) echo "usage: compare.sh BUILD_DIR [--short] [--json]" >&2; exit 2 ;;
	esac
done
for p in java javac mvn; do
	command -v $p >/dev/null || { echo "bench-compare: skipped: there is no $p"; exit 0; }
done
cd "$(dirname "$0")/../.."
W=$(pwd)/build/bench-compare
rm -rf "$W"
mkdir -p "$W"
. tools/bench/lib.sh
leshan_pid='' idle_pid=''
trap 'stop_all' EXIT
trap 'exit 130' INT TERM

if [ -n "$short" ]; then
	runs=1 devices=200 warm=1 idle=400
else
	runs=5 devices=2000 warm=6 idle=5000
fi

stop_one() { [ -z "$1" ] || { kill "$1" 2>/dev/null; wait "$1" 2>/dev/null; } || true; }
stop_all() {
	stop_one "$idle_pid"
	stop_one "$leshan_pid"
	stop_daemon || true
}

build_leshan() {
	mvn -q -B -f tools/bench/leshan-server/pom.xml "-Dout=$W/leshan" package >"$W/maven.log" 2>&1 && return
	echo "bench-compare: skipped: Maven could not build the driver; see build/bench-compare/maven.log"
	exit 0
}

# A port that nobody has now: that of a daemon which is gone.
start_leshan() {
	taskset -c "$server_core" java "-Dlogback.configurationFile=$(pwd)/tests/interop/logback.xml" \
		-cp "$W/leshan/leshan-server-0.jar:$W/leshan/lib/*" Server "$leshan_port" "$W/psk.csv" >"$W/leshan.log" 2>&1 &
	leshan_pid=$!
	for _ in $(seq 120); do
		grep -q 'Bootstrap server started' "$W/leshan.log" && sleep 1 && return
		kill -0 "$leshan_pid" 2>/dev/null || break
		sleep 0.5
	done
	tail -n 5 "$W/leshan.log" >&2
	die "Leshan does not start"
}

at_ours() { server_pid=$our_pid address=127.0.0.1:$our_port; }
at_leshan() { server_pid=$leshan_pid address=127.0.0.1:$leshan_port; }

options="--suite PSK-AES128-CCM8 --lwm2m 1.0 --legacy-server"

# Sessions that stay: memory of the server before and after. All but the last answer of each has come when it has no more to do.
measure_memory() { # NAME
	before=$(rss "$server_pid")
	(
		exec=exec
		# shellcheck disable=SC2086
		load "$W/psk.csv" "$idle" $options --linger 3600000 --concurrency 0 --rate 500 >/dev/null
	) &
	idle_pid=$!
	sleep $((idle / 500 + 10))
	add "$1" $((($(rss "$server_pid") - before) / idle))
	stop_one "$idle_pid"
	idle_pid=''
}

report() {
	echo "least/median/greatest of $runs runs; $(date -u +%F), $(nproc) CPUs,$(
		sed -n 's/^model name[^:]*://p' /proc/cpuinfo | head -n 1
	), $(java -version 2>&1 | head -n 1)"
	printf '%-34s %-20s %-22s %s\n' "PSK, AES-128-CCM-8" "daemon" "Leshan 1.5.0" "ratio"
	printf '%-34s %-20s %-22s %s\n' "CPU per bootstrap, us" "$(show ours)" "$(show leshan)" "$(ratio leshan ours)"
	printf '%-34s %-20s %-22s %s\n' "memory per idle session (1 run), B" "$(median ours-bytes)" \
		"$(median leshan-bytes)" "$(ratio leshan-bytes ours-bytes)"
	printf '%-34s %-20s %-22s\n' "resident after all runs, MiB" "$(($(rss "$our_pid") / 1048576))" \
		"$(($(rss "$leshan_pid") / 1048576))"
}

say "Leshan, devices and store in build/bench-compare"
build_leshan
make_world $((devices > idle ? devices : idle)) 1 1
provision --discover no
ctl import "$W/psk.csv" || die "see $W/ctl.log"
write_conf
start_daemon
leshan_port=$port
stop_daemon
start_leshan
start_daemon
our_pid=$server_pid our_port=$port
say "warming up"
for _ in $(seq "$warm"); do
	# shellcheck disable=SC2086
	{ at_leshan && load "$W/psk.csv" "$devices" $options >/dev/null; } || die "see $W/sim.log"
	# shellcheck disable=SC2086
	{ at_ours && load "$W/psk.csv" "$devices" $options >/dev/null; } || die "see $W/sim.log"
done
for r in $(seq "$runs"); do
	# shellcheck disable=SC2086
	at_ours && measure ours "$W/psk.csv" "$devices" $options
	# shellcheck disable=SC2086
	at_leshan && measure leshan "$W/psk.csv" "$devices" $options
	say "  run $r of $runs"
done
say "$idle idle sessions"
at_ours && measure_memory ours-bytes
at_leshan && measure_memory leshan-bytes
if [ -n "$json" ]; then
	printf '{"date":"%s","samples":{%s}}\n' "$(date -u +%F)" "$(samples_json)"
else
	report
fi
server_pid=$our_pid
