#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#   demo.sh BUILD_DIR   a Bootstrap-Server on loopback with three devices: pre-shared key, raw public key, X.509
#
# Everything lies in build/demo, made anew: development keys, store, configuration, the operator's device file. The
# three devices are taken through their bootstrap, then the server stays up until Ctrl-C. DEMO=once ends after the
# three; the exit status is 0 only when all of them are done.
set -eu
umask 077

[ $# -eq 1 ] || { sed -n 's/^# \{0,1\}//; 3,/^set /{/demo.sh/p;}' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
demo=$root/build/demo
pki=$demo/pki     # what devices and Bootstrap-Server have from the factory
target=$demo/target # what the devices will receive for their LwM2M server
conf=$demo/lwm2m-bootstrapd.conf
devices=$demo/devices.csv
log=$demo/lwm2m-bootstrapd.log
daemon=''

say() { printf '\n== %s\n' "$*"; }
ctl() { "$build/lwm2m-bootstrapctl" -c "$conf" "$@"; }

stop() {
	[ -z "$daemon" ] || { kill "$daemon" 2>/dev/null && wait "$daemon" || true; }
	daemon=''
}
trap stop EXIT
trap 'echo; exit 0' INT
trap 'exit 143' TERM

# ---- ports -----------------------------------------------------------------------------------------------------------

taken() { grep -qi ":$(printf %04X "$1") " /proc/net/udp /proc/net/udp6 2>/dev/null; } # UDP port

choose_port() {
	port=5684
	while taken "$port"; do port=$((port + 1)); done
}

# ---- files -----------------------------------------------------------------------------------------------------------

make_keys() {
	"$root/certs/dev-pki.sh" "$pki" device demo-rpk demo-x509
	"$root/certs/dev-pki.sh" "$target" device demo-rpk demo-x509
}

write_conf() {
	cat >"$conf" <<-END
		[listen]
		address = 127.0.0.1:$port
		[store]
		directory = $demo/store
		master-key = $demo/master.key
		[server]
		certificate = $pki/server.pem
		private-key = $pki/server.key
		raw-key = $pki/server-raw.key
		trust-anchors = $pki/ca.pem
		[control]
		socket = $demo/control.sock
	END
}

psk() { openssl rand -hex 16; }
der_key() { openssl pkcs8 -topk8 -nocrypt -in "$1" -outform DER | openssl base64 -A; }
der_certificate() { openssl x509 -in "$1" -outform DER | openssl base64 -A; }

# One row a device: how it proves itself here, then what it shall receive for its LwM2M server.
write_devices() {
	sms=fleet-psk.sms_
	columns=endpoint,profile,mode,psk_identity,psk_key_hex,rpk_public_b64,note
	columns=$columns,fleet-psk.psk_identity,fleet-psk.psk_key_hex
	columns=$columns,${sms}mode,${sms}kic,${sms}kid,${sms}spi,${sms}tar,${sms}kic_key_hex,${sms}kid_key_hex
	columns=$columns,fleet-rpk.rpk_private_b64,fleet-x509.cert_b64,fleet-x509.private_b64
	no_psk=,,,,,,,, # nine empty fields
	{
		echo "$columns"
		echo "demo-psk,psk,psk,demo-psk,$(psk),,also by SMS,demo-psk@fleet,$(psk),sps,12,12,16,B20203,$(psk),$(psk),,,"
		echo "demo-rpk,rpk,rpk,,,$(cat "$pki/demo-rpk-raw.pub.b64"),,$no_psk,$(der_key "$target/demo-rpk-raw.key"),,"
		echo "demo-x509,x509,x509,,,,by name under the CA,$no_psk,,$(der_certificate "$target/demo-x509.pem"),$(
			der_key "$target/demo-x509.key"
		)"
	} >"$devices"
}

# ---- provisioning ----------------------------------------------------------------------------------------------------

provision() {
	uri=coaps://lwm2m.example.com:5684
	ctl init
	ctl server add fleet-psk --uri "$uri" --ssid 101 --mode psk --binding US --sms-number 491700000000
	ctl server add fleet-rpk --uri "$uri" --ssid 101 --mode rpk --server-key "$target/server.pub"
	ctl server add fleet-x509 --uri "$uri" --ssid 101 --mode x509 --server-cert "$target/server.pem"
	ctl profile add psk --server fleet-psk
	ctl profile add rpk --server fleet-rpk
	ctl profile add x509 --server fleet-x509 --anchor "$pki/ca.pem"
	ctl import "$devices"
}

# In a session of its own: Ctrl-C reaches this script alone, which then stops the server in good order.
start_daemon() {
	setsid "$build/lwm2m-bootstrapd" -c "$conf" >"$log" 2>&1 &
	daemon=$!
	left=100
	until taken "$port"; do
		left=$((left - 1))
		if [ "$left" -eq 0 ] || ! kill -0 "$daemon" 2>/dev/null; then
			echo "the server does not listen; its log:" >&2
			cat "$log" >&2
			exit 1
		fi
		sleep 0.1
	done
}

# ---- devices ---------------------------------------------------------------------------------------------------------

run_device() { # NAME
	say "device $1"
	"$build/lwm2m-bootstrap-sim" --server "127.0.0.1:$port" --csv "$devices" --key-dir "$pki" \
		--server-public-key "$pki/server-raw.pub" --ca "$pki/ca.pem" --timeout 30 --print --quiet --endpoint "$1" ||
		failed="$failed $1"
}

rm -rf "$demo"
mkdir -p "$demo"
choose_port
say "keys, store and three devices in build/demo"
make_keys
write_conf
write_devices
provision
say "server on 127.0.0.1:$port"
start_daemon
failed=''
for device in demo-psk demo-rpk demo-x509; do run_device "$device"; done
if [ -n "$failed" ]; then
	say "not done:$failed; the server's log:"
	tail -n 30 "$log"
	exit 1
fi

# From where make was called, paths are shorter.
short() { case $1 in "$PWD"/*) echo "${1#"$PWD"/}" ;; *) echo "$1" ;; esac; }
say "all three devices have what they need. Try, in another shell:"
for words in "explain demo-psk" "plan demo-x509" "device list"; do
	echo "  $(short "$build")/lwm2m-bootstrapctl -c $(short "$conf") $words"
done
[ "${DEMO:-}" != once ] || exit 0
echo
echo "The server runs (log: $(short "$log")). Ctrl-C stops it."
wait "$daemon"
