# SPDX-License-Identifier: Apache-2.0
#
# What comes in that should not: strangers and devices that do wrong, with foreign tools and octets by hand, and
# operators' mistakes. What the daemon answers, what the journal says, and that it serves the next device. All cases, with
# the tests below the programs: tests/claims/bad-input.md.
umount "${BUILD:-build/release}/system/test_hostile/small" 2>/dev/null # of a run that was broken off
. tests/system/lib.sh

contains() { # NAME TEXT PART
	case $2 in *"$3"*) ok "$1" ;; *) not_ok "$1" "'$3' is not in '$2'" ;; esac
}
journal() { sqlite3 -readonly "$W/store/journal.db" "$1"; }
settled() { sleep 0.8; } # the recorder writes in batches, at the latest 200 ms after the end of an attempt

# ---- a world ---------------------------------------------------------------------------------------------------------

make_pki dev-x dev-y dev-z dev-gone
sh certs/dev-pki.sh "$W/pki" ca foreign && CA=ca2 sh certs/dev-pki.sh "$W/pki" device other-maker || exit 1
sh certs/dev-pki.sh "$W/pki" revoke dev-gone || exit 1
canary=$(openssl rand -hex 16) # as text, since coap-client takes keys of printable characters alone
canary_hex=$(printf %s "$canary" | hexdump)

cert() { # FILE CA OPTION.. of "openssl x509 -req"; with CURVE, EKU in the environment: a certificate of dev-x
	file=$W/pki/$1 by=$W/pki/$2
	shift 2
	openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:${CURVE:-P-256}" -out "$file.key" 2>"$W/ssl.log" &&
		openssl req -new -key "$file.key" -subj /CN=dev-x -out "$file.csr" 2>>"$W/ssl.log" &&
		printf 'extendedKeyUsage = %s\nbasicConstraints = CA:FALSE\n' "${EKU:-clientAuth}" >"$file.ext" &&
		openssl x509 -req -in "$file.csr" -CA "$by.pem" -CAkey "$by.key" -extfile "$file.ext" -out "$file.pem" \
			-set_serial "0x4$(openssl rand -hex 15)" "$@" 2>>"$W/ssl.log" || not_ok "certificate $file" "$(cat "$W/ssl.log")"
}
cat >"$W/dated.cnf" <<-CNF
	[ca]
	default_ca = dated
	[dated]
	database = $W/pki/dated.index
	new_certs_dir = $W/pki
	rand_serial = yes
	unique_subject = no
	default_md = sha256
	policy = any
	[any]
	commonName = supplied
CNF
: >"$W/pki/dated.index"
dated() { # FILE FROM TO: the same by "ca", with days of one's choice ("x509" takes no past ones, from OpenSSL 3.5 on)
	cert "$1" ca -days 9 -sha256 # for its request and key
	openssl ca -batch -config "$W/dated.cnf" -cert "$W/pki/ca.pem" -keyfile "$W/pki/ca.key" \
		-in "$W/pki/$1.csr" -extfile "$W/pki/$1.ext" -startdate "$2" -enddate "$3" -notext -out "$W/pki/$1.pem" \
		>"$W/ssl.log" 2>&1 || not_ok "certificate $1" "$(cat "$W/ssl.log")"
}
cert foreign-ca foreign -days 9 -sha256
cert other-trusted-ca ca2 -days 9 -sha256
EKU=serverAuth cert server-auth-only ca -days 9 -sha256
cert sha1 ca -days 9 -sha1
CURVE=P-192 cert p192 ca -days 9 -sha256
dated expired 20200101000000Z 20210101000000Z
dated not-yet-valid 20900101000000Z 20910101000000Z

ctl init >/dev/null 2>&1
check "server add" ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk --lifetime 86400
check "profile add" ctl profile add quick --server fleet --anchor "$W/pki/ca.pem" --ack-timeout 1 --max-retransmit 0 \
	--first-delay 0
head=endpoint,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex
{
	echo "$head,rpk_public_b64"
	echo "dev-psk,psk,id-psk,$canary_hex,dev-psk@fleet,$(openssl rand -hex 16),"
	echo "dev-y,rpk,,,dev-y@fleet,$(openssl rand -hex 16),$(cat "$W/pki/dev-y-raw.pub.b64")"
	for n in $(seq 12); do echo "m$n,psk,id-m$n,$(openssl rand -hex 16),m$n@fleet,$(openssl rand -hex 16),"; done
	for d in dev-x dev-z dev-gone; do echo "$d,x509,,,$d@fleet,$(openssl rand -hex 16),"; done
} >"$W/devices.csv"
check "import" ctl import "$W/devices.csv" --profile quick

configure() { # lines of [dtls]
	write_conf <<-CONF
		crls = $W/pki/ca.crl.pem
		workers = 2
		[limits]
		attempts-per-minute = 1000
		[coap]
		request-time = 2s
		[dtls]
		handshake-time = ${handshake_time:-2s}
		$1
	CONF
}
configure ''
start_daemon
host=${address%:*}
port=${address##*:}

alive() { # NAME: after what happened, the next device is served
	if sim --endpoint dev-psk --timeout 5 --quiet >"$W/check.out" 2>&1; then ok "$1"; else
		not_ok "$1" "$(tail -n 5 "$W/check.out" "$W/daemon.log")"
	fi
}

# ---- strangers -------------------------------------------------------------------------------------------------------

perl tests/system/datagrams.pl hello "$address" >"$W/hellos.out" 2>&1
got=$(cat "$W/hellos.out")
while read -r line; do contains "ClientHello, $line" "$got" "$line"; done <<-TABLE
	without a cookie: hello_verify_request
	longer than the request: no
	wrong cookie: hello_verify_request
	cookie of another address: hello_verify_request
	cut at each octet: 0 answers
	a good cookie: server_hello
	noise, and CoAP without DTLS: nothing
TABLE

# Handshakes of the system's own OpenSSL, all at once. Each has a host of its own, by which the journal knows strangers.
# NAME OUTCOME WHAT_THE_CLIENT_SEES OPTION..; "silence": not one alert, whatever came.
handshakes() { # FILE with a line a case, last octet of the first host
	n=$2
	while read -r case_name _ _ options; do
		n=$((n + 1))
		# shellcheck disable=SC2086
		timeout 1.5 openssl s_client -bind "127.0.0.$n:0" -connect "$address" -state -timeout $options </dev/null \
			>"$W/s_client-$case_name.out" 2>&1 &
		clients="${clients:-} $!"
	done <"$1"
	# shellcheck disable=SC2086
	wait $clients
	clients=
	sleep 2 # handshake-time, for those that the time alone ends
	settled
	n=$2
	while read -r case_name outcome sees _; do
		n=$((n + 1))
		# shellcheck disable=SC2086
		same "$case_name: outcome" "$(journal "SELECT outcome FROM stranger WHERE host = '127.0.0.$n' UNION
			SELECT outcome FROM attempt WHERE host = '127.0.0.$n'" | sort -u | tr '\n' ' ')" "$outcome "
		alert=$(sed -n 's/.*SSL alert number \([0-9]*\).*/\1/p' "$W/s_client-$case_name.out" | head -n 1)
		same "$case_name: what the device sees" "${alert:-silence}" "$sees"
	done <"$1"
}
psk="-dtls1_2 -cipher PSK-AES128-CCM8:@SECLEVEL=0 -psk $canary_hex -psk_identity"
wrong_psk="-dtls1_2 -cipher PSK-AES128-CCM8:@SECLEVEL=0 -psk $(openssl rand -hex 16) -psk_identity id-psk"
ecdsa="-dtls1_2 -cipher ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0"
by_cert() { echo "$ecdsa -curves P-256:P-192 -cert $W/pki/$1.pem -key $W/pki/$1.key"; }
cat >"$W/strangers" <<-TABLE
	unknown-identity identity-unknown silence $psk nobody
	octets-no-utf8 identity-unknown silence $psk $(perl -e 'print "\x80" x 67')
	octets-no-utf8-longest identity-unknown silence $psk $(perl -e 'print "\xbf" x 255')
	marks-of-direction identity-unknown silence $psk $(perl -e 'print "\xe2\x80\xae" x 85')
	wrong-key key-mismatch-suspected silence $wrong_psk
	no-common-suite no-common-ciphersuite 40 -dtls1_2 -cipher PSK-AES256-GCM-SHA384 -psk $canary_hex -psk_identity id-psk
	dtls-1.0 handshake-failed 70 -dtls1 -cipher ALL:PSK:@SECLEVEL=0 -psk $canary_hex -psk_identity id-psk
	no-certificate handshake-failed 40 $ecdsa
	foreign-ca certificate-untrusted silence $(by_cert foreign-ca)
	other-trusted-ca certificate-not-mapped silence $(by_cert other-trusted-ca)
	expired certificate-expired silence $(by_cert expired)
	not-yet-valid certificate-expired silence $(by_cert not-yet-valid)
	server-auth-only certificate-untrusted silence $(by_cert server-auth-only)
	sha1 certificate-untrusted silence $(by_cert sha1)
	p192 certificate-untrusted silence $(by_cert p192)
	revoked certificate-revoked silence $(by_cert dev-gone)
	name-of-nobody certificate-not-mapped silence $(by_cert other-maker)
	good-certificate no-request silence $(by_cert dev-x)
TABLE
handshakes "$W/strangers" 10
same "wrong key: it is the device's own attempt" "$(outcome_of dev-psk)" key-mismatch-suspected
same "revoked: no attempt of the device it was" \
	"$(journal "SELECT count(*) FROM attempt WHERE endpoint = 'dev-gone'")" 0

# A ClientHello in fragments: small records, all suites of the library.
timeout 1.5 openssl s_client -connect "$address" -dtls1_2 -mtu 256 -cipher ALL:@SECLEVEL=0 -cert "$W/pki/dev-z.pem" \
	-key "$W/pki/dev-z.key" </dev/null >"$W/fragments.out" 2>&1
same "a ClientHello in fragments is put together" "$(outcome_of dev-z)" no-request

# Raw public keys, which OpenSSL before 3.2 does not know. GnuTLS offers the certificate types in the order given.
if command -v gnutls-cli >/dev/null; then
	gnutls() { # NAME RAW_KEY TYPES OPTION..
		what=$1 key=$2 types=$3
		shift 3
		timeout 3 gnutls-cli --udp --insecure --rawpkfile "$W/pki/$key-raw.pub" --rawpkkeyfile "$W/pki/$key-raw.key" \
			"$@" --priority "$suite:$types" -p "$port" "$host" </dev/null >"$W/gnutls-$what.out" 2>&1
	}
	suite=NONE:+VERS-DTLS1.2:+COMP-NULL:+SIGN-ECDSA-SHA256:+GROUP-SECP256R1:+AES-128-CCM-8:+AEAD:+ECDHE-ECDSA
	raw=+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK x509=+CTYPE-CLI-X509:+CTYPE-SRV-X509
	cert="--x509certfile $W/pki/dev-x.pem --x509keyfile $W/pki/dev-x.key"
	last() { journal "SELECT endpoint || ' ' || mode FROM attempt ORDER BY id DESC LIMIT 1"; }
	gnutls unknown dev-x $raw
	settled
	same "raw key unknown: outcome" "$(journal "SELECT seen FROM stranger WHERE outcome = 'raw-key-unknown'")" 1
	# shellcheck disable=SC2086
	gnutls raw-first dev-y $raw:$x509 $cert
	settled
	same "both certificate types offered, raw key first" "$(last)" "dev-y 1"
	# shellcheck disable=SC2086
	gnutls x509-first dev-y $x509:$raw $cert
	settled
	same "both certificate types offered, X.509 first" "$(last)" "dev-x 2"
else
	echo "skip raw key unknown, both certificate types offered: no gnutls-cli"
fi
alive "after all of them"

# ---- a live association ----------------------------------------------------------------------------------------------

# Octets by hand through the DTLS of s_client: HEX.. in, what came back out, in hexadecimal.
coap() { # LOCAL_ADDRESS HEX..
	from=$1
	shift
	# shellcheck disable=SC2086
	perl tests/system/datagrams.pl octets "$@" |
		timeout 6 openssl s_client -quiet -no_ign_eof -bind "$from" -connect "$address" $psk id-psk 2>"$W/coap.err" | hexdump
}

# The device loses its power and comes back from the same port, while the server still holds the old association.
live=127.0.0.40:$((20000 + $$ % 10000))
{ sleep 1 | timeout -s KILL 0.6 openssl s_client -quiet -bind $live -connect "$address" $psk id-psk; } >/dev/null 2>&1
same "a new ClientHello on a live address is served" "$(coap $live 40000106)" 70000106

perl tests/system/datagrams.pl relay "$address" "$W/relay" &
relay=$!
trap 'kill $daemon_pid $relay 2>/dev/null' EXIT INT TERM
for _ in $(seq 50); do [ -s "$W/relay" ] && break || sleep 0.02; done
settled # the clients above are gone in the middle of their runs
before=$(journal "SELECT count(*) FROM attempt WHERE endpoint = 'dev-psk'")
if "$BUILD/lwm2m-bootstrap-sim" --server "$(cat "$W/relay")" --csv "$W/devices.csv" --endpoint dev-psk --timeout 10 \
	--quiet >"$W/check.out" 2>&1; then ok "records replayed, forged and cut disturb no run"; else
	not_ok "records replayed, forged and cut disturb no run" "$(cat "$W/check.out")"
fi
kill $relay
trap 'kill $daemon_pid 2>/dev/null' EXIT INT TERM
same "its outcome" "$(outcome_of dev-psk)" done
same "it was one run" "$(($(journal "SELECT count(*) FROM attempt WHERE endpoint = 'dev-psk'") - before))" 1

# ---- CoAP, by hand ---------------------------------------------------------------------------------------------------

ep300=$(printf '65%.0s' $(seq 300))
other=$(printf %s dev-x | hexdump)
# IN OUT NAME, all in one session; "-": nothing comes back. RFC 7252, 3: version, type, token length; code; Message ID.
cat >"$W/messages" <<-TABLE
	80020101 - version 2
	4902010201020304050607_0809 70000102 token length 9
	59020103010203040506070809 - token length 9 in a NON
	60000104 - stray ACK
	70000105 - stray RST
	ffffffffffffffff - noise
	40000106 70000106 ping
	4001_0107_b26273 60850107 GET /bs
	4002_0108_b27264 60840108 another path
	4002_0109_b26273_e006e9 60820109 unknown critical option 2049
	4002_010a_b26273_4365703d 6080010a ep empty
	4002_010b_b26273_4e002265703d$ep300 6082010b ep of 300 octets
	4002_010c_b26273_4565703dfffe 6080010c ep not UTF-8
	4002_010d_b26273_4865703d$other 6080010d ep of another device
	4002_010e_b26273_467063743d3530 608f010e pct unknown
	4002_010f_b26273_477063743d746c76 6080010f pct garbage
TABLE
first=$(journal "SELECT coalesce(max(id), 0) FROM attempt")
# shellcheck disable=SC2046
got=$(coap 127.0.0.41:0 $(cut -d' ' -f1 "$W/messages" | tr -d _))
while read -r in out what; do
	case $out in
	-)
		id=$(echo "$in" | cut -c5-8)
		case $got in *"$id"*) not_ok "CoAP: $what" "answered: $got" ;; *) ok "CoAP: $what is ignored" ;; esac
		;;
	*) contains "CoAP: $what" "$got" "$out" ;;
	esac
done <"$W/messages"
same "CoAP: and nothing besides" "$got" "$(awk '$2 != "-" { printf "%s", $2 }' "$W/messages")"
settled
same "their outcomes in the journal" "$(journal "SELECT group_concat(outcome, ' ') FROM (SELECT outcome FROM attempt
	WHERE id > $first AND host = '127.0.0.41' ORDER BY id)")" \
	"bad-request bad-request endpoint-mismatch format-unsupported bad-request"

# With a payload, repeated with its Message ID (the same answer, no second run), then anew with another (a second run).
first=$(journal "SELECT max(id) FROM attempt")
got=$(coap 127.0.0.42:0 40020201b26273ff68656c6c6f 40020201b26273ff68656c6c6f 40020202b26273 40020203b26273)
for id in 0201 0202 0203; do contains "POST /bs, Message ID $id" "$got" "6044$id"; done
contains "the repeated one gets the same answer" "$(echo "$got" | sed 's/60440201//')" 60440201
settled
same "it starts no second run; new Message IDs do" "$(journal "SELECT group_concat(outcome, ' ') FROM (SELECT outcome
	FROM attempt WHERE id > $first AND host = '127.0.0.42' ORDER BY id)")" "superseded superseded client-closed"

for client in coap-client-openssl coap-client-gnutls; do
	if ! command -v $client >/dev/null; then
		echo "skip $client: not installed"
		continue
	fi
	ask() { timeout 5 $client -v 7 -B 2 -u id-psk -k "$canary" "$@" 2>&1; }
	while read -r code what options; do
		# shellcheck disable=SC2086
		contains "$client: $what" "$(eval "ask $options" | grep -o 'c:[0-9.]*' | tr '\n' ' ')" "c:$code"
	done <<-TABLE
		4.05 GET_/bs -m get "coaps://$address/bs"
		4.04 wrong_path -m post "coaps://$address/rd?ep=dev-psk"
		4.02 unknown_critical_option -m post -O 2049,x "coaps://$address/bs?ep=dev-psk"
		4.00 ep_of_another_device -m post "coaps://$address/bs?ep=dev-x"
		4.15 pct_unknown -m post "coaps://$address/bs?ep=dev-psk&pct=50"
		2.04 POST_/bs_with_payload -m post -e hello "coaps://$address/bs"
	TABLE
done
alive "after all of that"

# ---- devices ---------------------------------------------------------------------------------------------------------

# What test_bootstrap.sh does not have: every step. All at once, each with a device of its own: KIND OUTCOME.
cat >"$W/devices" <<-TABLE
	silent@request no-request
	silent@discover client-silent
	silent@delete client-silent
	silent@write client-silent
	silent@finish client-silent
	reset@discover client-closed
	reset@delete client-reset
	restart@discover done
	restart@delete done
	restart@finish done
	refuse@write write-refused
	refuse@finish finish-refused
TABLE
n=0
while read -r kind _; do
	n=$((n + 1))
	sim --endpoint "m$n" --misbehave "$kind" --timeout 6 --quiet >"$W/sim-$kind.out" 2>&1 &
	sims="${sims:-} $!"
done <"$W/devices"
# shellcheck disable=SC2086
wait $sims
n=0
while read -r kind outcome; do
	n=$((n + 1))
	same "misbehave $kind" "$(outcome_of "m$n")" "$outcome"
done <"$W/devices"
alive "after all devices"

# Values with blanks stand in quotes, so that each line is logfmt.
check "a step is one value" grep -q 'outcome=write-refused .* step="write /0/1" writes=' "$W/daemon.log"
bare='[^" =]+' quoted='"([^"\\]|\\.)*"'
same "each line of the log is key=value pairs" \
	"$(grep -vE "^[a-z_.]+=($bare|$quoted)( [a-z_.]+=($bare|$quoted))*\$" "$W/daemon.log" | head -n 3)" ""
kill -0 $daemon_pid && ok "the daemon is the same process" || not_ok "the daemon is the same process" "it died"

# ---- a restart over the journal, alerts instead of silence -----------------------------------------------------------

stop_daemon # what waited for the recorder is in the journal now
same "exit status" "$daemon_status" 0
attempts=$(journal "SELECT count(*) FROM attempt")
configure 'unknown-credential = alert'
start_daemon
alive "after a restart over the journal"
settled
same "the journal goes on" "$(journal "SELECT count(*) FROM attempt")" $((attempts + 1))
cat >"$W/strangers" <<-TABLE
	alert-unknown-identity identity-unknown 115 $psk nobody
	alert-other-trusted-ca certificate-not-mapped 42 $(by_cert other-trusted-ca)
	alert-expired certificate-expired 45 $(by_cert expired)
	alert-revoked certificate-revoked 44 $(by_cert dev-gone)
TABLE
handshakes "$W/strangers" 60

# ---- operators' mistakes at start ------------------------------------------------------------------------------------

stop_daemon
refuses() { # NAME TEXT OPTION..: the daemon says TEXT and ends with 1
	what=$1 text=$2
	shift 2
	timeout 5 "$BUILD/lwm2m-bootstrapd" "$@" >"$W/refused.out" 2>&1
	status=$?
	same "$what: exit status" $status 1
	contains "$what: message" "$(cat "$W/refused.out")" "$text"
}
configure ''
cp "$W/daemon.conf" "$W/good.conf"
both() { # NAME TEXT: daemon, check alone, and tool
	refuses "$1" "$2" -c "$W/daemon.conf"
	refuses "$1, -n" "$2" -c "$W/daemon.conf" -n
	if ctl device list >"$W/refused.out" 2>&1; then not_ok "$1: the tool" "exit 0"; else
		contains "$1: the tool" "$(cat "$W/refused.out")" "$2"
	fi
}
cp "$W/master.key" "$W/kept.key"
openssl rand -hex 32 >"$W/master.key"
both "wrong master key" "does not open the store"
rm "$W/master.key"
both "lost master key" "master.key: No such file"
install -m 600 "$W/kept.key" "$W/master.key"
sqlite3 "$W/store/store.db" "PRAGMA user_version = 99"
both "store of a newer schema" "use the newer program"
sqlite3 "$W/store/store.db" "PRAGMA user_version = $(ls schema/sqlite/store | wc -l)"
sqlite3 "$W/store/journal.db" "PRAGMA user_version = 99"
refuses "journal of a newer schema" "use the newer program" -c "$W/daemon.conf"
sqlite3 "$W/store/journal.db" "PRAGMA user_version = $(ls schema/sqlite/journal | wc -l)"
while read -r what edit text; do # EDIT of sed; "~" is a blank
	sed "$(echo "$edit" | tr '~' ' ')" "$W/good.conf" >"$W/bad.conf"
	refuses "configuration, $what" "$(echo "$text" | tr '~' ' ')" -c "$W/bad.conf"
done <<-TABLE
	unknown-option s/^workers/wrokers/ did~you~mean~"workers"
	value-out-of-range s/^handshake-time.*/handshake-time~=~1ms/ out~of~range
	no-such-certificate s/server.pem/nowhere.pem/ nowhere.pem
	key-of-another-certificate s/server.key/dev-x.key/ dev-x.key
	no-such-user s/^user.*/user~=~nobody-of-that-name/ there~is~no~such~user
	no-such-store s/^directory.*/directory~=~\/nowhere/ /nowhere
	bad-address s/^address~=.*/address~=~somewhere/ expected~192.0.2.1:5684
TABLE
refuses "configuration, no such file" "No such file" -c "$W/nowhere.conf"
configure ''
start_daemon
alive "with everything as it was"

# ---- device files ----------------------------------------------------------------------------------------------------

# What test_ctl.sh does not have. Nothing of a file with one bad row is stored: each has a good row before the bad one.
devices() { sqlite3 -readonly "$W/store/store.db" "SELECT count(*) FROM device"; }
count=$(devices)
k() { openssl rand -hex 16; }
good() { echo "new-1,psk,new-1,$(k),new-1@fleet,$(k)"; }
file_refused() { # NAME TEXT; the file on standard input
	cat >"$W/bad.csv"
	if ctl import "$W/bad.csv" --profile quick >"$W/refused.out" 2>&1; then not_ok "device file, $1" "exit 0"; else
		contains "device file, $1" "$(cat "$W/refused.out")" "$2"
	fi
	same "device file, $1: nothing is stored" "$(devices)" "$count"
}
{ echo "$head" | sed 's/mode,//'; good | sed 's/,psk//'; } |
	file_refused "column missing" "mode: this column is missing"
{ echo "$head,mode"; echo "$(good),psk"; } | file_refused "column doubled" "mode: this column occurs twice"
{ echo "$head,psk_kee_hex"; echo "$(good),"; } |
	file_refused "column unknown" "unknown column; did you mean psk_key_hex?"
{ echo "$head"; good; echo "new-2,psk,new-2,$(k | tr a-f0-9 g-v),x,$(k)"; } |
	file_refused "bad hexadecimal" "bad.csv:3: psk_key_hex"
{ echo "$head"; good; echo "new-2,psk,new-2,00112233445566778899aabbccddeeff,x,$(k)"; } |
	file_refused "low entropy" "bad.csv:3: psk_key_hex"
{ echo "$head"; good; good; } | file_refused "endpoint doubled in the file" "bad.csv:3: endpoint"
{ echo "$head"; good; good | sed 's/^new-1,/new-2,/'; } |
	file_refused "identity doubled in the file" "bad.csv:3: psk_identity"
{ echo "$head,profile"; echo "$(good),quick"; echo "$(good | sed s/new-1/new-2/g),quikc"; } |
	file_refused "profile unknown" "bad.csv:3: profile"
{ echo "$head"; good; printf 'n\374-2,psk,new-2,%s,x,%s\n' "$(k)" "$(k)"; } |
	file_refused "not UTF-8" "bad.csv:3: not UTF-8"
{ echo "$head"; good; printf 'new\000-2,psk,new-2,%s,x,%s\n' "$(k)" "$(k)"; } |
	file_refused "NUL" "bad.csv:3: has a NUL octet"
{ printf '\357\273\277%s\r\n' "$head"; good | sed 's/$/\r/'; } >"$W/bom.csv"
check "device file, byte order mark and CR LF: imported" ctl import "$W/bom.csv" --profile quick
same "device file, byte order mark and CR LF: stored" "$(devices)" $((count + 1))

# ---- a full disk -----------------------------------------------------------------------------------------------------

# A store on a file system of its own that fills up while a file is imported.
mkdir "$W/small"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m,mode=700 tmpfs "$W/small" 2>"$W/mount.out"; then
	small() { "$BUILD/lwm2m-bootstrapctl" -s "$W/small/store" -k "$W/small/key" "$@"; }
	awk -v head="$head" 'BEGIN { srand(); print head; for (i = 0; i < 3000; i++) {
		for (n = 0; n < 2; n++) { h[n] = ""; for (j = 0; j < 8; j++) h[n] = h[n] sprintf("%04x", int(rand() * 65536)) }
		printf "f%d,psk,f%d,%s,f%d@fleet,%s\n", i, i, h[0], i, h[1] } }' >"$W/full.csv"
	head -n 3 "$W/full.csv" >"$W/two.csv"
	sed -i 2,3d "$W/full.csv"
	small init >/dev/null 2>&1
	small server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk >/dev/null 2>&1
	small profile add quick --server fleet >/dev/null 2>&1
	check "full disk: two devices while there is room" small import "$W/two.csv" --profile quick
	if small import "$W/full.csv" --profile quick >"$W/refused.out" 2>&1; then
		not_ok "full disk: import fails" "exit 0"
	else
		contains "full disk: import says so" "$(cat "$W/refused.out")" "database or disk is full"
	fi
	same "full disk: nothing half stored" "$(small device list 2>&1 | wc -l)" 2
	same "full disk: the store is sound" "$(sqlite3 -readonly "$W/small/store/store.db" 'PRAGMA integrity_check')" ok

	# The daemon on such a store: devices are served, and their attempts wait for room.
	stop_daemon
	sed -e "s|^directory.*|directory = $W/small/store|" -e "s|^master-key.*|master-key = $W/small/key|" \
		"$W/good.conf" >"$W/daemon.conf"
	start_daemon
	small_sim() { "$BUILD/lwm2m-bootstrap-sim" --server "$address" --csv "$W/two.csv" --timeout 5 --quiet "$@"; }
	small_journal() {
		sqlite3 -readonly "$W/small/store/journal.db" "SELECT count(*) FROM attempt WHERE outcome = 'done'"
	}
	check "full disk: a device before" small_sim --endpoint f0
	settled
	same "full disk: the journal before" "$(small_journal)" 1
	cat /dev/zero >"$W/small/filler" 2>/dev/null
	for _ in 1 2 3 4 5 6 7 8; do small_sim --endpoint f0 >>"$W/small.out" 2>&1 || echo failed >>"$W/small.out"; done
	same "full disk: devices are served" "$(grep -c failed "$W/small.out")" 0
	settled
	contains "full disk: the log tells of the journal" "$(cat "$W/daemon.log")" "event=journal.write-failed"
	rm "$W/small/filler"
	check "full disk: a device when there is room again" small_sim --endpoint f1
	for _ in $(seq 50); do [ "$(small_journal)" -ge 10 ] && break || sleep 0.1; done # the recorder tries again each second
	same "full disk: the journal goes on, and what waited is in it" "$(small_journal)" 10
	stop_daemon
	same "full disk: exit status" "$daemon_status" 0
	umount "$W/small"
	cp "$W/good.conf" "$W/daemon.conf"
	start_daemon
else
	echo "skip a store on a full file system: needs root and the right to mount ($(cat "$W/mount.out" 2>/dev/null))"
fi

# ---- what must be nowhere --------------------------------------------------------------------------------------------

kill -0 $daemon_pid && ok "the daemon still runs" || not_ok "the daemon still runs" "it died"
stop_daemon
same "exit status at the end" "$daemon_status" 0
same "no other error in the logs" \
	"$(cat "$W"/daemon.log* | grep 'level=error' | grep -vc 'event=journal.write-failed')" 0
# What the device holds is text, so this finds its octets too. The operator's file shows that grep works.
find_key() { LC_ALL=C grep -lai -e "$canary" -e "$canary_hex" "$@"; }
contains "the key is in the operator's file" "$(find_key "$W/devices.csv")" devices.csv
same "the key is in no log, store, journal or message" \
	"$(find_key "$W"/daemon.log* "$W"/store/* "$W"/check.out "$W"/refused.out)" ""
