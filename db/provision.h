/* SPDX-License-Identifier: Apache-2.0 */
/* The provisioning store as lwm2m-bootstrapctl has it: all that lookup.h says, and what is written. Not for the daemon. */
#ifndef BS_DB_PROVISION_H
#define BS_DB_PROVISION_H

#include "db/lookup.h"
#include "server/model/ddf.h"

/*
 * Make DIR (0700) with an empty store, and the master key file (0600, 32 random octets as 64 hexadecimal digits) unless it
 * exists. BS_EEXIST when there is a store already. diag tells what to do.
 */
BS_MUST_USE enum bs_err bs_store_create(const char *dir, const char *master_key_file, struct bs_diag *diag);

/* ---- what was changed without the keys ---------------------------------------------------------------------------- */

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

/* ---- transactions ------------------------------------------------------------------------------------------------- */

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

/* ---- server accounts ---------------------------------------------------------------------------------------------- */

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
/*
 * All that it says anew, for the devices that have it, too; kind, ssid and mode stay and are not looked at. BS_ENOTFOUND. Within a
 * transaction, which tells the daemon which profiles have it.
 */
BS_MUST_USE enum bs_err bs_store_replace_server(
	struct bs_store *st, const struct bs_server_def *def, struct bs_diag *diag);
/* fn's def is lent for the call. name NULL: all, by name. BS_ENOTFOUND when a name is given and not there. */
typedef void bs_server_fn(void *arg, const struct bs_server_def *def);
BS_MUST_USE enum bs_err bs_store_each_server(struct bs_store *st, const char *name, bs_server_fn *fn, void *arg);
/* BS_EREFUSED while a profile uses it; diag names one. */
BS_MUST_USE enum bs_err bs_store_remove_server(struct bs_store *st, const char *name, struct bs_diag *diag);

/* ---- profiles ----------------------------------------------------------------------------------------------------- */

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

/* ---- object models ------------------------------------------------------------------------------------------------ */

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

/* ---- devices ------------------------------------------------------------------------------------------------------ */

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
