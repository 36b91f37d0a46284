#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What smartcard and factory write, opened by cbor2 and Python's json and by Leshan's decoders: it must be what the operator's file
# and command lines say. Prints a line each.
#
#   tests/interop/formats/offline.sh BUILD_DIR      after run.sh, whose readers it uses
set -u
[ $# -eq 1 ] || { sed -n 's/^# \{0,1\}//; 3,6p' "$0" >&2; exit 2; }

here=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd) || exit 2
readers=$root/build/interop-formats cache=$root/build/interop-cache work=$root/build/interop-offline
. "$here/lib.sh"

rm -rf "$work"
mkdir -p "$work"
chmod 700 "$work"
ctl() { "$build/lwm2m-bootstrapctl" -s "$work/store" -k "$work/master.key" "$@" >>"$work/log" 2>&1 || { tail -n 3 "$work/log" && exit 1; }; }
key=$(openssl rand -hex 16) own=$(openssl rand -hex 16)
uri=coaps://lwm2m.example.com:5684 here_uri=coaps://bs.example.com:5684
ctl init
ctl server add fleet --uri $uri --ssid 101 --mode psk --lifetime 3600
ctl server add self --kind bootstrap --uri $here_uri --mode psk
ctl profile add p --server fleet --server self --write /3/0/14=+01:00
printf 'endpoint,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex\ndev,psk,me,%s,me@fleet,%s\n' "$own" "$key" |
	ctl import - --profile p

# As formats.c says it: strings s, integers i, octets o, in hexadecimal but for integers.
security="/0/0/0=s$(hex_of $here_uri)|/0/0/1=true|/0/0/2=i0|/0/0/3=o$(hex_of me)|/0/0/4=o|/0/0/5=o$own"
security="$security|/0/1/0=s$(hex_of $uri)|/0/1/1=false|/0/1/2=i0|/0/1/3=o$(hex_of me@fleet)|/0/1/4=o|/0/1/5=o$key|/0/1/10=i101"
servers="/1/0/0=i101|/1/0/1=i3600|/1/0/6=true|/1/0/7=s$(hex_of U)"
device="/3/0/14=s$(hex_of +01:00)"
line() { printf '%s\t%s\t%s\t%s\n' "$@" >>"$work/ours"; } # FORMAT TARGET OCTETS EXPECTED

for format in 110:senml-json 112:senml-cbor 11544:lwm2m-cbor; do
	word=${format#*:}
	ctl factory dev --format $word --out "$work/$word" --plain --lwm2m 1.1
	line "${format%:*}" / "$(hex "$work/$word/dev.$word")" "$security|$servers|$device"
done
ctl smartcard dev --out "$work/card" --plain
at=4
for object in "0 $security" "1 $servers" "3 $device"; do
	oid=$(printf '%d' "0x$(tail -c +$((at + 1)) "$work/card/dev.bin" | head -c 2 | hex)")
	len=$(printf '%d' "0x$(tail -c +$((at + 4)) "$work/card/dev.bin" | head -c 2 | hex)")
	line 11542 "/$oid" "$(tail -c +$((at + 6)) "$work/card/dev.bin" | head -c "$len" | hex)" "${object#* }"
	at=$((at + 5 + len))
done

status=0
compare() { # NAME LINES COMMAND..
	name=$1 lines=$2
	shift 2
	if "$@" "$work/ours" "$work/theirs" "$work/read" >"$work/$name.out" 2>&1 && grep -qx "$lines read as they should, 0 not" "$work/$name.out"
	then
		echo "ok $name: $lines files"
	else
		echo "failed $name"
		cut -c1-600 "$work/$name.out" | tail -n 20
		status=1
	fi
}
if [ -x "$cache/venv-cbor2/bin/python" ]; then
	compare cbor2 3 "$cache/venv-cbor2/bin/python" "$here/formats/check.py"
else
	echo "skip cbor2: run.sh did not find it"
fi
if [ -e "$readers/classes/Formats.class" ]; then
	compare leshan 6 java "-Dlogback.configurationFile=$here/logback.xml" \
		-cp "$readers/classes:$cache/leshan-2.0/classes:$cache/leshan-2.0/lib/*" Formats
else
	echo "skip leshan: run.sh did not build it"
fi
exit $status
