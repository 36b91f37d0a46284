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

coap_client() { # CLIENT ENDPOINT MODE PATH OPTION..: ask for PATH as that device
	program=coap-client-$(echo "$1" | cut -d- -f2) endpoint=$2 mode=$3 path=$4
	shift 4
	case $mode in
	psk) set -- "$@" -u "$(field "$endpoint" psk_identity)" -k "$(printf %s "$(field "$endpoint" psk_key_hex)" | unhex)" ;;
	rpk)
		cat "$pki/$endpoint-raw.pub" "$pki/$endpoint-raw.key" >"$run/$endpoint"
		set -- "$@" -M "$run/$endpoint"
		;;
	x509) set -- "$@" -c "$pki/$endpoint.pem" -j "$pki/$endpoint.key" -C "$pki/ca.pem" ;;
	esac
	timeout 60 "$program" -v 7 "$@" "coaps://127.0.0.1:$port/$path?ep=$endpoint" >"$log/$endpoint" 2>&1
}

run_libcoap() { # CLIENT ENDPOINT MODE PROFILE SUITE
	coap_client "$1" "$2" "$3" bs -B 5 -m post
	grep -q 'c:2\.04' "$log/$2" || why="no 2.04"
	expect_outcome "$2" client-closed client-silent client-reset
}

# A Bootstrap-Pack, put together by libcoap from blocks of 64 octets, and read by something that was not written here.
run_libcoap_pack() { # CLIENT ENDPOINT MODE PROFILE SUITE FORMAT
	coap_client "$1" "$2" "$3" bspack -B 30 -m get -A "$6" -b 64 -o "$run/$2.pack"
	[ -s "$run/$2.pack" ] || why="no pack"
	[ -n "$why" ] || "$cache/venv-cbor2/bin/python" "$here/formats/pack.py" "$6" "$run/$2.pack" >"$log/$2" 2>&1 ||
		why="the pack cannot be read"
	[ -n "$why" ] || compare "$2" "$4"
	expect_outcome "$2" done
	expect_format "$2" "$6"
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
