# SPDX-License-Identifier: Apache-2.0
# Sourced by run.sh: the other clients.

# ---- pion, Mbed TLS -------------------------------------------------------------------------------------------------

run_driver() { # CLIENT ENDPOINT MODE PROFILE SUITE COMMAND..
	endpoint=$2 key_exchange=$3 cipher=$5
	{ device_file "$2" "$3" "$pki" && echo "suite=$(suite_name "$3" "$5")"; } >"$run/$2"
	shift 5
	timeout 30 "$@" "$run/$endpoint" >"$log/$endpoint" 2>&1 || why=$(tail -n 1 "$log/$endpoint")
	[ -n "$why" ] || grep -q '^POST /bs 2\.04' "$log/$endpoint" || why="no 2.04"
	expect_outcome "$endpoint" done
	expect_suite "$endpoint" "$key_exchange" "$cipher"
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
	awk 'function digit(at) { return index("0123456789abcdef", substr($0, at, 1)) - 1 }
		{ for (i = 1; i < length($0); i += 2) printf "%c", 16 * digit(i) + digit(i + 1) }'
}

# ---- gnutls-cli, openssl s_client: handshake alone ------------------------------------------------------------------

run_gnutls() { # CLIENT ENDPOINT MODE PROFILE SUITE
	case $5 in ccm8) cipher=AES-128-CCM-8:+AEAD ;; cbc) cipher=AES-128-CBC:+SHA256 ;; gcm) cipher=AES-128-GCM:+AEAD ;; esac
	priority=NONE:+VERS-DTLS1.2:+COMP-NULL:+SIGN-ECDSA-SHA256:+GROUP-SECP256R1:+$cipher
	case $3 in
	psk) gnutls_with "$2" $priority:+PSK \
		--pskusername "$(field "$2" psk_identity)" --pskkey "$(field "$2" psk_key_hex)" ;;
	rpk) gnutls_with "$2" $priority:+ECDHE-ECDSA:+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK --insecure \
		--rawpkfile "$pki/$2-raw.pub" --rawpkkeyfile "$pki/$2-raw.key" ;;
	x509) gnutls_with "$2" $priority:+ECDHE-ECDSA:+CTYPE-X509 --x509cafile "$pki/ca.pem" \
		--verify-hostname localhost --x509certfile "$pki/$2.pem" --x509keyfile "$pki/$2.key" ;;
	esac
	expect_outcome "$2" client-closed no-request
	expect_suite "$2" "$3" "$5"
}

gnutls_with() { # ENDPOINT PRIORITY OPTION..
	gnutls_log=$log/$1 priority=$2
	shift 2
	timeout 15 gnutls-cli --udp --priority "$priority" "$@" -p "$port" 127.0.0.1 </dev/null >"$gnutls_log" 2>&1
	grep -q 'Handshake was completed' "$gnutls_log" || why="no handshake"
}

run_openssl() { # CLIENT ENDPOINT MODE PROFILE SUITE
	case $3 in
	psk) openssl_with "$2" "$(openssl_name "$3" "$5")" \
		-psk_identity "$(field "$2" psk_identity)" -psk "$(field "$2" psk_key_hex)" ;;
	x509) openssl_with "$2" "$(openssl_name "$3" "$5")" -cert "$pki/$2.pem" -key "$pki/$2.key" \
		-CAfile "$pki/ca.pem" -verify_return_error -verify_hostname localhost ;;
	esac
	expect_outcome "$2" client-closed no-request
	expect_suite "$2" "$3" "$5"
}

openssl_with() { # ENDPOINT CIPHER OPTION..
	openssl_log=$log/$1 cipher=$2
	shift 2
	timeout 15 openssl s_client -dtls1_2 -cipher "$cipher:@SECLEVEL=0" "$@" -connect "127.0.0.1:$port" </dev/null \
		>"$openssl_log" 2>&1
	grep -q "Cipher is $cipher\$" "$openssl_log" || why="no handshake with $cipher"
}
