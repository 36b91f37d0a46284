#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Rotation of bootstrap credentials with the real daemon and devices of all three modes: the next credential works beside
# the current one, settle retires what was replaced, and nothing before it was used.
. tests/system/lib.sh

make_pki psk-1 rpk-1 x-1 new-rpk new-x
head=endpoint,mode,psk_identity,psk_key_hex,rpk_public_b64,cert_b64,s.psk_identity,s.psk_key_hex

psk_file() { # IDENTITY KEY: a device file for psk-1
	printf '%s\npsk-1,psk,%s,%s,,,psk-1@s,%s\n' $head "$1" "$2" "$delivered" >"$W/devices.csv"
}

bootstraps() { # NAME ENDPOINT
	check "$1" sim --server-public-key "$W/pki/server.pub" --ca "$W/pki/ca.pem" --endpoint "$2" --timeout 5 --quiet
	sleep 0.6 # the journal is written in batches
}

settles() { # NAME COUNT
	ctl settle >"$W/settle.out" 2>&1
	check "$1" grep -q "settled $2," "$W/settle.out"
}

ctl init >/dev/null 2>&1
ctl server add s --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk
ctl profile add p --server s --anchor "$W/pki/ca.pem"
first=$(key) delivered=$(key)
{
	echo $head
	echo "psk-1,psk,psk-1,$first,,,psk-1@s,$delivered"
	echo "rpk-1,rpk,,,$(pubkey_b64 "$W/pki/rpk-1-raw.key"),,rpk-1@s,$(key)"
	echo "x-1,x509,,,,$(cert_b64 "$W/pki/x-1.pem"),x-1@s,$(key)"
} >"$W/devices.csv"
cp "$W/devices.csv" "$W/all.csv"
check 'import' ctl import --profile p "$W/devices.csv"
write_conf <<END
[dtls]
handshake-time = 2s
END
start_daemon

for d in psk-1 rpk-1 x-1; do bootstraps "$d bootstraps" $d; done

# ---- the key alone is new --------------------------------------------------------------------------------------------

check 'rotate, identity kept' ctl rotate psk-1 --keep-identity --out "$W/second"
second=$(sed -n 2p "$W/second")
settles 'nothing settles before the key was used' 0
sleep 1.2 # the daemon looks for changes once a second
bootstraps 'the current key still works' psk-1
settles 'nor when the current key was used' 0
psk_file psk-1 "$second"
sim --endpoint psk-1 --timeout 4 --quiet >/dev/null 2>&1 # after a failed handshake the other key is tried
bootstraps 'the next key works' psk-1
settles 'the next key settles' 1
sleep 1.2
psk_file psk-1 "$first"
check 'the old key is gone' sh -c "! BUILD=$BUILD $BUILD/lwm2m-bootstrap-sim --server $address --csv $W/devices.csv \
	--endpoint psk-1 --timeout 3 --quiet"

# ---- identity and key are new ----------------------------------------------------------------------------------------

check 'rotate, identity new' ctl rotate psk-1 --out "$W/third"
sleep 1.2
psk_file psk-1 "$second"
bootstraps 'the current identity still works' psk-1
psk_file "$(sed -n 1p "$W/third")" "$(sed -n 2p "$W/third")"
bootstraps 'the next identity works' psk-1
settles 'the next identity settles' 1

# ---- raw key, certificate --------------------------------------------------------------------------------------------

check 'rotate a raw key' ctl rotate rpk-1 --public-key "$W/pki/new-rpk-raw.pub"
check 'rotate a certificate' ctl rotate x-1 --certificate "$W/pki/new-x.pem"
sleep 1.2
cp "$W/all.csv" "$W/devices.csv"
bootstraps 'the current raw key still works' rpk-1
bootstraps 'the current certificate still works' x-1
settles 'neither settles' 0
cp "$W/pki/new-rpk-raw.key" "$W/pki/rpk-1-raw.key"
cp "$W/pki/new-x.key" "$W/pki/x-1.key"
cp "$W/pki/new-x.pem" "$W/pki/x-1.pem"
bootstraps 'the next raw key works' rpk-1
bootstraps 'the next certificate works' x-1
settles 'both settle' 2

stop_daemon
