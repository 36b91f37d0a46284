/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: attempts and their outcomes, per-device activity, unknown identities. Written by the recorder thread of the
 * daemon in batches (recorder.h), read by lwm2m-bootstrapctl explain. A file of its own beside the store, so that neither
 * program waits for the other's writes. It holds no secret.
 */
#ifndef BS_DB_JOURNAL_H
#define BS_DB_JOURNAL_H

#include "db/generation.h"
#include "server/model/outcome.h"
#include "server/model/account.h"

#define BS_UNKNOWN_KEY_MAX 160 /* SubjectPublicKeyInfo on P-521 has 158 octets */

struct bs_journal;

/* One attempt, as recorded. Fixed size: it travels through the recorder's queue. */
struct bs_attempt {
	int64_t at_ms; /* Unix time of its end */
	int64_t device_id; /* 0: no device was found */
	char endpoint[BS_ENDPOINT_MAX + 1]; /* "" without device */
	char identity[BS_IDENTITY_MAX +
		      1]; /* as presented: PSK identity with unprintable octets escaped, or hex digest */
	char address[64];
	uint8_t mode; /* enum bs_mode; 255: not known yet */
	uint8_t psk_slot; /* which key: 0 current, 1 next */
	enum bs_outcome outcome;
	char detail[200];
	char step[48];
	uint8_t code; /* CoAP code of a refusal; 0: none */
	uint8_t version; /* enum bs_lwm2m */
	uint16_t format; /* Content-Format; 0xffff: none */
	uint16_t writes;
	uint32_t handshake_ms, took_ms;
	char suite[48];
	char claimed[BS_ENDPOINT_MAX +
		     1]; /* endpoint that the device named, when another (endpoint-mismatch); "" else */
	bool proven; /* the handshake was done: it was the device, or who has its key */
	/* Attempts that led to no device: SubjectPublicKeyInfo of the raw public key that was shown; 0: none, or a longer one. */
	uint8_t public_key[BS_UNKNOWN_KEY_MAX];
	uint16_t public_key_len;
	/* Out of find only. Attempts that led to no device are kept as one row for each outcome and identity. */
	uint32_t seen; /* how many there were, this one included */
	int64_t first_ms; /* the first of them */
};

struct bs_journal_limits {
	uint32_t days; /* attempts older than that go; 0: no limit */
	uint64_t bytes; /* size of the file; the oldest attempts go first; 0: no limit */
	uint32_t unknown_max; /* rows of unknown identities; the least recent go first */
	uint32_t per_device; /* attempts kept for one device, and as many that were not proven */
};
void bs_journal_limits_init(struct bs_journal_limits *l); /* 90 days, 1 GiB, 10,000, 50 */

/* WRITE makes and migrates the file; READ is for the tool. BS_ENOTFOUND (READ): no journal yet. */
enum bs_journal_access { BS_JOURNAL_READ, BS_JOURNAL_WRITE };
BS_MUST_USE enum bs_err bs_journal_open(
	const char *dir, enum bs_journal_access access, struct bs_journal **out, struct bs_diag *diag);
void bs_journal_close(struct bs_journal *j);

/* One transaction for all of them. BS_EIO (disk full), BS_EBUSY: nothing of the batch was stored. */
BS_MUST_USE enum bs_err bs_journal_append(struct bs_journal *j, const struct bs_attempt *attempts, size_t count);
/* Apply retention; bounded work per call: some 1,000 rows. */
BS_MUST_USE enum bs_err bs_journal_trim(struct bs_journal *j, const struct bs_journal_limits *l, int64_t now_ms);
/* Did the last trim leave something to do? */
bool bs_journal_trim_pending(const struct bs_journal *j);

/* The store as the daemon saw it; number 0: it has not yet. */
BS_MUST_USE enum bs_err bs_journal_get_seen(struct bs_journal *j, struct bs_seen *out);
BS_MUST_USE enum bs_err bs_journal_set_seen(struct bs_journal *j, const struct bs_seen *seen);

/* Newest first, at most max. Selected by endpoint (also as claimed), identity, or address (host, or host:port). */
typedef void bs_attempt_fn(void *arg, const struct bs_attempt *attempt);
BS_MUST_USE enum bs_err bs_journal_find(
	struct bs_journal *j, const char *what, size_t max, bs_attempt_fn *fn, void *arg, size_t *found);

/* Strangers that showed an identity, key or certificate, the latest first, at most max. */
BS_MUST_USE enum bs_err bs_journal_each_unknown(struct bs_journal *j, size_t max, bs_attempt_fn *fn, void *arg);

/* The latest refusals, known devices and strangers together, newest first, at most max; looks back a bounded way. */
BS_MUST_USE enum bs_err bs_journal_recent(struct bs_journal *j, size_t max, bs_attempt_fn *fn, void *arg);

#endif
