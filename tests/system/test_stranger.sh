# SPDX-License-Identifier: Apache-2.0
#
# Strangers: they are listed with what they showed, and a certificate can be adopted; what cannot is told why.
. tests/system/lib.sh

make_pki dev-known dev-new dev-raw dev-big dev-gnutls dev-old
CA=ca2 sh certs/dev-pki.sh "$W/pki" device dev-foreign || exit 1
ctl init >/dev/null 2>&1
ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk >/dev/null 2>&1
ctl profile add all --server fleet --anchor "$W/pki/ca.pem" >/dev/null 2>&1
head="endpoint,mode,psk_identity,psk_key_hex,rpk_public_b64,cert_b64,fleet.psk_identity,fleet.psk_key_hex"
{
	echo "$head"
	echo "dev-known,x509,,,,$(cert_b64 "$W/pki/dev-known.pem"),dev-known,$(key)"
} >"$W/known.csv"
check "import" ctl import "$W/known.csv" --profile all
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$W/pki/dev-big-raw.key" 2>/dev/null
# What the strangers have: the simulator's file, which the store never saw.
new_key=$(key)
{
	echo "$head"
	for d in dev-new dev-foreign; do echo "$d,x509,,,,$(cert_b64 "$W/pki/$d.pem"),$d,$new_key"; done
	echo "dev-raw,rpk,,,$(pubkey_b64 "$W/pki/dev-raw-raw.key"),,dev-raw,$(key)"
	echo "dev-big,rpk,,,$(pubkey_b64 "$W/pki/dev-big-raw.key"),,dev-big,$(key)"
	echo "dev-psk,psk,id of dev-psk,$(key),,,dev-psk,$(key)"
} >"$W/devices.csv"
write_conf <<-CONF
	[dtls]
	handshake-time = 4s
	[http]
	address = 127.0.0.1:0
CONF
# Only ca is trusted, so that dev-foreign leads nowhere.
sed -i '/ca2.pem/d' "$W/daemon.conf"
start_daemon

come() { sim --endpoint "$1" --ca "$W/pki/ca.pem" --server-public-key "$W/pki/server.pub" --timeout "${2:-2}" --quiet; }
digest() { openssl x509 -in "$W/pki/$1.pem" -outform DER | openssl sha256 -r | cut -d' ' -f1; }
refused() { # NAME PATTERN COMMAND..
	refused_name=$1 pattern=$2
	shift 2
	if "$@" >"$W/check.out" 2>&1; then
		not_ok "$refused_name" "exit 0"
	elif grep -q -- "$pattern" "$W/check.out"; then
		ok "$refused_name"
	else
		not_ok "$refused_name" "$(cat "$W/check.out")"
	fi
}
for d in dev-new dev-new dev-foreign dev-raw dev-big dev-psk; do come $d >/dev/null 2>&1; done
sleep 1
row() { # IDENTITY FIELD: of the list
	ctl --json stranger list >"$W/list.json"
	sqlite3 :memory: "SELECT json_extract(value, '\$.$2') FROM json_each(CAST(readfile('$W/list.json') AS TEXT))
		WHERE json_extract(value, '\$.identity') = '$1'"
}
id=$(digest dev-new)
raw_digest() { openssl pkey -in "$1" -pubout -outform DER | openssl sha256 -r | cut -d' ' -f1; }
raw_id=$(raw_digest "$W/pki/dev-raw-raw.key")
same "a trusted certificate without device" "$(row "$id" outcome)" certificate-not-mapped
same "it came twice" "$(row "$id" count)" 2
same "its mode" "$(row "$id" mode)" x509
same "its address" "$(row "$id" address | cut -d: -f1)" 127.0.0.1
same "a certificate of another issuer" "$(row "$(digest dev-foreign)" outcome)" certificate-untrusted
same "a raw key" "$(row "$raw_id" outcome)" raw-key-unknown
same "five strangers" "$(ctl stranger list | wc -l)" 5
same "the earlier name of the command" "$(ctl unknown list)" "$(ctl stranger list)"
same "as many as asked for" "$(ctl stranger list --last 2 | wc -l)" 2
refused "no number" 'from 1 to' ctl stranger list --last 0

refused "a raw key that is not kept whole is not adopted" 'whole key' ctl adopt "$(raw_digest "$W/pki/dev-big-raw.key")" --endpoint r --profile all
psk_id=$(ctl --json stranger list | sqlite3_json '$[0].identity')
refused "nor is a PSK identity" 'PSK identity' ctl adopt "$psk_id" --endpoint p --profile all
refused "nor who never came" 'no stranger' ctl adopt "$(digest dev-old)" --endpoint o --profile all
refused "nor without a name" 'required' ctl adopt "$id" --profile all
refused "nor without what the profile needs" 'psk_identity\|fleet' ctl adopt "$id" --endpoint dev-new --profile all
printf 'fleet.psk_identity,fleet.psk_key_hex\ndev-new,%s\n' "$new_key" >"$W/new.csv"
refused "nor under a name that is taken" 'exists already' ctl adopt "$id" --endpoint dev-known --profile all --credentials "$W/new.csv"
{
	cat "$W/new.csv"
	echo "x,$(key)"
} >"$W/two.csv"
refused "nor two at a time" 'one device' ctl adopt "$id" --endpoint dev-new --profile all --credentials "$W/two.csv"
check "the certificate is adopted" ctl adopt "$id" --endpoint dev-new --profile all --credentials "$W/new.csv"
check "its device bootstraps" come dev-new 10
same "the list tells whose it is now" "$(row "$id" device)" dev-new
same "and of no other" "$(row "$raw_id" device)" ""
printf 'fleet.psk_identity,fleet.psk_key_hex\ndev-raw,%s\n' "$(sed -n 's/^dev-raw,.*,//p' "$W/devices.csv")" >"$W/raw.csv"
check "the raw key is adopted" ctl adopt "$raw_id" --endpoint dev-raw --profile all --credentials "$W/raw.csv"
check "the device of the raw key bootstraps" come dev-raw 10
same "what it has is the key that it showed" "$(ctl --json device show dev-raw | grep -c "$raw_id")" 1
refused "a raw key is not adopted twice" 'dev-raw' ctl adopt "$raw_id" --endpoint again --profile all --credentials "$W/raw.csv"
refused "it is not adopted twice" 'dev-new' ctl adopt "$id" --endpoint again --profile all --credentials "$W/new.csv"

# A client that is not ours: it shows its raw key, is refused, adopted, and let in.
foreign() {
	timeout 8 gnutls-cli --udp --insecure --rawpkfile "$W/pki/dev-gnutls-raw.pub" --rawpkkeyfile "$W/pki/dev-gnutls-raw.key" --priority \
		NONE:+VERS-DTLS1.2:+COMP-NULL:+SIGN-ECDSA-SHA256:+GROUP-SECP256R1:+AES-128-CCM-8:+AEAD:+ECDHE-ECDSA:+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK \
		-p "${address##*:}" 127.0.0.1 </dev/null >"$W/gnutls.out" 2>&1
	grep -q 'Handshake was completed' "$W/gnutls.out"
}
if command -v gnutls-cli >/dev/null; then
	foreign_id=$(raw_digest "$W/pki/dev-gnutls-raw.key")
	if foreign; then not_ok "a foreign client with an unknown raw key stays out" "$(cat "$W/gnutls.out")"; else
		ok "a foreign client with an unknown raw key stays out"
	fi
	sleep 1
	same "its key is listed" "$(row "$foreign_id" outcome)" raw-key-unknown
	printf 'fleet.psk_identity,fleet.psk_key_hex\ndev-gnutls,%s\n' "$(key)" >"$W/gnutls.csv"
	check "it is adopted" ctl adopt "$foreign_id" --endpoint dev-gnutls --profile all --credentials "$W/gnutls.csv"
	check "and let in" foreign
else
	echo "skip a foreign client's raw key: gnutls-cli is not installed"
fi

printf 'fleet.psk_identity,fleet.psk_key_hex\ndev-foreign,%s\n' "$(key)" >"$W/foreign.csv"
check "one of another issuer is pinned" \
	sh -c "'$BUILD/lwm2m-bootstrapctl' -s '$W/store' -k '$W/master.key' adopt $(digest dev-foreign) --endpoint dev-foreign --profile all --credentials - <'$W/foreign.csv'"
sed -i "s/^dev-foreign,.*/dev-foreign,x509,,,,$(cert_b64 "$W/pki/dev-foreign.pem" | sed 's|/|\\/|g'),$(tail -n 1 "$W/foreign.csv")/" "$W/devices.csv"
check "its device bootstraps, too" come dev-foreign 10
stop_daemon
