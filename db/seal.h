/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing of secrets at rest: AES-256-GCM-SIV (RFC 8452) under a data key; the data key is wrapped the same way by the
 * master key. Keyed hashes (HMAC-SHA256, cut to 16 octets) have keys of their own: one for those that find a value again,
 * one for those that prove rows (row_hash.h).
 *
 *   sealed = nonce(12) | ciphertext(len) | tag(16)        associated data: where the value lies, e.g. "psk/42/current"
 *
 * Associated data binds a secret to its row and column: a value moved elsewhere does not open.
 */
#ifndef BS_DB_SEAL_H
#define BS_DB_SEAL_H

#include "server/base/secret.h"

#define BS_SEAL_OVERHEAD 28
#define BS_SEAL_KEY_LEN 32
#define BS_KEYED_HASH_LEN 16
/* Data key, hash key, row key. */
#define BS_SEAL_WRAPPED_LEN (3 * BS_SEAL_KEY_LEN + BS_SEAL_OVERHEAD)

struct bs_seal;

/* Master key file: 64 hexadecimal digits, then at most blanks. BS_EMASTERKEY with diag: missing, unreadable, wrong form,
 * or readable by others than its owner (mode & 077). */
BS_MUST_USE enum bs_err bs_master_key_read(const char *file, struct bs_secret *out, struct bs_diag *diag);
/* Write a new one (O_EXCL, 0600). BS_EEXIST. */
BS_MUST_USE enum bs_err bs_master_key_make(const char *file, struct bs_diag *diag);

/* New keys, and their wrapped form for the store. */
BS_MUST_USE enum bs_err bs_seal_new(
	const struct bs_secret *master, struct bs_seal **out, uint8_t wrapped[BS_SEAL_WRAPPED_LEN]);
/* BS_EMASTERKEY: that master key did not wrap them. */
BS_MUST_USE enum bs_err bs_seal_open(
	const struct bs_secret *master, const uint8_t wrapped[BS_SEAL_WRAPPED_LEN], struct bs_seal **out);
void bs_seal_free(struct bs_seal *s); /* wipes; NULL is fine */

/* Nonces are drawn from a pool of random octets, filled in bulk. out: len + BS_SEAL_OVERHEAD octets. */
BS_MUST_USE enum bs_err bs_seal_encrypt(
	struct bs_seal *s, const char *where, const void *secret, size_t len, uint8_t *out);
/* BS_ECRYPTO: changed, or moved from another place. */
BS_MUST_USE enum bs_err bs_seal_decrypt(
	struct bs_seal *s, const char *where, const uint8_t *sealed, size_t sealed_len, struct bs_secret *out);
/* kind separates domains ("identity", "key", "public"). */
BS_MUST_USE enum bs_err bs_seal_hash(
	struct bs_seal *s, const char *kind, const void *data, size_t len, uint8_t out[BS_KEYED_HASH_LEN]);
/* With the row key, in pieces; one at a time in each lane. An error shows at the end. */
enum bs_seal_lane { BS_SEAL_LANE_DEVICE, BS_SEAL_LANE_OTHER };
#define BS_SEAL_LANES 2
void bs_seal_rows_begin(struct bs_seal *s, enum bs_seal_lane lane);
void bs_seal_rows_add(struct bs_seal *s, enum bs_seal_lane lane, const void *data, size_t len);
BS_MUST_USE enum bs_err bs_seal_rows_end(struct bs_seal *s, enum bs_seal_lane lane, uint8_t out[BS_KEYED_HASH_LEN]);

#endif
