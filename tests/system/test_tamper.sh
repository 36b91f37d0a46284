#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Somebody who can write the store's file, and has no master key, at work with sqlite3 while the daemon runs: nothing that
# he changes is ever given out, the daemon says so, and the tool gives no change of his a good hash.
. tests/system/lib.sh

make_pki evil byname
head=endpoint,profile,mode,psk_identity,psk_key_hex,rpk_public_b64,a.psk_identity,a.psk_key_hex
db=$W/store/store.db
sql() { sqlite3 "$db" "$1"; }

ctl init >/dev/null 2>&1
ctl server add a --uri coaps://a.example.com:5684 --ssid 101 --mode psk --lifetime 3600 >/dev/null 2>&1
ctl server add b --uri coaps://b.example.com:5684 --ssid 102 --mode psk >/dev/null 2>&1
ctl profile add p --server a --acl /3/0=101:1 --write /4/0/99=1 --anchor "$W/pki/ca.pem" >"$W/out" 2>&1 ||
	ctl profile add p --server a --access-control derived --anchor "$W/pki/ca.pem" >"$W/out" 2>&1
ctl profile add q --server b --anchor "$W/pki/ca2.pem" >/dev/null 2>&1
{
	echo $head
	echo "one,p,psk,one,$(key),,one@a,$(key)"
	echo "two,p,psk,two,$(key),,two@a,$(key)"
	echo "off,p,psk,off,$(key),,off@a,$(key)"
	echo "byname,p,x509,,,,byname@a,$(key)"
} >"$W/devices.csv"
check 'import' ctl import "$W/devices.csv"
ctl device disable off >/dev/null 2>&1
evil=$(pubkey_b64 "$W/pki/evil-raw.key")
evil_sql="X'$(echo "$evil" | base64 -d | od -An -v -tx1 | tr -d ' \n')', X'$(echo "$evil" | base64 -d | sha256sum | cut -c1-64)'"
write_conf <<-CONF
	[dtls]
	handshake-time = 2s
	[http]
	address = 127.0.0.1:0
	[limits]
	attempts-per-minute = 1000
CONF
start_daemon
health() { http GET /health | tail -n 1; }
within() { # NAME COMMAND: within five seconds
	for _ in $(seq 50); do
		if eval "$2" >/dev/null 2>&1; then ok "$1"; return; fi
		sleep 0.1
	done
	not_ok "$1" "$2; health: $(health)"
}
bootstraps() { # ENDPOINT
	sim --server-public-key "$W/pki/server.pub" --ca "$W/pki/ca.pem" --endpoint "$1" --timeout "${2:-5}" --quiet
}
# Not what the simulator makes of it counts, but that no write left: the recorder takes 200 ms at most.
sent() { sqlite3 -readonly "$W/store/journal.db" "SELECT count(*) FROM attempt WHERE writes > 0 OR outcome = 'done'"; }
bootstraps_not() {
	sent_before=$(sent)
	bootstraps "$1" 2 >/dev/null 2>&1 && return 1
	sleep 0.4
	[ "$(sent)" = "$sent_before" ]
}

for d in one two byname; do check "$d bootstraps" bootstraps $d; done
sleep 0.4
same 'the journal knows what was sent' "$(sent)" 3
sql ".backup '$W/good.db'"
restore() { sql ".restore '$W/good.db'"; }

# ---- each change alone -------------------------------------------------------------------------------------------------

# His own devices: the raw key that he wrote into rows, with the name of the device whose keys he wants.
cp "$W/devices.csv" "$W/honest.csv"
cp "$W/pki/evil-raw.key" "$W/pki/one-raw.key"
cp "$W/pki/evil-raw.key" "$W/pki/late-raw.key"
rpk_row() { echo "$1,p,rpk,,,$evil,$1@a,$(key)"; }

tried() { # ENDPOINT NAME SQL [TEXT]: how many devices are there that get nothing, and all is told
	before=$(grep -c 'event=store.tampered' "$W/daemon.log")
	if ! sql "$3" 2>"$W/sql.err"; then not_ok "$2" "$(cat "$W/sql.err")"; return; fi
	if bootstraps_not "$1"; then ok "$2: nothing is given out"; else not_ok "$2" "it bootstrapped"; fi
	within "$2: health says so" 'health | grep -q "changed without its keys.*verify"'
	ctl verify >"$W/verify.out" 2>&1
	if [ $? = 1 ] && grep -q "^${4:-device}.*CHANGED" "$W/verify.out"; then ok "$2: verify tells what"; else
		not_ok "$2: verify tells what" "$(cat "$W/verify.out")"
	fi
	restore
}
# Triggers forbid to move a row; they are his to drop and to make again.
fixed="'bootstrap_credential_fixed', 'server_credential_fixed', 'profile_server_fixed', 'device_fixed'"
free=$(sql "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_master WHERE name IN ($fixed)")
again=$(sql "SELECT sql || ';' FROM sqlite_master WHERE name IN ($fixed)")
tried one 'the keys of two devices exchanged' "$free UPDATE bootstrap_credential SET device_id = 1000 WHERE device_id = 1;
	UPDATE bootstrap_credential SET device_id = 1 WHERE device_id = 2; UPDATE bootstrap_credential SET device_id = 2 WHERE device_id = 1000; $again"
tried one 'what two devices receive exchanged' "$free UPDATE server_credential SET device_id = 1000 WHERE device_id = 1;
	UPDATE server_credential SET device_id = 1 WHERE device_id = 2; UPDATE server_credential SET device_id = 2 WHERE device_id = 1000; $again"
tried one 'another URI' "UPDATE server_account SET uri = 'coaps://evil.example.com:5684' WHERE name = 'a'" server
tried one 'another key of the server' "UPDATE server_account SET server_key = x'01' WHERE name = 'a'" server
tried one 'another resource of the server' "UPDATE server_setting SET text = '1'" server
tried one 'a resource more of the server' "INSERT INTO server_setting VALUES (1, 99, 1, 99, 0, 0, 1, '1')" server
tried off 'a disabled device enabled' "UPDATE device SET enabled = 1 WHERE endpoint = 'off'"
tried one 'another profile' "UPDATE device SET profile_id = (SELECT id FROM profile WHERE name = 'q') WHERE endpoint = 'one'"
tried one 'another name' "UPDATE device SET endpoint = 'three' WHERE endpoint = 'one'"
tried one 'a profile with another server' "$free UPDATE profile_server SET server_id = 2 WHERE profile_id = 1; $again" profile
tried one 'a profile without its server' "DELETE FROM profile_server WHERE profile_id = 1" profile
tried byname 'another trust anchor' "UPDATE profile SET anchor_sha256 = randomblob(32) WHERE name = 'p'" profile
tried one 'an option of a profile' "UPDATE profile SET access_control = 0, discover = 0 WHERE name = 'p'" profile
tried one 'an access control entry more' "INSERT INTO profile_acl VALUES (1, 9, 5, 0, 101)" profile
tried one 'a value more that is written' "INSERT INTO profile_write VALUES (1, 9, 5, 0, 1, 0, 0, 0, 'coap://evil')" profile
tried one 'what it receives is gone' "DELETE FROM server_credential WHERE device_id = 1"
tried one 'no hash' "UPDATE device SET row_hash = NULL"
tried one 'the hash of another device' "UPDATE device SET row_hash = (SELECT row_hash FROM device WHERE id = 2) WHERE id = 1"
tried two 'a device under the number of another' "$free PRAGMA foreign_keys = 0; DELETE FROM device WHERE id = 1;
	UPDATE device SET id = 1 WHERE id = 2; UPDATE bootstrap_credential SET device_id = 1 WHERE device_id = 2;
	UPDATE server_credential SET device_id = 1 WHERE device_id = 2; $again"
{
	echo $head
	rpk_row one
} >"$W/devices.csv"
next="INSERT INTO bootstrap_credential (device_id, slot, mode, public_key, digest) VALUES"
tried one 'his raw key as the next credential' "$next (1, 1, 1, $evil_sql)"
tried one 'his raw key as the current credential' "DELETE FROM bootstrap_credential WHERE device_id = 1; $next (1, 0, 1, $evil_sql)"
check 'the log names the device and what to do' grep -q 'event=store.tampered .*ep="one".*todo="lwm2m-bootstrapctl verify"' "$W/daemon.log"
cp "$W/honest.csv" "$W/devices.csv"
within 'put back, the daemon is well' '[ "$(health)" = ok ]'
for d in one two byname; do check "put back, $d bootstraps" bootstraps $d; done

# Changed for a handshake, and put back before the request: a session of his own must not be there by then.
{
	echo $head
	rpk_row one
} >"$W/devices.csv"
sql "$next (1, 1, 1, $evil_sql)"
(sleep 0.3 && restore) &
check 'put back between handshake and request, too' bootstraps_not one
wait $!
cp "$W/honest.csv" "$W/devices.csv"

# ---- the tool ------------------------------------------------------------------------------------------------------------

refused() { # NAME SQL COMMAND..: the tool changes nothing of what he changed
	refused_name=$1
	sql "$2"
	shift 2
	before=$(sql 'SELECT quote(row_hash) FROM device ORDER BY id')
	ctl "$@" >"$W/out" 2>&1
	if [ $? = 1 ] && grep -q "${says:-changed by somebody.*verify --accept}" "$W/out"; then ok "$refused_name"; else
		not_ok "$refused_name" "$(cat "$W/out")"
	fi
	same "$refused_name: no hash is new" "$(sql 'SELECT quote(row_hash) FROM device ORDER BY id')" "$before"
	restore
}
refused 'no change beside his makes it good: disable' "$next (1, 1, 1, $evil_sql)" device disable one
refused 'no change beside his makes it good: rotate' "$free UPDATE server_credential SET public_or_identity = CAST('x' AS BLOB) WHERE device_id = 1; $again" \
	rotate one --out "$W/new"
says='changed without the keys' refused 'no change beside his makes it good: profile' "UPDATE profile SET anchor_sha256 = randomblob(32) WHERE name = 'q'" \
	profile set q --anchor "$W/pki/ca.pem"
says='changed without the keys' refused 'no device is imported for his server' "UPDATE server_account SET uri = 'coaps://evil'" import "$W/devices.csv"
says='tables, triggers or the record' refused 'his trigger does not run with the keys at hand' \
	"CREATE TRIGGER his AFTER INSERT ON device BEGIN $next (NEW.id, 1, 1, $evil_sql); END" device enable off
says='made by a version before 0.2' refused 'a store made to look as from before is not hashed anew' \
	"ALTER TABLE device DROP COLUMN row_hash; ALTER TABLE profile DROP COLUMN row_hash; ALTER TABLE server_account DROP COLUMN row_hash;
	UPDATE server_account SET uri = 'coaps://evil'; PRAGMA user_version = 11; PRAGMA application_id = 0x4c424253" server list 2>/dev/null
restore

sql "PRAGMA foreign_keys = 0; $next (5, 1, 1, $evil_sql)"
{
	echo $head
	echo "late,p,psk,late,$(key),,late@a,$(key)"
} >"$W/late.csv"
check 'a device whose number he knew' ctl import "$W/late.csv"
same 'and its rows are the import alone' "$(sql 'SELECT count(*) FROM bootstrap_credential WHERE device_id = 5')" 1
{
	echo $head
	rpk_row late
} >"$W/devices.csv"
check 'so that his key is none of it' bootstraps_not late
cp "$W/honest.csv" "$W/devices.csv"
check 'and all is good' ctl verify

sql "UPDATE server_account SET uri = 'coaps://moved.example.com:5684' WHERE name = 'a'"
check 'what was changed is shown' sh -c "'$BUILD/lwm2m-bootstrapctl' -s '$W/store' -k '$W/master.key' server show a 2>&1 | grep -q 'changed by somebody'"
check 'and can be accepted by who has the keys' ctl verify --accept server a
check 'and what hangs on it' ctl verify --accept profile p # its revision is another, by the triggers
check 'then all is good' ctl verify
check 'and given out' bootstraps one
sql "UPDATE device SET enabled = 1 WHERE endpoint = 'off'"
check 'what was changed can be deleted' ctl device delete off
check 'and nothing of it stays' ctl verify

# ---- every way of writing ------------------------------------------------------------------------------------------------

cat >"$W/more.csv" <<END
$head
m1,p,psk,m1,$(key),,m1@a,$(key)
m2,p,psk,m2,$(key),,m2@a,${delivered:=$(key)}
END
writes() { # WORDS..: the command is done, and every hash is good
	if ctl "$@" >"$W/out" 2>&1 && ctl verify >>"$W/out" 2>&1; then ok "every hash is good after: $1 $2"; else
		not_ok "every hash is good after: $1 $2" "$(cat "$W/out")"
	fi
}
writes server add c --uri coaps://c.example.com --ssid 103 --mode psk --lifetime 60
writes profile add r --server c --access-control none
writes profile set r --discover no
writes profile add r2 --server c --retry-as r
writes import "$W/more.csv"
writes device disable m1
writes device enable m1
writes rotate m1 --out "$W/rotated"
writes settle m1 --drop
writes rotate m2 --out "$W/rotated2"
sed -i "s/^m2,.*/m2,p,psk,$(sed -n 1p "$W/rotated2"),$(sed -n 2p "$W/rotated2"),,m2@a,$delivered/" "$W/more.csv"
cp "$W/more.csv" "$W/devices.csv"
sleep 1.2
check 'the next credential is used' bootstraps m2
sleep 0.8
writes settle m2
same 'it is the current one' "$(sql "SELECT count(*) FROM bootstrap_credential AS c JOIN device AS d ON d.id = c.device_id WHERE endpoint = 'm2'")" 1
writes device delete m1
writes profile remove r2
writes profile remove r
writes server remove c
printf '%s\nm3,p,rpk,,,%s,m3@a,%s\n' $head "$evil" "$(key)" >"$W/devices.csv"
cp "$W/pki/evil-raw.key" "$W/pki/m3-raw.key"
bootstraps m3 2 >/dev/null 2>&1
printf 'a.psk_identity,a.psk_key_hex\nm3@a,%s\n' "$(key)" >"$W/m3.csv"
sleep 0.8
writes adopt "$(sqlite3 -readonly "$W/store/journal.db" "SELECT identity FROM stranger WHERE outcome = 'raw-key-unknown' ORDER BY at_ms DESC LIMIT 1")" --endpoint m3 --profile p \
	--credentials "$W/m3.csv"
cp "$W/honest.csv" "$W/devices.csv"

# ---- what was deleted is gone -----------------------------------------------------------------------------------------------

sealed() { # SQL: its hex in $W/octets.hex
	sql "$1" | tr 'A-F' 'a-f' >"$W/octets.hex"
}
holds() { # FILE: one of the values is in it
	od -An -v -tx1 "$1" 2>/dev/null | tr -d ' \n' >"$W/file.hex"
	grep -q -F -f "$W/octets.hex" "$W/file.hex"
}
gone() { # NAME
	for f in "$db" "$db-wal"; do
		if holds "$f"; then not_ok "$1: $(basename "$f")" 'it is still there'; else ok "$1: $(basename "$f")"; fi
	done
}
{
	echo $head
	for i in $(seq 60); do echo "f$i,p,psk,f$i,$(key),,f$i@a,$(key)"; done
} >"$W/fill.csv"
ctl import "$W/fill.csv" >/dev/null 2>&1
sealed "SELECT hex(sealed_key) FROM bootstrap_credential AS c JOIN device AS d ON d.id = c.device_id WHERE endpoint = 'f30'
	UNION ALL SELECT hex(sealed_key) FROM server_credential AS c JOIN device AS d ON d.id = c.device_id WHERE endpoint = 'f30'"
check 'its keys are in the files' sh -c "[ $(wc -l <"$W/octets.hex") = 2 ]"
if holds "$db" || holds "$db-wal"; then ok 'before: they are found'; else not_ok 'before: they are found' ''; fi
check 'a device is deleted while the daemon reads' ctl device delete f30
gone 'keys of a deleted device are gone'
sealed "SELECT hex(sealed_key) FROM bootstrap_credential AS c JOIN device AS d ON d.id = c.device_id WHERE endpoint = 'f31'"
ctl rotate f31 --out "$W/f31" >/dev/null 2>&1
printf '%s\nf31,p,psk,%s,%s,,f31@a,%s\n' $head "$(sed -n 1p "$W/f31")" "$(sed -n 2p "$W/f31")" "$(key)" >"$W/devices.csv"
sleep 1.2
bootstraps f31 >/dev/null 2>&1
sleep 0.8
check 'a key is replaced' sh -c "'$BUILD/lwm2m-bootstrapctl' -s '$W/store' -k '$W/master.key' settle f31 2>&1 | grep -q 'settled 1'"
gone 'a key that was replaced is gone'
cp "$W/honest.csv" "$W/devices.csv"

# ---- an older store -------------------------------------------------------------------------------------------------------------

seen() { sqlite3 -readonly "$W/store/journal.db" "SELECT value FROM meta WHERE key = 'store_generation'"; }
status() { ctl --json status | sqlite3_json "\$.$1"; }
ctl device disable two >/dev/null 2>&1
within 'the journal remembers the generation' '[ "$(status store_generation)" = "$(seen)" ] && [ "$(seen)" -gt 5 ]'
sleep 1.2
highest=$(seen)
restore
within 'an older store is told: health' 'health | grep -q "older than one that was seen.*restore --accept"'
within 'an older store is told: status' '[ "$(status store_older)" = 1 ] && [ "$(status store_generation_seen)" = "$highest" ]'
check 'an older store is told: log' grep -q "event=store.older generation=[0-9]* seen=$highest .*restore --accept" "$W/daemon.log"
check 'it is not refused' bootstraps one
for i in $(seq 3); do ctl device disable off >/dev/null 2>&1; ctl device enable off >/dev/null 2>&1; done
sleep 1.2
check 'changes to it do not hide it' sh -c "! [ '$(health)' = ok ]"
stop_daemon
start_daemon
within 'nor does a restart' 'health | grep -q "older than one that was seen"'
check 'restore without more is a question of usage' sh -c "'$BUILD/lwm2m-bootstrapctl' -s '$W/store' -k '$W/master.key' restore; [ \$? = 2 ]"
check 'restore --accept' ctl restore --accept
within 'then the daemon is well' '[ "$(health)" = ok ]'
within 'and the journal has moved on' '[ "$(seen)" -gt "$highest" ]'
check 'once is enough' sh -c "'$BUILD/lwm2m-bootstrapctl' -s '$W/store' -k '$W/master.key' restore --accept 2>&1 | grep -q 'what the daemon expects'"
sql "CREATE TEMP TABLE k AS SELECT value FROM meta WHERE key = 'root'; UPDATE meta SET value = zeroblob(305) WHERE key = 'root'"
within 'a record that he made up is told' 'health | grep -q "changed without its keys"'
check 'and the log says what to do' grep -q 'event=store.tampered .*what=record.*todo="put a backup back"' "$W/daemon.log"
stop_daemon
same 'the daemon ended well' "$daemon_status" 0
