#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The same account as files: for a card (smartcard) and for the maker (factory). They are opened by openssl, read by the simulator's
# decoders, which share no code with the encoders, and hold what the operator's file says.
. tests/system/lib.sh

make_pki rpk-1 x-1
here=coaps://bs.example.com:5684
first=$(key) second=$(key) sms=$(key)

refuses() { # NAME TEXT ARGUMENTS..
	name=$1 text=$2
	shift 2
	if ctl "$@" >"$W/refused.out" 2>&1; then
		not_ok "$name" accepted
	else
		check "$name" grep -q -e "$text" "$W/refused.out"
	fi
}
mode_of() { stat -c %a "$1"; }
holds() { # NAME ENDPOINT FILE [SIM OPTION..]
	name=$1 ep=$2 file=$3
	shift 3
	check "$name" "$BUILD/lwm2m-bootstrap-sim" --csv "$W/devices.csv" --key-dir "$W/pki" --endpoint "$ep" --factory "$file" \
		--server-public-key "$W/pki/server.pub" --server-cert "$W/pki/server.pem" --quiet --json --output "$W/held.json" "$@"
}
held() { # O I R: the value in what holds left
	v=$(sqlite3_json "\$.objects.\"$1\".\"$2\".\"$3\"" <"$W/held.json")
	printf '%s\n' "${v#hex:}"
}

ctl init >/dev/null 2>&1
ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk --sms-number 4917012345 --binding US
ctl server add other --uri coaps://other.example.com:5684 --ssid 102 --mode psk
ctl server add self-psk --kind bootstrap --uri $here --mode psk
ctl server add self-rpk --kind bootstrap --uri $here --mode rpk --server-key "$W/pki/server.pub"
ctl server add self-x --kind bootstrap --uri $here --mode x509 --server-cert "$W/pki/server.pem"
check "a profile with a way back" ctl profile add p --anchor "$W/pki/ca.pem" --server fleet --server self-psk --server self-rpk \
	--server self-x
check "a profile of two servers" ctl profile add two --server fleet --server other --server self-psk --access-control derived
check "a profile without a way back" ctl profile add lost --server fleet
head=endpoint,profile,mode,psk_identity,psk_key_hex,rpk_public_b64,cert_b64,batch,iccid
{
	echo "$head,fleet.psk_identity,fleet.psk_key_hex,fleet.sms_mode,fleet.sms_kic_key_hex,other.psk_identity,other.psk_key_hex"
	echo "urn:imei:49,p,psk,id-1,$first,,,b1,,id-1@fleet,$second,1,$sms,,"
	echo "\"a/b, c\",two,psk,id-2,$(key),,,b1,,id-2@fleet,$(key),,,id-2@other,$(key)"
	echo ".hidden,lost,psk,id-3,$(key),,,b2,,id-3@fleet,$(key),,,,"
	echo "rpk-1,p,rpk,,,$(cat "$W/pki/rpk-1-raw.pub.b64"),,b3,,r@fleet,$(key),,,,"
	echo "x-1,p,x509,,,,$(cert_b64 "$W/pki/x-1.pem"),b3,,x@fleet,$(key),,,,"
} >"$W/devices.csv"
check "import" ctl import "$W/devices.csv"

# ---- a card ------------------------------------------------------------------------------------------------------------

check "a card in the clear" ctl smartcard urn:imei:49 --out "$W/card" --plain
same "the folder is the owner's alone" "$(mode_of "$W/card")" 700
card=$W/card/urn%3Aimei%3A49
same "so is the file" "$(mode_of "$card.bin")" 600
same "and the script" "$(mode_of "$card.apdu")" 600
same "the index names it" "$(tail -n 1 "$W/card/index.csv")" '"urn:imei:49","","urn%3Aimei%3A49.bin"'
ctl smartcard urn:imei:49 --out "$W/card-2" --plain 2>"$W/said"
check "that the keys are in the clear is said" grep -q 'warning: .*in the clear' "$W/said"
same "nothing else differs in a second one" "$(cksum <"$W/card-2/urn%3Aimei%3A49.bin")" "$(cksum <"$card.bin")"
# By hand: two objects, octets that follow, Object 0 in the version of the enabler.
same "number of objects" "$(head -c 2 "$card.bin" | hexdump)" 0002
same "octets that follow" "$((0x$(tail -c +3 "$card.bin" | head -c 2 | hexdump)))" $(($(wc -c <"$card.bin") - 4))
same "first Object 0" "$(tail -c +5 "$card.bin" | head -c 3 | hexdump)" 000000
same "the script writes these octets" "$(grep '^00D6' "$card.apdu" | cut -c 11- | tr -d '\n' | tr A-F a-f)" "$(hexdump <"$card.bin")"
same "into the PKCS#15 application's file" "$(head -n 2 "$card.apdu" | tr '\n' ' ')" \
	'00A4040C0CA000000063504B43532D3135 00A4080C047FFF6432 '
holds "a device takes the card" urn:imei:49 "$card.bin"
same "its way back" "$(held 0 0 0)" $here
same "the identity there" "$(held 0 0 3)" "$(text_hex id-1)"
same "the key there" "$(held 0 0 5)" "$first"
same "the server's key" "$(held 0 1 5)" "$second"
same "the SMS key" "$(held 0 1 8)" "$sms"
same "the server's instance" "$(held 1 0 0)" 101
# covers: trap INT-3
check "a card compares with the store" ctl smartcard --read "$card.bin" urn:imei:49
ctl smartcard --read "$card.bin" >"$W/read.out"
check "read in words" grep -q 'LWM2M Server URI .*"coaps://lwm2m.example.com:5684"' "$W/read.out"
check "no key among them" sh -c "! grep -q -e $first -e $second -e $sms '$W/read.out'"
check "a larger file" ctl smartcard urn:imei:49 --out "$W/large" --plain --size 1000 --block 16 --path 7f506f01 --aid ''
same "is filled up" "$(wc -c <"$W/large/urn%3Aimei%3A49.bin")" 1000
same "with ff" "$(tail -c 3 "$W/large/urn%3Aimei%3A49.bin" | hexdump)" ffffff
same "below the master file" "$(head -n 1 "$W/large/urn%3Aimei%3A49.apdu")" 00A4080C047F506F01
same "block by block" "$(grep -c '^00D6' "$W/large/urn%3Aimei%3A49.apdu")" 63
check "it still reads" ctl smartcard --read "$W/large/urn%3Aimei%3A49.bin" urn:imei:49
holds "and a device takes it" urn:imei:49 "$W/large/urn%3Aimei%3A49.bin"
refuses "a file that is too small" 'does not fit into 50 octets' smartcard urn:imei:49 --out "$W/small" --plain --size 50
check "what is not the card's differs" sh -c "! $BUILD/lwm2m-bootstrapctl -s '$W/store' -k '$W/master.key' smartcard --read '$card.bin' \
	'a/b, c' >'$W/differs'"
same "and is named" "$(grep -c -x '/0/0/5 differs' "$W/differs")" 1
check "an account is only in the store" grep -q -x '/0/2 is only in the store' "$W/differs"
head -c 60 "$card.bin" >"$W/short.bin"
refuses "a file cut off" 'ends too early' smartcard --read "$W/short.bin"
head -c 400 /dev/zero | tr '\0' '\377' >"$W/blank.bin"
refuses "a card that was never written" 'no content of EF' smartcard --read "$W/blank.bin"

# ---- encrypted -----------------------------------------------------------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$W/rsa.key" -out "$W/rsa.pem" -subj /CN=bureau -days 3 2>/dev/null
openssl ecparam -name prime256v1 -genkey -noout -out "$W/ec.key"
openssl req -x509 -new -key "$W/ec.key" -out "$W/ec.pem" -subj /CN=maker -days 3
openssl req -x509 -newkey rsa:1024 -nodes -keyout "$W/weak.key" -out "$W/weak.pem" -subj /CN=weak -days 3 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$W/ed.key"
openssl req -x509 -new -key "$W/ed.key" -out "$W/ed.pem" -subj /CN=signs -days 3
opens() { openssl cms -decrypt -inform DER -in "$1" -inkey "$W/$2.key" -recip "$W/$2.pem" -out "$3"; }
check "cards of a batch, encrypted" ctl smartcard --batch b1 --out "$W/secret" --recipient "$W/rsa.pem"
same "nothing in the clear" "$(ls "$W/secret" | grep -v '\.cms$')" index.csv
same "as AuthEnvelopedData" "$(openssl cms -cmsout -print -inform DER -in "$W/secret/urn%3Aimei%3A49.bin.cms" |
	grep -c 'id-smime-ct-authEnvelopedData\|aes-256-gcm')" 2
check "openssl opens the card" opens "$W/secret/urn%3Aimei%3A49.bin.cms" rsa "$W/opened.bin"
same "it is the same" "$(cksum <"$W/opened.bin")" "$(cksum <"$card.bin")"
check "and the script" opens "$W/secret/urn%3Aimei%3A49.apdu.cms" rsa "$W/opened.apdu"
same "which is the same, too" "$(cksum <"$W/opened.apdu")" "$(cksum <"$card.apdu")"
same "a name that no file may have" "$(sed -n '2p' "$W/secret/index.csv")" '"a/b, c","","a%2Fb%2C%20c.bin.cms"'
check "a card of two servers" opens "$W/secret/a%2Fb%2C%20c.bin.cms" rsa "$W/two.bin"
holds "a device takes it" "a/b, c" "$W/two.bin"
same "with access control" "$(held 2 0 0)" 1
for format in senml-cbor senml-json lwm2m-cbor; do
	check "factory, $format, to an EC key" ctl factory urn:imei:49 --format $format --out "$W/$format" --recipient "$W/ec.pem" \
		--lwm2m 1.2
	check "openssl opens it" opens "$W/$format/urn%3Aimei%3A49.$format.cms" ec "$W/opened.$format"
	holds "a device takes it" urn:imei:49 "$W/opened.$format" --lwm2m 1.2
	same "its way back" "$(held 0 0 5)" "$first"
	same "its server" "$(held 0 1 5)" "$second"
done
ctl factory --batch b3 --out "$W/keys" --plain 2>"$W/said"
check "keys that the device made are told" grep -q 'no private key of 2 devices' "$W/said"
holds "a device with a raw key takes it" rpk-1 "$W/keys/rpk-1.senml-cbor"
same "the server's raw key" "$(held 0 0 4)" "$(hexdump <"$W/pki/server.pub.der")"
holds "a device with a certificate takes it" x-1 "$W/keys/x-1.senml-cbor"
same "the server's certificate" "$(held 0 0 4)" "$(openssl x509 -in "$W/pki/server.pem" -outform DER | hexdump)"

check "an archive of a profile, encrypted" ctl factory --batch b1 --archive --out "$W/archive" --recipient "$W/rsa.pem" --lwm2m 1.2
same "is one file" "$(ls "$W/archive" | tr '\n' ' ')" 'index.csv packs.ndjson.cms '
check "openssl opens it" opens "$W/archive/packs.ndjson.cms" rsa "$W/packs.ndjson"
same "with a line for each device" "$(wc -l <"$W/packs.ndjson")" 2
sed -n 's/.*"endpoint":"urn:imei:49","content_format":112,"pack":"\(.*\)"}$/\1/p' "$W/packs.ndjson" | openssl base64 -d -A >"$W/one.senml-cbor"
same "whose pack is that of its file" "$(cksum <"$W/one.senml-cbor")" "$(cksum <"$W/opened.senml-cbor")"
same "the index names the archive" "$(sed -n 2p "$W/archive/index.csv")" '"a/b, c","","packs.ndjson.cms"'
check "an archive in the clear" ctl factory --batch b1 --archive --out "$W/clear" --plain
same "is the owner's alone, too" "$(mode_of "$W/clear/packs.ndjson")" 600

# ---- known as pre-provisioned ------------------------------------------------------------------------------------------------

ctl device show urn:imei:49 >"$W/show.out"
check "a device that left as a file is known as such" grep -q '^pre-provisioned *by a file of 20.*not bootstrapped over the air yet' "$W/show.out"
ctl device show .hidden >"$W/show.out"
check "another is not" sh -c "! grep -q '^pre-provisioned' '$W/show.out'"
same "in JSON it is a time" "$(ctl --json device show urn:imei:49 | sqlite3_json '$.provisioned_s' | cut -c 1-2)" "$(date +%s | cut -c 1-2)"
write_conf </dev/null
start_daemon
sleep 1.1 # times are of a second
check "it comes over the air" sim --endpoint urn:imei:49 --quiet --timeout 10
sleep 0.6
ctl device show urn:imei:49 >"$W/show.out"
check "and then is as any other" sh -c "! grep -q '^pre-provisioned' '$W/show.out'"
ctl device show rpk-1 >"$W/show.out"
check "not so one that did not come" grep -q '^pre-provisioned' "$W/show.out"
stop_daemon
same "the daemon had no trouble" "$daemon_status" 0
check "deleted devices are forgotten" ctl device delete rpk-1
same "also in the list of files" "$(sqlite3 -readonly "$W/store/store.db" 'SELECT count(*) FROM provisioned WHERE device_id NOT IN
	(SELECT id FROM device)')" 0

# ---- a next credential -----------------------------------------------------------------------------------------------------

ctl rotate urn:imei:49 --out "$W/next.key" >"$W/rotate.out" 2>&1
check "a card after a rotation" ctl smartcard urn:imei:49 --out "$W/next" --plain
check "holds the next key" sh -c "! $BUILD/lwm2m-bootstrapctl -s '$W/store' -k '$W/master.key' smartcard --read '$card.bin' \
	urn:imei:49 >'$W/differs'"
check "so the one before differs" grep -q -x '/0/0/5 differs' "$W/differs"
check "and the new one does not" ctl smartcard --read "$W/next/urn%3Aimei%3A49.bin" urn:imei:49

# ---- who mistypes ------------------------------------------------------------------------------------------------------------

refuses "no way back" 'no bootstrap account of mode psk' factory .hidden --out "$W/no-1" --plain
same "and nothing is written but the index" "$(ls -A "$W/no-1")" index.csv
refuses "neither encrypted nor plain" '\-\-recipient CERT.pem' factory urn:imei:49 --out "$W/no-2"
refuses "both" '\-\-recipient CERT.pem' factory urn:imei:49 --out "$W/no-2" --plain --recipient "$W/ec.pem"
refuses "no folder" '\-\-out DIR' factory urn:imei:49 --plain
refuses "a folder that is there" 'exists already' factory urn:imei:49 --out "$W/card" --plain
refuses "no device named" 'name one device' factory --out "$W/no-2" --plain
refuses "a device and a batch" 'name one device' factory urn:imei:49 --batch b1 --out "$W/no-2" --plain
refuses "a weak key of the recipient" '2048 bits' factory urn:imei:49 --out "$W/no-2" --recipient "$W/weak.pem"
refuses "a key that only signs" 'must be EC, or RSA' factory urn:imei:49 --out "$W/no-2" --recipient "$W/ed.pem"
refuses "a recipient that is no certificate" 'no certificate' factory urn:imei:49 --out "$W/no-2" --recipient "$W/ec.key"
refuses "a recipient that is not there" 'No such file' factory urn:imei:49 --out "$W/no-2" --recipient "$W/nobody.pem"
refuses "another format" 'senml-cbor, senml-json or lwm2m-cbor' factory urn:imei:49 --out "$W/no-2" --plain --format tlv
refuses "another version" '1.0, 1.1 or 1.2' factory urn:imei:49 --out "$W/no-2" --plain --lwm2m 2
refuses "an AID that is none" '5 to 16 octets' smartcard urn:imei:49 --out "$W/no-2" --plain --aid a0
refuses "a path that is none" 'file identifiers' smartcard urn:imei:49 --out "$W/no-2" --plain --path 643
refuses "a block of nothing" '1 to 255' smartcard urn:imei:49 --out "$W/no-2" --plain --block 0
check "none of these left a folder" sh -c "! test -e '$W/no-2'"
refuses "a device that is not there" 'no device nobody' factory nobody --out "$W/no-3" --plain
refuses "a batch that is not there" 'no device' factory --batch nobody --out "$W/no-4" --plain
refuses "a profile that is not there" 'no profile nobody' factory --profile nobody --out "$W/no-5" --plain
