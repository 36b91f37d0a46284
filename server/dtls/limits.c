/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/limits.h"

#include <openssl/objects.h>

#define DAY_S (24 * 3600)
#define AT_ONCE 256 /* the part of the failures that may come at once */
#define NONCE 8 /* explicit: RFC 5288, 3; RFC 6655, 3 */
#define TAG 16
#define BLOCK 16 /* AES; other block ciphers are not to be had in context.c */

static const struct row {
	int cipher, strength; /* NID; bits as SSL_CIPHER_get_bits counts them: 64 for the short tag of CCM_8; 0: any */
	struct bs_record_limits limits;
} rows[] = {
	{ NID_aes_128_gcm, 0, { 23726566, UINT64_C(1) << 36, NONCE + TAG, 0 } },
	{ NID_aes_256_gcm, 0, { 23726566, UINT64_C(1) << 36, NONCE + TAG, 0 } },
	{ NID_aes_128_ccm, 64, { 1 << 23, 1 << 20, NONCE + 8, 0 } },
	{ NID_aes_256_ccm, 64, { 1 << 23, 1 << 20, NONCE + 8, 0 } },
	{ NID_aes_128_ccm, 0, { 1 << 23, 11863283, NONCE + TAG, 0 } },
	{ NID_aes_256_ccm, 0, { 1 << 23, 11863283, NONCE + TAG, 0 } },
	{ NID_chacha20_poly1305, 0,
		{ UINT64_C(1) << 32, UINT64_C(1) << 36, TAG, 0 } }, /* no explicit nonce: RFC 7905 */
};

/* MAC and one octet of padding at least, in whole blocks behind the IV. */
static struct bs_record_limits
limits_of_cbc(const SSL_CIPHER *suite)
{
	struct bs_record_limits l = { UINT64_C(1) << 32, 1 << 20, 0, BLOCK };
	size_t mac = 20;

	if (SSL_CIPHER_get_digest_nid(suite) == NID_sha256)
		mac = 32;
	else if (SSL_CIPHER_get_digest_nid(suite) == NID_sha384)
		mac = 48;
	l.least = BLOCK + (mac / BLOCK + 1) * BLOCK;
	return l;
}

struct bs_record_limits
bs_record_limits_of(const SSL_CIPHER *suite)
{
	const struct bs_record_limits none = { UINT64_C(1) << 32, 1 << 20, NONCE + 8, 0 };

	if (suite == NULL)
		return none;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].cipher == SSL_CIPHER_get_cipher_nid(suite) &&
			(rows[i].strength == 0 || rows[i].strength == SSL_CIPHER_get_bits(suite, NULL)))
			return rows[i].limits;
	return limits_of_cbc(suite);
}

bool
bs_record_limits_fit(const struct bs_record_limits *l, size_t len)
{
	return len >= l->least && len <= SSL3_RT_MAX_ENCRYPTED_LENGTH && (l->block == 0 || len % l->block == 0);
}

uint64_t
bs_record_limits_failures(const struct bs_record_limits *l, uint64_t age_ms)
{
	uint64_t per_s = l->failures / DAY_S, age_s = age_ms / 1000;
	uint64_t allowed = l->failures / AT_ONCE + per_s * (age_s < DAY_S ? age_s : DAY_S);

	return allowed < l->failures ? allowed : l->failures;
}
