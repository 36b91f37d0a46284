# SPDX-License-Identifier: Apache-2.0
#
# One device with a good key that wants everything: sessions, handshakes, lines of the log, rows of the journal. It gets its
# share, and the others get theirs meanwhile.
. tests/system/lib.sh

at_most() { # NAME GOT MOST
	if [ -n "$2" ] && [ "$2" -le "$3" ]; then ok "$1"; else not_ok "$1" "'$2' is more than $3"; fi
}
at_least() { # NAME GOT LEAST
	if [ -n "$2" ] && [ "$2" -ge "$3" ]; then ok "$1"; else not_ok "$1" "'$2' is less than $3"; fi
}
journal() { sqlite3 -readonly "$W/store/journal.db" "$1"; }
settled() { sleep 1.3; } # the recorder writes in batches, and a worker publishes its counters once a second
rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$daemon_pid/status"; }
limit() { # OPTION FIELD: of status
	ctl --json status >"$W/status.json" && sqlite3 :memory: "SELECT json_extract(value, '\$.$2') FROM
		json_each(CAST(readfile('$W/status.json') AS TEXT), '\$.limits') WHERE json_extract(value, '\$.limit') = '$1'"
}
outcomes() { # WORD: of status
	ctl --json status >"$W/status.json" && sqlite3 :memory: \
		"SELECT coalesce(json_extract(CAST(readfile('$W/status.json') AS TEXT), '\$.outcomes.\"$1\"'), 0)"
}
lines_of() { grep -c "ep=\"$1\"" "$W/daemon.log"; }
hostile() { "$BUILD/tests/system/hostile" "$1" "$2" "$address" "$3" "$4" >"$W/hostile.out" 2>&1; }
field() { sed -n "s/.*$1 \([0-9]*\).*/\1/p" "$W/hostile.out"; }

make_pki
k() { openssl rand -hex 16; }
ctl init >/dev/null 2>&1
check "server add" ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk
check "profile add" ctl profile add quick --server fleet
head=endpoint,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex
bad_key=$(k)
{
	echo "$head"
	echo "greedy,psk,id-greedy,$bad_key,greedy@fleet,$(k)"
} >"$W/greedy.csv"
{
	echo "$head"
	for n in $(seq 20); do echo "m$n,psk,id-m$n,$(k),m$n@fleet,$(k)"; done
} >"$W/devices.csv"
check "import" ctl import "$W/greedy.csv" --profile quick
check "import of the others" ctl import "$W/devices.csv" --profile quick
sim_greedy() { "$BUILD/lwm2m-bootstrap-sim" --server "$address" --csv "$W/greedy.csv" --all --quiet "$@"; }

configure() { # further lines of [limits]
	write_conf <<-CONF
		workers = 2
		[dtls]
		handshake-time = 3s
		[limits]
		$1
	CONF
	start_daemon
}

# ---- sessions and handshakes -----------------------------------------------------------------------------------------

configure "handshakes-per-minute = 20"
before=$(rss_kb)
hostile handshakes 2000 id-greedy "$bad_key" &
hostile_pid=$!
check "others bootstrap during a flood of good handshakes" sim --all --timeout 20 --quiet
wait $hostile_pid
settled
same "all handshakes were tried" "$(field tried)" 2000
at_least "those that its share allows are done" "$(field done)" 20
at_most "no more than that in each minute" "$(field done)" 40
same "it has two sessions" "$(ctl --json sessions greedy 2>"$W/sessions.err" | grep -o '"endpoint"' | wc -l)" 2
case $BUILD in
*asan* | *tsan*) echo "skip memory stays: a sanitizer keeps freed memory" ;;
*) at_most "memory stays, KB more" $(($(rss_kb) - before)) 20000 ;;
esac
at_least "status counts the sessions that went" "$(limit sessions-per-device hits)" 18
same "and shows the most of one device" "$(limit sessions-per-device value)" 2
at_least "status counts the handshakes" "$(limit handshakes-per-minute hits)" 1900
same "and shows the most of one device in a minute" "$(limit handshakes-per-minute value)" 20
missing=
for n in $(seq 20); do grep -q "event=bootstrap.done .*ep=\"m$n\"" "$W/daemon.log" || missing="$missing m$n"; done
same "each of the others has its line" "$missing" ""
same "and its row" "$(journal "SELECT count(DISTINCT endpoint) FROM attempt WHERE endpoint LIKE 'm%' AND outcome = 'done'")" 20
at_most "lines about it are few" "$(lines_of greedy)" 200
same "the outcome names the limit" \
	"$(journal "SELECT DISTINCT outcome FROM attempt WHERE endpoint = 'greedy' AND detail LIKE '%handshakes-per-minute%'")" \
	too-many-attempts
stop_daemon
same "exit status" "$daemon_status" 0

# ---- who knows the identity alone ------------------------------------------------------------------------------------

configure "handshakes-per-minute = 3"
hostile handshakes 100 id-greedy "$(k)"
same "without the key no handshake is done" "$(field done)" 0
same "and none counts as the device's" "$(limit handshakes-per-minute hits)" 0
check "which gets in" sim_greedy --timeout 20

# ---- a mere handshake cuts off no run --------------------------------------------------------------------------------

stop_daemon
configure "handshakes-per-minute = 100"
# From the address of the others, where an old session leaves first; the answer is lost: two seconds at least.
sim_greedy --source 127.1.0.1/32 --misbehave lose@delete --timeout 20 >"$W/sim.out" 2>&1 &
sim_pid=$!
in_run() { ctl --json sessions greedy 2>"$W/sessions.err" | grep -q '"running": *true'; }
for _ in $(seq 50); do in_run && break || sleep 0.1; done
check "a device is in its run" in_run
hostile handshakes 10 id-greedy "$bad_key"
same "ten handshakes with the key of a device in its run" "$(field done)" 10
wait $sim_pid
same "the run goes on to its end" "$(outcome_of greedy)" done
stop_daemon

# ---- lines and rows --------------------------------------------------------------------------------------------------

# Each session that ends without a request, and each request in another's name, is an outcome of its own.
for kind in closing requests; do
	configure "attempts-per-minute = 100000
log-lines-per-second = 5"
	mark=$(journal "SELECT coalesce(max(id), 0) FROM attempt")
	hostile $kind 2000 id-greedy "$bad_key" &
	hostile_pid=$!
	check "$kind: others bootstrap meanwhile" sim --all --timeout 20 --quiet
	wait $hostile_pid
	settled
	at_least "$kind: it came through" "$(field done)" 1900
	at_most "$kind: sessions" "$(ctl --json sessions greedy 2>"$W/sessions.err" | grep -o '"endpoint"' | wc -l)" 2
	at_most "$kind: lines about it" "$(lines_of greedy)" 90
	at_least "$kind: but there are some" "$(lines_of greedy)" 30
	at_most "$kind: rows about it" "$(journal "SELECT max(id) FROM attempt" | awk -v m="$mark" '{ print $1 - m }')" 120
	# A session whose farewell comes after the next one's handshake was pushed out: it is counted, and has no outcome.
	same "$kind: each session has its outcome, or was pushed out" \
		$(($(outcomes no-request) + $(outcomes endpoint-mismatch) + $(limit sessions-per-device hits))) "$(field done)"
	at_least "$kind: status says what was left out" "$(limit log-lines-per-device hits)" 1
	same "$kind: others have their lines" "$(grep -c 'event=bootstrap.done .*ep="m' "$W/daemon.log")" 20
	check "$kind: a line says that lines are missing" grep -q 'event=log.left-out .*device_lines=[1-9]' "$W/daemon.log"
	sleep 1
	check "$kind: it bootstraps" sim_greedy --timeout 20
	for _ in $(seq 20); do
		ctl explain greedy >"$W/explain.out" 2>&1
		grep -q "attempts before it were left out" "$W/explain.out" && break || sleep 0.2
	done
	check "$kind: explain says that attempts are missing" grep -q "attempts before it were left out" "$W/explain.out"
	stop_daemon
	same "$kind: exit status" "$daemon_status" 0
done
