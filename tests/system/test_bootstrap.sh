# SPDX-License-Identifier: Apache-2.0
#
# The real daemon and tool: devices of all three modes bootstrap, in two formats, and hold what the operator's file says. Then
# everything that devices do wrong, and what the journal says of it.
. tests/system/lib.sh

make_pki dev-psk dev-rpk dev-x dev-named target
canary=c0ffee5ec2e70123456789abcdeffeed # one key that must appear in no log, page or error

ctl init >/dev/null 2>&1
check "server add psk" ctl server add fpsk --uri coaps://psk.example.com:5684 --ssid 101 --mode psk --lifetime 86400 \
	--sms-number 447700900123 --binding US
check "server add rpk" ctl server add frpk --uri coaps://rpk.example.com:5684 --ssid 102 --mode rpk \
	--server-key "$W/pki/target-raw.pub" --lifetime 3600
check "server add x509" ctl server add fx --uri coaps://x.example.com:5684 --ssid 103 --mode x509 \
	--server-cert "$W/pki/target.pem"
check "profile add" ctl profile add all --server fpsk --server frpk --server fx --access-control derived \
	--anchor "$W/pki/ca.pem"

sms_kic=00112233445566778899aabbccddee0f sms_kid=f0e1d2c3b4a5968778695a4b3c2d1e00
{
	echo "endpoint,mode,psk_identity,psk_key_hex,rpk_public_b64,cert_b64,fpsk.psk_identity,fpsk.psk_key_hex,frpk.rpk_private_b64,fx.cert_b64,fx.private_b64,fpsk.sms_mode,fpsk.sms_kic,fpsk.sms_kid,fpsk.sms_spi,fpsk.sms_tar,fpsk.sms_kic_key_hex,fpsk.sms_kid_key_hex"
} >"$W/devices.csv"
# covers: trap INT-1, INT-2
for d in dev-psk dev-rpk dev-x dev-named; do
	# what each device shall receive: an identity and key, a raw key pair, a certificate and key of its own
	sh certs/dev-pki.sh "$W/pki" device "$d-gift" || exit 1
	psk=, rpk= cert=
	mode=x509
	case $d in
	# covers: trap 34
	dev-psk) mode=psk psk="id of $d,$canary" ;;
	dev-rpk) mode=rpk rpk=$(pubkey_b64 "$W/pki/$d-raw.key") ;;
	dev-x) cert=$(cert_b64 "$W/pki/$d.pem") ;;
	esac
	gift_key=$(key)
	eval "gift_$(echo $d | tr - _)=$gift_key"
	case $d in dev-psk) sms="2,12,12,1600,b20203,$sms_kic,$sms_kid" ;; *) sms=",,,,,," ;; esac
	echo "$d,$mode,$psk,$rpk,$cert,$d@fpsk,$gift_key,$(private_b64 "$W/pki/$d-gift-raw.key"),$(cert_b64 "$W/pki/$d-gift.pem"),$(private_b64 "$W/pki/$d-gift.key"),$sms" >>"$W/devices.csv"
done
check "import" ctl import "$W/devices.csv" --profile all

write_conf <<-CONF
	[coap]
	bootstrap-path = /t7/north
	[limits]
	attempts-per-minute = 1000
	[dtls]
	handshake-time = 4s
CONF
check "the configuration is good" "$BUILD/lwm2m-bootstrapd" -c "$W/daemon.conf" -n
start_daemon

run_sim() { # ENDPOINT OPTION..
	ep=$1
	shift
	sim --endpoint "$ep" --ca "$W/pki/ca.pem" --server-public-key "$W/pki/server.pub" --timeout 30 --json \
		--output "$W/$ep.json" --object 2 --quiet "$@" >"$W/sim.out" 2>&1
}
held() { sqlite3_json "$1" <"$W/$ep.json"; }

for d in dev-psk dev-rpk dev-x dev-named; do
	for format in 112 11542 110 11544 pack-112 pack-110 pack-11544; do
		case $format in
		11542) o="--no-pct --lwm2m 1.0" ;;
		pack-*) o="--pack --stale --pct ${format#pack-}" ;;
		*) o="--pct $format" ;;
		esac
		# covers: trap 18
		if run_sim "$d" $o; then ok "$d bootstraps, format $format"; else
			not_ok "$d bootstraps, format $format" "$(cat "$W/sim.out" "$W/$d.json")"
			continue
		fi
		t="$d, format $format:"
		eval "gift_key=\$gift_$(echo $d | tr - _)"
		same "$t URI of the first server" "$(held '$.objects."0"."1"."0"')" coaps://psk.example.com:5684
		same "$t PSK identity" "$(held '$.objects."0"."1"."3"')" "hex:$(text_hex "$d@fpsk")"
		same "$t PSK" "$(held '$.objects."0"."1"."5"')" "hex:$gift_key"
		same "$t raw public key" "$(held '$.objects."0"."2"."3"')" \
			"hex:$(openssl pkey -in "$W/pki/$d-gift-raw.key" -pubout -outform DER | hexdump)"
		same "$t raw private key" "$(held '$.objects."0"."2"."5"')" \
			"hex:$(openssl pkcs8 -topk8 -nocrypt -in "$W/pki/$d-gift-raw.key" -outform DER | hexdump)"
		same "$t raw key of the server" "$(held '$.objects."0"."2"."4"')" \
			"hex:$(openssl pkey -in "$W/pki/target-raw.key" -pubout -outform DER | hexdump)"
		# covers: trap 36
		same "$t certificate" "$(held '$.objects."0"."3"."3"')" \
			"hex:$(openssl x509 -in "$W/pki/$d-gift.pem" -outform DER | hexdump)"
		same "$t private key" "$(held '$.objects."0"."3"."5"')" \
			"hex:$(openssl pkcs8 -topk8 -nocrypt -in "$W/pki/$d-gift.key" -outform DER | hexdump)"
		same "$t certificate of the server" "$(held '$.objects."0"."3"."4"')" \
			"hex:$(openssl x509 -in "$W/pki/target.pem" -outform DER | hexdump)"
		same "$t Short Server IDs" \
			"$(held '$.objects."0"."1"."10"') $(held '$.objects."0"."2"."10"') $(held '$.objects."0"."3"."10"')" "101 102 103"
		same "$t lifetimes" "$(held '$.objects."1"."0"."1"') $(held '$.objects."1"."1"."1"')" "86400 3600"
		same "$t binding" "$(held '$.objects."1"."0"."7"')" US
		same "$t an access control instance for each Server instance" "$(held '$.objects."2"."1"."1"')" 1
		# covers: trap INT-4
		same "$t its own account is untouched" "$(held '$.objects."0"."0"."1"')" 1
		same "$t outcome in the journal" "$(outcome_of "$d")" done
		case $format in
		pack-*)
			same "$t taken" "$(held '$.pack.result')" taken
			check "$t in several blocks" [ "$(held '$.pack.blocks')" -gt 1 ]
			same "$t no request but that" "$(held '$.requests')" '{"discover":0,"read":0,"delete":0,"write":0,"finish":0}'
			same "$t what was there before is gone" "$(held '$.objects."0"."7"')$(held '$.objects."1"."7"')" ""
			;;
		esac
		[ "$d" = dev-psk ] || continue
		same "$t SMS mode" "$(held '$.objects."0"."1"."6"')" 2
		same "$t SMS parameters: KIc KID SPI1 TAR" "$(held '$.objects."0"."1"."7"')" hex:121216b20203
		same "$t SMS keys" "$(held '$.objects."0"."1"."8"')" "hex:$sms_kic$sms_kid"
		same "$t SMS number" "$(held '$.objects."0"."1"."9"')" 447700900123
	done
done

# Long certificates, the server's and the device's: one Write of some 11,000 octets.
names=$(seq -f 'DNS:server-%03g.of-an-operator-with-many-of-them.example.com' 95 | paste -sd, -)
for n in server device; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$n" \
		-addext "subjectAltName=$names" -addext basicConstraints=CA:FALSE -keyout "$W/long-$n.key" -out "$W/long-$n.pem" >/dev/null 2>&1
done
check "server add with a long certificate" ctl server add large --uri coaps://l.example.com:5684 --ssid 104 --mode x509 \
	--server-cert "$W/long-server.pem"
check "its profile" ctl profile add large --server large
{
	echo "endpoint,mode,psk_identity,psk_key_hex,large.cert_b64,large.private_b64"
	echo "dev-large,psk,id of dev-large,$(key),$(cert_b64 "$W/long-device.pem"),$(private_b64 "$W/long-device.key")"
} >"$W/large.csv"
check "import of its device" ctl import "$W/large.csv" --profile large
cp "$W/devices.csv" "$W/all.csv" && cp "$W/large.csv" "$W/devices.csv"
check "its device bootstraps" run_sim dev-large
same "it holds the whole certificate of the server" "$(held '$.objects."0"."1"."4"')" "hex:$(openssl x509 -in "$W/long-server.pem" -outform DER | hexdump)"
check "its device fetches a pack of it, in small blocks" run_sim dev-large --pack --block 64
same "and holds the whole certificate of the server" "$(held '$.objects."0"."1"."4"')" "hex:$(openssl x509 -in "$W/long-server.pem" -outform DER | hexdump)"
cp "$W/all.csv" "$W/devices.csv"

# A device without Block1 gets what is above one block resource by resource.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=plain" \
	-keyout "$W/plain.key" -out "$W/plain.pem" >/dev/null 2>&1
{
	echo "endpoint,mode,psk_identity,psk_key_hex,fx.cert_b64,fx.private_b64"
	echo "dev-plain,psk,id of dev-plain,$(key),$(cert_b64 "$W/plain.pem"),$(private_b64 "$W/plain.key")"
} >"$W/plain.csv"
check "the profile of a device without Block1" ctl profile add plain --server fx
check "its import" ctl import "$W/plain.csv" --profile plain
cp "$W/plain.csv" "$W/devices.csv"
for answer in 4.02 4.13; do
	check "it bootstraps, answering $answer to blocks" run_sim dev-plain --no-block1 $answer
	same "it holds its certificate, after $answer" "$(held '$.objects."0"."1"."3"')" \
		"hex:$(openssl x509 -in "$W/plain.pem" -outform DER | hexdump)"
done
cp "$W/all.csv" "$W/devices.csv"

# A device that accepts one server alone is given that, after its refusal of two.
check "a profile of one server" ctl profile add one --server fpsk --max-version 1.0 --format tlv
check "a profile of two that is retried as it" ctl profile add fussy --server fpsk --server frpk --access-control derived \
	--retry-as one
openssl ecparam -name prime256v1 -genkey -noout -out "$W/fussy.key"
{
	echo "endpoint,mode,psk_identity,psk_key_hex,fpsk.psk_identity,fpsk.psk_key_hex,frpk.rpk_private_b64"
	echo "dev-fussy,psk,id of dev-fussy,$(key),dev-fussy@fpsk,$(key),$(private_b64 "$W/fussy.key")"
} >"$W/fussy.csv"
check "its import" ctl import "$W/fussy.csv" --profile fussy
cut -d, -f1-6 "$W/fussy.csv" >"$W/devices.csv" # what it shall hold in the end
check "it bootstraps" run_sim dev-fussy --patient --uri coaps://psk.example.com:5684
same "it holds one server" "$(held '$.objects."0"."1"."10"') $(held '$.objects."0"."2"')" "101 "
same "it was given both before" "$(held '$.requests.write') $(held '$.requests.finish')" "8 2"
ctl explain dev-fussy >"$W/explain.out"
check "explain says how" grep -q 'repeated as profile one: finish answered 4.06' "$W/explain.out"
ctl plan dev-fussy >"$W/plan.out"
check "plan shows both" grep -q 'Again, if the device answers 4.06' "$W/plan.out"
same "plan in JSON as well" "$(ctl --json plan dev-fussy --pct 112 --lwm2m 1.1 | sqlite3_json '$.retry.format')" tlv
cp "$W/all.csv" "$W/devices.csv"

# A device that holds a server of somebody else, and an earlier account: both are read and gone on with.
check "a profile that merges" ctl profile add beside --server fpsk --on-existing merge --access-control derived
{
	echo "endpoint,mode,psk_identity,psk_key_hex,fpsk.psk_identity,fpsk.psk_key_hex"
	beside_key=$(key)
	echo "dev-beside,psk,id of dev-beside,$(key),dev-beside@fpsk,$beside_key"
} >"$W/beside.csv"
check "its import" ctl import "$W/beside.csv" --profile beside
cp "$W/beside.csv" "$W/devices.csv"
other_key=$(key)
cat >"$W/holds.json" <<-HOLDS
	{"0": {"3": {"0": "coaps://other.example.com:5684", "1": false, "2": 0, "3": "hex:6f74686572", "5": "hex:$other_key", "10": 999},
	       "2": {"0": "coaps://old.example.com:5684", "1": false, "2": 0, "3": "hex:6f6c64", "5": "hex:$(key)", "10": 101}},
	 "1": {"4": {"0": 999, "1": 600, "6": true, "7": "U"},
	       "7": {"0": 101, "1": 300, "2": 33, "6": false, "7": "U"}},
	 "2": {"3": {"0": 1, "1": 7, "2": {"101": 1, "999": 1}, "3": 999}}}
HOLDS
for o in "--pct 112" "--pct 110" "--pct 11542" "--pct 11544 --lwm2m 1.2" "--no-pct" "--pct 112 --block 64"; do
	t="merging, $o:"
	check "$t bootstraps" run_sim dev-beside --holds "$W/holds.json" $o
	case $o in *block*) reads=3 ;; *) reads=2 ;; esac # the last in two blocks
	# covers: trap INT-8
	same "$t Reads of two objects, no Delete" "$(held '$.requests.read') $(held '$.requests.delete')" "$reads 0"
	same "$t the account is where its server's was" "$(held '$.objects."0"."2"."0"') $(held '$.objects."0"."2"."5"')" \
		"coaps://psk.example.com:5684 hex:$beside_key"
	same "$t the other's account is untouched" "$(held '$.objects."0"."3"."10"') $(held '$.objects."0"."3"."5"')" \
		"999 hex:$other_key"
	same "$t lifetime and binding are the operator's" "$(held '$.objects."1"."7"."1"') $(held '$.objects."1"."7"."7"')" "86400 US"
	same "$t what the operator does not set stays" "$(held '$.objects."1"."7"."2"') $(held '$.objects."1"."7"."6"')" "33 0"
	same "$t the other's Server instance is untouched" "$(held '$.objects."1"."4"."0"') $(held '$.objects."1"."4"."1"')" "999 600"
	same "$t access control of its own instance" \
		"$(held '$.objects."2"."3"."2"."101"') $(held '$.objects."2"."3"."2"."999"') $(held '$.objects."2"."3"."3"')" "15 1 101"
	same "$t the other keeps its instance" \
		"$(held '$.objects."2"."0"."1"') $(held '$.objects."2"."0"."2"."999"') $(held '$.objects."2"."0"."3"')" "4 15 999"
	cp "$W/dev-beside.json" "$W/again.json"
done
leaves() { # of what a device holds, in order
	sqlite3 :memory: "SELECT fullkey || '=' || atom FROM json_tree(CAST(readfile('$1') AS TEXT), '$.objects')
		WHERE atom IS NOT NULL ORDER BY fullkey"
}
check "merging again what came of it" run_sim dev-beside --holds "$W/again.json" --pct 112
same "merging again changes nothing" "$(leaves "$W/dev-beside.json")" "$(leaves "$W/again.json")"
check "a device of LwM2M 1.0 is overwritten" run_sim dev-beside --holds "$W/holds.json" --lwm2m 1.0 --no-pct
same "the other's account is gone" "$(held '$.objects."0"."3"') $(held '$.objects."1"."4"')" " "
sleep 0.6
ctl explain dev-beside --last 1 >"$W/explain.out"
check "and explain says why" grep -q 'LwM2M 1.0 has no read; nothing merged, all overwritten' "$W/explain.out"
same "plan shows the Reads" "$(ctl --json plan dev-beside --lwm2m 1.1 | sqlite3_json '$.requests[1].path') $(ctl --json plan dev-beside --lwm2m 1.1 | sqlite3_json '$.requests[2].path')" "/1 /2"
same "plan of a device of 1.0 shows Deletes" "$(ctl --json plan dev-beside --lwm2m 1.0 | sqlite3_json '$.requests[1].method')" DELETE
cp "$W/all.csv" "$W/devices.csv"

# A pack that cannot be, or that the device cannot use: the usual way follows.
outcomes() { sqlite3 "$W/store/journal.db" "SELECT group_concat(outcome || ' ' || step, ', ') FROM (SELECT * FROM attempt WHERE endpoint = '$1' ORDER BY id DESC LIMIT 2)"; }
check "a device without Object 2 fetches a pack with it" sim --endpoint dev-psk --timeout 30 --json --output "$W/dev-psk.json" \
	--quiet --pack --no-access-control
ep=dev-psk
same "that is inconsistent, so it is bootstrapped" "$(held '$.pack.result') $(held '$.requests.finish')" "inconsistent 1"
same "both stand in the journal" "$(outcomes dev-psk)" "done finish, done pack"
check "a device that accepts TLV" run_sim dev-psk --pack --pct 11542
same "is declined, and bootstrapped" "$(held '$.pack.result') $(held '$.pack.code') $(held '$.requests.finish')" "declined 4.06 1"
same "both stand in the journal, too" "$(outcomes dev-psk)" "done finish, pack-declined pack"
check "a profile that deletes everything" ctl profile add sweep --server large --delete root
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=sweep" \
	-keyout "$W/sweep.key" -out "$W/sweep.pem" >/dev/null 2>&1
{
	echo "endpoint,mode,psk_identity,psk_key_hex,large.cert_b64,large.private_b64"
	echo "dev-sweep,psk,id of dev-sweep,$(key),$(cert_b64 "$W/sweep.pem"),$(private_b64 "$W/sweep.key")"
} >"$W/sweep.csv"
check "its device" ctl import "$W/sweep.csv" --profile sweep
cp "$W/sweep.csv" "$W/devices.csv"
check "it is bootstrapped" run_sim dev-sweep --pack --stale
same "as no pack can do that" "$(held '$.pack.code')" 4.05
check "the reason is told" sh -c "'$BUILD/lwm2m-bootstrapctl' -c '$W/daemon.conf' explain dev-sweep | grep -q 'the profile deletes all objects'"
check "a declined pack is no refusal in the log" sh -c "grep 'bootstrap.pack-declined' '$W/daemon.log' | grep -q 'ep=.dev-sweep' && ! grep 'bootstrap.refused' '$W/daemon.log' | grep -q pack-declined"
cp "$W/all.csv" "$W/devices.csv"

# A device with little memory asks for short records; certificates and keys reach it in blocks.
for n in 512 1024; do
	# covers: trap 39
	if run_sim dev-psk --max-fragment $n --timeout 10; then ok "records of at most $n octets"; else
		not_ok "records of at most $n octets" "$(cat "$W/sim.out")"
	fi
done

# A device whose bootstrap URI has a path and a query sends both.
for d in dev-psk dev-rpk; do
	# covers: trap 40
	check "$d bootstraps under a path" run_sim $d --path '/t7/north?x=1&y'
	same "its outcome, under a path" "$(outcome_of $d)" done
done
if run_sim dev-psk --path /t8/north --timeout 5; then not_ok "another path is none" "it bootstrapped"; else
	check "another path is none" grep -q 4.04 "$W/dev-psk.json" "$W/sim.out"
fi
same "its outcome, under another path" "$(outcome_of dev-psk)" no-request
ctl explain dev-psk --last 1 >"$W/explain.out"
check "and the path is told" grep -q 'a request was answered 4.04: POST .*/t8/north/bs' "$W/explain.out"

# What devices do wrong: MISBEHAVIOUR, outcome in the journal.
while read -r kind outcome; do
	run_sim dev-psk --misbehave "$kind" --timeout 10
	same "misbehave $kind" "$(outcome_of dev-psk)" "$outcome"
done <<-TABLE
	refuse-write write-refused
	refuse-finish finish-refused
	refuse-delete done
	created done
	discover-405 done
	discover-nonsense done
	discover-64k done
	separate done
	payload done
	duplicate done
	restart@write done
	reboot@write done
	lose@discover done
	ping done
	garbage done
	no-ep done
	reset@write client-reset
	reset@finish client-reset
	close@write client-closed
	wrong-ep=dev-rpk endpoint-mismatch
TABLE

# Each block later than the server's ACK_TIMEOUT: it asks again, and takes the answer when it comes.
check "a profile with a short ACK_TIMEOUT" ctl profile add hasty --server large --ack-timeout 1 --block-size 1024 --delete none
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=slow" \
	-keyout "$W/slow.key" -out "$W/slow.pem" >/dev/null 2>&1
{
	echo "endpoint,mode,psk_identity,psk_key_hex,large.cert_b64,large.private_b64"
	echo "dev-slow,psk,id of dev-slow,$(key),$(cert_b64 "$W/slow.pem"),$(private_b64 "$W/slow.key")"
} >"$W/devices.csv"
check "its device" ctl import "$W/devices.csv" --profile hasty
check "slow in all blocks" run_sim dev-slow --misbehave slow=1700@write --print --no-check --summary "$W/slow.sum"
blocks=$(grep -c '< PUT /0/1 .* -> 2.31' "$W/sim.out")
check "they were blocks" [ "$blocks" -ge 2 ]
again=$(sqlite3_json '$.repeated.server_requests' <"$W/slow.sum")
check "the server asked again for each" [ "${again:-0}" -gt "$blocks" ]
same "misbehave slow" "$(outcome_of dev-slow)" done
cp "$W/all.csv" "$W/devices.csv"
if run_sim dev-psk --misbehave sluggish; then not_ok "an unknown misbehaviour" "it ran"; else
	check "an unknown misbehaviour" grep -q "'sluggish'; --help lists the kinds" "$W/sim.out"
fi

run_sim dev-psk --misbehave wrong-key --timeout 6
sleep 5
same "misbehave wrong-key" "$(outcome_of dev-psk)" key-mismatch-suspected
run_sim dev-rpk --misbehave wrong-key --timeout 5
run_sim dev-x --misbehave wrong-key --timeout 5
same "an unknown raw key is recorded" "$(sqlite3 "$W/store/journal.db" "SELECT count(*) > 0 FROM stranger WHERE outcome = 'raw-key-unknown'" 2>/dev/null)" 1
same "a forged certificate is recorded" "$(sqlite3 "$W/store/journal.db" "SELECT count(*) > 0 FROM stranger WHERE outcome LIKE 'certificate-%'" 2>/dev/null)" 1

# Changes are live.
check "disable" ctl device disable dev-psk
sleep 2
if run_sim dev-psk --timeout 5; then not_ok "a disabled device stays out" "it bootstrapped"; else ok "a disabled device stays out"; fi
same "its outcome" "$(outcome_of dev-psk)" device-disabled
check "enable" ctl device enable dev-psk
check "it comes back" run_sim dev-psk

check "status" ctl status
check "sessions" ctl sessions
check "reload" ctl reload

stop_daemon
same "exit status after SIGTERM" "$daemon_status" 0
if ctl status >"$W/check.out" 2>&1; then not_ok "status of a daemon that does not run" "exit 0"; else ok "status of a daemon that does not run"; fi

# The canary: not in a log, an error, the journal, or a byte of the store.
found=$(grep -rlai -e "$canary" "$W" --include='*.log*' --include='*.db*' --include='*.out' || true)
octets=$(echo "$canary" | sed 's/../\\x&/g') # grep's own escapes: not every printf knows \x
found="$found$(LC_ALL=C grep -rla -P -e "$octets" "$W/store" || true)"
same "the canary key is nowhere in the clear" "$found" ""
