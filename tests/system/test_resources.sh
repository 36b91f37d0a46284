# SPDX-License-Identifier: Apache-2.0
#
# Each resource of Objects 0, 1, 2 and 21: the table tests/claims/resources.md has a line for every one, with a test that exists
# or a reason; and a device of LwM2M 1.2, one of 1.1 and one of 1.0 bootstrap with an account in which everything is set
# that can be, and hold what the operator said, each what its version knows.
. tests/system/lib.sh

# ---- the table -------------------------------------------------------------------------------------------------------

. tests/system/table.sh
check_table tests/claims/resources.md resource
numbers() { for n in $(seq 0 "$2"); do echo "$1/$n"; done; }
for n in $(numbers 0 30) $(numbers 1 27) $(numbers 2 3) $(numbers 21 6); do
	[ "$(echo "$rows" | grep -c "^| $n |")" -eq 1 ] || not_ok "$n has no line, or several"
done

check_covers resource

# ---- everything that can be set -----------------------------------------------------------------------------------------

# Resource, LwM2M version that brought it, value. Not 0/11 and 0/12, which belong to bootstrap accounts, nor 0/17, which needs
# an OSCORE instance that nobody writes.
cat >"$W/settings" <<'END'
0/13 1.1 0
0/14 1.1 lwm2m.example.com
0/15 1.1 2
0/16/0 1.1 49326
0/16/1 1.1 49195
0/18/0 1.2 23
0/18/1 1.2 29
0/19/0 1.2 1027
0/20/0 1.2 1027
0/20/1 1.2 1283
0/21/0 1.2 1025
0/22 1.2 8
0/23 1.2 3
0/24 1.2 5
0/25/0 1.2 coaps://second.example.com:5684
0/26 1.2 24:0
0/27/0 1.2 23:65534
0/28 1.2 7
0/29 1.2 15
0/30 1.2 meter
1/2 1.0 10
1/3 1.0 600
1/5 1.0 3600
1/6 1.0 false
1/10 1.1 11:0
1/11 1.1 47
1/12 1.1 1700000000
1/13 1.1 1
1/14 1.1 30
1/15 1.1 true
1/16 1.1 false
1/17 1.1 3
1/18 1.1 90
1/19 1.1 7200
1/20 1.1 2
1/21 1.1 true
1/22 1.1 S
1/23 1.1 true
1/24/0 1.2 11:1
1/25/0 1.2 1.1
1/25/1 1.2 1.2
1/26 1.2 1
1/27 1.2 255
END

while read -r resource since value; do
	n=$(echo "$resource" | cut -d/ -f1,2)
	case $(echo "$rows" | grep "^| $n |") in *"\`system/test_resources.sh: $n"[/\ ]*) ok "$resource is set here, as its line says" ;; *)
		not_ok "$resource is set here" "its line does not name it" ;;
	esac
done <"$W/settings"

make_pki target
ctl init >/dev/null 2>&1
set --
while read -r resource since value; do set -- "$@" --set "$resource=$value"; done <"$W/settings"
check 'an account with everything' ctl server add every --uri coaps://every.example.com:5684 --ssid 65534 --mode x509 \
	--server-cert "$W/pki/ca.pem" --lifetime 2147483647 --binding US --sms-number 15550100 "$@"
check 'a profile' ctl profile add all --server every
runs='1.0-11542 1.1-11542 1.1-112 1.1-110 1.2-11542 1.2-112 1.2-110 1.2-11544' # version and Content-Format
{
	echo endpoint,profile,mode,psk_identity,psk_key_hex,every.cert_b64,every.private_b64,every.sms_mode,every.sms_kic,every.sms_kid,every.sms_kic_key_hex,every.sms_kid_key_hex
	for run in $runs; do
		sh certs/dev-pki.sh "$W/pki" device "$run" || exit 1
		echo "$run,all,psk,$run,$(key),$(cert_b64 "$W/pki/$run.pem"),$(private_b64 "$W/pki/$run.key"),sps,52,52,$(key),$(key)"
	done
} >"$W/devices.csv"
check 'devices' ctl import "$W/devices.csv"
write_conf </dev/null
start_daemon

field() { awk -F, -v ep="$1" -v n="$2" '$1 == ep { print $n }' "$W/devices.csv"; } # ENDPOINT COLUMN
der_hex() { openssl base64 -d -A | hexdump; }

# What the operator said, as far as that version knows it (without a dot versions compare as numbers).
expected() { # ENDPOINT VERSION
	awk -v version="$2" '{ s = $2; gsub(/\./, "", s); gsub(/\./, "", version); if (s + 0 <= version + 0) print $1 " " $3 }' "$W/settings"
	cat <<-END
		0/0 coaps://every.example.com:5684
		0/1 false
		0/2 2
		0/3 hex:$(field "$1" 6 | der_hex)
		0/4 hex:$(cert_b64 "$W/pki/ca.pem" | der_hex)
		0/5 hex:$(field "$1" 7 | der_hex)
		0/6 2
		0/7 hex:525216b20203
		0/8 hex:$(field "$1" 11)$(field "$1" 12)
		0/9 15550100
		0/10 65534
		1/0 65534
		1/1 2147483647
		1/7 US
	END
}

# What the device holds in the account's instances: "0/16/0 49326".
held() { # ENDPOINT
	sqlite3 :memory: "SELECT replace(replace(substr(fullkey, length('\$.objects.') + 1), '\"', ''), '.', '/') || ' ' ||
		CASE WHEN type IN ('true', 'false') THEN type ELSE atom END
		FROM json_tree(CAST(readfile('$W/$1.json') AS TEXT), '\$.objects') WHERE atom IS NOT NULL" |
		sed -n 's|^\(0\)/1/|\1/|p; s|^\(1\)/0/|\1/|p'
}

for run in $runs; do
	version=${run%-*} format=${run#*-}
	case $version in 1.0) o=--no-pct ;; *) o="--pct $format" ;; esac
	# shellcheck disable=SC2086
	check "LwM2M $version, format $format: bootstraps" sim --endpoint "$run" --lwm2m "$version" $o --json \
		--output "$W/$run.json" --object 2 --quiet
	expected "$run" "$version" | LC_ALL=C sort >"$W/$run.expected"
	held "$run" | LC_ALL=C sort >"$W/$run.held"
	check "LwM2M $version, format $format: all $(wc -l <"$W/$run.expected") resources" diff "$W/$run.expected" "$W/$run.held"
done
stop_daemon
