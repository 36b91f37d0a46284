/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/spki.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/x509.h>

#define POINT_LEN 65 /* 4, x, y */

/* Of a point on P-256 that is named and not compressed, all is fixed but the point (RFC 5480). */
static const uint8_t p256_head[BS_SPKI_P256_LEN - POINT_LEN] = {
	0x30, 0x59, /* SEQUENCE */
	0x30, 0x13, /* SEQUENCE: AlgorithmIdentifier */
	0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, /* id-ecPublicKey */
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, /* secp256r1 */
	0x03, 0x42, 0x00, /* BIT STRING */
};

/* i2d_PUBKEY asks every encoder of every provider first; for the usual key that takes longer than all the rest. */
static bool
encode_p256(EVP_PKEY *key, uint8_t out[BS_SPKI_P256_LEN])
{
	char group[16] = "", encoding[16] = "";
	uint8_t point[POINT_LEN];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group)),
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, encoding, sizeof(encoding)),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};

	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_bits(key) != 256 ||
		EVP_PKEY_get_params(key, params) != 1 || strcmp(group, "prime256v1") != 0 ||
		strcmp(encoding, OSSL_PKEY_EC_ENCODING_GROUP) != 0 || params[2].return_size != sizeof(point) ||
		point[0] != POINT_CONVERSION_UNCOMPRESSED)
		return false;
	memcpy(out, p256_head, sizeof(p256_head));
	memcpy(out + sizeof(p256_head), point, sizeof(point));
	return true;
}

enum bs_err
bs_spki_encode(EVP_PKEY *key, struct bs_spki *out)
{
	int len;

	out->other = NULL;
	out->data = out->p256;
	out->len = sizeof(out->p256);
	if (encode_p256(key, out->p256))
		return BS_OK;
	len = i2d_PUBKEY(key, &out->other);
	out->data = len > 0 ? out->other : NULL;
	out->len = len > 0 ? (size_t)len : 0;
	return len > 0 ? BS_OK : BS_ECRYPTO;
}

void
bs_spki_clear(struct bs_spki *spki)
{
	OPENSSL_free(spki->other);
	spki->other = NULL;
	spki->data = NULL;
	spki->len = 0;
}
