#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# server set: what is named of an account in use changes, is told, and reaches the devices; the rest stays.
. tests/system/lib.sh

make_pki
ctl init >/dev/null 2>&1
check "an account" ctl server add fleet --uri coaps://a.example.com:5684 --ssid 101 --mode psk --lifetime 86400 --set 0/16/0=49320 \
	--set 0/16/1=174
check "one with a digest of its certificate" ctl server add x --uri coaps://x.example.com:5684 --ssid 102 --mode x509 \
	--server-cert "$W/pki/server.pem" --set 0/13=1
check "one with a raw key" ctl server add raw --uri coaps://r.example.com:5684 --ssid 103 --mode rpk --server-key "$W/pki/server.pub"
check "a profile" ctl profile add p --server fleet --on-change close
{
	echo endpoint,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex
	echo "one,psk,one,$(key),one@fleet,$(key)"
} >"$W/devices.csv"
check "a device" ctl import "$W/devices.csv" --profile p

sets() { # NAME OUTPUT ARGUMENTS..: it prints exactly that
	name=$1 wanted=$2
	shift 2
	same "$name" "$(ctl server set "$@" 2>"$W/said")" "$wanted"
}
refuses() { # NAME TEXT ARGUMENTS..
	name=$1 text=$2
	shift 2
	before=$(ctl --json server list)
	if ctl server set "$@" >"$W/refused.out" 2>&1; then
		not_ok "$name" accepted
	else
		check "$name" grep -q -e "$text" "$W/refused.out"
	fi
	same "$name: nothing changed" "$(ctl --json server list)" "$before"
}
value() { ctl --json server show "$1" | sqlite3_json "$2"; } # ACCOUNT PATH

# ---- it reaches the devices ------------------------------------------------------------------------------------------------

write_conf </dev/null
start_daemon
check "it bootstraps" sim --endpoint one --quiet --json --output "$W/one.json" --uri coaps://a.example.com:5684
sim --endpoint one --linger 20000 --timeout 30 --quiet >"$W/stay.out" 2>&1 &
stay_pid=$!
has_session() { ctl --json sessions one 2>"$W/sessions.err" | grep -q '"endpoint"'; }
within() { # SECONDS COMMAND..
	n=$(($1 * 10))
	shift
	while [ $n -gt 0 ]; do "$@" && return 0 || { n=$((n - 1)) && sleep 0.1; }; done
	return 1
}
has_none() { ! has_session; }
check "it lies open" within 5 has_session
sleep 0.5
sets "a new URI and lifetime under a device" "uri coaps://a.example.com:5684 -> coaps://b.example.com:5684
1/1 86400 -> 3600" fleet --uri coaps://b.example.com:5684 --lifetime 3600
check "its session is closed" within 4 has_none
kill $stay_pid 2>/dev/null; wait $stay_pid
check "at its next bootstrap it gets both" sim --endpoint one --quiet --json --output "$W/one.json" --uri coaps://b.example.com:5684
same "the lifetime" "$(sqlite3_json '$.objects."1"."0"."1"' <"$W/one.json")" 3600
stop_daemon
same "the daemon had no trouble" "$daemon_status" 0

# ---- what is named, and what is not --------------------------------------------------------------------------------------------

same "what was not named stays" "$(value fleet '$.settings."0/16/1"')" 174
sets "a resource with several instances is named as a whole" "0/16/0 49320 -> 174
0/16/1 174 -> none" fleet --set 0/16/0=174
sets "the same again is no change" "" fleet --lifetime 3600
check "which is said" grep -q 'is like that already' "$W/said"
sets "a dry run tells it" "1/1 3600 -> none" fleet --unset lifetime --dry-run
same "and stores nothing" "$(value fleet '$.settings."1/1"')" 3600
sets "unset" "0/16/0 174 -> none
1/1 3600 -> none" fleet --unset lifetime --unset 0/16
sets "an SMS number with its binding" "sms-number none -> 4917012345
1/7 none -> US" fleet --sms-number +4917012345 --binding US
sets "and away again" "sms-number 4917012345 -> none
1/7 US -> none" fleet --unset sms-number --unset binding
old=$(value x '$.server_key_b64')
check "a setting beside a digest" ctl server set x --lifetime 60
same "leaves the digest" "$(value x '$.server_key_b64')" "$old"
check "a new certificate" ctl server set x --server-cert "$W/pki/ca2.pem" --set 0/15=2
same "is digested as the account says" "$(value x '$.server_key_b64')" \
	"$(openssl x509 -in "$W/pki/ca2.pem" -outform DER | openssl dgst -sha256 -binary | b64)"
sh certs/dev-pki.sh "$W/pki" device other >/dev/null 2>&1
check "a new raw key" ctl server set raw --server-key "$W/pki/other-raw.pub"
same "is there" "$(value raw '$.server_key_b64')" "$(cat "$W/pki/other-raw.pub.b64")"
check "the store proves all of it" ctl verify

# ---- who mistypes -------------------------------------------------------------------------------------------------------------

refuses "the Short Server ID stays" '\-\-ssid: stays' fleet --ssid 5
refuses "the mode stays" '\-\-mode: stays' fleet --mode rpk
refuses "the kind stays" '\-\-kind: stays' fleet --kind bootstrap
refuses "a URI that does not fit the mode" 'needs a coaps:// URI' fleet --uri coap://a.example.com
refuses "a URI that is none" '\-\-uri' fleet --uri a.example.com
refuses "a key of another mode" 'does not belong to mode psk' fleet --server-key "$W/pki/server.pub"
refuses "a certificate of another mode" 'does not belong to mode rpk' raw --server-cert "$W/pki/server.pem"
refuses "a certificate for pre-shared keys" 'uses no server key' fleet --server-cert "$W/pki/server.pem"
refuses "a key file that is not there" 'No such file' raw --server-key "$W/nobody.pub"
refuses "how a digest was made" 'give it again, --server-cert' x --set 0/13=3
refuses "a value of another type" '1/1: the value is not of type' fleet --lifetime soon
refuses "a number without its binding" 'needs S in its binding' fleet --sms-number 4917012345
refuses "nothing named" 'name what to change' fleet
refuses "nobody by that name" 'no server account fleat; did you mean fleet' fleat --lifetime 60
refuses "nothing of that name to unset" '\-\-unset' fleet --unset nonsense
