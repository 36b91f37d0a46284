# SPDX-License-Identifier: Apache-2.0
# Sourced by run.sh: the cases, what the journal must say, and what a device knows.

# ---- cases ----------------------------------------------------------------------------------------------------------

# Calls FUNCTION CLIENT ENDPOINT MODE PROFILE SUITE [FORMAT] for each. SUITE: ccm8, cbc, gcm, or - (its choice).
# FORMAT: the Content-Format that the journal must show; Leshan 2.0 is told to prefer it, but for 11544, which its
# requests cannot name and its decoders do not know: there the profile says it, and the driver brings a decoder.
all_cases() { # FUNCTION
	for client in leshan20 leshan15; do
		case $client in leshan20) format=112 ;; leshan15) format=11542 ;; esac
		for mode in psk rpk x509; do
			"$1" $client $client-$mode-to-psk $mode psk ccm8 $format
			"$1" $client $client-$mode-to-rpk $mode rpk cbc $format
			"$1" $client $client-$mode-to-x509 $mode x509 gcm $format
			"$1" $client $client-$mode-sms $mode sms - $format
		done
		"$1" $client $client-two-servers x509 two - $format
		for mode in psk rpk x509; do
			"$1" $client-refuses $client-refuses-$mode $mode psk ccm8
		done
	done
	for format in 110 11542; do
		"$1" leshan20 leshan20-format-$format-sms psk sms - $format
		"$1" leshan20 leshan20-format-$format-x509 x509 x509 - $format
		"$1" leshan20 leshan20-format-$format-two rpk two - $format
	done
	"$1" leshan20 leshan20-format-112-all psk all - 112
	"$1" leshan20 leshan20-format-110-all rpk all - 110
	"$1" leshan20 leshan20-format-11542-all x509 all - 11542
	"$1" leshan20 leshan20-format-11544-all psk all-11544 - 11544
	"$1" leshan15 leshan15-all x509 all - 11542
	for format in 112 110 11542; do
		"$1" leshan20 leshan20-format-$format-extra psk extra - $format
	done
	"$1" leshan20 leshan20-format-11544-extra rpk extra-11544 - 11544
	for format in 112 110 11542; do
		"$1" leshan20 leshan20-format-$format-settings psk settings - $format
	done
	"$1" leshan20 leshan20-format-11544-settings psk settings-11544 - 11544
	for format in 112 11542; do
		"$1" leshan20 leshan20-format-$format-resource psk resource - $format
	done
	"$1" leshan20 leshan20-format-11544-object x509 object-11544 - 11544
	"$1" leshan20 leshan20-instances psk instances - 112
	for format in 112 110 11542; do
		"$1" leshan20 leshan20-format-$format-beside psk beside - $format
	done
	for mode in psk rpk x509; do
		"$1" libcoap-gnutls libcoap-gnutls-$mode $mode psk -
		[ $mode = rpk ] || "$1" libcoap-openssl libcoap-openssl-$mode $mode psk - # knows no raw public keys
	done
	"$1" libcoap-gnutls-pack pack-110-all psk all - 110
	"$1" libcoap-gnutls-pack pack-112-all rpk all - 112
	"$1" libcoap-openssl-pack pack-11544-all x509 all - 11544
	"$1" libcoap-openssl-pack pack-112-two psk two - 112
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
	libcoap-gnutls*) have coap-client-gnutls || echo "no coap-client-gnutls" ;;
	libcoap-openssl*) have coap-client-openssl || echo "no coap-client-openssl" ;;
	gnutls-cli) have gnutls-cli || echo "no gnutls-cli" ;;
	pion) echo "$no_pion" ;;
	mbedtls) echo "$no_mbedtls" ;;
	esac
}

run_case() { # CLIENT ENDPOINT MODE PROFILE SUITE [FORMAT]
	what="$3 ${5#-}"
	case $1 in
	leshan*-refuses) what="$3 with another server's key" ;;
	leshan* | *-pack) what="${what% }, account $4, format $6" ;;
	esac
	why=$(missing "$1")
	case $1 in *-pack) why=${why:-$no_cbor2} ;; esac
	[ -z "$why" ] || { skip "$1" "$what" "$why"; return; }
	why=''
	case $1 in
	leshan*-refuses) run_refusal "$@" ;;
	leshan*) run_leshan "$@" ;;
	libcoap-*-pack) run_libcoap_pack "$@" ;;
	libcoap-*) run_libcoap "$@" ;;
	gnutls-cli) run_gnutls "$@" ;;
	openssl) run_openssl "$@" ;;
	pion) run_driver "$@" "$cache/pion-client" ;;
	mbedtls) run_driver "$@" "$cache/venv/bin/python" "$here/mbedtls/client.py" ;;
	esac
	[ -z "$why" ] && pass "$1" "$what" || fail "$1" "$what" "$why" "$log/$2"
}

# What the daemon wrote down last about a device (or address); waits for it, as the journal is written in batches.
last() { ctl --json explain "$1" 2>/dev/null | grep -o "\"$2\":\"[^\"]*\"" | head -n 1 | cut -d'"' -f4; } # WHO FIELD

outcome_among() { # WHO WORD..
	now=$(last "$1" outcome)
	for word; do [ "$word" != "$now" ] || return 0; done
	return 1
}

expect_outcome() { # WHO WORD..
	[ -n "$why" ] || await 15 outcome_among "$@" || why="outcome is '$(last "$1" outcome)' in the journal"
}

expect_format() { # ENDPOINT FORMAT
	[ -n "$why" ] || ctl --json explain "$1" 2>/dev/null | head -n 2 | grep -q "\"format\":$2," ||
		why="the journal shows another Content-Format than $2"
}

expect_suite() { # ENDPOINT MODE SUITE
	[ -n "$why" ] || [ "$3" = - ] || [ "$(last "$1" suite)" = "$(openssl_name "$2" "$3")" ] ||
		why="suite is '$(last "$1" suite)' in the journal"
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

openssl_name() { # MODE SUITE: OpenSSL's name, which is also the journal's
	case $1-$2 in
	psk-ccm8) echo PSK-AES128-CCM8 ;;
	psk-cbc) echo PSK-AES128-CBC-SHA256 ;;
	psk-gcm) echo PSK-AES128-GCM-SHA256 ;;
	*-ccm8) echo ECDHE-ECDSA-AES128-CCM8 ;;
	*-cbc) echo ECDHE-ECDSA-AES128-SHA256 ;;
	*-gcm) echo ECDHE-ECDSA-AES128-GCM-SHA256 ;;
	esac
}

all_suites() { # with commas between
	for cipher in ccm8 cbc gcm; do
		echo "$(suite_name psk $cipher),$(suite_name x509 $cipher)"
	done | paste -s -d ,
}
