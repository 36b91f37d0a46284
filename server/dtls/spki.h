/* SPDX-License-Identifier: Apache-2.0 */
/* SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) of a key: what a raw public key is known by. */
#ifndef BS_DTLS_SPKI_H
#define BS_DTLS_SPKI_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "server/base/err.h"

#define BS_SPKI_P256_LEN 91

struct bs_spki {
	const uint8_t *data; /* DER; lives as long as this struct stays in its place */
	size_t len;
	unsigned char *other; /* OpenSSL's, where the key is none of the common kind */
	uint8_t p256[BS_SPKI_P256_LEN];
};

/* What i2d_PUBKEY gives. BS_ECRYPTO: the key has no such form; *out is empty then and needs no clearing. */
BS_MUST_USE enum bs_err bs_spki_encode(EVP_PKEY *key, struct bs_spki *out);
void bs_spki_clear(struct bs_spki *spki);

#endif
