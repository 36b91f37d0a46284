# SPDX-License-Identifier: Apache-2.0
#
# What the operator changes while devices have sessions: the daemon follows within a second or two, without a restart.
. tests/system/lib.sh

make_pki dev-x dev-y

# Rows on standard input become a store in FOLDER; the devices get their numbers in that order.
header="endpoint,mode,psk_identity,psk_key_hex,cert_b64,a.psk_identity,a.psk_key_hex"
make_store() { # FOLDER
	folder=$1
	shift
	set -- -s "$folder" -k "$W/master.key"
	"$BUILD/lwm2m-bootstrapctl" "$@" init >/dev/null 2>&1
	"$BUILD/lwm2m-bootstrapctl" "$@" server add a --uri coaps://a.example.com:5684 --ssid 101 --mode psk >/dev/null
	"$BUILD/lwm2m-bootstrapctl" "$@" profile add p --server a --anchor "$W/pki/ca.pem" >/dev/null
	{
		echo "$header"
		cat
	} >"$folder.csv"
	"$BUILD/lwm2m-bootstrapctl" "$@" import "$folder.csv" --profile p >/dev/null
}
row() { echo "$1,psk,id of $1,$(eval "echo \$key_$1"),,$1@a,$(key)"; }
for d in one two three; do eval "key_$d=$(key)"; done
{
	for d in one two three; do row $d; done
	for d in dev-x dev-y; do echo "$d,x509,,,$(cert_b64 "$W/pki/$d.pem"),$d@a,$(key)"; done
} | make_store "$W/store"
{ for d in two one three; do row $d; done; } | make_store "$W/other"
cp "$W/store.csv" "$W/devices.csv"

sh certs/dev-pki.sh "$W/pki" revoke dev-y >/dev/null 2>&1 || exit 1
write_conf <<-CONF
	crls = $W/pki/ca.crl.pem
	stop-time = 3s
	[limits]
	attempts-per-minute = 1000
CONF
start_daemon

sim_pids=
# A device that stays on the line after its run, or hangs in it; its process is in $sim_pid.
stay() { # ENDPOINT OPTION..
	ep=$1
	shift
	sim --endpoint "$ep" --ca "$W/pki/ca.pem" --quiet --json --output "$W/$ep.json" --linger 20000 --timeout 25 "$@" \
		>"$W/sim.$ep.out" 2>&1 &
	sim_pid=$!
	sim_pids="$sim_pids $sim_pid"
}
within() { # SECONDS COMMAND..: until it succeeds
	tries=$(($1 * 10))
	shift
	for _ in $(seq $tries); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}
has_session() { ctl --json sessions "$1" 2>/dev/null | grep -q "\"$1\""; }
has_none() { ctl status >/dev/null && ! has_session "$1"; }
is_done() { ctl --json explain "$1" 2>/dev/null | grep -q '"done"'; }
runs_done() { ctl --json explain "$1" 2>/dev/null | grep -o '"done"' | wc -l; }
is_done_again() { [ "$(runs_done "$1")" -gt "$2" ]; }

# Who closes after Finish is the device's affair: the server keeps the session of one that stays, and what was done is done.
ended() { ctl --json explain one --last 1 2>/dev/null | grep -c "\"$1\""; }
# covers: trap 26
check "a device closes after its run" sim --endpoint one --ca "$W/pki/ca.pem" --quiet --timeout 10
check "its session is gone" within 3 has_none one
check "its run was done" within 3 is_done one
same "and nothing is told of its closing" "$(ended client-closed)" 0
runs() { sqlite3 -readonly "$W/store/journal.db" "SELECT count(*) FROM attempt WHERE endpoint = 'one' AND outcome = 'done'"; }
ran_twice() { [ "$(runs)" -eq 2 ]; }
stay one
# covers: trap 26
check "a device stays on the line after its run" within 5 ran_twice
sleep 1.2 # longer than a server that closes by itself would wait
check "its session is listed" has_session one
check "disable it" ctl device disable one
check "a disabled device is cut off" within 3 has_none one
check "enable it" ctl device enable one

# Its answer to the first Delete is lost, so the run takes two seconds at least: time to change the credential.
stay two --misbehave lose@delete
check "a device is in its run" within 5 has_session two
check "rotate its credential" ctl rotate two --out "$W/two.next"
check "the run goes on to its end" within 10 is_done two
check "then its session is closed" within 3 has_none two

# The profile of all: who lies open after its run goes, who is in one goes after it.
change_profile() { ctl profile set p --ack-timeout "$1"; }
stay three
check "a device lies open after its run" within 5 is_done three
check "change its profile" change_profile 3
check "its session is closed" within 3 has_none three
before=$(runs_done one)
stay one --misbehave lose@delete
check "a device is in its run again" within 5 has_session one
check "change its profile meanwhile" change_profile 2
check "that run goes on to its end, too" within 12 is_done_again one "$before"
check "and its session is closed after it" within 3 has_none one

stay dev-x
check "an X.509 device stays on the line" within 5 is_done dev-x
sh certs/dev-pki.sh "$W/pki" revoke dev-x >"$W/check.out" 2>&1 || not_ok "revoke" "$(cat "$W/check.out")"
check "reload" ctl reload
check "a revoked device is cut off" within 3 has_none dev-x

# Another store takes the place of the first. There the number of one is that of two, and three is who it was.
stay one
check "one is on the line again" within 5 has_session one
stay three
check "three is on the line" within 5 is_done three
rm -f "$W/store/store.db-wal" "$W/store/store.db-shm"
mv "$W/other/store.db" "$W/store/store.db"
cp "$W/other.csv" "$W/devices.csv"
check "whose number is another device's now is cut off" within 4 has_none one
check "who is the same in both stores stays" has_session three
sleep 1.2 # each worker looks once a second, at a moment of its own
check "and new sessions read the new store" sim --endpoint one --quiet --timeout 10 --no-check

mv "$W/store/store.db" "$W/away.db"
unreadable() { ctl status | grep -q "cannot be read"; }
check "a store that was deleted is noticed" within 4 unreadable
sleep 1.2 # by the first of them: each worker looks once a second
if sim --endpoint three --quiet --timeout 3 >"$W/check.out" 2>&1; then
	not_ok "nobody gets keys from a deleted file" "it bootstrapped"
else
	ok "nobody gets keys from a deleted file"
fi
mv "$W/away.db" "$W/store/store.db"
readable() { ctl status >"$W/status.out" && ! grep -q "cannot be read" "$W/status.out"; }
check "so is its return" within 4 readable
check "when it is back, devices are served" sim --endpoint three --quiet --timeout 15

for p in $sim_pids; do kill "$p" 2>/dev/null; done
stop_daemon
if [ "$daemon_status" -eq 0 ]; then ok "exit status after SIGTERM"; else not_ok "exit status after SIGTERM" "$daemon_status"; fi

# Who names a device without its key is a stranger: such attempts must not fill log and journal.
write_conf <<-CONF
	workers = 1
	[limits]
	attempts-per-minute = 1000
	log-lines-per-second = 1
	[dtls]
	handshake-time = 1s
CONF
start_daemon
sim_pids=
for _ in $(seq 12); do stay one --misbehave wrong-key --timeout 3; done
told() { grep -q 'outcome=key-mismatch-suspected ep="one"' "$W/daemon.log"; }
check "a wrong key under a known identity is told" within 5 told
sleep 1.5
lines=$(grep -c 'outcome=key-mismatch-suspected' "$W/daemon.log")
if [ "$lines" -le 4 ]; then ok "but not without limit"; else not_ok "but not without limit" "$lines lines"; fi
for p in $sim_pids; do kill "$p" 2>/dev/null; done
stop_daemon
