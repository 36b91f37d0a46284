# SPDX-License-Identifier: Apache-2.0
#
# Server-initiated bootstrap (LwM2M 1.0): the daemon opens DTLS to a device and begins. Devices of the three modes wait as DTLS
# servers and hold in the end what the operator's file says; OpenSSL's own server takes the handshake; then everything that
# may answer in their place.
. tests/system/lib.sh

make_pki dev-rpk dev-x other-rpk other-x
ctl init >/dev/null 2>&1
check "server add" ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk --lifetime 86400
check "profile add" ctl profile add meters --server fleet --anchor "$W/pki/ca.pem" --ack-timeout 1 --max-retransmit 1
for d in dev-psk dev-rpk dev-x dev-off other-rpk other-x; do eval "gift_$(echo $d | tr - _)=$(key)"; done
psk_key=$(key)
{
	echo "endpoint,mode,psk_identity,psk_key_hex,rpk_public_b64,enabled,fleet.psk_identity,fleet.psk_key_hex"
	echo "dev-psk,psk,id of dev-psk,$psk_key,,,dev-psk@fleet,$gift_dev_psk"
	echo "dev-off,psk,id of dev-off,$(key),,no,dev-off@fleet,$gift_dev_off"
	for d in dev-rpk other-rpk; do
		eval "g=\$gift_$(echo $d | tr - _)"
		echo "$d,rpk,,,$(pubkey_b64 "$W/pki/$d-raw.key"),,$d@fleet,$g"
	done
	for d in dev-x other-x; do
		eval "g=\$gift_$(echo $d | tr - _)"
		echo "$d,x509,,,,,$d@fleet,$g"
	done
} >"$W/devices.csv"
check "import" ctl import "$W/devices.csv" --profile meters
write_conf <<-CONF
	[dtls]
	handshake-time = 3s
	[coap]
	trigger-port = 42001
	[limits]
	attempts-per-minute = 25
CONF
start_daemon

# A device that waits; its address in $at.
wait_as() { # ENDPOINT OPTION..
	ep=$1
	shift
	: >"$W/$ep.out" # before the new one empties it, the address of the one before stands there
	"$BUILD/lwm2m-bootstrap-sim" --listen 127.0.0.1:0 --csv "$W/devices.csv" --key-dir "$W/pki" --endpoint "$ep" \
		--ca "$W/pki/ca.pem" --server-public-key "$W/pki/server.pub" --timeout 15 --print --json \
		--output "$W/$ep.json" "$@" >"$W/$ep.out" 2>&1 &
	sim_pid=$!
	at=
	for _ in $(seq 50); do
		at=$(sed -n 's/.*listens on //p' "$W/$ep.out")
		[ -n "$at" ] && return
		sleep 0.1
	done
	not_ok "$ep waits" "$(cat "$W/$ep.out")"
}
held() { sqlite3_json "$1" <"$W/$ep.json"; }
# trigger NAME OUTCOME TEXT ENDPOINT OPTION..: that outcome, with TEXT in what the tool says, and the same in the journal
trigger() {
	t_name=$1 t_outcome=$2 t_text=$3 t_ep=$4
	shift 4
	ctl trigger "$t_ep" "$@" >"$W/trigger.out" 2>&1
	t_status=$?
	[ "$t_outcome" = done ] && t_want=0 || t_want=1
	if [ $t_status = $t_want ] && grep -q "^outcome *$t_outcome\$" "$W/trigger.out" && grep -q -- "$t_text" "$W/trigger.out"; then
		ok "$t_name"
	else
		not_ok "$t_name" "exit $t_status: $(cat "$W/trigger.out")"
	fi
	same "$t_name: in the journal" "$(outcome_of "$t_ep")" "$t_outcome"
}
refused() { # NAME TEXT ENDPOINT OPTION..: at once, with exit 1
	r_name=$1 r_text=$2
	shift 2
	ctl trigger "$@" >"$W/trigger.out" 2>&1
	r_status=$?
	if [ $r_status = 1 ] && grep -q -- "$r_text" "$W/trigger.out"; then ok "$r_name"; else
		not_ok "$r_name" "exit $r_status: $(cat "$W/trigger.out")"
	fi
}

for d in dev-psk dev-rpk dev-x; do
	eval "gift=\$gift_$(echo $d | tr - _)"
	for version in 1.0 1.1; do
		wait_as "$d" --lwm2m $version
		trigger "$d, LwM2M $version" done "handshake" "$d" --address "$at"
		wait "$sim_pid"
		same "$d, LwM2M $version: exit status of the device" $? 0
		same "$d: result" "$(held '$.result')" done
		same "$d: URI" "$(held '$.objects."0"."1"."0"')" coaps://lwm2m.example.com:5684
		same "$d: PSK identity" "$(held '$.objects."0"."1"."3"')" "hex:$(text_hex "$d@fleet")"
		same "$d: PSK" "$(held '$.objects."0"."1"."5"')" "hex:$gift"
		same "$d: Short Server ID and lifetime" "$(held '$.objects."0"."1"."10"') $(held '$.objects."1"."0"."1"')" "101 86400"
	done
done
port_is_open() { # FIRST COUNT: a UDP port of these is bound
	for p in $(seq "$1" $(($1 + $2 - 1))); do grep -q "$(printf ' 0100007F:%04X ' "$p")" /proc/net/udp && return 0; done
	return 1
}
check "it turned to them from the port that was set" port_is_open 42001 "$(nproc)"
same "the journal says who began" "$(ctl --json explain dev-x | sqlite3_json '$[0].detail' | cut -d: -f1)" server-initiated

wait_as dev-psk
ctl --json trigger dev-psk --address "$at" >"$W/trigger.out" 2>&1
same "json" "$(sqlite3_json '$.outcome' <"$W/trigger.out") $(sqlite3_json '$.writes' <"$W/trigger.out")" "done 2"
wait "$sim_pid"
wait_as dev-psk --linger 4000
check "no-wait" ctl trigger dev-psk --address "$at" --no-wait
same "no-wait: it happens all the same" "$(outcome_of dev-psk)" done
# The device is there still: no new handshake is needed, but it answers nothing after its Finish.
trigger "in the live session" write-refused "write .0.10 answered 5.00" dev-psk
wait "$sim_pid"
refused "no live session" "no live session; name its address" dev-psk

# Others that answer, and nobody.
wait_as dev-psk --misbehave wrong-key
trigger "another key" key-mismatch-suspected "differs" dev-psk --address "$at" || :
kill "$sim_pid" 2>/dev/null
wait_as other-rpk
trigger "the raw key of another device" endpoint-mismatch "other-rpk" dev-rpk --address "$at"
wait_as dev-rpk --misbehave wrong-key
trigger "a raw key that nobody has" raw-key-unknown "" dev-rpk --address "$at"
wait_as other-x
trigger "the certificate of another device" endpoint-mismatch "other-x" dev-x --address "$at"
wait_as dev-x --misbehave wrong-key
trigger "a forged certificate" certificate-untrusted "" dev-x --address "$at"
trigger "nobody there" handshake-timeout "nothing answered there" dev-x --address 127.0.0.1:9
wait_as dev-psk --misbehave silent@write
trigger "silent at a Write" client-silent "write /0/1" dev-psk --address "$at"
kill "$sim_pid" 2>/dev/null
wait_as dev-psk --misbehave refuse-write
trigger "a refused Write" write-refused "4.00" dev-psk --address "$at"
wait_as dev-psk --misbehave lose@write
trigger "a lost answer" done "" dev-psk --address "$at"

# Refused at once.
refused "no such device" "there is no device nobody" nobody --address 127.0.0.1
refused "a disabled device" "dev-off is disabled; lwm2m-bootstrapctl device enable" dev-off --address 127.0.0.1
refused "a family that nobody listens on" "listens on no IPv6 address" dev-psk --address ::1
for a in 224.0.0.1 0.0.0.0 '[ff02::1]:5684' 127.0.0.1:0 example.com 255.255.255.255; do
	ctl trigger dev-psk --address "$a" >"$W/trigger.out" 2>&1
	same "no host: $a" $? 2
done

# OpenSSL's own server: it shows the handshake, and what it makes of the first command is its end.
s_server() { # OPTION..
	openssl s_server -dtls1_2 -accept 127.0.0.1:5799 -quiet "$@" <"$W/quiet" >"$W/s_server.out" 2>&1 &
	sim_pid=$!
	sleep 0.5
}
mkfifo "$W/quiet"
exec 9<>"$W/quiet" # an input that never ends
s_server -nocert -psk "$psk_key" -psk_identity "id of dev-psk" -cipher PSK-AES128-CCM8:@SECLEVEL=0
trigger "OpenSSL, PSK: through the handshake" client-silent "discover" dev-psk --address 127.0.0.1:5799
same "OpenSSL, PSK: suite" "$(sqlite3 "$W/store/journal.db" "SELECT suite FROM attempt ORDER BY id DESC LIMIT 1")" PSK-AES128-CCM8
# Accept: link-format, as Discover has it (RFC 7252, 3.1: delta 17, one octet, 40)
if LC_ALL=C grep -q -a -P '\xd1\x04\x28' "$W/s_server.out"; then ok "OpenSSL read the first command"; else not_ok "OpenSSL read the first command" "nothing"; fi
kill "$sim_pid"
s_server -cert "$W/pki/dev-x.pem" -key "$W/pki/dev-x.key" -CAfile "$W/pki/ca.pem" -Verify 1 \
	-cipher ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0
trigger "OpenSSL, X.509: through the handshake" client-silent "discover" dev-x --address 127.0.0.1:5799
kill "$sim_pid"
s_server -cert "$W/pki/dev-x.pem" -key "$W/pki/dev-x.key" -cipher ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0
trigger "a device that does not ask who we are" handshake-failed "did not ask who this server is" dev-x --address 127.0.0.1:5799
kill "$sim_pid"

# The limit of attempts is the device's, whoever begins.
for _ in $(seq 30); do ctl trigger dev-rpk --address 127.0.0.1:9 --no-wait >/dev/null 2>&1 || break; done
refused "too many attempts" "too many attempts of this device" dev-rpk --address 127.0.0.1:9
sleep 1 # the journal is written in batches
same "an earlier one ends for a later one" "$(sqlite3 "$W/store/journal.db" "SELECT count(*) > 5 FROM attempt WHERE endpoint = 'dev-rpk' AND outcome = 'superseded'")" 1

# A stop in the middle of a handshake: one outcome, too.
check "the last one" ctl trigger dev-x --address 127.0.0.1:9 --no-wait
stop_daemon
same "exit status" "$daemon_status" 0
same "shutdown in the journal" "$(outcome_of dev-x)" shutdown
refused "the daemon does not run" "is the daemon running" dev-x --address 127.0.0.1:9
exec 9>&-
found=$(grep -rlai -e "$psk_key" "$W" --include='*.log*' --include='*.db*' --include='*.out' || true)
same "the key is nowhere in the clear" "$found" ""
