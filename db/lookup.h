/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provisioning store as the daemon has it: find, load, changes; each worker has a connection that reads. What
 * lwm2m-bootstrapctl does, which alone writes it, stands in provision.h. It holds server accounts, profiles, devices, sealed
 * credentials. Files in DIR (mode 0700): store.db (+ -wal, -shm), and journal.db, which belongs to journal.h.
 *
 * The rules of the provisioning model are enforced by the schema (schema/sqlite/store/), whoever writes: one endpoint one
 * device; a PSK identity, a key value, a public key, a certificate, an ICCID, an IMSI belongs to one device only, and what a
 * device bootstraps with is never what it receives. Secrets are sealed (seal.h) before they reach SQL. Each device, profile and
 * server account carries a keyed hash over all its rows (aggregate.h): what does not fit is BS_ETAMPERED wherever it is
 * read, and each transaction of a writer hashes what it changed, in whatever way (touched.h).
 *
 * A handle belongs to one thread. Strings and octets that go in are copied; what comes out is owned as said at each call.
 */
#ifndef BS_DB_LOOKUP_H
#define BS_DB_LOOKUP_H

#include "db/generation.h"
#include "server/model/account.h"
#include "server/model/found.h"

struct bs_store;

#define BS_STORE_FILE "store.db"
#define BS_JOURNAL_FILE "journal.db"

/* ---- opening ------------------------------------------------------------------------------------------------------ */

enum bs_store_access { BS_STORE_READ, BS_STORE_WRITE };
/*
 * BS_EIO: file missing or unreadable; BS_EMASTERKEY: wrong or missing master key; BS_ESCHEMA: another version (READ: says to
 * run any lwm2m-bootstrapctl command to migrate, or that the store is newer than this program; WRITE migrates older ones).
 */
BS_MUST_USE enum bs_err bs_store_open(const char *dir, const char *master_key_file, enum bs_store_access access,
	struct bs_store **out, struct bs_diag *diag);
void bs_store_close(struct bs_store *st); /* NULL is fine; wipes the keys */

/* ---- look-ups -------------------------------------------------------------------------------------------------------- */
/*
 * All: BS_OK, BS_ENOTFOUND, BS_EBUSY (try later), BS_EIO, BS_ECRYPTO, BS_ENOMEM, BS_ETAMPERED (the device, its profile or a
 * server of that was changed by somebody without the keys; out->endpoint says which device). Cost does not grow with the fleet.
 */

/* Keys under that identity: current in keys[0], next in keys[1] (len 0: none; if only next has it, it stands in keys[0]). */
BS_MUST_USE enum bs_err bs_store_find_psk(
	struct bs_store *st, const uint8_t *identity, size_t len, struct bs_found *out, struct bs_secret keys[2]);
BS_MUST_USE enum bs_err bs_store_find_raw_key(
	struct bs_store *st, const uint8_t *spki, size_t len, struct bs_found *out);
/* der: the certificate; found by its SHA-256. */
BS_MUST_USE enum bs_err bs_store_find_certificate(
	struct bs_store *st, const uint8_t *der, size_t len, struct bs_found *out);
/* A device provisioned "by name", whose profile's (or own) anchor is the key with that SHA-256 (SubjectPublicKeyInfo). */
BS_MUST_USE enum bs_err bs_store_find_name(
	struct bs_store *st, const char *endpoint, const uint8_t anchor_sha256[32], struct bs_found *out);
/* By ID, to see whether a live session may go on. */
BS_MUST_USE enum bs_err bs_store_find_id(struct bs_store *st, int64_t device_id, struct bs_found *out);

/* What a device bootstraps with, for a server that turns to it: current, then next. BS_ENOTFOUND: no such endpoint. */
struct bs_own_credential {
	struct bs_found found;
	enum bs_mode mode;
	size_t count; /* 1, or 2 with a next one */
	struct {
		char identity[BS_IDENTITY_MAX + 1]; /* PSK */
		struct bs_secret key; /* PSK */
	} slots[2];
};
/* The caller clears the keys. */
BS_MUST_USE enum bs_err bs_store_find_own(struct bs_store *st, const char *endpoint, struct bs_own_credential *out);
void bs_own_credential_clear(struct bs_own_credential *c);

/* The whole account, unsealed; the caller's, to be freed with bs_account_free. */
BS_MUST_USE enum bs_err bs_store_load_account(struct bs_store *st, int64_t device_id, struct bs_account **out);
/*
 * The same for who puts all of it into the device: its renewal is the next credential, else the current one, where the profile has
 * a bootstrap account of its mode. Of a certificate or raw key that is not delivered the key is empty.
 */
BS_MUST_USE enum bs_err bs_store_load_provisioned(struct bs_store *st, int64_t device_id, struct bs_account **out);

/* Wrap several look-ups in one read transaction; nesting is an error (BS_ESTATE). */
BS_MUST_USE enum bs_err bs_store_read_begin(struct bs_store *st);
void bs_store_read_end(struct bs_store *st);

/*
 * Changes committed since sequence number *seq (in and out). fn is called per change, oldest first; *seq is the newest
 * seen. Start with bs_store_change_seq. Cost: the changes. ANYTHING: the reader was away too long, or a backup was put back.
 */
enum bs_change_kind {
	BS_CHANGED_DEVICE,
	BS_CHANGED_CREDENTIAL, /* of a device: what it bootstraps with or receives */
	BS_CHANGED_PROFILE, /* or a server account of it */
	BS_REMOVED_DEVICE,
	BS_CHANGED_ANYTHING,
};
struct bs_change {
	enum bs_change_kind kind;
	int64_t id; /* of the device or of the profile, as the kind says; 0 with ANYTHING */
};
BS_MUST_USE enum bs_err bs_store_change_seq(struct bs_store *st, int64_t *seq);
/*
 * A number that differs from the one before when another connection has committed anything since, to this file: cheaper to
 * ask for than the sequence number, some microseconds. Within a read transaction it is that of its snapshot.
 */
BS_MUST_USE enum bs_err bs_store_data_version(struct bs_store *st, int64_t *version);
BS_MUST_USE enum bs_err bs_store_changes(
	struct bs_store *st, int64_t *seq, void (*fn)(void *arg, const struct bs_change *change), void *arg);

/* Is the file at DIR still the one that is open? False after it was replaced or deleted. */
bool bs_store_is_current(struct bs_store *st);

/* How old it is (generation.h). BS_ETAMPERED: its record of that does not fit. */
BS_MUST_USE enum bs_err bs_store_generation(struct bs_store *st, struct bs_generation *out);

#endif
