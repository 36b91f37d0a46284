# SPDX-License-Identifier: Apache-2.0
#
# The running daemon as its operator sees it: control socket, HTTP, reload, live changes, clone signal.
. tests/system/lib.sh

make_pki dev-x
ctl init >/dev/null 2>&1
ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk >/dev/null 2>&1
ctl profile add closing --server fleet --on-change close >/dev/null 2>&1
ctl profile add keeping --server fleet --on-change keep >/dev/null 2>&1
{
	echo "endpoint,profile,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex"
	for d in a b c; do echo "$d,closing,psk,$d,$(key),$d,$(key)"; done
	for d in k l; do echo "$d,keeping,psk,$d,$(key),$d,$(key)"; done
} >"$W/devices.csv"
check "import" ctl import "$W/devices.csv"
write_conf <<-CONF
	[http]
	address = 127.0.0.1:0
CONF
start_daemon
answers() { # NAME METHOD PATH PATTERN
	http "$2" "$3" >"$W/http.out" 2>&1
	if grep -q -- "$4" "$W/http.out"; then ok "$1"; else not_ok "$1" "no '$4' in: $(head -n 3 "$W/http.out")"; fi
}
sessions() { ctl --json sessions "$1" | sqlite3_json "\$[$2].endpoint"; }
# A session that stays: the simulator lingers after its Finish.
hold() { sim --endpoint "$1" --quiet --timeout 60 --linger 20000 >/dev/null 2>&1 & }
settle() { # NAME COMMAND: within five seconds the command succeeds
	for _ in $(seq 50); do
		if eval "$2"; then ok "$1"; return; fi
		sleep 0.1
	done
	not_ok "$1" "$2"
}

answers "health" GET /health '^ok'
answers "metrics" GET /metrics '^lwm2m_bootstrap_healthy 1'
answers "status page" GET / 'All is well'
answers "a policy without script" GET / "default-src 'none'"
answers "another path" GET /secret '404'
answers "HEAD, whose answer must have no body" HEAD / '405\|501'
answers "another method" POST /metrics '405\|501'
if command -v promtool >/dev/null; then
	http GET /metrics | sed '1,/^.$/d' >"$W/metrics"
	check "promtool accepts the metrics" sh -c "promtool check metrics <'$W/metrics'"
fi

for d in a b c k l; do hold $d; done
settle "sessions of all" '[ "$(ctl sessions 2>/dev/null | grep -c psk)" = 5 ]'
settle "sessions of one" '[ "$(sessions a 0)" = a ]'
settle "sessions of an address" '[ "$(ctl sessions 127.0.0.1 | grep -c psk)" = 5 ]'
status() { ctl --json status | sqlite3_json "$1"; }
settle "status counts the last minute" '[ "$(status "\$.last_minute.done")" = 5 ]'
# A client that says it asks no more, as nc -N does, gets its answers all the same.
half_closed() { # LINES
	perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die; print $s "{\"command\":\"status\"}\n" x $ARGV[1];
		$s->flush; shutdown($s, 1); print while <$s>' "$W/store/control.sock" "$1" | grep -c '"ok":true'
}
settle "a half-closed client gets its answer" '[ "$(half_closed 1)" = 1 ]'
settle "and all of many" '[ "$(half_closed 500)" = 500 ]' # more than fits into a socket's buffer

# Keys reach no disk: no core file, and memory that is locked where that is allowed.
settle "no core dumps" 'grep -q "^Max core file size  *0  *0" /proc/$daemon_pid/limits'
case $BUILD in
*asan* | *tsan*) echo "skip locked memory: sanitizers do not lock" ;;
*)
	if grep -q "memory=locked" "$W/daemon.log"; then
		settle "memory is locked" '[ "$(awk "/^VmLck/ {print \$2}" /proc/$daemon_pid/status)" -gt 1000 ]'
	else
		settle "no right to lock memory: nothing is" 'grep -q "memory=swappable" "$W/daemon.log" && grep -q "^VmLck:[^0-9]*0 kB" /proc/$daemon_pid/status'
	fi
	;;
esac
settle "status has a line for each limit" '[ "$(status "\$.limits[#-1].limit") $(status "\$.limits[0].value")" = "journal-queue 5" ]'
settle "status tells the import" '[ "$(status "\$.import_rows")" = 5 ] && [ "$(status "\$.import_age_s")" -lt 60 ]'
settle "status tells both schemas" '[ "$(status "\$.store_schema")" = "$(ls schema/sqlite/store | wc -l)" ] && \
	[ "$(status "\$.journal_schema")" = "$(ls schema/sqlite/journal | wc -l)" ]'
answers "look-ups are timed" GET /metrics 'store_look_up_seconds_count{kind="credential"} [5-9]'
settle "status counts the last hour" 'ctl status | grep -q "last hour *5 done, 0 refused"'
check "kick" ctl kick a
if [ "$(ctl --json kick nobody 2>/dev/null | sqlite3_json "\$.closed")" = 0 ]; then ok "kick tells in JSON"; else not_ok "kick tells in JSON"; fi
settle "the kicked session is gone" '[ -z "$(sessions a 0)" ]'
if ctl kick a >/dev/null 2>&1; then not_ok "kick of nobody" "exit 0"; else ok "kick of nobody"; fi

# Live changes, seen within a second.
check "disable" ctl device disable b
settle "a disabled device is cut off" '[ -z "$(sessions b 0)" ]'
check "delete" ctl device delete l
settle "a deleted device is cut off, whatever the policy" '[ -z "$(sessions l 0)" ]'
ctl rotate c --out "$W/next.key" >/dev/null 2>&1
settle "policy close: a changed credential ends the session" '[ -z "$(sessions c 0)" ]'
ctl rotate k --out "$W/next2.key" >/dev/null 2>&1
sleep 1.5
settle "policy keep: it stays" '[ "$(sessions k 0)" = k ]'

# Reload: sessions stay; a bad file is refused as a whole and shown until it is repaired.
cp "$W/daemon.conf" "$W/good.conf"
sed -i 's/^\[http\]/[log]\nlevel = debug\n[http]/' "$W/daemon.conf"
ctl reload >"$W/reload.out" 2>&1
if grep -q '\[log\] level' "$W/reload.out"; then ok "reload says what changed"; else not_ok "reload says what changed" "$(cat "$W/reload.out")"; fi
printf '[limits]\npeers = 5000\n' >>"$W/daemon.conf"
for n in first second; do
	ctl reload >"$W/reload.out" 2>&1
	check "what needs a restart is told, the $n time" grep -q '\[limits\] peers (needs a restart)' "$W/reload.out"
done
if grep -q '\[log\]' "$W/reload.out"; then not_ok "what is live is told once" "$(cat "$W/reload.out")"; else ok "what is live is told once"; fi
sed -i '/^\[limits\]$/d; /^peers = /d' "$W/daemon.conf"
ctl reload >"$W/reload.out" 2>&1
if grep -q peers "$W/reload.out"; then not_ok "back at what runs: nothing" "$(cat "$W/reload.out")"; else ok "back at what runs: nothing"; fi
echo "nonsense = 1" >>"$W/daemon.conf"
if ctl reload >"$W/reload.out" 2>&1; then not_ok "a bad file is refused" "exit 0"; else ok "a bad file is refused"; fi
if grep -q 'unknown option "nonsense"' "$W/reload.out"; then ok "and told"; else not_ok "and told" "$(cat "$W/reload.out")"; fi
if ctl status | grep -q 'last reload refused'; then ok "status shows it"; else not_ok "status shows it" "$(ctl status)"; fi
answers "the page shows it" GET / 'last reload was refused'
cp "$W/good.conf" "$W/daemon.conf"
printf garbage >"$W/pki/server.pem.bad"
sed "s/server.pem/server.pem.bad/" "$W/good.conf" >"$W/daemon.conf"
if ctl reload >"$W/reload.out" 2>&1; then not_ok "a bad certificate is refused" "exit 0"; else ok "a bad certificate is refused"; fi
cp "$W/good.conf" "$W/daemon.conf"
kill -HUP "$daemon_pid"
settle "SIGHUP repairs it" '! ctl status | grep -q "last reload refused"'
settle "the session outlived all that" '[ "$(sessions k 0)" = k ]'

# One device watched.
check "log" ctl log k --seconds 60
sim --endpoint k --quiet --timeout 10 >/dev/null 2>&1
if grep -q 'event=trace.received ep="k"' "$W/daemon.log"; then ok "its messages are logged"; else not_ok "its messages are logged" "no trace line"; fi
if [ "$(ctl --json log k --seconds 5 2>/dev/null | sqlite3_json "\$.seconds")" = 5 ]; then ok "log tells in JSON"; else not_ok "log tells in JSON"; fi
if out=$(ctl log nobody 2>&1); then not_ok "log of nobody" "exit 0"; else ok "log of nobody"; fi
case $out in *"there is no device nobody"*) ok "and says why" ;; *) not_ok "and says why" "$out" ;; esac
check "log off" ctl log off

# The store goes away and comes back.
mv "$W/store/store.db" "$W/store/store.away"
settle "health tells of a lost store" 'http GET /health | grep -q "the store cannot be read"'
mv "$W/store/store.away" "$W/store/store.db"
settle "and of its return" 'http GET /health | grep -q "^ok"'
if sim --endpoint k --quiet --timeout 10 >"$W/sim.out" 2>&1; then ok "devices bootstrap again"; else not_ok "devices bootstrap again" "$(cat "$W/sim.out")"; fi

stop_daemon
if [ "$daemon_status" = 0 ]; then ok "exit status"; else not_ok "exit status" "$daemon_status"; fi
if [ -e "$W/store/control.sock" ]; then not_ok "the socket is removed" "it is there"; else ok "the socket is removed"; fi
