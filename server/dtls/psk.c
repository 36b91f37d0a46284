/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/context.h"

#include <string.h>

static void
remember_identity(struct bs_proof *proof, const char *identity, size_t len)
{
	proof->kind = BS_CRED_PSK;
	proof->identity_len = len < sizeof(proof->identity) ? len : sizeof(proof->identity);
	memcpy(proof->identity, identity, proof->identity_len);
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
