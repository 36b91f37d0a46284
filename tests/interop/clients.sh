# SPDX-License-Identifier: Apache-2.0
# Sourced by run.sh: the cases, how to run each client, and what counts as passed.

# ---- cases ----------------------------------------------------------------------------------------------------------

# Calls FUNCTION CLIENT ENDPOINT MODE PROFILE SUITE for each. A suite is named by its last part: ccm8, cbc, gcm.
all_cases() { # FUNCTION
	for client in leshan20 leshan15; do
		for mode in psk rpk x509; do
			for profile in psk rpk x509; do
				"$1" $client $client-$mode-to-$profile $mode $profile -
			done
		done
		"$1" $client $client-sms psk sms -
		"$1" $client $client-two-servers x509 two -
		for mode in psk rpk x509; do
			"$1" $client-refuses $client-refuses-$mode $mode psk -
		done
	done
	for mode in psk rpk x509; do
		"$1" libcoap-gnutls libcoap-gnutls-$mode $mode psk -
	done
	for mode in psk x509; do
		"$1" libcoap-openssl libcoap-openssl-$mode $mode psk -
	done
	for client in gnutls-cli openssl mbedtls pion; do
		for mode in psk rpk x509; do
			for suite in ccm8 cbc gcm; do
				case $client-$mode-$suite in
				openssl-rpk-* | mbedtls-rpk-* | pion-rpk-*) continue ;; # know no raw public keys (OpenSSL: before 3.2)
				pion-x509-cbc) continue ;; # has no ECDHE_ECDSA with CBC and SHA-256
				mbedtls-* | pion-*) profile=$mode ;; # they take what they are sent; X.509 comes block by block
				*) profile=psk ;;
				esac
				"$1" $client dev-$client-$mode-$suite $mode $profile $suite
			done
		done
	done
}

missing() { # CLIENT: why it cannot run, or nothing
	case $1 in
	leshan20*) echo "$no_leshan20" ;;
	leshan15*) [ -n "$no_leshan15" ] && echo "$no_leshan15" || echo "$no_leshan20" ;; # 2.0 has the server to register at
	libcoap-gnutls) have coap-client-gnutls || echo "no coap-client-gnutls" ;;
	libcoap-openssl) have coap-client-openssl || echo "no coap-client-openssl" ;;
	gnutls-cli) have gnutls-cli || echo "no gnutls-cli" ;;
	pion) echo "$no_pion" ;;
	mbedtls) echo "$no_mbedtls" ;;
	esac
}

run_case() { # CLIENT ENDPOINT MODE PROFILE SUITE
	case $1 in
	leshan*-refuses) what="$3 with another server's key" ;;
	leshan*) what="$3, account $4" ;;
	*) what="$3 $(suite_name "$3" "$5")" ;;
	esac
	why=$(missing "$1")
	[ -z "$why" ] || { skip "$1" "$what" "$why"; return; }
	why=''
	case $1 in
	leshan*-refuses) run_refusal "$@" ;;
	leshan*) run_leshan "$@" ;;
	libcoap-*) run_libcoap "$@" ;;
	gnutls-cli) run_gnutls "$@" ;;
	openssl) run_openssl "$@" ;;
	pion) run_driver "$@" "$cache/pion-client" ;;
	mbedtls) run_driver "$@" "$cache/venv/bin/python" "$here/mbedtls/client.py" ;;
	esac
	[ -z "$why" ] && pass "$1" "$what" || fail "$1" "$what" "$why" "$log/$2"
}

# What the daemon wrote down last about this device; waits for it, as the journal is written in batches.
outcome() { ctl explain "$1" --json 2>/dev/null | grep -o '"outcome": *"[^"]*"' | head -n 1 | cut -d'"' -f4; }
outcome_among() { # ENDPOINT WORD..
	now=$(outcome "$1")
	for word; do [ "$word" != "$now" ] || return 0; done
	return 1
}
expect_outcome() { # ENDPOINT WORD..
	[ -n "$why" ] || await 15 outcome_among "$@" || why="outcome is '$(outcome "$1")' in the journal"
}

# ---- a device's own side, as the drivers read it --------------------------------------------------------------------

device_file() { # ENDPOINT MODE PKI: prints properties; PKI is whose server key the device expects
	echo "endpoint=$1"
	echo "uri=coaps://127.0.0.1:$port"
	echo "mode=$2"
	echo "anchor=$(der_certificate "$3/ca.pem" | hex)"
	case $2 in
	psk)
		echo "id=$(hex_of "$(field "$1" psk_identity)")"
		echo "key=$(field "$1" psk_key_hex)"
		;;
	rpk)
		echo "id=$(hex "$pki/$1-raw.pub.der")"
		echo "key=$(der_key "$pki/$1-raw.key" | hex)"
		echo "server=$(hex "$3/server-raw.pub.der")"
		;;
	x509)
		echo "id=$(hex "$pki/$1.der")"
		echo "key=$(der_key "$pki/$1.key" | hex)"
		echo "server=$(der_certificate "$3/server.pem" | hex)"
		;;
	esac
}

suite_name() { # MODE SUITE: the IANA name
	case $1 in psk) kx=TLS_PSK ;; *) kx=TLS_ECDHE_ECDSA ;; esac
	case $2 in
	ccm8) echo ${kx}_WITH_AES_128_CCM_8 ;;
	cbc) echo ${kx}_WITH_AES_128_CBC_SHA256 ;;
	gcm) echo ${kx}_WITH_AES_128_GCM_SHA256 ;;
	esac
}

# ---- Leshan ---------------------------------------------------------------------------------------------------------

leshan() { # VERSION CLASS FILE
	java "-Dlogback.configurationFile=$here/logback.xml" -XX:TieredStopAtLevel=1 -Xmx256m \
		-cp "$cache/leshan-$1/classes:$cache/leshan-$1/lib/*" "$2" "$3"
}
version_of() { case $1 in leshan20*) echo 2.0 ;; leshan15*) echo 1.5 ;; esac; }
lwm2m_of() { case $1 in leshan20*) echo 1.1 ;; leshan15*) echo 1.0 ;; esac; }

# Resources 0 to 10 of Object 0 and 0, 1, 7 of Object 1 that a row of the table means for one account.
expected() { # ENDPOINT ACCOUNT
	echo "/0/0 coaps://127.0.0.1:$target_port"
	echo "/0/1 false"
	echo "/0/10 $(ssid "$2")"
	echo "/1/0 $(ssid "$2")"
	echo "/1/1 $lifetime"
	case $2 in sms) echo "/1/7 US" ;; *) echo "/1/7 U" ;; esac
	case $2 in
	psk | sms)
		echo "/0/2 0"
		echo "/0/3 $(hex_of "$(field "$1" "$2.psk_identity")")"
		echo "/0/4 "
		echo "/0/5 $(field "$1" "$2.psk_key_hex")"
		;;
	rpk)
		echo "/0/2 1"
		echo "/0/3 $(unbase64 "$(field "$1" rpk.rpk_private_b64)" | openssl pkey -inform DER -pubout -outform DER | hex)"
		echo "/0/4 $(hex "$target_pki/server.pub.der")"
		echo "/0/5 $(unbase64 "$(field "$1" rpk.rpk_private_b64)" | hex)"
		;;
	x509)
		echo "/0/2 2"
		echo "/0/3 $(unbase64 "$(field "$1" x509.cert_b64)" | hex)"
		echo "/0/4 $(der_certificate "$target_pki/server.pem" | hex)"
		echo "/0/5 $(unbase64 "$(field "$1" x509.private_b64)" | hex)"
		;;
	esac
	[ "$2" = sms ] || return 0
	echo "/0/6 2" # Secured Packet Structure; resource 7 is KIc, KID, SPI1, TAR, resource 8 the two keys
	echo "/0/7 $(field "$1" sms.sms_kic)$(field "$1" sms.sms_kid)$(field "$1" sms.sms_spi)$(field "$1" sms.sms_tar | tr A-F a-f)"
	echo "/0/8 $(field "$1" sms.sms_kic_key_hex)$(field "$1" sms.sms_kid_key_hex)"
	echo "/0/9 $sms_number"
}

# The same resources from what the client printed, of the instances with this Short Server ID.
held() { # FILE SSID
	awk -v ssid="$2" '
		{ n = split($1, p, "/"); value = substr($0, length($1) + 2) }
		n == 4 && p[2] < 2 && $1 ~ /^\// { all[p[2], p[3], p[4]] = value; if (p[4] == (p[2] == 0 ? 10 : 0) && value == ssid) at[p[2]] = p[3] }
		END {
			for (key in all) {
				split(key, k, SUBSEP)
				if ((k[1] in at) && k[2] == at[k[1]] && (k[1] == 0 ? k[3] <= 10 : k[3] < 2 || k[3] == 7))
					print "/" k[1] "/" k[3] " " all[key]
			}
		}' "$1"
}

compare() { # ENDPOINT PROFILE
	for account in $(accounts_of "$2"); do
		expected "$1" "$account" | LC_ALL=C sort >"$run/$1-$account.expected"
		held "$log/$1" "$(ssid "$account")" | LC_ALL=C sort >"$run/$1-$account.held"
		diff "$run/$1-$account.expected" "$run/$1-$account.held" >"$run/$1-$account.diff" ||
			{ why="holds other values for account $account, see build/interop/run/$1-$account.diff"; return; }
	done
	[ "$2" != two ] || compare_access "$1"
}

# Derived access control: for each instance of Object 1 one of Object 2 that says so, owned by its server.
compare_access() { # ENDPOINT
	for account in $(accounts_of two); do
		instance=$(awk -v id="$(ssid "$account")" '$2 == id && $1 ~ /^\/1\/[0-9]*\/0$/ { split($1, p, "/"); print p[3] }' "$log/$1")
		awk -v instance="$instance" -v owner="$(ssid "$account")" '
			$1 ~ /^\/2\// { split($1, p, "/"); all[p[3], p[4]] = $2; seen[p[3]] = 1 }
			END { for (i in seen) if (all[i, 0] == 1 && all[i, 1] == instance && all[i, 3] == owner) exit 0; exit 1 }' \
			"$log/$1" || { why="no access control for /1/$instance of server $(ssid "$account")"; return; }
	done
}

run_leshan() { # CLIENT ENDPOINT MODE PROFILE SUITE
	device_file "$2" "$3" "$pki" >"$run/$2"
	leshan "$(version_of "$1")" Client "$run/$2" >"$log/$2" 2>&1 || why=$(grep -E '^(bootstrap|register) failed|^nothing' "$log/$2" || echo "exit status")
	[ -n "$why" ] || compare "$2" "$4"
	[ -n "$why" ] || await 5 grep -q "^registered $2 $(lwm2m_of "$1") $lifetime\$" "$log/target" ||
		why="the server saw no registration"
	expect_outcome "$2" done
}

# The device expects another key, certificate or PSK than ours.
run_refusal() { # CLIENT ENDPOINT MODE PROFILE SUITE
	device_file "$2" "$3" "$work/stranger-pki" >"$run/$2"
	[ "$3" != psk ] || echo "key=$(openssl rand -hex 16)" >>"$run/$2"
	leshan "$(version_of "$1")" Client "$run/$2" >"$log/$2" 2>&1
	grep -q '^bootstrap failed' "$log/$2" || why="the client did not refuse"
	case $3 in
	psk) expect_outcome "$2" key-mismatch-suspected ;; # neither side can do more than fall silent
	*)
		grep -qE 'is not trusted|could not be validated|Unable to verify' "$log/$2" || why="it failed for another reason"
		# it broke off before it had said who it is, so the journal knows the address alone
		expect_outcome "127.0.0.1:$(sed -n 's/.*tarted endpoint at coaps.*:\([0-9]*\)$/\1/p' "$log/$2")" handshake-failed
		;;
	esac
}

# ---- pion, Mbed TLS -------------------------------------------------------------------------------------------------

run_driver() { # CLIENT ENDPOINT MODE PROFILE SUITE COMMAND..
	endpoint=$2
	{ device_file "$2" "$3" "$pki" && echo "suite=$(suite_name "$3" "$5")"; } >"$run/$2"
	shift 5
	timeout 30 "$@" "$run/$endpoint" >"$log/$endpoint" 2>&1 || why=$(tail -n 1 "$log/$endpoint")
	[ -n "$why" ] || grep -q '^POST /bs 2\.04' "$log/$endpoint" || why="no 2.04"
	expect_outcome "$endpoint" done
}

# ---- libcoap: a client that only asks -------------------------------------------------------------------------------

run_libcoap() { # CLIENT ENDPOINT MODE PROFILE SUITE
	program=coap-client-${1#libcoap-} endpoint=$2
	case $3 in
	psk) set -- -u "$(field "$2" psk_identity)" -k "$(printf %s "$(field "$2" psk_key_hex)" | unhex)" ;;
	rpk)
		cat "$pki/$2-raw.pub" "$pki/$2-raw.key" >"$run/$2"
		set -- -M "$run/$2"
		;;
	x509) set -- -c "$pki/$2.pem" -j "$pki/$2.key" -C "$pki/ca.pem" ;;
	esac
	timeout 30 "$program" -v 7 -B 5 -m post "$@" "coaps://127.0.0.1:$port/bs?ep=$endpoint" >"$log/$endpoint" 2>&1
	grep -q 'c:2\.04' "$log/$endpoint" || why="no 2.04"
	expect_outcome "$endpoint" client-closed client-silent client-reset
}

unhex() { # printable text only
	awk '{ for (i = 1; i < length($0); i += 2) printf "%c", index("0123456789abcdef", substr($0, i, 1)) * 16 - 16 + index("0123456789abcdef", substr($0, i + 1, 1)) - 1 }'
}

# ---- gnutls-cli, openssl s_client: handshake alone ------------------------------------------------------------------

run_gnutls() { # CLIENT ENDPOINT MODE PROFILE SUITE
	endpoint=$2
	case $5 in ccm8) cipher=AES-128-CCM-8:+AEAD ;; cbc) cipher=AES-128-CBC:+SHA256 ;; gcm) cipher=AES-128-GCM:+AEAD ;; esac
	priority=NONE:+VERS-DTLS1.2:+COMP-NULL:+SIGN-ECDSA-SHA256:+GROUP-SECP256R1:+$cipher
	case $3 in
	psk) set -- $priority:+PSK --pskusername "$(field "$2" psk_identity)" --pskkey "$(field "$2" psk_key_hex)" ;;
	rpk) set -- $priority:+ECDHE-ECDSA:+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK --insecure \
		--rawpkfile "$pki/$2-raw.pub" --rawpkkeyfile "$pki/$2-raw.key" ;;
	x509) set -- $priority:+ECDHE-ECDSA:+CTYPE-X509 --x509cafile "$pki/ca.pem" --verify-hostname localhost \
		--x509certfile "$pki/$2.pem" --x509keyfile "$pki/$2.key" ;;
	esac
	priority=$1
	shift
	timeout 15 gnutls-cli --udp --priority "$priority" "$@" -p "$port" 127.0.0.1 </dev/null >"$log/$endpoint" 2>&1
	grep -q 'Handshake was completed' "$log/$endpoint" || why="no handshake"
	expect_outcome "$endpoint" client-closed no-request
}

run_openssl() { # CLIENT ENDPOINT MODE PROFILE SUITE
	endpoint=$2
	case $3-$5 in
	psk-ccm8) cipher=PSK-AES128-CCM8 ;;
	psk-cbc) cipher=PSK-AES128-CBC-SHA256 ;;
	psk-gcm) cipher=PSK-AES128-GCM-SHA256 ;;
	x509-ccm8) cipher=ECDHE-ECDSA-AES128-CCM8 ;;
	x509-cbc) cipher=ECDHE-ECDSA-AES128-SHA256 ;;
	x509-gcm) cipher=ECDHE-ECDSA-AES128-GCM-SHA256 ;;
	esac
	case $3 in
	psk) set -- -psk_identity "$(field "$2" psk_identity)" -psk "$(field "$2" psk_key_hex)" ;;
	x509) set -- -cert "$pki/$2.pem" -key "$pki/$2.key" -CAfile "$pki/ca.pem" -verify_return_error \
		-verify_hostname localhost ;;
	esac
	timeout 15 openssl s_client -dtls1_2 -cipher "$cipher:@SECLEVEL=0" "$@" -connect "127.0.0.1:$port" </dev/null \
		>"$log/$endpoint" 2>&1
	grep -q "Cipher is $cipher\$" "$log/$endpoint" || why="no handshake with $cipher"
	expect_outcome "$endpoint" client-closed no-request
}
