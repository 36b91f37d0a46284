# SPDX-License-Identifier: Apache-2.0
#
# Octets in shell, for the system tests: keys, hexadecimal, base64, DER. Source it.

key() { openssl rand -hex 16; }
hexdump() { od -An -v -tx1 | tr -d ' \n'; }
text_hex() { printf %s "$1" | hexdump; }
b64() { openssl base64 -A; }
pubkey_b64() { openssl pkey -in "$1" -pubout -outform DER | b64; }
cert_b64() { openssl x509 -in "$1" -outform DER | b64; }
private_b64() { openssl pkcs8 -topk8 -nocrypt -in "$1" -outform DER | b64; }
