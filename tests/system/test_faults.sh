# SPDX-License-Identifier: Apache-2.0
#
# What goes wrong around a daemon that runs: power of the process, disk, store, descriptors, certificates, crowds and strangers.
# Everything is bounded and stays on loopback. FAULTS=full takes larger numbers.
#
# The guarantee about the journal, checked below: an attempt that ended 200 ms (a batch of the recorder) and the time of one
# transaction before the process dies is in the journal. While the journal cannot be written, devices bootstrap all the same;
# up to journal-queue attempts wait for it, more are counted as lost.
. tests/system/lib.sh

case ${FAULTS:-} in
full) fleet=20000 crowd=20000 rows=1000000 load=2000 places=4000 flood_per_second=2000 flood_seconds=25 flood_kinds=99 ;;
*) fleet=2000 crowd=2000 rows=20000 load=300 places=200 flood_per_second=500 flood_seconds=4 flood_kinds=5 ;;
esac
workers=2
rate=150 # of the load devices of a test that needs some, how many start in a second

# ---- the world ------------------------------------------------------------------------------------------------------

# Devices PREFIX0 .. PREFIXn-1, two keys each from one run of openssl. No key begins with a printable octet: of two million
# random keys one in four times one is printable from end to end, and the import refuses text.
devices() { # PREFIX COUNT
	echo "endpoint,profile,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex"
	openssl rand -hex $((32 * $2)) | fold -w 64 | awk -v p="$1" '{
		printf "%s%d,all,psk,%s%d,%s,%s%d,%s\n", p, NR - 1, p, NR - 1, "f" substr($0, 2, 31), p, NR - 1, "f" substr($0, 34)
	}'
}

make_pki dev-x
ctl init >/dev/null 2>&1
ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk >/dev/null 2>&1
ctl profile add all --server fleet --anchor "$W/pki/ca.pem" >/dev/null 2>&1
devices d "$fleet" >"$W/devices.csv"
check "import of $fleet devices" ctl import "$W/devices.csv"
devices late "$rows" >"$W/late.csv"
mkdir -p "$W/good"
sqlite3 "$W/store/store.db" ".backup '$W/good/store.db'" # put back where a test spoils the store

conf() { # further lines on standard input
	write_conf <<-CONF
		workers = $workers
		[http]
		address = 127.0.0.1:0
		[limits]
		attempts-per-minute = 100000
		journal-queue = 512
		$(cat)
	CONF
}
conf </dev/null

# ---- what the tests ask ---------------------------------------------------------------------------------------------

fleet_sim() { sim --source 127.64.0.0/16 --timeout 20 --linger 50 --quiet "$@"; }
one() { fleet_sim --endpoint d0 --timeout 8; }
seen_done() { grep -c '"result":"done"' "$1"; }
journal() { sqlite3 "$W/store/journal.db" "$1" 2>/dev/null; }
alive() { kill -0 "$daemon_pid" 2>/dev/null; }
lines() { grep -c "event=$1" "$W/daemon.log"; }
get() { http GET "$1"; } # PATH
metric() { get /metrics | sed -n "s/^lwm2m_bootstrap_$1 //p"; }
within() { # SECONDS CONDITION
	for _ in $(seq $(($1 * 10))); do
		eval "$2" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}
is() { # NAME GOT OPERATOR WANTED
	if [ -n "$2" ] && [ "$2" "$3" "$4" ]; then ok "$1"; else not_ok "$1" "got '$2', wanted $3 '$4'"; fi
}
whole() { sqlite3 "$1" 'PRAGMA integrity_check' 2>&1 | head -n 1; }
bounded() { # PID SECONDS: wait, at most so long
	within "$2" "! kill -0 $1" || kill "$1" 2>/dev/null
	wait "$1"
}
part() { # NAME: how long the last one took
	part_end=$(date +%s)
	[ -z "${part_name:-}" ] || echo "# $part_name: $((part_end - part_start)) s"
	part_start=$part_end part_name=$1
}

# ---- kill -9 --------------------------------------------------------------------------------------------------------

test_kill() {
	part "kill -9 under load"
	start_daemon
	# No faster than the small journal-queue of this test takes, which would count the rest as lost.
	fleet_sim --devices $load --rate $((rate * 5)) --json --output "$W/before.json" >/dev/null 2>&1
	sleep 0.5 # more than a batch of the recorder
	fleet_sim --all --rate $rate --timeout 4 --concurrency $rate --json --output "$W/load.json" >/dev/null 2>&1 &
	load_pid=$!
	sleep 2
	kill -9 "$daemon_pid"
	wait "$daemon_pid" 2>/dev/null
	sleep 0.3
	kill "$load_pid" # else the rest of the fleet runs into its timeout
	wait "$load_pid" 2>/dev/null
	before=$(seen_done "$W/before.json")
	is "all devices before the kill were done" "$before" = $load
	total=$(journal "SELECT count(*) FROM attempt WHERE outcome = 'done'")
	is "none of them is missing in the journal" "$total" -ge "$before"
	echo "# $before done before the kill, $total in the journal after it"
	is "nor what the load did until the last batch" $((total - before)) -gt $((rate / 2))
	for f in store journal; do is "$f.db is whole" "$(whole "$W/store/$f.db")" = ok; done
	: >"$W/daemon.log"
	start_daemon
	check "the next daemon serves" one
	stop_daemon
}

# ---- disk full ------------------------------------------------------------------------------------------------------

# The journal cannot grow and can again; two ways to make it so: fill, drain.
journal_full() { # HOW
	how=$1
	lost0=$(metric journal_dropped_total)
	eval "fill_$how"
	if fleet_sim --all --concurrency 400 >"$W/sim.out" 2>&1; then ok "$how: all bootstrap without a journal"; else
		not_ok "$how: all bootstrap without a journal" "$(tail -n 3 "$W/sim.out")"
	fi
	check "$how: health tells" within 5 'get /health | grep -q "journal cannot be written"'
	is "$how: the loss is counted" "$(metric journal_dropped_total)" -gt "$lost0"
	echo "# $how: $(metric 'attempts_total{mode="psk",outcome="done"}') done, $(metric journal_dropped_total) attempts lost, $(metric journal_queue) wait"
	is "$how: status tells the loss" "$(ctl --json status | sqlite3_json '$.journal_dropped')" -gt 0
	eval "drain_$how"
	check "$how: health recovers" within 5 'get /health | grep -q ^ok'
	check "$how: what waited is written" within 5 '[ "$(metric journal_queue)" = 0 ]'
	is "$how: one line of failure" "$(lines journal.write-failed)" = 1
	is "$how: one line of loss" "$(lines journal.dropping)" = 1
	is "$how: one line of recovery" "$(lines journal.recovered)" = 1
	known=$(journal "SELECT count(*) FROM attempt")
	check "$how: a device bootstraps" one
	check "$how: and is recorded" within 3 "[ \$(journal 'SELECT count(*) FROM attempt') -gt $known ]"
	is "$how: the journal is whole" "$(whole "$W/store/journal.db")" = ok
}

fill_quota() { prlimit --pid "$daemon_pid" --fsize=65536:; }
drain_quota() { prlimit --pid "$daemon_pid" --fsize=unlimited:; }
fill_tmpfs() { dd if=/dev/zero of="$W/store/ballast" bs=4k >/dev/null 2>&1; }
drain_tmpfs() { rm -f "$W/store/ballast"; }

test_disk() {
	part "journal disk full"
	if command -v prlimit >/dev/null; then
		# The log must not be what the limit hits first: another process writes the file.
		rm -f "$W/log.pipe"
		mkfifo "$W/log.pipe"
		cat "$W/log.pipe" >>"$W/daemon.log" &
		daemon_stderr=$W/log.pipe
		start_daemon
		daemon_stderr=
		journal_full quota
		stop_daemon
	else
		echo "skip a limit of file size: there is no prlimit"
	fi
	mkdir -p "$W/small"
	if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=$(($(stat -c %s "$W/good/store.db") / 1024 + 4096))k,mode=0700 none "$W/small" 2>/dev/null; then
		cp "$W/good/store.db" "$W/small"
		mv "$W/store" "$W/store.aside"
		ln -s small "$W/store"
		start_daemon
		trap 'kill $daemon_pid 2>/dev/null; wait; umount "$W/small"' EXIT INT TERM
		journal_full tmpfs
		stop_daemon
		umount "$W/small"
		rm "$W/store"
		mv "$W/store.aside" "$W/store"
	else
		echo "skip a full file system: only root can mount one, and not everywhere"
	fi
}

# ---- store ----------------------------------------------------------------------------------------------------------

test_import() {
	part "import of $rows rows beside devices"
	start_daemon
	ctl import "$W/late.csv" >"$W/import.out" 2>&1 &
	import_pid=$!
	rounds=0 bad=0
	while kill -0 $import_pid 2>/dev/null && [ $rounds -lt 200 ]; do
		fleet_sim --devices 50 >"$W/sim.out" 2>&1 || bad=$((bad + 1))
		rounds=$((rounds + 1))
	done
	wait $import_pid
	is "the import is done" $? = 0
	is "devices came during it" $rounds -ge 1
	is "none of them failed" $bad = 0
	echo "# $((rounds * 50)) devices came while $rows rows were imported"
	stop_daemon
	put_back
	rm -f "$W/store/journal.db"* # which remembers the later store, if the daemon saw it before it was stopped
}

# The good store over whatever lies there, as an operator restores a backup.
put_back() {
	cp "$W/good/store.db" "$W/store/store.new"
	rm -f "$W/store/store.db-wal" "$W/store/store.db-shm"
	mv "$W/store/store.new" "$W/store/store.db"
}
spoil_deleted() { rm -f "$W/store/store.db"*; }
spoil_overwritten() { # every page but the first, in place
	pages=$(($(stat -c %s "$W/store/store.db") / 4096))
	dd if=/dev/urandom of="$W/store/store.db" bs=4096 seek=1 count=$((pages - 1)) conv=notrunc status=none
}
spoil_garbage() { # another file in its place
	dd if=/dev/urandom of="$W/store/other" bs=4096 count=16 status=none
	mv "$W/store/other" "$W/store/store.db"
}

test_store() {
	part "store lost and found"
	start_daemon
	for how in deleted overwritten garbage; do
		eval "spoil_$how"
		fleet_sim --devices 300 --timeout 3 --json --output "$W/lost.$how.json" >/dev/null 2>&1
		check "$how: the daemon stays" alive
		check "$how: health tells" within 5 'get /health | grep -q "store cannot be read"'
		# Of a file that is gone the open one is read on; where that fails, devices get silence, never an alert.
		# The file may go between handshake and request: then the silence comes after the request.
		quiet=$(grep -c '"result":"\(done\|handshake-timeout\|no-answer\|timeout\)"' "$W/lost.$how.json")
		echo "# $how: $(seen_done "$W/lost.$how.json") of 300 served from the open file, the others got silence"
		is "$how: devices are served, or get silence" "$quiet" = 300
		put_back
		check "$how: health recovers" within 5 'get /health | grep -q ^ok'
		check "$how: devices come again" fleet_sim --devices 300
	done
	put_back
	check "replaced by a copy: devices come at once" fleet_sim --devices 50
	check "replaced by a copy: health" within 3 'get /health | grep -q ^ok'
	if [ "$(id -u)" = 0 ]; then
		echo "skip a store without permission: root may read everything"
	else
		chmod 000 "$W/store/store.db"
		check "no permission: the daemon stays" fleet_sim --devices 50
		chmod 600 "$W/store/store.db"
	fi
	stop_daemon
	is "exit status" "$daemon_status" = 0
}

# ---- descriptors, clock, signals ------------------------------------------------------------------------------------

test_descriptors() {
	part "few descriptors"
	limit=$(ulimit -n)
	exec 9<&0
	(
		ulimit -n 40
		exec "$BUILD/lwm2m-bootstrapd" -c "$W/daemon.conf" 2>>"$W/daemon.log" 9<&-
	) &
	daemon_pid=$!
	trap 'kill $daemon_pid 2>/dev/null' EXIT INT TERM
	within 5 "grep -q event=daemon.started $W/daemon.log"
	address=$(sed -n 's/.*event=daemon.listening address=\([^ ]*\).*/\1/p' "$W/daemon.log" | tail -n 1)
	is "the limit is low" "$(awk '/Max open files/ {print $5}' /proc/$daemon_pid/limits)" -lt "$limit"
	check "$load sessions at once need none" fleet_sim --devices $load --linger 1500 --concurrency $load
	# Now operators take all that are left.
	bash -c 'for i in {1..60}; do exec {fd}<>"/dev/tcp/${1%:*}/${1##*:}"; done; sleep 4' - "$(http_address)" 2>/dev/null &
	hog=$!
	sleep 1
	check "nor do devices when HTTP took the last one" fleet_sim --devices 50
	check "the daemon stays" alive
	bounded $hog 8
	check "and HTTP answers again" within 5 'get /health | grep -q ^ok'
	stop_daemon
}

test_clock() {
	part "clock"
	library=$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
	if [ -z "$library" ]; then
		echo "skip steps of the clock: faketime is not installed"
		return
	fi
	if ldd "$BUILD/lwm2m-bootstrapd" | grep -q 'lib[at]san'; then
		echo "skip steps of the clock: faketime and sanitizers do not go together"
		return
	fi
	echo +0 >"$W/clock"
	export FAKETIME_TIMESTAMP_FILE="$W/clock" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
	preload=$library
	start_daemon
	preload=
	unset FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC DONT_FAKE_MONOTONIC
	for step in +30d -30d +0; do
		echo "$step" >"$W/clock.new" && mv "$W/clock.new" "$W/clock" # faketime ends a process that meets half a file
		check "clock at $step: devices bootstrap" fleet_sim --devices 50
		is "clock at $step: the daemon saw it" "$(grep bootstrap.done "$W/daemon.log" | tail -n 1 | cut -c4-13)" = \
			"$(date -u -d "${step%d} days" +%Y-%m-%d)"
		check "clock at $step: workers answer" ctl sessions
		check "clock at $step: health" within 3 'get /health | grep -q ^ok'
	done
	stop_daemon
}

test_hup() {
	part "SIGHUP under load"
	start_daemon
	fleet_sim --devices $load --rate $rate --json --output "$W/hup.json" >/dev/null 2>&1 &
	load_pid=$!
	reloads=0
	while [ $reloads -lt 20 ] || { kill -0 $load_pid 2>/dev/null && [ $reloads -lt 600 ]; }; do
		kill -HUP "$daemon_pid"
		sleep 0.1
		reloads=$((reloads + 1))
	done
	bounded $load_pid 20
	is "no bootstrap fails beside a reload each 100 ms" "$(seen_done "$W/hup.json")" = $load
	echo "# $(lines daemon.reloaded) reloads beside $(seen_done "$W/hup.json") bootstraps"
	is "they were read" "$(lines daemon.reloaded)" -ge 10
	stop_daemon
}

test_term() {
	part "SIGTERM under load"
	start_daemon
	key=$(sed -n 's/^d0,all,psk,d0,\([0-9a-f]*\),.*/\1/p' "$W/devices.csv")
	# A client that is not ours, which says so when it was told goodbye.
	sleep 15 | openssl s_client -dtls1_2 -connect "$address" -psk_identity d0 -psk "$key" -cipher PSK-AES128-CCM8:@SECLEVEL=0 \
		>"$W/client.out" 2>&1 &
	within 5 "grep -q 'Cipher is PSK' $W/client.out"
	known=$(journal "SELECT count(*) FROM attempt WHERE outcome = 'done'")
	fleet_sim --all --rate $rate --delay 60 --timeout 3 --json --output "$W/term.json" >/dev/null 2>&1 &
	load_pid=$!
	within 10 '[ "$(metric runs)" -gt 0 ]' # workers publish each second
	started=$(metric runs_started_total)
	running=$(metric runs)
	stop_ms=$(date +%s%3N)
	kill "$daemon_pid"
	within 22 "! kill -0 $daemon_pid"
	wait "$daemon_pid"
	is "exit status" $? = 0
	echo "# $running bootstraps ran; the daemon was gone after $(($(date +%s%3N) - stop_ms)) ms"
	kill $load_pid 2>/dev/null
	wait $load_pid 2>/dev/null
	is "runs were under way" "$running" -gt 0
	is "all of them were finished" $(($(journal "SELECT count(*) FROM attempt WHERE outcome = 'done'") - known)) -ge "$started"
	is "none was cut off" "$(journal "SELECT count(*) FROM attempt WHERE outcome = 'shutdown'")" = 0
	check "close_notify was sent" within 3 "grep -q '^closed' $W/client.out"
	daemon_pid=
	trap - EXIT INT TERM
	mv "$W/daemon.log" "$W/daemon.log.term"
	: >"$W/daemon.log"
}

# ---- certificates ---------------------------------------------------------------------------------------------------

# The server's certificate anew, good for so many seconds.
reissue() { # SECONDS
	: >"$W/pki/index"
	openssl req -new -key "$W/pki/server.key" -subj /CN=localhost -out "$W/pki/server.csr" 2>/dev/null
	cat >"$W/pki/short.cnf" <<-CNF
		[ca]
		database = $W/pki/index
		default_md = sha256
		policy = any
		rand_serial = yes
		new_certs_dir = $W/pki
		unique_subject = no
		[any]
		commonName = supplied
		[server]
		basicConstraints = critical,CA:FALSE
		keyUsage = critical,digitalSignature
		extendedKeyUsage = serverAuth
		subjectAltName = DNS:localhost
	CNF
	openssl ca -batch -notext -config "$W/pki/short.cnf" -name ca -extensions server -cert "$W/pki/ca.pem" \
		-keyfile "$W/pki/ca.key" -in "$W/pki/server.csr" -out "$W/pki/server.pem" \
		-startdate "$(date -u -d '-1 hour' +%y%m%d%H%M%SZ)" -enddate "$(date -u -d "+$1 seconds" +%y%m%d%H%M%SZ)" \
		>"$W/reissue.out" 2>&1 || cat "$W/reissue.out"
}
certificate_left() { metric 'certificate_expiry_seconds{file="[^"]*server.pem"}'; }

test_certificate() {
	part "the server's certificate ends"
	cp "$W/devices.csv" "$W/devices.aside"
	echo "dev-x,all,x509,,,dev-x,$(openssl rand -hex 16)" >"$W/x.rows"
	{
		echo "endpoint,profile,mode,cert_b64,fleet.psk_identity,fleet.psk_key_hex"
		echo "dev-x,all,x509,$(cert_b64 "$W/pki/dev-x.pem"),dev-x,$(openssl rand -hex 16)"
	} >"$W/x.csv"
	ctl import "$W/x.csv" >/dev/null 2>&1 || not_ok "import of a device with a certificate"
	reissue 6
	start_daemon
	x() { "$BUILD/lwm2m-bootstrap-sim" --server "$address" --csv "$W/x.csv" --key-dir "$W/pki" --ca "$W/pki/ca.pem" --all --timeout 4 --quiet; }
	check "a device trusts it while it is good" x
	is "the metric tells what is left" "$(certificate_left)" -le 6
	check "the metric tells its end" within 8 '[ "$(certificate_left)" -le 0 ]'
	if x >/dev/null 2>&1; then not_ok "a device does not trust it afterwards" "it bootstrapped"; else ok "a device does not trust it afterwards"; fi
	check "devices with a key are not touched by it" fleet_sim --devices 50
	is "status tells" "$(ctl --json status | sqlite3_json "\$.certificate_days.\"$W/pki/server.pem\"")" -le 0
	reissue 864000
	check "reload" ctl reload
	check "the new one is trusted" x
	is "the metric follows" "$(certificate_left)" -gt 860000
	stop_daemon
}

# ---- crowds and strangers -------------------------------------------------------------------------------------------

kernel_drops() { # datagrams that found the daemon's sockets full; sockets have a line each
	awk -v port=":$(printf %04X "${address##*:}")" 'substr($2, 9) == port { n += $NF } END { print n + 0 }' /proc/net/udp
}
rss_kb() { awk '/^VmHWM/ {print $2}' /proc/"$daemon_pid"/status; }
test_crowd() {
	part "$crowd devices at once"
	start_daemon
	if sim --devices "$crowd" --source 127.64.0.0/16 --timeout 60 --linger 50 --summary "$W/crowd.json" >"$W/sim.out" 2>&1; then
		ok "all are done"
	else
		not_ok "all are done" "$(tail -n 4 "$W/sim.out")"
	fi
	sed 's/^/# /' "$W/sim.out"
	sed 's/^/# /' "$W/crowd.json"
	is "retransmissions are told" "$(sqlite3_json '$.repeated.server_requests' <"$W/crowd.json")" -ge 0
	is "also by the daemon" "$(metric coap_retransmissions_total)" -ge 0
	stop_daemon
}

# A sanitizer keeps freed memory for a while: its growth says nothing.
memory() { # NAME LIMIT_KB: of what grown says
	case $BUILD in
	*asan* | *tsan*) echo "skip $1: a sanitizer keeps freed memory" ;;
	*) is "$1" "$grown" -lt "$2" ;;
	esac
}

# Floods of strangers, each alone at first, then beside honest devices that have nothing but their own retransmissions: as many in
# other networks as in the flood's own. BEFORE=build/other prints what another build makes of the same, in the same run.
#   kind (flood.c), how many times the rate, its net, that of the honest devices beside it, identity, most places in the end
#   (all: no less than the limit), name. Those of the short form come first.
floods() {
	cat <<-TABLE
		hello 5 127.128.0.0/9 127.200.1.0/24 - 20 spoofed ClientHellos
		half 1 127.200.1.0/29 127.200.1.0/24 - all stalled after the cookie, six hosts
		half 1 127.128.0.0/9 127.200.1.0/24 - all stalled after the cookie, 32,768 networks
		key 1 127.200.1.0/24 127.200.1.0/24 d$((fleet - 1)) all stalled after the key exchange, a known identity
		key 1 127.200.1.64/26 127.200.1.0/24 unknown 20 devices of one network that nobody knows, again and again
		half 1 127.200.1.0/24 127.200.1.0/24 - all stalled after the cookie, a whole /24
		key 1 127.128.0.0/9 127.200.1.0/24 d$((fleet - 1)) all stalled after the key exchange, a known identity, 32,768 networks
		key 1 127.128.0.0/9 127.200.1.0/24 nobody# 20 stalled after the key exchange, other identities each time
	TABLE
}

both_limits() { get /metrics | awk -v m="^lwm2m_bootstrap_$1.*(half_open|prefix)_limit" '$0 ~ m { n += $2 } END { print n + 0 }'; }
cpu_ticks() { awk '{ print $14 + $15 }' /proc/"$daemon_pid"/stat; } # of 10 ms each
start_flood() { # COUNT KIND TIMES NET IDENTITY
	[ "$5" = - ] && set -- "$1" "$2" "$3" "$4"
	flood_rate=$((flood_per_second * $3)) flood_count=$(($1 * $3)) flood_kind=$2 flood_net=$4
	shift 4
	"$BUILD/tests/system/flood" "$flood_kind" $flood_count $flood_rate "$address" "$flood_net" "$@" >"$W/flood.out" 2>&1 &
	flood_pid=$!
}
honest() { # NAME SOURCE: the devices of honest-NAME.csv
	"$BUILD/lwm2m-bootstrap-sim" --server "$address" --csv "$W/honest-$1.csv" --all --source "$2" --rate $rate --timeout 30 \
		--linger 50 --quiet --json --output "$W/honest-$1.json" >/dev/null 2>&1
}

# Sets elsewhere, beside (honest devices done), grown (KiB) and cost (us of the server's CPU a datagram) by the flood alone, given_up,
# dropped, places_left.
one_flood() { # KIND TIMES NET SAME IDENTITY
	: >"$W/daemon.log"
	start_daemon
	honest elsewhere 127.64.0.0/16 # warm up
	base=$(rss_kb) datagrams=$(metric 'datagrams_total{direction="in"}') ticks=$(cpu_ticks)
	start_flood $((flood_seconds * flood_per_second / 4)) "$1" "$2" "$3" "$5"
	bounded $flood_pid 65
	sleep 1.2 # workers publish each second
	ticks=$(($(cpu_ticks) - ticks)) datagrams=$(($(metric 'datagrams_total{direction="in"}') - datagrams))
	cost=$((ticks * 10000 / (datagrams + 1))) flooded=$((datagrams + $(kernel_drops))) grown=$(($(rss_kb) - base))
	start_flood $((2 * flood_seconds * flood_per_second)) "$1" "$2" "$3" "$5"
	sleep 0.5
	honest elsewhere 127.96.0.0/16 &
	honest_pid=$!
	honest beside "$4"
	wait $honest_pid
	kill $flood_pid 2>/dev/null
	wait $flood_pid 2>/dev/null
	sleep 1.2
	elsewhere=$(seen_done "$W/honest-elsewhere.json") beside=$(seen_done "$W/honest-beside.json") places_left=$(metric half_open)
	given_up=$(both_limits handshakes_given_up_total) dropped=$(both_limits dropped_total)
}

test_strangers() {
	part "strangers"
	# 99 in 100. Of a few hundred devices a handful more or less is chance, so the short form leaves room for that.
	least=$((load * 99 / 100))
	[ "$load" -ge 2000 ] || least=$((load * 97 / 100))
	head -n 1 "$W/devices.csv" | tee "$W/honest-elsewhere.csv" >"$W/honest-beside.csv"
	sed -n "2,$((load + 1))p" "$W/devices.csv" >>"$W/honest-elsewhere.csv"
	sed -n "$((load + 2)),$((2 * load + 1))p" "$W/devices.csv" >>"$W/honest-beside.csv"
	conf <<-CONF
		half-open = $places
		half-open-per-prefix = $((places / 8))
	CONF
	floods | head -n "$flood_kinds" >"$W/floods"
	echo "# flood | build | other networks | same network | memory | given up | turned away | CPU of one of its datagrams"
	while read -r kind times net same identity most name <&3; do
		if [ -n "${BEFORE:-}" ]; then
			daemon_build=$BEFORE
			one_flood "$kind" "$times" "$net" "$same" "$identity"
			daemon_build=$BUILD
			echo "# $name | before | $elsewhere of $load | $beside of $load | $grown KiB | - | $dropped | $cost us"
			stop_daemon
		fi
		one_flood "$kind" "$times" "$net" "$same" "$identity"
		echo "# $name | now | $elsewhere of $load | $beside of $load | $grown KiB | $given_up | $dropped | $cost us"
		[ "$most" != all ] || most=$places
		# A busy machine's kernel drops many before the daemon sees them: that is no fault of the daemon's, and it is counted.
		is "$name: the flood was one" "$flooded" -ge $((flood_seconds * flood_per_second * times / 5))
		is "$name: honest devices of other networks finish" "$elsewhere" -ge "$least"
		is "$name: honest devices of the same network finish" "$beside" -ge "$least"
		is "$name: the places are bounded" "$places_left" -le $((most + workers))
		memory "$name: memory stays under its cap" $((4096 + most * 96))
		check "$name: the daemon is well" within 3 'get /health | grep -q ^ok'
		stop_daemon
	done 3<"$W/floods"
	conf </dev/null
}

for t in ${*:-kill disk import store descriptors clock hup term certificate crowd strangers}; do test_"$t"; done
part end
