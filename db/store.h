/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provisioning store: server accounts, profiles, devices, sealed credentials. Written by lwm2m-bootstrapctl alone;
 * the daemon opens it read-only, one connection a worker. Files in DIR (mode 0700): store.db (+ -wal, -shm), and
 * journal.db, which belongs to journal.h.
 *
 * The rules of the provisioning model are enforced by the schema (schema/sqlite/store/), whoever writes: one endpoint one
 * device; a PSK identity, a key value, a public key, a certificate, an ICCID, an IMSI belongs to one device only, and what a
 * device bootstraps with is never what it receives. Secrets are sealed (seal.h) before they reach SQL. Each device, profile and
 * server account carries a keyed hash over all its rows (aggregate.h): what does not fit is BS_ETAMPERED wherever it is
 * read, and each transaction of a writer hashes what it changed, in whatever way (touched.h).
 *
 * A handle belongs to one thread. Strings and octets that go in are copied; what comes out is owned as said at each call.
 */
#ifndef BS_DB_STORE_H
#define BS_DB_STORE_H

#include "db/generation.h"
#include "server/model/account.h"
#include "server/model/ddf.h"
#include "server/model/found.h"

struct bs_store;

#define BS_STORE_FILE "store.db"
#define BS_JOURNAL_FILE "journal.db"

/* ---- opening ------------------------------------------------------------------------------------------------------ */

/*
 * Make DIR (0700) with an empty store, and the master key file (0600, 32 random octets as 64 hexadecimal digits) unless it
 * exists. BS_EEXIST when there is a store already. diag tells what to do.
 */
BS_MUST_USE enum bs_err bs_store_create(const char *dir, const char *master_key_file, struct bs_diag *diag);

enum bs_store_access { BS_STORE_READ, BS_STORE_WRITE };
/*
 * BS_EIO: file missing or unreadable; BS_EMASTERKEY: wrong or missing master key; BS_ESCHEMA: another version (READ: says to
 * run any lwm2m-bootstrapctl command to migrate, or that the store is newer than this program; WRITE migrates older ones).
 */
BS_MUST_USE enum bs_err bs_store_open(const char *dir, const char *master_key_file, enum bs_store_access access,
	struct bs_store **out, struct bs_diag *diag);
void bs_store_close(struct bs_store *st); /* NULL is fine; wipes the keys */

/* ---- daemon: look-ups ---------------------------------------------------------------------------------------------- */
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

/* ---- tool: what was changed without the keys ---------------------------------------------------------------------- */

/* kind: "device", "profile", "server". */
typedef void bs_tampered_fn(void *arg, const char *kind, const char *name);
/* Check all there is; fn is told what does not fit. *count: how much was checked. */
BS_MUST_USE enum bs_err bs_store_verify(struct bs_store *st, bs_tampered_fn *fn, void *arg, uint64_t *count);
/* Is it as the tool left it? kind as above, id as out of find and list. Also false when it cannot be read. */
bool bs_store_is_good(struct bs_store *st, const char *kind, int64_t id);
/* Accounts that do not fit are loaded all the same, by this handle: to be shown to a person, who is told. */
void bs_store_show_tampered(struct bs_store *st);
/*
 * What lies there under that name is meant, whoever wrote it: it is hashed anew. For a person who has looked at it. BS_ENOTFOUND:
 * no such thing.
 */
BS_MUST_USE enum bs_err bs_store_accept(struct bs_store *st, const char *kind, const char *name, struct bs_diag *diag);
/* The store is meant although the daemon has seen a later one, up to that generation: it takes its place. */
BS_MUST_USE enum bs_err bs_store_accept_older(struct bs_store *st, uint64_t seen, struct bs_diag *diag);
/* Are secrets that were removed still in the write-ahead log? So when a reader held up its end. The next removal clears it. */
bool bs_store_log_is_kept(const struct bs_store *st);

/* ---- tool: transactions ------------------------------------------------------------------------------------------- */

/* BEGIN IMMEDIATE. BS_EBUSY when another tool writes (after a wait of 5 s). */
BS_MUST_USE enum bs_err bs_store_begin(struct bs_store *st, struct bs_diag *diag);
/* Call before the first device of a large import (more than some thousand rows): cache size, bulk nonces. */
void bs_store_bulk(struct bs_store *st);
/* Before the commit of an import: when it was and how many devices it concerned, for status (facts.h). */
BS_MUST_USE enum bs_err bs_store_note_import(struct bs_store *st, int64_t now_s, uint64_t rows);
/* BS_ETAMPERED: what was changed had been changed by somebody else before; nothing is stored, diag says what to do. */
BS_MUST_USE enum bs_err bs_store_commit(struct bs_store *st, struct bs_diag *diag);
void bs_store_rollback(struct bs_store *st); /* also when no transaction is open */

/*
 * Many new devices at once, at a fifth of the time: begin_bulk, add_device for each (and no other call), check_bulk, commit or
 * rollback. All rules hold, but who broke one is not said: BS_EREFUSED of any of these calls leaves *conflict empty, and
 * the transaction can only be rolled back; begin anew and add them one by one to learn which. commit without a good
 * check_bulk is BS_ESTATE. Its cost grows with the devices that are in the store already; bulk_pays tells whether a file of
 * that many octets is large enough for it.
 */
BS_MUST_USE enum bs_err bs_store_begin_bulk(struct bs_store *st, struct bs_diag *diag);
BS_MUST_USE enum bs_err bs_store_check_bulk(struct bs_store *st, struct bs_diag *diag);
bool bs_store_bulk_pays(struct bs_store *st, uint64_t file_octets);

/* ---- tool: server accounts ---------------------------------------------------------------------------------------- */

struct bs_server_def {
	int64_t id; /* out of find and list */
	const char *name;
	bool repository;
	bool bootstrap; /* the devices' own bootstrap account, which next credentials are delivered in; also a repository */
	uint16_t ssid; /* 0 for a repository */
	enum bs_mode mode;
	const char *uri;
	const uint8_t *server_key; /* DER, converted already; NULL: none */
	size_t server_key_len;
	const char *sms_number; /* NULL: none */
	const struct bs_setting *settings;
	size_t setting_count;
};
/* BS_EEXIST: the name is taken. */
BS_MUST_USE enum bs_err bs_store_add_server(struct bs_store *st, const struct bs_server_def *def, struct bs_diag *diag);
/* fn's def is lent for the call. name NULL: all, by name. BS_ENOTFOUND when a name is given and not there. */
typedef void bs_server_fn(void *arg, const struct bs_server_def *def);
BS_MUST_USE enum bs_err bs_store_each_server(struct bs_store *st, const char *name, bs_server_fn *fn, void *arg);
/* BS_EREFUSED while a profile uses it; diag names one. */
BS_MUST_USE enum bs_err bs_store_remove_server(struct bs_store *st, const char *name, struct bs_diag *diag);

/* ---- tool: profiles ----------------------------------------------------------------------------------------------- */

struct bs_profile_def {
	struct bs_profile profile; /* id, retry_id: out of find and list */
	const char *const *servers; /* names, in order */
	size_t server_count;
	bool has_anchor;
	uint8_t anchor_sha256[32]; /* of the trust anchor's SubjectPublicKeyInfo */
	const struct bs_acl *acls;
	size_t acl_count;
	const struct bs_setting *writes;
	size_t write_count;
	int64_t device_count; /* out of list only */
};
/*
 * BS_EEXIST: the name is taken. BS_ENOTFOUND: no such server, or no such profile to be retried as. BS_EREFUSED: that one has
 * servers that this one has not, or is itself retried as another.
 */
BS_MUST_USE enum bs_err bs_store_add_profile(
	struct bs_store *st, const struct bs_profile_def *def, struct bs_diag *diag);
/*
 * All that it says anew, for the devices that use it, too; server_count and servers are those it has, in their order.
 * BS_ENOTFOUND, BS_EREFUSED: other servers, or a rule of bs_store_add_profile is broken.
 */
BS_MUST_USE enum bs_err bs_store_replace_profile(
	struct bs_store *st, const struct bs_profile_def *def, struct bs_diag *diag);
typedef void bs_profile_fn(void *arg, const struct bs_profile_def *def);
BS_MUST_USE enum bs_err bs_store_each_profile(struct bs_store *st, const char *name, bs_profile_fn *fn, void *arg);
/* BS_EREFUSED while a device uses it or another profile is retried as it; diag names one. */
BS_MUST_USE enum bs_err bs_store_remove_profile(struct bs_store *st, const char *name, struct bs_diag *diag);

/* ---- tool: object models ------------------------------------------------------------------------------------------ */

/*
 * One model an object. BS_EEXIST: there is one of the object already and replace is false. What profiles write keeps the
 * type that it was given; see bs_store_model_misfit.
 */
BS_MUST_USE enum bs_err bs_store_add_model(
	struct bs_store *st, const struct bs_model *model, bool replace, struct bs_diag *diag);
typedef void bs_model_fn(void *arg, const struct bs_model *model);
/* oid NULL: all, by number. fn's model is lent for the call. BS_ENOTFOUND when one was asked for. */
BS_MUST_USE enum bs_err bs_store_each_model(struct bs_store *st, const uint16_t *oid, bs_model_fn *fn, void *arg);
/* BS_EREFUSED while a profile writes to the object; diag names one. */
BS_MUST_USE enum bs_err bs_store_remove_model(struct bs_store *st, uint16_t oid, struct bs_diag *diag);
/*
 * One resource, and its object without resources. BS_ENOTFOUND: no model of the object; BS_EREFUSED: the model (in *object)
 * has no such resource.
 */
BS_MUST_USE enum bs_err bs_store_find_resource(
	struct bs_store *st, uint16_t oid, uint16_t rid, struct bs_model *object, struct bs_model_resource *out);
/* What a profile writes to the object and the model does not have like this; BS_ENOTFOUND: nothing. */
struct bs_misfit {
	char profile[BS_NAME_MAX + 1];
	uint16_t iid, rid;
	enum bs_type type; /* of the profile's value */
};
BS_MUST_USE enum bs_err bs_store_model_misfit(struct bs_store *st, uint16_t oid, struct bs_misfit *out);

/* ---- tool: devices ------------------------------------------------------------------------------------------------ */

/* What a device bootstraps with. Exactly one of the forms of its mode. */
struct bs_bootstrap_def {
	enum bs_mode mode; /* PSK, RPK, X509 */
	const char *identity; /* PSK */
	const struct bs_secret *key; /* PSK; borrowed */
	const uint8_t *spki; /* RPK: SubjectPublicKeyInfo, DER */
	size_t spki_len;
	bool has_certificate; /* X509 pinned; else by name under the profile's anchor */
	uint8_t certificate_sha256[32];
	/* Of a next credential that is delivered: RPK, X509; else NULL. PSK is delivered whenever the profile can. */
	const struct bs_blob *delivered_public; /* resource 3: SubjectPublicKeyInfo or certificate, DER */
	const struct bs_secret *delivered_key; /* resource 5: PKCS#8 v1 DER */
};

struct bs_grant_def {
	int64_t server_id;
	const uint8_t *public_or_identity; /* resource 3 */
	size_t public_or_identity_len;
	const struct bs_secret *secret_key; /* resource 5; NULL: the device holds its own */
	const struct bs_sms *sms; /* NULL: none */
};

struct bs_device_def {
	const char *endpoint;
	int64_t profile_id;
	bool enabled;
	const char *batch, *iccid, *imsi, *note; /* NULL: none */
	struct bs_bootstrap_def bootstrap;
	const struct bs_grant_def *grants;
	size_t grant_count;
};

/* Why a device was refused by the schema. */
enum bs_conflict_kind {
	BS_CONFLICT_NONE,
	BS_CONFLICT_ENDPOINT,
	BS_CONFLICT_IDENTITY, /* bootstrap PSK identity */
	BS_CONFLICT_KEY, /* bootstrap PSK */
	BS_CONFLICT_PUBLIC_KEY, /* bootstrap raw public key */
	BS_CONFLICT_CERTIFICATE, /* bootstrap certificate */
	BS_CONFLICT_ICCID,
	BS_CONFLICT_IMSI,
	BS_CONFLICT_SERVER_IDENTITY, /* delivered; server_id says for which server */
	BS_CONFLICT_SERVER_KEY,
	BS_CONFLICT_SERVER_PUBLIC,
	BS_CONFLICT_SMS_KEY,
};
struct bs_conflict {
	enum bs_conflict_kind kind;
	int64_t server_id;
	bool same_device; /* the value is the same device's own bootstrap credential (or was given twice for it) */
	char endpoint[BS_ENDPOINT_MAX + 1]; /* of the other device */
};

/* BS_EREFUSED with *conflict filled in; the transaction goes on and may only be rolled back. Also BS_EIO (disk full). */
BS_MUST_USE enum bs_err bs_store_add_device(
	struct bs_store *st, const struct bs_device_def *def, struct bs_conflict *conflict, struct bs_diag *diag);

struct bs_device_info {
	int64_t device_id;
	char endpoint[BS_ENDPOINT_MAX + 1];
	char profile[BS_NAME_MAX + 1];
	bool enabled;
	enum bs_mode mode;
	char batch[64], iccid[24], imsi[20], note[256];
	char identity[BS_IDENTITY_MAX + 1]; /* PSK identity, or SHA-256 of key or certificate in hex, or "" (by name) */
	bool has_next;
	char next_identity[BS_IDENTITY_MAX + 1];
	int64_t next_since_ms; /* Unix time from which the next one counts; what the journal saw before is not its use */
};
typedef void bs_device_fn(void *arg, const struct bs_device_info *info);
/* endpoint NULL: all, by endpoint. BS_ENOTFOUND when one was asked for. */
BS_MUST_USE enum bs_err bs_store_each_device(struct bs_store *st, const char *endpoint, bs_device_fn *fn, void *arg);
BS_MUST_USE enum bs_err bs_store_enable_device(struct bs_store *st, const char *endpoint, bool enabled);
/*
 * Its account left as a file at that time (Unix seconds), for a card or its maker; BS_ENOTFOUND of the second: it did not. For
 * people: nothing that a device gets depends on it, and it is under no hash.
 */
BS_MUST_USE enum bs_err bs_store_note_provisioned(struct bs_store *st, int64_t device_id, int64_t since_s);
BS_MUST_USE enum bs_err bs_store_provisioned_since(struct bs_store *st, int64_t device_id, int64_t *since_s);
BS_MUST_USE enum bs_err bs_store_delete_device(struct bs_store *st, const char *endpoint);
/* Has the profile a bootstrap account of that mode, so that a next credential is delivered? Its name, or "". */
BS_MUST_USE enum bs_err bs_store_renewal_account(
	struct bs_store *st, const char *profile, enum bs_mode mode, char name[BS_NAME_MAX + 1]);
/*
 * Give a device a next bootstrap credential beside the current one (same mode; the identity may stay). BS_EEXIST when it has a
 * next one already.
 */
BS_MUST_USE enum bs_err bs_store_set_next(struct bs_store *st, const char *endpoint, const struct bs_bootstrap_def *def,
	struct bs_conflict *conflict, struct bs_diag *diag);
/*
 * Devices by a number of their SIM card. Up to three spellings, NULL for those that are not used. *count: how many were
 * found, 2 when there are more; they stand in out.
 */
struct bs_sim_device {
	int64_t device_id;
	int64_t revision; /* above the change sequence of a transaction's begin: changed in it */
	char endpoint[BS_ENDPOINT_MAX + 1];
	char profile[BS_NAME_MAX + 1];
	char iccid[24], imsi[20];
	enum bs_mode mode; /* of its bootstrap credential */
	size_t key_len; /* octets of its bootstrap PSK; 0 in the other modes */
};
enum bs_sim_number { BS_SIM_ICCID, BS_SIM_IMSI };
BS_MUST_USE enum bs_err bs_store_find_sim(struct bs_store *st, enum bs_sim_number which, const char *const spellings[3],
	struct bs_sim_device out[2], size_t *count);
/*
 * Replace the SMS parameters that a device receives for one server; what else it receives for it stays. *replaced: it had
 * some. BS_ENOTFOUND: it receives nothing for that server; BS_EREFUSED with *conflict: a key is in use, all is as before.
 */
BS_MUST_USE enum bs_err bs_store_set_sms(struct bs_store *st, int64_t device_id, int64_t server_id,
	const struct bs_sms *sms, bool *replaced, struct bs_conflict *conflict, struct bs_diag *diag);
/* The next credential is gone. BS_ENOTFOUND: no next. */
BS_MUST_USE enum bs_err bs_store_drop_next(struct bs_store *st, const char *endpoint);
/* The next credential becomes the current one; the current one is gone. BS_ENOTFOUND: no next. */
BS_MUST_USE enum bs_err bs_store_settle(struct bs_store *st, const char *endpoint);
/* Endpoint of the device that has this PSK identity, or SHA-256 (hex) of key or certificate. For explain. */
BS_MUST_USE enum bs_err bs_store_endpoint_of(
	struct bs_store *st, const char *identity, char endpoint[BS_ENDPOINT_MAX + 1]);

#endif
