#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Drives lwm2m-bootstrapctl as an operator does: store, accounts, profiles, good and bad device files, show, plan,
# explain, rotate, settle. sqlite3 reads what was stored; one canary key must occur in no output.
. tests/system/ctl.sh
schema=$root/schema/sqlite/journal

canary=c0ffee1e5ca1ab1ebadc0de0defec8ed # the bootstrap key of dev-a
devices() { sql 'SELECT count(*) FROM device'; }

# ---- init ------------------------------------------------------------------------------------------------------------

run server list
check 'without a store every command says so' both 1 'there is no store in store; lwm2m-bootstrapctl init creates it'
run init
check 'init' exits 0
check 'the folder is for its owner alone' [ "$(stat -c %a store)" = 700 ]
check 'the master key is for its owner alone' [ "$(stat -c %a master.key)" = 600 ]
run init
check 'init refuses to overwrite' both 1 'exists already'
chmod 644 master.key
run server list
check 'a master key that others can read is refused' both 1 'chmod 600'
chmod 600 master.key

# ---- usage -----------------------------------------------------------------------------------------------------------

for words in '' 'frobnicate' 'server' 'server frob' 'device show' 'import a b' 'plan x --lwm2m 2.0' \
	'plan x --lwm2m 1.0 --pct 112' 'plan x --lwm2m 1.0 --pct 11542' 'plan x --lwm2m 1.1 --pct 11544' \
	'server add x --urii y' 'import --profile'; do
	# shellcheck disable=SC2086
	run $words
	check "usage: '$words'" exits 2
done
run sever list
check 'a near command is suggested' both 2 'did you mean server?'
run server add x --urii y
check 'a near option is suggested' both 2 'did you mean uri?'
run --help
check '--help lists every command' both 0 'settle [EP'
for c in init 'server add' 'profile add' import 'device list' plan explain rotate settle; do
	# shellcheck disable=SC2086
	run $c --help
	check "--help of $c" both 0 "usage: lwm2m-bootstrapctl $c"
done
run --version
check '--version names OpenSSL' both 0 OpenSSL
check 'data goes to stdout, talk to stderr' [ -z "$("$ctl" -s store -k master.key device show nobody 2>/dev/null)" ]

# ---- server accounts and profiles ------------------------------------------------------------------------------------

for who in server ca device other; do
	openssl ecparam -name prime256v1 -genkey -noout -out $who.key 2>/dev/null
done
openssl pkey -in server.key -pubout -out server.pub
self_signed() { # KEY CN OPTION..
	req_key=$1 cn=$2
	shift 2
	openssl req -new -x509 -key "$req_key" -subj "/CN=$cn" -days 30 "$@"
}
leaf=basicConstraints=CA:FALSE
self_signed server.key lwm2m.example.com -addext $leaf -out server.pem
self_signed ca.key maker -out ca.pem
self_signed device.key dev-x -addext $leaf -out device.pem
uri=coaps://lwm2m.example.com:5684

run server add prod --uri $uri --ssid 123 --mode psk --lifetime 300 --binding US --sms-number +491700000000 \
	--set 1/6=true
check 'server add psk' exits 0
run server add raw --uri $uri --ssid 2 --mode rpk --server-key server.pub
check 'server add rpk' exits 0
run server add cert --uri $uri --ssid 3 --mode x509 --server-cert server.pem
check 'server add x509' exits 0
run server add est --uri $uri --ssid 4 --mode est --server-cert server.pem
check 'server add est' exits 0
run server add repo --uri coaps://fw.example.com:5684 --mode psk --kind repository
check 'server add repository' exits 0
for p in instances none; do
	run profile add never --server repo --server prod --delete $p
	check "a repository that would pile up is refused, --delete $p" both 1 'each run would add another'
done
run server add lab --uri coap://192.0.2.1:5683 --ssid 5 --mode nosec
check 'nosec needs --allow-nosec' both 1 --allow-nosec
run server add lab --uri coap://192.0.2.1:5683 --ssid 5 --mode nosec --allow-nosec
check 'nosec said aloud' exits 0
run server add bad --uri $uri --ssid 2 --mode rpk --server-key server.key
check 'a private key given by mistake is refused' both 1 'private key'
run server add bad --uri $uri --ssid 2 --mode x509 --server-cert ca.pem
check 'a CA as the server certificate is refused' both 1 '0/15=2'
run server add prod --uri $uri --ssid 123 --mode psk
check 'a name is taken once' exits 1
got=$(sql "SELECT lower(hex(server_key)) FROM server_account WHERE name = 'raw'")
check 'the server key is SubjectPublicKeyInfo' [ "$got" = "$(openssl pkey -pubin -in server.pub -outform DER | hexdump)" ]
run --json server list
check 'server list in JSON' both 0 '"name":"prod"'
run server show prod
check 'server show' both 0 '(Lifetime)'
run server show pord
check 'a near server is suggested' both 1 'there is no server account pord; did you mean prod?'

run profile add p --server prod
check 'profile add' exits 0
run profile add in-json --server prod --format senml-json
check 'profile add in a format' exits 0
run profile show in-json
check 'profile show its format' says senml-json
run profile show in-jsn
check 'a near profile is suggested' both 1 'there is no profile in-jsn; did you mean in-json?'
run profile add in-text --server prod --format text
check 'a format of one value is refused' both 1 'senml-json, senml-cbor or lwm2m-cbor'
run profile add two --server prod --server raw
check 'two servers need access control' both 1 --access-control
run profile add two --server prod --server raw --access-control derived
check 'derived' exits 0
run profile add lenient --server prod --write /3/0/15=string:UTC --tolerate delete/1=4.05 --tolerate finish=4.04 --optional-write /3/0
check 'profile add with tolerances' exits 0
run profile show lenient
for line in 'tolerate  *delete/1=4.05' 'tolerate  *finish=4.04' 'optional-write  */3/0'; do
	check "shown: $line" shows "$line"
done
run profile add backwards --server prod --write-order 1,0
check 'profile add with an order of objects' exits 0
run profile show backwards
check 'profile show tells it' says '1,0'
run profile set backwards --write-order 0,1 --write /3/0/15=string:UTC --ack-timeout 4
check 'profile set tells what changes' both 0 'ack-timeout 2 -> 4'
check 'also lists' says 'write none -> /3/0/15=string:UTC'
check 'and no more' [ "$(printf '%s\n' "$out" | wc -l)" = 3 ]
run profile show backwards
check 'it says what is new' shows 'write-order  *0,1'
check 'extra writes, too' says UTC
run profile set backwards --max-retransmit 3 --dry-run
check 'profile set --dry-run tells it' both 0 'max-retransmit 4 -> 3'
run profile show backwards
check 'and changes nothing' shows 'max-retransmit  *4'
check 'what was not named stays' shows 'ack-timeout  *4 s'
run profile set backwards --unset write --unset ack-timeout
check 'profile set --unset' both 0 'ack-timeout 4 -> 2'
run profile show backwards
check 'what is unset is gone' says_not UTC
check 'and the rest stays' shows 'write-order  *0,1'
run profile set backwards --write-order 0,1
check 'no change is told' both 0 'is like that already'
run profile set backwards --unset write-ordr
check 'a near option to unset' both 1 'did you mean write-order?'
run profile set backwards --unset server
check 'servers cannot be unset' both 1 'keeps its servers'
run profile set backwards
check 'nothing is no change' exits 2
run profile set backwards --server raw
check 'its servers stay' both 1 'has other servers'
run profile set nobody --pack no
check 'only what is there is changed' both 1 'there is no profile nobody'
run profile set backwards --format tlv --retry-as backwards
check 'what is set is checked as a whole' exits 1
run profile set backwards --max-version 1.1
run profile set backwards --max-version none
check 'what show prints, set takes' both 0 'max-version 1.1 -> none'
run profile set backwards --first-delay 60001
check 'a wrong value is told once' [ "$(printf '%s\n' "$out" | grep -c 'a number from 0 to 60000')" = 1 ]
run profile add backwards --server prod
check 'a name that is taken' both 1 'already; profile set changes it'
run profile add slip --server prod --write-order 1,1
check 'an order with an object twice' both 1 'up to 8 different object IDs'
run profile add slip --server prod --tolerate finish=4.4
check 'a code that is none' says 'the code is that of a response'
run profile add slip --server prod --optional-write /3/0/1
check 'an optional resource' says 'an object or one of its instances'
run profile add slip --server prod --tolerate finish=4.04 --tolerate finish=4.04
check 'a tolerance twice' says 'given twice'
run profile add parts --server prod --delete instances --write-level resource
check 'profile add by instance and resource' exits 0
run profile show parts
check 'profile show what is deleted' says instances
check 'profile show the level of writes' says resource
run profile add spoken --server prod --pack no
check 'profile add without packs' exits 0
run profile show spoken
check 'profile show packs are off' [ "$(printf '%s\n' "$out" | awk '$1 == "pack" {print $2}')" = no ]
run profile show p
check 'profile show packs are on' [ "$(printf '%s\n' "$out" | awk '$1 == "pack" {print $2}')" = yes ]
run profile add blind --server prod --delete instances --discover no
check 'deletes of instances need Discover' both 1 'discover yes'
run profile add plain --server prod --format tlv --max-version 1.0
check 'profile add with a newest version' exits 0
run profile add fussy --server prod --server raw --access-control derived --retry-as plian
check 'a profile to be retried as must be there' both 1 'did you mean plain?'
run profile add fussy --server prod --server raw --access-control derived --retry-as plain
check 'profile add that is retried as another' exits 0
run profile show fussy
check 'profile show what it is retried as' says 'retry-as               plain'
run --json profile show plain
check 'profile show the newest version' says '"max_version": "1.0"'
run profile add third --server prod --retry-as fussy
check 'not retried twice' both 1 'itself retried as plain'
run profile add third --server raw --retry-as plain
check 'not retried with servers that it has not' both 1 'add --server prod'
run profile remove plain
check 'what another is retried as stays' both 1 'remove fussy first'
run profile add beside --server prod --on-existing merge
check 'profile add that merges' exits 0
run profile show beside
check 'profile show that it merges' says 'on-existing            merge'
run profile add beside2 --server prod --on-existing merge --discover no
check 'merging needs Discover' both 1 'needs --discover yes'
run profile add beside2 --server prod --retry-as beside
check 'nothing is retried by merging' both 1 'name a profile that overwrites'
run profile add byname --server cert --anchor ca.pem
check 'profile with an anchor' exits 0
got=$(sql "SELECT lower(hex(anchor_sha256)) FROM profile WHERE name = 'byname'")
check 'the anchor is the hash of its key' [ "$got" = \
	"$(openssl pkey -in ca.key -pubout -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)" ]
run profile add bad --server pord
check 'a near server is suggested' both 1 'did you mean prod?'
run profile add slow --server prod --ack-timeout 20
check 'a step beyond 230 s is refused' both 1 '--ack-timeout'
run server remove prod
check 'a server in use stays' exits 1
run server remove lab
check 'server remove' exits 0
run profile show two
check 'profile show' both 0 derived

# ---- import ----------------------------------------------------------------------------------------------------------

head=endpoint,profile,mode,psk_identity,psk_key_hex,prod.psk_identity,prod.psk_key_hex
printf '%s\ndev-a,p,psk,id-a,%s,dev-a@prod,%s\n' $head $canary "$(key)" >good.csv
run import good.csv
check 'import' both 0 'imported 1 device'
check 'the device is stored' [ "$(devices)" = 1 ]
check 'its key is sealed' [ -z "$(grep -l -a -i "$canary" store/* 2>/dev/null)" ]
hexed=$(printf '%s' $canary | sed 's/../\\x&/g')
check 'nor is it there in octets' [ -z "$(LC_ALL=C grep -l -a -P "$hexed" store/* 2>/dev/null)" ]
printf '%s\r\ndev-b,p,psk,"id ""b""",%s,dev-b@prod,%s\r\n' $head "$(key)" "$(key)" |
	"$ctl" -s store -k master.key import - 2>err
bootstrap_of='FROM bootstrap_credential AS c JOIN device AS d ON d.id = c.device_id WHERE endpoint ='
check 'import from standard input, CR LF, quotes' [ "$(sql "SELECT identity $bootstrap_of 'dev-b'")" = 'id "b"' ]

refuse() { # NAME FILE TEXT: nothing of FILE is stored, and TEXT is said
	before=$(devices)
	run import "$2"
	if both 1 "$3" && says 'nothing was stored' && [ "$(devices)" = "$before" ]; then
		ok "import refuses: $1"
	else
		not_ok "import refuses: $1" "status $status, $before devices before, $(devices) after: $out"
	fi
}
{
	echo $head
	echo "dev-1,p,psk,id-1,$(key),x1,$(key)"
	echo "dev-2,p,psk,id-2,short,x2,$(key)"
	echo "dev-3,p,psk,id-3,$(key),x3,$(key)"
} >bad.csv
refuse 'a bad row among good ones' bad.csv 'bad.csv:3: psk_key_hex'
{ echo $head; echo "dev-4,p,psk,id-4,$canary,x4,$(key)"; } >bad.csv
refuse 'a key of another device' bad.csv 'bad.csv:2: psk_key_hex: this key belongs to device dev-a already'
{ echo $head; echo "dev-4,p,psk,id-a,$(key),x4,$(key)"; } >bad.csv
refuse 'an identity of another device' bad.csv 'bad.csv:2: psk_identity: this PSK identity belongs to device dev-a'
{ echo $head,iccid; for d in 5 6; do echo "dev-$d,p,psk,id-$d,$(key),x$d,$(key),899900100000000001"; done; } >bad.csv
refuse 'a card of another device' bad.csv 'bad.csv:3: iccid: this ICCID belongs to device dev-5 already; every device has a card of its own'
{ echo $head; echo "dev-a,p,psk,id-4,$(key),x4,$(key)"; } >bad.csv
refuse 'an endpoint twice' bad.csv 'bad.csv:2: endpoint: a device of that name exists'
k=$(key)
{ echo $head; echo "dev-4,p,psk,id-4,$k,x4,$k"; } >bad.csv
refuse 'a delivered key that is the bootstrap key' bad.csv 'psk_key_hex: this key is also what the device bootstraps'
{ echo $head; echo "dev-4,p,psk,id-4,$k,x4,$(key)"; echo "dev-5,p,psk,id-5,$k,x5,$(key)"; } >bad.csv
refuse 'a key twice in one file' bad.csv 'bad.csv:3: psk_key_hex'
printf '%s\n"dev-4\n' $head >bad.csv
refuse 'an open quote' bad.csv 'bad.csv:2: a quote is opened'
{ echo $head; head -c 1000000 /dev/zero | tr '\0' x; } >bad.csv
refuse 'a line of a million characters' bad.csv 'bad.csv:2: the line is longer'
head -c 100000 /dev/urandom >bad.csv
refuse 'random octets' bad.csv 'bad.csv:1:'
: >bad.csv
refuse 'an empty file' bad.csv 'empty'
{ echo $head; for i in $(seq 150); do echo "d$i,p,psk,,,,"; done; } >bad.csv
refuse 'hundreds of errors, a hundred of them told' bad.csv 'more errors, not shown'
check 'a hundred lines and three' [ "$(printf '%s\n' "$out" | wc -l)" -le 103 ]
run import missing.csv
check 'a missing file' both 1 missing.csv
run import good.csv --profile nope
check 'a missing profile' both 1 nope

spki=$(openssl pkey -in device.key -pubout -outform DER | b64)
{
	printf '%s,%s\n' endpoint,profile,mode,rpk_public_b64,cert_b64 \
		prod.psk_identity,prod.psk_key_hex,raw.rpk_private_b64,cert.cert_b64
	echo "dev-r,two,rpk,$spki,,dev-r@prod,$(key),$(openssl ec -in other.key -outform DER 2>/dev/null | b64),"
	echo "dev-x,byname,x509,,,,,,$(openssl x509 -in device.pem -outform DER | b64)"
	echo "dev-y,byname,x509,,$(openssl x509 -in server.pem -outform DER | b64),,,,$(self_signed other.key y -addext $leaf \
		-outform DER | b64)"
} >keys.csv
run import keys.csv
check 'raw keys and certificates' both 0 'imported 3 devices'
got=$(sql "SELECT lower(hex(public_or_identity)) FROM server_credential AS c
	JOIN server_account AS s ON s.id = c.server_id WHERE s.name = 'raw'")
# covers: resource 0/3
check 'the public half of a raw key is derived' [ "$got" = "$(openssl pkey -in other.key -pubout -outform DER | hexdump)" ]
{
	echo 'endpoint,profile,mode,cert.cert_b64,cert.private_b64'
	echo "dev-z,byname,x509,$(openssl x509 -in device.pem -outform DER | b64),$(openssl pkcs8 -topk8 -nocrypt \
		-in other.key -outform DER | b64)"
} >bad.csv
refuse 'a private key of another certificate' bad.csv 'cert.private_b64: the private key does not match'

# ---- devices ---------------------------------------------------------------------------------------------------------

run device list
check 'device list' both 0 "$(printf 'dev-a\tp\tpsk\tenabled\tid-a')"
run --json device list
check 'device list is JSON' [ "$(printf '%s' "$out" | tr -d '\n' | cut -c1-2)" = '[{' ]
run device show dev-a
check 'device show' both 0 '16 octets, set'
run device show dev-aa
check 'a near device is suggested' both 1 'did you mean dev-a?'
run device disable dev-a
run device show dev-a
check 'device disable' says 'enabled                no'
run device enable dev-a
check 'device enable' [ "$(sql "SELECT enabled FROM device WHERE endpoint = 'dev-a'")" = 1 ]
run device enable nobody-at-all
check 'enable nobody' exits 1

run plan dev-a
check 'plan: order' [ "$(printf '%s\n' "$out" | awk '/^ ?[0-9]+  [A-Z]+ / {printf "%s %s,", $2, $3}')" = \
	'GET /,DELETE /0,DELETE /1,PUT /0/10,PUT /1/0,POST /bs,' ]
check 'plan: the key is masked' says '16 octets, masked'
run plan dev-r --lwm2m 1.1 --pct 112
check 'plan: format by pct' both 0 senml-cbor
run plan dev-r --pct 110
check 'plan: SenML JSON' both 0 senml-json
run plan dev-r --pct 11544
check 'plan: LwM2M CBOR' both 0 lwm2m-cbor
run plan dev-r --pct 60
check 'plan: a format of one value' exits 1
printf '%s\ndev-i,parts,psk,id-i,%s,dev-i@prod,%s\n' $head "$(key)" "$(key)" >inst.csv
run import inst.csv
run plan dev-i
check 'plan: deletes of instances' both 0 \
	'DELETE /O/I     each instance that Discover shows of /0 (with Short Server ID), /1 and /2'
run import inst.csv
check 'import of a device that is there: the way out' both 1 \
	'exists already, in the store (device delete "dev-i" first, to import it anew) or above in this file'
run device delete dev-i
run --json plan dev-r
check 'plan in JSON' both 0 '"method": "DELETE"'
run plan dev-a
check 'plan: where the servers go that are written blindly' both 0 "Where it does not show the device's bootstrap account: Security instances from /0/10 on (--security-iid)"
run --json plan dev-a
check 'plan: the same in JSON' both 0 '"unseen_account_from": 10'
run plan dev-a --pack
check 'plan of a pack: where the servers go' says "Where acc does not name the device's bootstrap account: Security instances from /0/10 on"
check 'plan of a pack: one request, its instances' [ "$(printf '%s\n' "$out" | awk '/^ ?[0-9]+  [A-Z]+ / {printf "%s %s,", $2, $3} \
	/^      \/[0-9]+\/[0-9]+$/ {printf "%s,", $1}')" = 'GET /bspack,/0/10,/1/0,' ]
check 'plan of a pack: version, format, blocks' both 0 'LwM2M 1.2, senml-cbor'
check 'plan of a pack: the key is masked' says '16 octets, masked'
run plan dev-a --pack --pct 11544
check 'plan of a pack: LwM2M CBOR' both 0 lwm2m-cbor
run plan dev-a --pack --pct 11542
check 'plan of a pack: TLV is none' both 0 'answered 4.06: the device accepts Content-Format 11542, which is none of a pack'
run --json plan dev-a --pack --pct 60
check 'plan of a pack: declined, in JSON' both 0 '"declined": "4.06"'
run --json plan dev-a --pack
check 'plan of a pack in JSON' both 0 '"path": "/bspack"'
run plan dev-a --pack --lwm2m 1.1
check 'plan of a pack before 1.2' exits 2

# ---- the manual's examples -------------------------------------------------------------------------------------------

# Its accounts and profiles as they stand there, in a store of their own.
mkdir manual
cp server.pem ca.pem manual
sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$root/tools/ctl/lwm2m-bootstrapctl.1" | sed ':a; /\\e$/ { N; s/\\e\n//; b a }' |
	sed -n 's/^lwm2m-bootstrapctl \(\(server\|profile\) add .*\)/\1/p' >manual/examples
manual() { # ARGUMENTS: the tool on that store
	out=$(cd manual && "$ctl" -s store -k master.key "$@" 2>&1)
	status=$?
}
resources_of() { # ENDPOINT SERVER_URI: in $got the numbers of the resources of the Security instance with that URI
	manual plan "$1" --lwm2m 1.1 --pct 112
	got=$(printf '%s\n' "$out" | awk -v uri="\"$2\"" '/^ ?[0-9]+  / { if (hit) exit; list = "" }
		$1 ~ /^[0-9]+$/ && /^      / { list = list " " $1; hit = hit || $NF == uri }
		END { print list }')
}
manual init
check 'the manual has examples' [ "$(wc -l <manual/examples)" = 8 ]
while read -r words; do
	# shellcheck disable=SC2086
	manual $words
	check "the manual: $(echo "$words" | cut -d' ' -f1-3)" exits 0
done <manual/examples
{
	echo 'endpoint,profile,mode,psk_identity,psk_key_hex,prod.psk_identity,prod.psk_key_hex,firmware.psk_identity,firmware.psk_key_hex,secure.cert_b64'
	echo "m-repo,updated,psk,m-repo,$(key),m-repo,$(key),m-repo-fw,$(key),"
	echo "m-own,own-key,psk,m-own,$(key),,,,,$(cert_b64 device.pem)"
	echo "m-est,enrolling,psk,m-est,$(key),,,,,"
} >manual/devices.csv
manual import devices.csv
check 'the manual: devices of these profiles' both 0 'imported 3 devices'
resources_of m-repo coaps://firmware.example.com:5684
check 'a repository has no Short Server ID' [ "$got" = ' 0 1 2 3 4 5' ]
check 'a repository has no Server Object instance' [ "$(printf '%s\n' "$out" | grep -c 'PUT    /1/')" = 1 ]
resources_of m-own coaps://lwm2m.example.com:5684
check 'a device with its own key gets no resource 5' [ "$got" = ' 0 1 2 3 4 10' ]
check 'a device with its own key gets its certificate' says "$(openssl x509 -in device.pem -outform DER | wc -c) octets, $(
	openssl x509 -in device.pem -outform DER | hexdump | cut -c1-32)"
check 'a device with its own key gets the time' says 'PUT    /3/0'
resources_of m-est coaps://lwm2m.example.com:5684
# covers: trap INT-10; resource 0/15
check 'EST: mode, empty resources 3 and 5, a trust anchor' [ "$got" = ' 0 1 2 3 4 5 10 15' ]
check 'EST: mode 4' [ "$(printf '%s\n' "$out" | awk '$1 == 2 && /Security Mode/ { print $NF } $1 == 15 { print $NF } $1 == 3 && /Identity/ { print $NF }
	$1 == 5 && /Secret/ { print $NF }' | tr '\n' ' ')" = '4 empty empty 2 ' ]
# covers: resource 0/4
check 'EST: the CA' says "$(openssl x509 -in ca.pem -outform DER | wc -c) octets, $(openssl x509 -in ca.pem -outform DER | hexdump | cut -c1-32)"

# More than one block holds: a warning where it is configured, and where it is shown.
names=DNS:d; for n in $(seq 40); do names=$names,DNS:name-$n.of.a.device.with.many.names; done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout large.key -out large.pem -days 3 -subj /CN=large \
	-addext "subjectAltName=$names" -addext basicConstraints=critical,CA:FALSE 2>/dev/null
{
	echo endpoint,profile,mode,psk_identity,psk_key_hex,secure.cert_b64,secure.private_b64
	echo "m-large,own-key,psk,m-large,$(key),$(cert_b64 large.pem),$(private_b64 large.key)"
} >manual/large.csv
manual import large.csv
check 'import: a Security instance above one block' both 0 \
	'warning: 1 device gets a Security instance of more than 1024 octets, so in blocks (see plan); the largest is that of m-large'
manual plan m-large
size=$(printf '%s\n' "$out" | sed -n 's|.*PUT    /0/10    tlv, \([0-9]*\) octets, .*|\1|p')
check 'plan: its size and blocks' says "tlv, $size octets, $(((size + 511) / 512)) blocks"
check 'plan: a warning' says "warning: /0/10 has $size octets, and one block holds 1024"
manual plan m-own
check 'plan: no warning below' says_not warning

# ---- explain ---------------------------------------------------------------------------------------------------------

run explain dev-a
check 'explain without a journal' both 0 'no journal yet'
run explain no-such-device-anywhere
check 'explain a stranger' both 1 'neither store nor journal knows'

journal() { sqlite3 store/journal.db "$1"; }
journal "PRAGMA journal_mode = WAL" >/dev/null
cat "$schema"/*.sql | sqlite3 store/journal.db
journal "PRAGMA user_version = $(ls "$schema" | wc -l); PRAGMA application_id = 0x4c424a31"
attempt() { # ENDPOINT IDENTITY SLOT OUTCOME SECONDS_FROM_NOW
	journal "INSERT INTO attempt (at_ms, device_id, endpoint, claimed, identity, host, address, mode, psk_slot, outcome,
		detail, step, code, version, format, writes, handshake_ms, took_ms, suite)
		VALUES (($(date +%s) + $5) * 1000, $(sql "SELECT id FROM device WHERE endpoint = '$1'"), '$1', '', '$2', '192.0.2.7',
		'192.0.2.7:40000', 0, $3, '$4', '', 'PUT /0/1', 128, 11, 11542, 2, 30, 400, 'TLS_PSK_WITH_AES_128_CCM_8')"
}
attempt dev-a id-a 0 write-refused -100
attempt dev-a id-a 0 done -50
run explain dev-a
first=$(printf '%s\n' "$out" | grep -o -e 'done  from' -e 'write-refused  from' | head -n 1)
check 'explain: newest first' [ "$first" = 'done  from' ]
check 'explain: what and what to do' says 'Look at the path and code'
check 'explain: code and step' says 4.00
run explain id-a
check 'explain by identity' both 0 'write-refused'
run explain 192.0.2.7
check 'explain by address' both 0 'write-refused'
run --json explain dev-a
check 'explain in JSON' both 0 '"outcome":"write-refused"'
run explain dev-b
check 'explain: nothing in the journal' both 0 'the journal has no attempt by dev-b'

# ---- rotate, settle --------------------------------------------------------------------------------------------------

run rotate dev-b
check 'a random key must go somewhere' both 1 --secrets
run rotate dev-b --out new.key
check 'rotate' exits 0
check 'the key file is for its owner alone' [ "$(stat -c %a new.key)" = 600 ]
check 'identity and key are in it' [ "$(grep -c -x '[0-9a-f]\{32\}' new.key)$(wc -l <new.key)" = 12 ]
next=$(sed -n 1p new.key)
check 'the next identity is another' [ "$next" != 'id "b"' ]
check 'the key is not in the output' says_not "$(sed -n 2p new.key)"
run rotate dev-b --out newer.key
check 'one next credential at a time' both 1 'already'
check 'no key file is left of a refusal' [ ! -e newer.key ]
run settle
check 'settle waits for the device' both 0 'settled 0, 1 still wait'
spelt=$(printf %s "$next" | sed 's/"/\\"/g') # the journal escapes quotes, as a log line does
attempt dev-b "$spelt" 0 key-mismatch-suspected 1
run settle dev-b
check 'a failed handshake is no use of the key' says 'settled 0'
attempt dev-b "$spelt" 0 superseded 1 # the server turned to somebody with it, who never proved anything
journal "UPDATE attempt SET proven = 0 WHERE outcome = 'superseded'"
run settle dev-b
check 'nor is one that this server began' says 'settled 0'
attempt dev-b "$spelt" 0 done 1
run explain "$next"
check 'explain by an identity with quotes' both 0 key-mismatch
run settle
check 'settle' both 0 'settled 1, 0 still wait'
check 'the old identity is gone' [ "$(sql "SELECT count(*) || identity $bootstrap_of 'dev-b'")" = "1$next" ]

attempt dev-a id-a 1 done -200 # an earlier rotation under the same identity
key >next.hex
run rotate dev-a --keep-identity --key next.hex
check 'rotate with a key from a file, identity kept' exits 0
run settle dev-a
check 'an attempt of an earlier rotation settles nothing' says 'settled 0'
attempt dev-a id-a 0 done 1
run settle dev-a
check 'nor does the current key' says 'settled 0'
attempt dev-a id-a 1 done 1
run settle dev-a
check 'the next key does' says 'settled 1'
echo 000102030405060708090a0b0c0d0e0f | "$ctl" -s store -k master.key rotate dev-a --key - 2>err
check 'a sample key is refused' grep -q 'known from documentation' err
run rotate dev-r --key next.hex
check 'a raw key device takes no PSK' both 1 'mode rpk'

run device delete dev-a
check 'device delete' [ "$(sql "SELECT count(*) FROM device WHERE endpoint = 'dev-a'")" = 0 ]
check 'its credentials are gone' [ "$(sql 'SELECT count(*) FROM bootstrap_credential')" = "$(devices)" ]

# ---- the owner's identity --------------------------------------------------------------------------------------------

if [ "$(id -u)" = 0 ]; then
	mkdir theirs
	chmod 755 . && chmod 700 theirs && chown nobody theirs
	"$ctl" -s theirs -k theirs/key init 2>err
	"$ctl" -s theirs -k theirs/key server add s --uri $uri --ssid 1 --mode psk 2>>err
	"$ctl" -s theirs -k theirs/key server list >list 2>>err
	check 'as root: files belong to the owner of the folder' [ "$(stat -c %U theirs/* | sort -u)" = nobody ]
	touch theirs.key && chmod 600 theirs.key
	out=$("$ctl" -s theirs -k theirs.key server list 2>&1)
	check 'as root: a master key of another user is told' says 'this ran as nobody, the owner of theirs'
	check 'as root: it works' grep -q example list
else
	echo 'skip as root: files belong to the owner of the folder: needs root'
fi

# ---- full disk -------------------------------------------------------------------------------------------------------

{
	printf '%s\nq1,p,psk,q1,%s,q1@prod,%s\n' $head "$(key)" "$(key)"
	printf 'q2,p,psk,"q2,%s,q2@prod,%s\n' "$(key)" "$(key)"
} >open.csv
run import open.csv
check 'a quote that is never closed' both 1 'open.csv:3: a quote is opened in field 4 and never closed'
check 'that row counts' says '1 of 2 rows are bad; nothing was stored'

bulk() { # COUNT PREFIX: a device file
	awk -v n="$1" -v p="$2" -v head=$head -v seed="$(od -An -N3 -tu4 /dev/urandom)" 'BEGIN { srand(seed); print head; for (i = 0; i < n; i++) {
		for (k = 0; k < 2; k++) { h[k] = ""; for (j = 0; j < 8; j++) h[k] = h[k] sprintf("%04x", int(rand() * 65536)) }
		printf "%s%d,p,psk,%s%d,%s,%s%d@prod,%s\n", p, i, p, i, h[0], p, i, h[1] } }'
}

# Large files go the fast way first; what is wrong in them is told as in small ones.
before=$(devices)
bulk 9000 quick >quick.csv
run import quick.csv
check 'a large file' both 0 'imported 9000 devices'
check 'all of it is there' [ "$(devices)" = $((before + 9000)) ]
check 'with its claims' [ "$(sql "SELECT (SELECT count(DISTINCT kind || hex(value)) FROM held WHERE value IS NOT NULL) = (SELECT count(*) FROM claim)")" = 1 ]
before=$(devices)
twin() { # NAME FIELD: row 5001 of a new file has that field of row 11
	bulk 9000 "$1" | awk -F, -v OFS=, -v f="$2" 'NR == 11 { v = $f } NR == 5001 { $f = v } { print }' >twin.csv
	run import twin.csv
}
twin te 1
check 'large: an endpoint twice' both 1 'twin.csv:5001: endpoint: a device of that name exists already'
twin ti 4
check 'large: an identity twice' both 1 'twin.csv:5001: psk_identity: this PSK identity belongs to device ti9 already'
twin tk 5
check 'large: a key twice' both 1 'twin.csv:5001: psk_key_hex: this key belongs to device tk9 already'
twin td 7
check 'large: a delivered key twice' both 1 'twin.csv:5001: prod.psk_key_hex: this key belongs to device td9 already'
bulk 9000 own | awk -F, -v OFS=, 'NR == 8000 { $7 = $5 } { print }' >own.csv
run import own.csv
check 'large: its own key delivered' both 1 'own.csv:8000: prod.psk_key_hex: this key is also what the device bootstraps'
{ head -n 1 quick.csv; sed -n 4001p quick.csv | sed 's/^[^,]*/other/'; bulk 9000 old | tail -n +2; } >old.csv
run import old.csv
check 'large: a device of the store has it' both 1 'old.csv:2: psk_identity: this PSK identity belongs to device quick3999 already'
check 'large: only that row is bad' says '1 of 9001 rows are bad; nothing was stored'
bulk 9000 card | awk -F, -v OFS=, 'NR == 1 { print $0, "iccid"; next } { printf "%s,899900100000%06d\n", $0, NR == 5001 ? 11 : NR }' >twin.csv
run import twin.csv
check 'large: a card twice' both 1 'twin.csv:5001: iccid: this ICCID belongs to device card9 already'
bulk 9000 bad | awk -F, -v OFS=, 'NR == 3 || NR == 9001 { $3 = "pks" } NR == 40 { $4 = "quick7" } { print }' >bad.csv
run import bad.csv
check 'large: every bad row is told, the first' both 1 'bad.csv:3: mode: psk, rpk or x509'
check 'large: one that the store refuses' says 'bad.csv:40: psk_identity: this PSK identity belongs to device quick7 already'
check 'large: the last' says 'bad.csv:9001: mode: psk, rpk or x509'
check 'large: how many' says '3 of 9000 rows are bad; nothing was stored'
check 'large: each once' [ "$(printf '%s\n' "$out" | wc -l)" = 4 ]
bulk 9000 dry >dry.csv
run import --dry-run dry.csv
check 'large: dry run' both 0 '9000 devices would be imported; dry run: nothing was stored'
out=$("$ctl" -s store -k master.key import --dry-run - 2>&1 <dry.csv)
check 'large, on standard input' says '9000 devices would be imported'
out=$(sed 's/x/x/' dry.csv | "$ctl" -s store -k master.key import --dry-run - 2>&1)
check 'large, from a pipe' says '9000 devices would be imported'
check 'large: nothing of these was stored' [ "$(devices)" = "$before" ]

bulk 20000 full >full.csv
before=$(devices)
(ulimit -f 2000; trap '' XFSZ; exec "$ctl" -s store -k master.key import full.csv) >err 2>&1
status=$?
out=$(cat err)
check 'a full disk is told' both 1 'nothing was stored'
check 'and nothing is stored' [ "$(devices)" = "$before" ]
run device list
check 'the store is sound after it' exits 0

# ---- memory ----------------------------------------------------------------------------------------------------------

case $BUILD in *asan* | *tsan*) timer= ;; *) timer=/usr/bin/time ;; esac # a sanitizer has its own memory
if [ -x "$timer" ]; then
	peak() { # FILE: kilobytes of one import
		/usr/bin/time -f %M -o mem "$ctl" -s store -k master.key import "$1" >peak.out 2>&1
		tail -n 1 mem
	}
	bulk 200000 l >good.csv.large
	sed 's/,psk,/,psk ,/' good.csv.large >bad.csv.large # every row is read and checked, none reaches the store
	head -n 20001 bad.csv.large >bad.csv.small
	small=$(peak bad.csv.small) large=$(peak bad.csv.large)
	out="bad rows: 20,000 take $small kB, 200,000 take $large kB"
	check 'memory of reading does not grow with the rows' [ "$large" -lt $((small + 2000)) ]
	echo "# $out"
	good=$(peak good.csv.large)
	out="200,000 good rows take $good kB: $(cat peak.out)"
	check 'memory of an import stays within the cache of the store (256 MiB)' [ "$good" -lt 300000 ]
	check 'and it is done' grep -q 'imported 200000 devices' peak.out
	echo "# $out"
else
	echo 'skip memory of an import: needs /usr/bin/time and a build without sanitizer'
fi

check 'the canary key is in no output' [ "$(grep -c -i "$canary" everything)" = 0 ]
check 'it is in the file that was imported' grep -q $canary good.csv
