/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/context.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "server/base/buf.h"

static void
remember_identity(struct bs_proof *proof, const char *identity, size_t len)
{
	proof->kind = BS_CRED_PSK;
	proof->identity_len = len < sizeof(proof->identity) ? len : sizeof(proof->identity);
	memcpy(proof->identity, identity, proof->identity_len);
}

void
bs_psk_mark(const struct bs_dtls_ctx *ctx, const struct bs_secret *key, uint8_t out[BS_PSK_MARK_LEN])
{
	uint8_t text[BS_PSK_MARK_LEN + BS_SECRET_MAX], hash[SHA256_DIGEST_LENGTH] = { 0 };
	struct bs_wr w = bs_wr_init(text, sizeof(text));
	size_t len = 0;

	bs_wr_bytes(&w, ctx->mark_salt, sizeof(ctx->mark_salt));
	bs_wr_bytes(&w, key->data, key->len);
	if (bs_wr_done(&w, &len) == BS_OK)
		SHA256(text, len, hash);
	memcpy(out, hash, BS_PSK_MARK_LEN);
	bs_wipe(text, len);
}

/* The key that this handshake uses. 0: there is none that OpenSSL takes. */
static unsigned
use_key(struct bs_handshake *hs, const struct bs_psk_match *match, unsigned char *key, unsigned key_max)
{
	unsigned slot = match->first < 2 && match->keys[match->first].len > 0 ? match->first : 0;
	const struct bs_secret *secret = &match->keys[slot];

	hs->proof.psk_slot = slot;
	if (secret->len == 0 || secret->len > key_max) {
		bs_handshake_busy(hs, BS_EINTERNAL);
		return 0;
	}
	bs_psk_mark(hs->ctx, secret, hs->psk_mark);
	memcpy(key, secret->data, secret->len);
	return (unsigned)secret->len;
}

/*
 * Unknown identity, or a disabled device: 0 makes OpenSSL give up with unknown_psk_identity, which leaves only if alerts are
 * configured. Else nothing does, as with a known identity and another key: that one waits for a Finished that decrypts.
 */
unsigned
bs_psk_find(SSL *ssl, const char *identity, unsigned char *key, unsigned key_max)
{
	struct bs_handshake *hs = SSL_get_app_data(ssl);
	const struct bs_credential_lookup *lookup = &hs->ctx->lookup;
	struct bs_psk_match match = { 0 };
	size_t len = strlen(identity); /* what stood behind a NUL is lost in OpenSSL */
	unsigned key_len = 0;
	enum bs_err err;

	bs_handshake_hush(hs);
	err = lookup->psk(lookup->arg, hs->remote, (const uint8_t *)identity, len, &match);

	remember_identity(&hs->proof, identity, len);
	if (err == BS_OK) {
		hs->proof.has_device = true;
		hs->proof.device = match.device;
	}
	if (err == BS_OK && match.device.enabled) {
		hs->psk_known = true;
		key_len = use_key(hs, &match, key, key_max);
	} else if (err == BS_OK) {
		bs_handshake_refuse(hs, BS_OUT_DEVICE_DISABLED, "its PSK identity belongs to a disabled device");
	} else if (err == BS_ENOTFOUND) {
		bs_handshake_refuse(hs, BS_OUT_IDENTITY_UNKNOWN, "PSK identity of %zu octets", len);
	} else if (err == BS_ELIMIT) {
		bs_handshake_too_many(hs, &match.device);
	} else {
		bs_handshake_busy(hs, err);
	}
	bs_secret_clear(&match.keys[0]);
	bs_secret_clear(&match.keys[1]);
	return key_len;
}

/* Is the key that was used one of these? */
static bool
is_among(const struct bs_handshake *hs, const struct bs_psk_match *match)
{
	uint8_t mark[BS_PSK_MARK_LEN];
	bool found = false;

	for (size_t i = 0; i < 2 && !found; i++) {
		if (match->keys[i].len == 0)
			continue;
		bs_psk_mark(hs->ctx, &match->keys[i], mark);
		found = CRYPTO_memcmp(mark, hs->psk_mark, sizeof(mark)) == 0;
	}
	return found;
}

enum bs_standing
bs_psk_verify_again(const struct bs_handshake *hs, enum bs_outcome *outcome, char *detail, size_t max)
{
	const struct bs_credential_lookup *lookup = &hs->ctx->lookup;
	struct bs_psk_match match = { 0 };
	enum bs_standing standing = BS_STANDING_CHANGED;
	enum bs_err err = lookup->psk(lookup->arg, hs->remote, hs->proof.identity, hs->proof.identity_len, &match);

	if (err == BS_ELIMIT) /* that is for handshakes */
		err = BS_OK;
	if (err != BS_OK && err != BS_ENOTFOUND)
		standing = BS_STANDING_UNKNOWN;
	else if (err == BS_OK && match.device.device_id != hs->proof.device.device_id)
		standing = BS_STANDING_LOST;
	else if (err == BS_OK && is_among(hs, &match))
		standing = BS_STANDING_GOOD;
	*outcome = standing == BS_STANDING_UNKNOWN ? BS_OUT_OVERLOAD : BS_OUT_SUPERSEDED;
	snprintf(detail, max, "%s",
		standing == BS_STANDING_LOST ? "its PSK identity is that of another device now"
					     : "its pre-shared key was replaced");
	bs_secret_clear(&match.keys[0]);
	bs_secret_clear(&match.keys[1]);
	return standing;
}
