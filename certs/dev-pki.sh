#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Keys and certificates for development and tests. Never for a fleet: the CA keys lie beside what they sign.
#
#   dev-pki.sh OUT_DIR                 CAs and the server's certificate and keys
#   dev-pki.sh OUT_DIR device NAME..   per NAME: a certificate (CN NAME, clientAuth) with its key, and a raw key pair
#   dev-pki.sh OUT_DIR ca NAME         one more CA: NAME.pem, NAME.key
#   dev-pki.sh OUT_DIR revoke NAME..   put the certificates of these devices on OUT_DIR/ca.crl.pem
#
# CA=ca2 in the environment lets another CA of OUT_DIR sign the devices; DAYS=n sets how long they are valid.
# What exists and still fits its CA is kept, so a second call does nothing. Silent unless something fails.
set -eu
umask 077

usage() {
	sed -n 's/^# \{0,1\}//; 3,/^set /{/^ *dev-pki/p;}' "$0" >&2
	exit 2
}

[ $# -ge 1 ] || usage
case $1 in -*) usage ;; esac
here=$(cd "$(dirname "$0")" && pwd)
out=$1
shift
mkdir -p "$out"
cd "$out"
log=$(mktemp)
trap 'rm -f "$log"' EXIT INT TERM

# Run openssl; what it says is only of interest when it fails.
ssl() {
	openssl "$@" >"$log" 2>&1 || {
		echo "openssl $1 failed:" >&2
		cat "$log" >&2
		exit 1
	}
}

# A P-256 private key as PKCS#8.
key() { # NAME: makes NAME.key
	[ -s "$1.key" ] && return
	ssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve -out "$1.key.new"
	mv "$1.key.new" "$1.key"
}

# A raw key pair; the .pub files are the SubjectPublicKeyInfo: DER, and its base64 as the import wants it.
raw() { # NAME: makes NAME.key NAME.pub NAME.pub.der NAME.pub.b64
	key "$1"
	[ -s "$1.pub.b64" ] && return
	ssl pkey -in "$1.key" -pubout -out "$1.pub"
	ssl pkey -in "$1.key" -pubout -outform DER -out "$1.pub.der"
	openssl base64 -A -in "$1.pub.der" >"$1.pub.b64"
}

ca() { # NAME SUBJECT: makes a self-signed CA
	[ -s "$1.pem" ] && return
	key "$1"
	BS_CN=$2 BS_SAN=DNS:unused ssl req -new -x509 -sha256 -config "$here/dev-pki.cnf" -extensions ca \
		-key "$1.key" -days 3650 -out "$1.pem.new"
	mv "$1.pem.new" "$1.pem"
}

# 127-bit serial numbers, as they appear on revocation lists.
issue() { # NAME CA SECTION CN SAN DAYS: makes NAME.pem with a key of its own
	if [ -s "$1.pem" ] && openssl verify -partial_chain -CAfile "$2.pem" "$1.pem" >/dev/null 2>&1; then
		return
	fi
	key "$1"
	BS_CN=$4 BS_SAN=$5 ssl req -new -sha256 -config "$here/dev-pki.cnf" -key "$1.key" -out "$1.csr"
	BS_CN=$4 BS_SAN=$5 ssl x509 -req -sha256 -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" \
		-set_serial "0x4$(openssl rand -hex 15)" -days "$6" -extfile "$here/dev-pki.cnf" -extensions "$3" \
		-out "$1.pem.new"
	mv "$1.pem.new" "$1.pem"
	rm -f "$1.csr"
}

base() {
	ca ca "Development device CA"
	ca ca2 "Development device CA 2"
	issue server ca server localhost "DNS:localhost,IP:127.0.0.1,IP:::1" 825
	raw server-raw
	[ -s server.pub.b64 ] || { # the raw public key of the certificate, for clients that pin it
		ssl pkey -in server.key -pubout -out server.pub
		ssl pkey -in server.key -pubout -outform DER -out server.pub.der
		openssl base64 -A -in server.pub.der >server.pub.b64
	}
}

device() { # NAME
	case $1 in */* | .* | '' | ca | ca2 | server*) echo "not a device name: '$1'" >&2; exit 2 ;; esac
	issue "$1" "${CA:-ca}" client "$1" "URI:urn:dev:$1" "${DAYS:-825}"
	[ -s "$1.der" ] && [ ! "$1.pem" -nt "$1.der" ] || ssl x509 -in "$1.pem" -outform DER -out "$1.der"
	raw "$1-raw"
}

revoke() { # NAME
	by=${CA:-ca}
	[ -e "$by.index" ] || : >"$by.index"
	BS_CN=unused BS_SAN=DNS:unused BS_CA=$by ssl ca -config "$here/dev-pki.cnf" -name crl_ca -revoke "$1.pem"
	BS_CN=unused BS_SAN=DNS:unused BS_CA=$by ssl ca -config "$here/dev-pki.cnf" -name crl_ca -gencrl -crldays 30 \
		-out "$by.crl.pem"
}

base
verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
'') ;;
device) for name; do device "$name"; done ;;
revoke) for name; do revoke "$name"; done ;;
ca) for name; do ca "$name" "Development CA $name"; done ;;
*) usage ;;
esac
