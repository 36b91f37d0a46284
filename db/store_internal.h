/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the SQLite store share: the handle, the statements, small helpers. Inside db/ only. */
#ifndef BS_DB_STORE_INTERNAL_H
#define BS_DB_STORE_INTERNAL_H

#include <sys/types.h>

#include "db/seal.h"
#include "db/sql.h"
#include "db/provision.h"
#include "db/touched.h"

#define BS_DIGEST_LEN 32

/* Statements; the text stands in store_sql.c. Look-ups come first: a reader prepares those alone. */
enum bs_store_stmt {
	Q_FIND_CLAIM,
	Q_FIND_NAME,
	Q_FIND_ID,
	Q_DATA_VERSION,
	Q_CHANGE_BOUNDS,
	Q_CHANGES,
	Q_LOAD_GRANTS,
	Q_LOAD_PROFILE,
	Q_LOAD_SERVERS,
	Q_RENEWAL_ACCOUNT,
	Q_LOAD_SETTINGS,
	Q_LOAD_ACLS,
	Q_LOAD_ACL_ENTRIES,
	Q_LOAD_WRITES,
	Q_EACH_SERVER,
	Q_EACH_PROFILE,
	Q_PROFILE_SERVERS,
	Q_EACH_DEVICE,
	Q_ONE_DEVICE,
	Q_OWNER,
	Q_DEVICE_ID,
	Q_FIND_ICCID,
	Q_FIND_IMSI,
	Q_READERS, /* not a statement: end of those that a reader needs */
	Q_ADD_SERVER = Q_READERS,
	Q_ADD_SETTING,
	Q_SET_SERVER,
	Q_CLEAR_SETTINGS,
	Q_SERVER_ID,
	Q_SERVER_MODE,
	Q_SERVER_USER,
	Q_REMOVE_SERVER,
	Q_ADD_PROFILE,
	Q_UPDATE_PROFILE,
	Q_CLEAR_ACLS,
	Q_CLEAR_WRITES,
	Q_SET_RETRY,
	Q_ADD_PROFILE_SERVER,
	Q_ADD_ACL,
	Q_ADD_ACL_ENTRY,
	Q_ADD_WRITE,
	Q_PROFILE_ID,
	Q_PROFILE_USER,
	Q_PROFILE_RETRIED,
	Q_REMOVE_PROFILE,
	Q_PROFILE_EXISTS,
	Q_ADD_DEVICE,
	Q_ADD_BOOTSTRAP,
	Q_ADD_GRANT,
	Q_ENABLE_DEVICE,
	Q_REMOVE_DEVICE,
	Q_GET_BOOTSTRAP,
	Q_DELETE_BOOTSTRAP,
	Q_GET_GRANT,
	Q_DELETE_GRANT,
	Q_NOTE_PROVISIONED,
	Q_PROVISIONED,
	Q_TRIM_CHANGES,
	Q_SET_META,
	Q_PUT_MODEL,
	Q_ADD_MODEL_RESOURCE,
	Q_CLEAR_MODEL,
	Q_EACH_MODEL,
	Q_MODEL_RESOURCES,
	Q_MODEL_RESOURCE,
	Q_MODEL_USER,
	Q_MODEL_MISFIT,
	Q_REMOVE_MODEL,
	Q_COUNT
};
extern const char *const bs_store_sql[Q_COUNT];

/* Columns of the three INSERTs that make a device, in the order in which values are put: that of the tables. */
#define BS_DEVICE_COLUMNS "id, endpoint, profile_id, enabled, batch, iccid, imsi, note, revision, row_hash"
#define BS_DEVICE_COLUMN_COUNT 10
#define BS_BOOTSTRAP_COLUMNS \
	"device_id, slot, mode, identity, sealed_key, key_hash, public_key, digest, since_s, " \
	"delivered_public, sealed_delivered_key"
#define BS_BOOTSTRAP_COLUMN_COUNT 11
#define BS_GRANT_COLUMNS \
	"device_id, server_id, public_or_identity, digest, sealed_key, key_hash, sms_mode, sms_kic, sms_kid, " \
	"sms_spi1, " \
	"sms_spi2, sms_tar, sealed_kic, kic_hash, sealed_kid, kid_hash"
#define BS_GRANT_COLUMN_COUNT 16

struct bs_bulk;
struct bs_shared_cache;

struct bs_store {
	sqlite3 *db;
	struct bs_seal *seal;
	struct bs_touched *touched; /* of a writer */
	struct bs_hasher hasher; /* of a reader; bs_store_hasher gives the right one */
	struct bs_shared_cache *shared; /* profiles and servers as they were checked (store_shared.c) */
	bool write;
	bool lenient; /* what does not fit is given out all the same */
	bool log_kept; /* removed secrets are still in the write-ahead log: a reader held up its end */
	bool outer_nest; /* the outermost savepoint is the transaction */
	unsigned nests;
	bool in_read; /* between read_begin and read_end */
	dev_t dev;
	ino_t ino; /* of the file when it was opened */
	char *path;
	sqlite3_stmt *stmts[Q_COUNT];
	struct bs_bulk *bulk; /* NULL until the first bulk transaction */
};

static inline struct bs_query
bs_store_query(struct bs_store *st, enum bs_store_stmt which)
{
	return bs_query(st->stmts[which]);
}

/* The keys of a store (store_keys.c). A new store's, and its record of itself. */
BS_MUST_USE enum bs_err bs_keys_make(sqlite3 *db, const struct bs_secret *master);
BS_MUST_USE enum bs_err bs_keys_open(
	sqlite3 *db, const char *path, const char *master_key_file, struct bs_seal **out, struct bs_diag *diag);
/* For struct bs_migration: rows are hashed anew where they fitted before. */
struct bs_keys_place {
	const char *path, *master_key_file;
	struct bs_seal *seal; /* the caller's to free in the end */
};
BS_MUST_USE enum bs_err bs_keys_before_migration(void *place, sqlite3 *db, int have, struct bs_diag *diag);
BS_MUST_USE enum bs_err bs_keys_after_migration(void *place, sqlite3 *db, int had, struct bs_diag *diag);

/* Columns of the table claim: what a value is, and what its device does with it. */
enum bs_value_kind { BS_VALUE_IDENTITY, BS_VALUE_KEY, BS_VALUE_PUBLIC, BS_VALUE_ICCID, BS_VALUE_IMSI };
enum bs_use { BS_USE_ANY, BS_USE_BOOTSTRAP, BS_USE_BOOTSTRAP_NEXT, BS_USE_RECEIVED };

#define BS_SEALED_MAX (BS_SECRET_MAX + BS_SEAL_OVERHEAD)

/* Where a sealed value lies: the associated data that binds it to its row and column. */
#define BS_WHERE_MAX 80
void bs_where_bootstrap(char out[BS_WHERE_MAX], int64_t device_id, int slot);
void bs_where_delivered(char out[BS_WHERE_MAX], int64_t device_id);
/* column: "key", "kic", "kid" */
void bs_where_grant(char out[BS_WHERE_MAX], int64_t device_id, int64_t server_id, const char *column);

void bs_sha256(const void *data, size_t len, uint8_t out[BS_DIGEST_LEN]);

static inline struct bs_hasher *
bs_store_hasher(struct bs_store *st)
{
	return st->touched != NULL ? bs_touched_hasher(st->touched) : &st->hasher;
}

/* BS_EREFUSED and the like in the words of the library, with the place. */
enum bs_err bs_store_fail(struct bs_store *st, enum bs_err err, const char *what, struct bs_diag *diag);
/* Several statements as one: all or nothing, inside a transaction or without one. */
BS_MUST_USE enum bs_err bs_store_nest(struct bs_store *st);
/* For a change that may be called inside a transaction or be one itself. leave takes what enter said. */
BS_MUST_USE enum bs_err bs_store_enter(struct bs_store *st, bool *own);
BS_MUST_USE enum bs_err bs_store_leave(struct bs_store *st, bool own, enum bs_err err);
/* Keep (err is BS_OK) or undo. Returns err, or the error of keeping: BS_ETAMPERED (touched.h) where it was the transaction. */
BS_MUST_USE enum bs_err bs_store_unnest(struct bs_store *st, enum bs_err err);

/*
 * Many new devices at once (store_bulk.c). All but the first, bs_bulk_query, bs_bulk_wait and bs_bulk_may_commit only while it is active:
 * from bs_store_begin_bulk to the end of the transaction.
 */
bool bs_bulk_is_active(const struct bs_store *st);
/* The statement, or the stage that collects its rows. */
struct bs_query bs_bulk_query(struct bs_store *st, enum bs_store_stmt which);
int64_t bs_bulk_next_id(struct bs_store *st);
/* What triggers and foreign keys say of a device alone; BS_EREFUSED. */
BS_MUST_USE enum bs_err bs_bulk_check_device(struct bs_store *st, const struct bs_device_def *def);
BS_MUST_USE enum bs_err bs_bulk_server_mode(struct bs_store *st, int64_t server_id, enum bs_mode *mode);
/* The device that was put last gets its hash. */
BS_MUST_USE enum bs_err bs_bulk_hash_device(struct bs_store *st);
/* Insert what is staged, once that is much. */
BS_MUST_USE enum bs_err bs_bulk_flush_full(struct bs_store *st, struct bs_diag *diag);
/* What is being inserted beside comes to its end; before anybody else uses the database. */
void bs_bulk_wait(struct bs_store *st);
bool bs_bulk_may_commit(const struct bs_store *st);
void bs_bulk_leave(struct bs_store *st); /* after commit or rollback; nothing when none was open */
void bs_bulk_free(struct bs_store *st); /* after its db was closed */

/*
 * A device as it is read everywhere (store_read.c): its rows go through the hash and to whom they are for at once, so that what
 * is used is what was checked.
 *
 *   err = bs_device_begin(&r, st, q, on_bootstrap, arg)    the device, and each of its bootstrap credentials
 *   err = bs_device_grants(&r, on_grant, arg)              each row of server_credential
 *   err = bs_device_end(&r, err)                           BS_ETAMPERED before any error of those that were called
 *
 * Without bs_device_grants the first half of the hash is checked: what the device proves itself with.
 */
struct bs_device_reader {
	struct bs_store *st;
	struct bs_row_hash hash;
	bool began; /* there is such a device */
	enum bs_err err; /* of those that were called; they are called no more */
	int64_t id, profile_id, revision;
	char endpoint[BS_ENDPOINT_MAX + 1];
	bool enabled;
	struct bs_stored_hash own, stored;
};
typedef enum bs_err bs_device_row_fn(void *arg, const struct bs_device_reader *r, const struct bs_query *q);
/* Columns of a bootstrap credential, with what is delivered of it. */
enum {
	C_SLOT = 11,
	C_MODE,
	C_IDENTITY,
	C_SEALED_KEY,
	C_KEY_HASH,
	C_PUBLIC_KEY,
	C_DIGEST,
	C_RENEWAL_PUBLIC = 19,
	C_RENEWAL_KEY
};
/* q: one of DEVICE_ROWS, with its values. BS_ENOTFOUND. */
BS_MUST_USE enum bs_err bs_device_begin(
	struct bs_device_reader *r, struct bs_store *st, struct bs_query q, bs_device_row_fn *fn, void *arg);
BS_MUST_USE enum bs_err bs_device_grants(struct bs_device_reader *r, bs_device_row_fn *fn, void *arg);
BS_MUST_USE enum bs_err bs_device_end(struct bs_device_reader *r, enum bs_err err);

/*
 * Profiles with their servers, checked (store_shared.c). A reader keeps them until the file has changed, and what is kept is
 * what was checked. Lent until the next call.
 */
struct bs_shared_server {
	int64_t id;
	char name[BS_NAME_MAX + 1];
	bool repository, bootstrap;
	uint16_t ssid;
	enum bs_mode mode;
	char uri[BS_URI_MAX + 1], sms_number[24];
	struct bs_blob server_key;
	struct bs_setting *settings;
	size_t setting_count;
};
struct bs_shared {
	struct bs_profile profile;
	int64_t revision;
	bool has_anchor;
	uint8_t anchor[BS_DIGEST_LEN];
	struct bs_shared_server *servers; /* in their order */
	size_t server_count;
	struct bs_acl *acls;
	size_t acl_count;
	struct bs_setting *writes;
	size_t write_count;
};
/* In a transaction that has read already. BS_ETAMPERED, also when there is no such profile. */
BS_MUST_USE enum bs_err bs_shared_get(struct bs_store *st, int64_t profile_id, const struct bs_shared **out);
void bs_shared_free(struct bs_shared_cache *c); /* NULL is fine */

/* All rows of one snapshot, also outside a transaction: begins one unless there is one. */
BS_MUST_USE enum bs_err bs_store_snapshot(struct bs_store *st, bool *own);
void bs_store_snapshot_end(struct bs_store *st, bool own);

/* Rows into structs; what is in *out is the caller's to free even after an error. */
BS_MUST_USE enum bs_err bs_load_settings(
	struct bs_store *st, int64_t server_id, struct bs_setting **out, size_t *count);
BS_MUST_USE enum bs_err bs_load_writes(struct bs_store *st, int64_t profile_id, struct bs_setting **out, size_t *count);
BS_MUST_USE enum bs_err bs_load_acls(struct bs_store *st, int64_t profile_id, struct bs_acl **out, size_t *count);
void bs_free_settings(struct bs_setting *settings, size_t count);
/* PROFILE_COLUMNS of store_sql.c, from column first on. */
void bs_read_profile(const struct bs_query *q, int first, struct bs_profile *p);

#endif
