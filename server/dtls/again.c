/* SPDX-License-Identifier: Apache-2.0 */
/* Is what a peer proved as good as it would be now? The checks are those of a handshake, on what is kept of this one. */
#include "server/dtls/context.h"

#include <stdio.h>

#include <openssl/err.h>

static void
check_raw_key(struct bs_handshake *now, SSL *ssl)
{
	EVP_PKEY *key = SSL_get0_peer_rpk(ssl);
	int error = 0;

	if (key == NULL)
		bs_handshake_fail(now, BS_OUT_INTERNAL, "the raw public key is gone");
	else
		(void)bs_verify_raw_key(now, key, &error);
}

static void
check_certificate(struct bs_handshake *now, SSL *ssl, bool (*check)(struct bs_handshake *, X509_STORE_CTX *, int *))
{
	X509 *leaf = SSL_get0_peer_certificate(ssl);
	X509_STORE_CTX *xs = X509_STORE_CTX_new_ex(now->ctx->libctx, NULL);
	int error = 0;

	if (leaf == NULL || xs == NULL ||
		X509_STORE_CTX_init(xs, now->ctx->set->store, leaf, SSL_get_peer_cert_chain(ssl)) != 1)
		bs_handshake_busy(now, BS_ENOMEM);
	else
		(void)check(now, xs, &error);
	X509_STORE_CTX_free(xs);
}

/* What the outcome of a handshake means for one that is over. */
static enum bs_standing
standing_of(const struct bs_handshake *hs, const struct bs_handshake *now)
{
	if (now->failed && (now->outcome == BS_OUT_OVERLOAD || now->outcome == BS_OUT_INTERNAL))
		return BS_STANDING_UNKNOWN;
	if (now->failed)
		return now->outcome == BS_OUT_RAW_KEY_UNKNOWN ? BS_STANDING_CHANGED : BS_STANDING_LOST;
	return now->proof.device.device_id == hs->proof.device.device_id ? BS_STANDING_GOOD : BS_STANDING_LOST;
}

static enum bs_standing
tell(enum bs_standing standing, const struct bs_handshake *now, enum bs_outcome *outcome, char *detail, size_t max)
{
	*outcome = now->outcome;
	snprintf(detail, max, "%s", now->detail);
	if (standing == BS_STANDING_CHANGED || (standing == BS_STANDING_LOST && !now->failed)) {
		*outcome = BS_OUT_SUPERSEDED;
		snprintf(detail, max, "%s",
			standing == BS_STANDING_CHANGED ? "its key or certificate was replaced"
							: "its key or certificate is that of another device now");
	}
	return standing;
}

/* The store does not have it any more. It may still be one that no list and no date speaks against. */
static enum bs_standing
unpinned(const struct bs_handshake *hs, SSL *ssl, enum bs_outcome *outcome, char *detail, size_t max)
{
	struct bs_handshake now = { .ctx = hs->ctx, .alert_in = -1, .again = true };

	check_certificate(&now, ssl, bs_verify_pinned);
	return tell(now.failed ? standing_of(hs, &now) : BS_STANDING_CHANGED, &now, outcome, detail, max);
}

enum bs_standing
bs_verify_again(const struct bs_handshake *hs, SSL *ssl, enum bs_outcome *outcome, char *detail, size_t max)
{
	struct bs_handshake now = { .ctx = hs->ctx, .alert_in = -1, .again = true };
	enum bs_standing standing;

	if (hs->proof.kind == BS_CRED_PSK)
		return bs_psk_verify_again(hs, outcome, detail, max);
	if (hs->proof.kind == BS_CRED_RAW_KEY)
		check_raw_key(&now, ssl);
	else
		check_certificate(&now, ssl, bs_verify_certificate);
	standing = standing_of(hs, &now);
	if (standing == BS_STANDING_LOST && hs->pinned && !now.pinned)
		return unpinned(hs, ssl, outcome, detail, max);
	return tell(standing, &now, outcome, detail, max);
}
