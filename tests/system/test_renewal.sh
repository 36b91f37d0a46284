#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A rotated bootstrap credential is delivered: a device of each mode comes with its current credential, is sent the next
# one onto its own account, and comes with what it holds from then on; the old one is gone after settle.
. tests/system/lib.sh

make_pki psk-1 rpk-1 x-1 new-rpk new-x
here=coaps://bs.example.com:5684
head=endpoint,mode,psk_identity,psk_key_hex,rpk_public_b64,cert_b64,s.psk_identity,s.psk_key_hex
first=$(openssl rand -hex 16)

refuses() { # NAME TEXT ARGUMENTS..
	name=$1 text=$2
	shift 2
	if ctl "$@" >"$W/refused.out" 2>&1; then
		not_ok "$name" accepted
	else
		check "$name" grep -q -e "$text" "$W/refused.out"
	fi
}
comes() { # NAME ENDPOINT [SIM OPTION..]: it bootstraps; what it holds then is in run.json
	name=$1 ep=$2
	shift 2
	check "$name" sim --server-public-key "$W/pki/server.pub" --ca "$W/pki/ca.pem" --endpoint "$ep" --timeout 5 --quiet \
		--bs-instance 4 --json --output "$W/run.json" "$@"
	sleep 0.6 # the journal is written in batches
}
held() { # RESOURCE of its own account, at /0/4; octets in hexadecimal
	v=$(sqlite3_json "\$.objects.\"0\".\"4\".\"$1\"" <"$W/run.json")
	printf '%s\n' "${v#hex:}"
}
says() { # NAME ENDPOINT TEXT: the last attempt's details
	ctl --json explain "$2" >"$W/explain.out"
	check "$1" grep -q -e "$3" "$W/explain.out"
}
changed() { sleep 1.2; } # the daemon looks for changes once a second

ctl init >/dev/null 2>&1
ctl server add s --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk
check 'a bootstrap account, pre-shared keys' ctl server add self-psk --kind bootstrap --uri $here --mode psk --set 0/11=30
check 'a bootstrap account, raw keys' ctl server add self-rpk --kind bootstrap --uri $here --mode rpk \
	--server-key "$W/pki/server.pub"
check 'a bootstrap account, certificates' ctl server add self-x --kind bootstrap --uri $here --mode x509 \
	--server-cert "$W/pki/server.pem"
refuses 'it has no Short Server ID' 'no Short Server ID' server add no --kind bootstrap --uri $here --mode psk --ssid 9
refuses 'nor goes it without security' 'psk, rpk or x509' server add no --kind bootstrap --uri coap://bs.example.com \
	--mode nosec --allow-nosec
ctl server add self-2 --kind bootstrap --uri $here --mode psk
refuses 'two of one mode are refused' 'both the bootstrap account' profile add no --server s --server self-psk --server self-2
refuses 'so is a profile without Discover' 'Discover shows' profile add no --server s --server self-psk --discover no
ctl server add fw --kind repository --uri coaps://fw.example.com --mode psk
refuses 'nor with a repository, which looks like it' 'is a repository: beside it' profile add no --server s --server fw \
	--server self-psk
check 'one profile for three modes' ctl profile add p --anchor "$W/pki/ca.pem" --server s --server self-psk \
	--server self-rpk --server self-x
ctl profile add plain --server s
{
	echo $head
	echo "psk-1,psk,psk-1,$first,,,psk-1@s,$(openssl rand -hex 16)"
	echo "rpk-1,rpk,,,$(pubkey_b64 "$W/pki/rpk-1-raw.key"),,rpk-1@s,$(openssl rand -hex 16)"
	echo "x-1,x509,,,,$(cert_b64 "$W/pki/x-1.pem"),x-1@s,$(openssl rand -hex 16)"
} >"$W/devices.csv"
check 'devices need no columns for it' ctl import --profile p "$W/devices.csv"
printf 'endpoint,mode,psk_identity,psk_key_hex,s.psk_identity,s.psk_key_hex,self-psk.psk_identity\nq,psk,q,%s,q@s,%s,q\n' \
	"$(openssl rand -hex 16)" "$(openssl rand -hex 16)" >"$W/q.csv"
refuses 'and may have none' 'is the bootstrap account; leave it empty' import --profile p "$W/q.csv"
sed -i 's/,self-psk.psk_identity//; s/,q$//' "$W/q.csv"
ctl import --profile plain "$W/q.csv"
write_conf <<-END
	[dtls]
	handshake-time = 2s
END
start_daemon

comes 'without a next credential nothing is renewed' psk-1
same 'the device keeps its key' "$(held 5)" "$first"

# ---- a pre-shared key that nobody ever sees ----------------------------------------------------------------------------

refuses 'where nobody delivers it a random key must go somewhere' 'the random key would be lost' rotate q
check 'rotate, without a file' ctl rotate psk-1
ctl device show psk-1 >"$W/show.out"
check 'device show tells of it' grep -q 'delivered at its next bootstrap, as account self-psk' "$W/show.out"
ctl plan psk-1 >"$W/plan.out"
check 'so does plan' grep -q 'PUT */0/I' "$W/plan.out"
changed
comes 'it comes with the current key' psk-1
identity=$(sqlite3 :memory: "SELECT CAST(x'$(held 3)' AS TEXT)") key=$(held 5)
check 'and holds another identity now' [ "${identity#psk-1~}" != "$identity" ]
check 'and a key of 16 octets' [ "${#key}" -eq 32 ] && check 'which is new' [ "$key" != "$first" ]
same 'the URI is the operator'"'"'s' "$(held 0)" $here
same 'so is resource 11' "$(held 11)" 30
says 'explain tells where' psk-1 'bootstrap account renewed at /0/4'
check 'no log line shows the key' sh -c "! grep -qi -e $key -e $first '$W/daemon.log'"
comes 'the current key is still good' psk-1
cp "$W/devices.csv" "$W/old.csv"
sed -i "s/^psk-1,psk,psk-1,$first/psk-1,psk,$identity,$key/" "$W/devices.csv"
# covers: trap AVSystem
comes 'it comes with what it holds' psk-1
check 'settle retires the old key' sh -c "'$BUILD/lwm2m-bootstrapctl' -s '$W/store' -k '$W/master.key' settle 2>&1 | grep -q 'settled 1,'"
changed
comes 'the new one stays' psk-1
same 'and is no longer delivered' "$(ctl --json device show psk-1 | sqlite3_json '$.renewal')" ''
cp "$W/devices.csv" "$W/new.csv"
cp "$W/old.csv" "$W/devices.csv"
if sim --endpoint psk-1 --timeout 3 --quiet >"$W/check.out" 2>&1; then not_ok 'the old one is gone' came; else ok 'the old one is gone'; fi
cp "$W/new.csv" "$W/devices.csv"

# ---- taken back ----------------------------------------------------------------------------------------------------------

ctl rotate rpk-1 --public-key "$W/pki/new-x.pem" >/dev/null 2>&1
check 'a wrong rotation is dropped' ctl settle rpk-1 --drop
same 'and is gone' "$(sqlite3 -readonly "$W/store/store.db" 'SELECT count(*) FROM bootstrap_credential WHERE slot = 1')" 0
ctl rotate psk-1 >/dev/null 2>&1
changed
comes 'a device that is sent its next key' psk-1
refuses 'it may hold it: not dropped by the way' 'may hold the next credential' settle psk-1 --drop
check 'but by force' ctl settle psk-1 --drop --force

# ---- raw key, certificate ----------------------------------------------------------------------------------------------

refuses 'a private key that is not the certificate'"'"'s' 'key' rotate x-1 --certificate "$W/pki/new-x.pem" \
	--private-key "$W/pki/x-1.key"
check 'rotate a raw key' ctl rotate rpk-1 --private-key "$W/pki/new-rpk-raw.key"
check 'rotate a certificate' ctl rotate x-1 --certificate "$W/pki/new-x.pem" --private-key "$W/pki/new-x.key"
changed
der() { openssl base64 -d -A | hexdump; } # as the device shows octets
comes 'it comes with the current raw key' rpk-1
same 'and holds the next public key' "$(held 3)" "$(pubkey_b64 "$W/pki/new-rpk-raw.key" | der)"
same 'and its private key' "$(held 5)" "$(private_b64 "$W/pki/new-rpk-raw.key" | der)"
comes 'it comes with the current certificate' x-1
same 'and holds the next one' "$(held 3)" "$(cert_b64 "$W/pki/new-x.pem" | der)"
same 'and its private key, too' "$(held 5)" "$(private_b64 "$W/pki/new-x.key" | der)"
cp "$W/pki/new-rpk-raw.key" "$W/pki/rpk-1-raw.key"
cp "$W/pki/new-x.key" "$W/pki/x-1.key"
cp "$W/pki/new-x.pem" "$W/pki/x-1.pem"
comes 'it comes with the next raw key' rpk-1
comes 'it comes with the next certificate' x-1
ctl settle >"$W/settle.out" 2>&1
check 'both settle' grep -q 'settled 2,' "$W/settle.out"
same 'no private key is kept after that' "$(sqlite3 -readonly "$W/store/store.db" 'SELECT count(sealed_delivered_key) FROM bootstrap_credential')" 0

stop_daemon
