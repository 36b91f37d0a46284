#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#   run.sh BUILD_DIR [--short] [--json] [--only modes|idle|store]
#
# What a bootstrap, a session and a device cost, from one run on one machine, next to what they cannot cost less than.
# The daemon has one worker on one core, the devices run on another; CPU is what the scheduler charged the daemon (all its
# threads), from the first datagram until the journal is written. Each figure is the least/median/greatest of 5 runs, of 3
# where it says so. Everything lies in build/bench, made anew. --short: small numbers, to see that it works.
set -eu

BUILD=$1
shift
json='' short='' only=''
while [ $# -gt 0 ]; do
	case $1 in
	--json) json=1 ;;
	--short) short=1 ;;
	--only) only=${2:-} && shift ;;
	*) echo "usage: run.sh BUILD_DIR [--short] [--json] [--only modes|idle|store]" >&2; exit 2 ;;
	esac
	shift
done
cd "$(dirname "$0")/../.."
W=$(pwd)/build/bench
rm -rf "$W"
mkdir -p "$W"
. tools/bench/lib.sh
trap 'stop_idle; stop_daemon' EXIT
trap 'exit 130' INT TERM

if [ -n "$short" ]; then
	runs=1 long_runs=1 psk=200 keys=50 idle=400 floor=128 fleet=5000 small=1000 lookups=5000
else
	runs=5 long_runs=3 psk=2000 keys=600 idle=20000 floor=1000 fleet=1000000 small=10000 lookups=200000
fi
idle_pids=''

# ---- the cost of a bootstrap, and its floor -------------------------------------------------------------------------

measure_floor() {
	taskset -c "$client_core" "$BUILD/tools/bench/floor" 1 "$floor" >"$W/floor.out" || die "the floor could not be measured"
	for m in psk psk-gcm rpk x509; do
		line=$(grep "\"mode\":\"$m\"" "$W/floor.out")
		for part in handshake records udp lookups sum; do add "floor-$m-$part" "$(echo "$line" | field $part)"; done
	done
}

measure_modes() {
	for r in $(seq 0 "$runs"); do
		[ "$r" -gt 0 ] || { # warm up: memory, caches, the journal
			load "$W/psk.csv" "$psk" >/dev/null || die "see $W/sim.log"
			continue
		}
		measure_floor
		measure psk "$W/psk.csv" "$psk" --suite PSK-AES128-CCM8
		measure psk-gcm "$W/psk.csv" "$psk" --suite PSK-AES128-GCM-SHA256
		measure rpk "$W/rpk.csv" "$keys" --suite ECDHE-ECDSA-AES128-CCM8
		measure x509 "$W/x509.csv" "$keys" --suite ECDHE-ECDSA-AES128-CCM8
		say "  run $r of $runs"
	done
}

# ---- idle sessions --------------------------------------------------------------------------------------------------

# Two processes: each session is an open file of its client.
start_idle() {
	for half in 1 2; do
		(
			exec=exec
			load "$W/idle$half.csv" $((idle / 2)) --concurrency 0 --rate 200 --timeout 240 \
				--linger 3600000 --source "127.$half.0.0/16" >/dev/null
		) &
		idle_pids="$idle_pids $!"
	done
	wait_sessions at-least $((idle - idle / 100)) # on a busy machine a few devices give up
	sleep 15 # and the last of them come to rest
}

stop_idle() {
	for p in $idle_pids; do kill "$p" 2>/dev/null || true; done
	for p in $idle_pids; do wait "$p" 2>/dev/null || true; done
	idle_pids=''
}

split_idle() {
	for half in 1 2; do
		head -n 1 "$W/psk.csv" >"$W/idle$half.csv"
		tail -n +$((psk + 2 + (half - 1) * idle / 2)) "$W/psk.csv" | head -n $((idle / 2)) >>"$W/idle$half.csv"
	done
}

measure_idle() {
	stop_daemon
	start_daemon # memory that was never used
	load "$W/psk.csv" "$psk" >/dev/null || die "see $W/sim.log"
	for r in $(seq "$runs"); do measure idle-none "$W/psk.csv" "$psk"; done
	before=$(rss "$server_pid") at_first=$(sessions)
	start_idle
	add session-bytes $((($(rss "$server_pid") - before) / ($(sessions) - at_first)))
	for r in $(seq "$runs"); do measure idle-many "$W/psk.csv" "$psk"; done
	stop_idle
}

# ---- a million devices ----------------------------------------------------------------------------------------------

seconds() { # NAME COMMAND..: a sample of elapsed time, and of CPU
	name=$1
	shift
	/usr/bin/time -o "$W/time" -f '%e %U %S' "$@" >>"$W/ctl.log" 2>&1 || die "$*: see $W/ctl.log"
	read -r real user kernel <"$W/time"
	add "$name" "$real"
	add "$name-cpu" "$(awk -v u="$user" -v k="$kernel" 'BEGIN { print u + k }')"
}

# The yardstick: SQLite's own import of the same file into one table, then a unique index for each value that must be
# unique: no check, no sealing, no keyed hash, no journal.
yardstick() {
	rm -f "$W/yard.db"
	seconds yardstick sqlite3 "$W/yard.db" \
		'PRAGMA journal_mode = OFF' 'PRAGMA synchronous = OFF' 'PRAGMA cache_size = -262144' \
		'CREATE TABLE d(endpoint, profile, mode, identity, key, public, fleet_identity, fleet_key)' \
		'.mode csv' ".import --skip 1 $W/fleet.csv d" \
		'CREATE UNIQUE INDEX a ON d(endpoint)' 'CREATE UNIQUE INDEX b ON d(identity)' \
		'CREATE UNIQUE INDEX c ON d(key)' 'CREATE UNIQUE INDEX e ON d(fleet_identity)' \
		'CREATE UNIQUE INDEX f ON d(fleet_key)'
}

new_store() {
	rm -rf "$W/store" "$W/master.key"
	provision
}

look_up() { # NAME DEVICES
	"$BUILD/tools/bench/lookups" "$W/store" "$W/master.key" "$2" "$lookups" "$runs" >"$W/lookups.out" || die "look-ups"
	for what in find load; do
		field $what <"$W/lookups.out" >>"$samples/$what-$1"
	done
}

measure_store() {
	"$BUILD/tools/bench/make_fleet" psk "$fleet" >"$W/fleet.csv"
	head -n $((small + 1)) "$W/fleet.csv" >"$W/small.csv"
	new_store
	ctl import "$W/small.csv" || die "see $W/ctl.log"
	look_up small "$small"
	for r in $(seq "$long_runs"); do
		new_store
		seconds import "$BUILD/lwm2m-bootstrapctl" -s "$W/store" -k "$W/master.key" import "$W/fleet.csv"
		yardstick
		say "  run $r of $long_runs"
	done
	add store-bytes $(($(stat -c %s "$W/store/store.db") / fleet))
	look_up large "$fleet"
	rm -f "$W/yard.db" "$W/fleet.csv"
}

# ---- the table ------------------------------------------------------------------------------------------------------

mode_line() { # NAME TEXT
	printf '%-34s %-18s %-18s %s\n' "$2" "$(show "$1")" "$(show "floor-$1-sum")" "$(ratio "$1" "floor-$1-sum")"
}

parts() {
	for m in psk rpk x509; do
		printf '  floor of %-5s handshake %s, records %s, datagrams %s, look-ups %s\n' $m \
			"$(median floor-$m-handshake)" "$(median floor-$m-records)" "$(median floor-$m-udp)" "$(median floor-$m-lookups)"
	done
}

report() {
	echo "least/median/greatest of $runs runs ($long_runs for imports); $(date -u +%F), $(nproc) CPUs,$(
		sed -n 's/^model name[^:]*://p' /proc/cpuinfo | head -n 1
	)"
	echo
	printf '%-34s %-18s %-18s %s\n' "CPU per bootstrap, us" "daemon" "floor" "ratio"
	mode_line psk "PSK, AES-128-CCM-8"
	mode_line psk-gcm "PSK, AES-128-GCM"
	mode_line rpk "raw public keys, AES-128-CCM-8"
	mode_line x509 "X.509, AES-128-CCM-8"
	parts
	echo
	printf '%-34s %-18s %-18s %s\n' "PSK next to $idle idle sessions, us" "$(show idle-many)" "none: $(show idle-none)" \
		"$(ratio idle-many idle-none)"
	printf '%-34s %s (1 run)\n' "memory per session, bytes" "$(show session-bytes)"
	printf '%-34s %-18s %-18s %s\n' "look-up by identity, $fleet, us" "$(show find-large)" "$small: $(show find-small)" \
		"$(ratio find-large find-small)"
	printf '%-34s %-18s %-18s %s\n' "account loaded, $fleet, us" "$(show load-large)" "$small: $(show load-small)" \
		"$(ratio load-large load-small)"
	printf '%-34s %-18s %-18s %s\n' "import of $fleet devices, s" "$(show import)" "sqlite3: $(show yardstick)" \
		"$(ratio import yardstick)"
	printf '%-34s %-18s %-18s %s\n' "the same, s of CPU" "$(show import-cpu)" "sqlite3: $(show yardstick-cpu)" \
		"$(ratio import-cpu yardstick-cpu)"
	printf '%-34s %s\n' "store, bytes per device" "$(show store-bytes)"
}

say "devices, keys and store in build/bench"
make_world $((psk + idle)) "$keys" "$keys"
split_idle
provision
for m in psk rpk x509; do ctl import "$W/$m.csv" || die "see $W/ctl.log"; done
write_conf
start_daemon
wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }
if wanted modes; then say "CPU per bootstrap" && measure_modes; fi
if wanted idle; then say "$idle idle sessions" && measure_idle; fi
stop_daemon
if wanted store; then say "$fleet devices" && measure_store; fi
if [ -n "$json" ]; then
	printf '{"date":"%s","samples":{%s}}\n' "$(date -u +%F)" "$(samples_json)"
else
	report
fi
