/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one device, for the files that write them (store_device.c, store_next.c, store_sim_card.c) and the one that
 * says why they were refused (store_conflict.c). Nobody else.
 */
#ifndef BS_DB_DEVICE_ROWS_H
#define BS_DB_DEVICE_ROWS_H

#include "db/store_internal.h"

/* A secret as it is stored: sealed for its place, and hashed to find it again. Absent: both lengths 0. */
struct bs_sealed {
	size_t len;
	uint8_t data[BS_SEALED_MAX];
	size_t hash_len;
	uint8_t hash[BS_KEYED_HASH_LEN];
};

/* The secrets of one grant; sealed. */
struct bs_sealed_grant {
	struct bs_sealed key, kic, kid;
};

BS_MUST_USE enum bs_err bs_rows_device_id(struct bs_store *st, const char *endpoint, int64_t *id);
/* Run an insert. BS_EREFUSED, a rule is broken, leaves the library's words in diag; bs_conflict_say finds better ones. */
BS_MUST_USE enum bs_err bs_rows_add(
	struct bs_store *st, struct bs_query *q, const char *endpoint, struct bs_diag *diag);
/* slot 0: current, 1: next. */
BS_MUST_USE enum bs_err bs_rows_add_bootstrap(struct bs_store *st, int64_t id, int slot,
	const struct bs_bootstrap_def *b, const char *endpoint, struct bs_diag *diag);
/* secret NULL or empty: absent. */
BS_MUST_USE enum bs_err bs_rows_seal(
	struct bs_store *st, const char *where, const struct bs_secret *secret, struct bs_sealed *out);
BS_MUST_USE enum bs_err bs_rows_seal_grant(
	struct bs_store *st, int64_t id, const struct bs_grant_def *g, struct bs_sealed_grant *out);
void bs_rows_put_sealed(struct bs_query *q, const struct bs_sealed *s);
void bs_rows_put_sms(struct bs_query *q, const struct bs_sms *sms);

/*
 * Only after BS_EREFUSED: find the value that another device has, or that this one has elsewhere. bootstrap may be NULL.
 * out->kind is NONE where a CHECK refused. bs_conflict_say puts it in words into diag, or leaves diag as it is.
 */
void bs_conflict_find(struct bs_store *st, const struct bs_bootstrap_def *bootstrap, const struct bs_grant_def *grants,
	size_t grant_count, int64_t device_id, struct bs_conflict *out);
/* The same where the row of a new device was refused. */
void bs_conflict_find_card(struct bs_store *st, const struct bs_device_def *def, struct bs_conflict *out);
void bs_conflict_say(const char *endpoint, const struct bs_conflict *c, struct bs_diag *diag);

#endif
