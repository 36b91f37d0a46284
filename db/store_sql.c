/* SPDX-License-Identifier: Apache-2.0 */
/* Every SQL statement of the store. Values are only ever bound. CROSS JOIN keeps the order of a look-up: by key, always. */
#include "db/store_internal.h"

/*
 * A device with what it bootstraps with, a row for each of its credentials, or one with NULLs. All columns of these tables, in
 * their order: the hash is over them (store_read.c). Where a value finds the device, an index says no more than its number.
 */
#define DEVICE_ROWS(condition) \
	"SELECT d.id, d.endpoint, d.profile_id, d.enabled, d.batch, d.iccid, d.imsi, d.note, d.revision, d.row_hash, " \
	"c.device_id, c.slot, c.mode, c.identity, c.sealed_key, c.key_hash, c.public_key, c.digest, c.since_s, " \
	"c.delivered_public, c.sealed_delivered_key FROM device AS d " \
	"LEFT JOIN bootstrap_credential AS c ON c.device_id = d.id WHERE d.id = " condition " ORDER BY c.slot"
/* {p.fields}, {fields}, {values}: the columns of server/model/profile.c, and a place for the value of each (store_open.c). */
#define PROFILE_COLUMNS "p.id, p.name, p.retry_as, (SELECT name FROM profile WHERE id = p.retry_as), {p.fields}"
#define MODEL_RESOURCE "rid, name, operations, multiple, mandatory, type, range, units"
#define DEVICE_INFO \
	"SELECT d.id, d.endpoint, p.name, d.enabled, c.mode, d.batch, d.iccid, d.imsi, d.note, c.identity, c.digest, " \
	"n.mode, n.identity, n.digest, n.since_s FROM device AS d CROSS JOIN profile AS p ON p.id = d.profile_id " \
	"LEFT JOIN bootstrap_credential AS c ON c.device_id = d.id AND c.slot = 0 " \
	"LEFT JOIN bootstrap_credential AS n ON n.device_id = d.id AND n.slot = 1 "

/* A device and what it bootstraps with, by up to three spellings of a number. */
#define SIM_DEVICE(kind) \
	"SELECT d.id, d.revision, d.endpoint, p.name, d.iccid, d.imsi, c.mode, ifnull(length(c.sealed_key), 0) " \
	"FROM device AS d CROSS JOIN profile AS p ON p.id = d.profile_id " \
	"LEFT JOIN bootstrap_credential AS c ON c.device_id = d.id AND c.slot = 0 " \
	"WHERE d.id IN (SELECT device_id FROM claim WHERE kind = " kind " AND value IN " \
	"(CAST(?1 AS BLOB), CAST(?2 AS BLOB), CAST(?3 AS BLOB)))"

const char *const bs_store_sql[Q_COUNT] = {
	/* ?1: kind, ?2: value. Whether the device bootstraps with it, and how, shows in its rows. */
	[Q_FIND_CLAIM] = DEVICE_ROWS("(SELECT device_id FROM claim WHERE kind = ?1 AND value = ?2)"),
	[Q_FIND_NAME] = DEVICE_ROWS("(SELECT id FROM device WHERE endpoint = ?1)"),
	[Q_FIND_ID] = DEVICE_ROWS("?1"),
	[Q_DATA_VERSION] = "PRAGMA data_version",
	/* The first and the last number; the second also when the rows are gone. */
	[Q_CHANGE_BOUNDS] = "SELECT ifnull((SELECT min(seq) FROM change), 0), "
			    "ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'change'), 0)",
	[Q_CHANGES] = "SELECT seq, kind, id FROM change WHERE seq > ?1 ORDER BY seq",

	/* All columns, in their order. */
	[Q_LOAD_GRANTS] = "SELECT " BS_GRANT_COLUMNS " FROM server_credential WHERE device_id = ?1 ORDER BY server_id",
	[Q_LOAD_PROFILE] = "SELECT p.anchor_sha256, p.revision, " PROFILE_COLUMNS " FROM profile AS p WHERE p.id = ?1",
	[Q_LOAD_SERVERS] =
		"SELECT s.id, s.name, s.repository, s.ssid, s.mode, s.uri, s.server_key, s.sms_number, s.bootstrap "
		"FROM profile_server AS ps CROSS JOIN server_account AS s ON s.id = ps.server_id "
		"WHERE ps.profile_id = ?1 ORDER BY ps.position",
	[Q_RENEWAL_ACCOUNT] = "SELECT s.name FROM profile AS p CROSS JOIN profile_server AS ps ON ps.profile_id = p.id "
			      "CROSS JOIN server_account AS s ON s.id = ps.server_id "
			      "WHERE p.name = ?1 AND s.bootstrap = 1 AND s.mode = ?2",
	[Q_LOAD_SETTINGS] = "SELECT oid, 0, rid, riid, multiple, type, text FROM server_setting WHERE server_id = ?1 "
			    "ORDER BY position",
	[Q_LOAD_ACLS] = "SELECT oid, iid, owner, position FROM profile_acl WHERE profile_id = ?1 ORDER BY position",
	[Q_LOAD_ACL_ENTRIES] = "SELECT ssid, rights FROM profile_acl_entry WHERE profile_id = ?1 AND position = ?2 "
			       "ORDER BY entry",
	[Q_LOAD_WRITES] = "SELECT oid, iid, rid, riid, multiple, type, text FROM profile_write WHERE profile_id = ?1 "
			  "ORDER BY position",

	[Q_EACH_SERVER] =
		"SELECT id, name, repository, ssid, mode, uri, server_key, sms_number, bootstrap FROM server_account "
		"WHERE ?1 IS NULL OR name = ?1 ORDER BY name",
	[Q_EACH_PROFILE] =
		"SELECT p.anchor_sha256, (SELECT count(*) FROM device WHERE profile_id = p.id), " PROFILE_COLUMNS
		" FROM profile AS p WHERE ?1 IS NULL OR p.name = ?1 ORDER BY p.name",
	[Q_PROFILE_SERVERS] = "SELECT s.name FROM profile_server AS ps CROSS JOIN server_account AS s "
			      "ON s.id = ps.server_id WHERE ps.profile_id = ?1 ORDER BY ps.position",
	[Q_EACH_DEVICE] = DEVICE_INFO "ORDER BY d.endpoint",
	[Q_ONE_DEVICE] = DEVICE_INFO "WHERE d.endpoint = ?1",
	[Q_OWNER] =
		"SELECT c.device_id, c.use, d.endpoint FROM claim AS c CROSS JOIN device AS d ON d.id = c.device_id "
		"WHERE c.kind = ?1 AND c.value = ?2",
	[Q_DEVICE_ID] = "SELECT id FROM device WHERE endpoint = ?1",

	[Q_ADD_SERVER] =
		"INSERT INTO server_account (name, repository, ssid, mode, uri, server_key, sms_number, bootstrap) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[Q_ADD_SETTING] = "INSERT INTO server_setting (server_id, position, oid, rid, riid, multiple, type, text) "
			  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[Q_SET_SERVER] = "UPDATE server_account SET uri = ?2, server_key = ?3, sms_number = ?4 WHERE id = ?1",
	[Q_CLEAR_SETTINGS] = "DELETE FROM server_setting WHERE server_id = ?1",
	[Q_SERVER_ID] = "SELECT id FROM server_account WHERE name = ?1",
	[Q_SERVER_MODE] = "SELECT mode FROM server_account WHERE id = ?1",
	[Q_SERVER_USER] = "SELECT p.name FROM profile_server AS ps JOIN profile AS p ON p.id = ps.profile_id "
			  "WHERE ps.server_id = ?1 LIMIT 1",
	[Q_REMOVE_SERVER] = "DELETE FROM server_account WHERE id = ?1",
	[Q_ADD_PROFILE] = "INSERT INTO profile (anchor_sha256, name, {fields}) VALUES (?, ?, {values})",
	[Q_UPDATE_PROFILE] =
		"UPDATE profile SET (anchor_sha256, name, {fields}, retry_as) = (?, ?, {values}, NULL) WHERE id = ?",
	[Q_CLEAR_ACLS] = "DELETE FROM profile_acl WHERE profile_id = ?1",
	[Q_CLEAR_WRITES] = "DELETE FROM profile_write WHERE profile_id = ?1",
	[Q_SET_RETRY] = "UPDATE profile SET retry_as = ?2 WHERE id = ?1",
	[Q_ADD_PROFILE_SERVER] = "INSERT INTO profile_server (profile_id, position, server_id) VALUES (?1, ?2, ?3)",
	[Q_ADD_ACL] = "INSERT INTO profile_acl (profile_id, position, oid, iid, owner) VALUES (?1, ?2, ?3, ?4, ?5)",
	[Q_ADD_ACL_ENTRY] = "INSERT INTO profile_acl_entry (profile_id, position, entry, ssid, rights) "
			    "VALUES (?1, ?2, ?3, ?4, ?5)",
	[Q_ADD_WRITE] = "INSERT INTO profile_write (profile_id, position, oid, rid, riid, multiple, type, text, iid) "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[Q_PROFILE_ID] = "SELECT id FROM profile WHERE name = ?1",
	[Q_PROFILE_USER] = "SELECT endpoint FROM device WHERE profile_id = ?1 LIMIT 1",
	[Q_PROFILE_RETRIED] = "SELECT name FROM profile WHERE retry_as = ?1 ORDER BY name LIMIT 1",
	[Q_REMOVE_PROFILE] = "DELETE FROM profile WHERE id = ?1",
	[Q_PROFILE_EXISTS] = "SELECT 0 FROM profile WHERE id = ?1",
	[Q_ADD_DEVICE] = "INSERT INTO device (" BS_DEVICE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[Q_ADD_BOOTSTRAP] = "INSERT INTO bootstrap_credential (" BS_BOOTSTRAP_COLUMNS
			    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[Q_ADD_GRANT] = "INSERT INTO server_credential (" BS_GRANT_COLUMNS ") "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
	[Q_ENABLE_DEVICE] = "UPDATE device SET enabled = ?2 WHERE id = ?1 AND enabled <> ?2",
	[Q_REMOVE_DEVICE] = "DELETE FROM device WHERE id = ?1",
	[Q_GET_BOOTSTRAP] = "SELECT mode, identity, sealed_key, key_hash, public_key, digest FROM bootstrap_credential "
			    "WHERE device_id = ?1 AND slot = ?2",
	[Q_DELETE_BOOTSTRAP] = "DELETE FROM bootstrap_credential WHERE device_id = ?1 AND slot = ?2",
	[Q_FIND_ICCID] = SIM_DEVICE("3"),
	[Q_FIND_IMSI] = SIM_DEVICE("4"),
	[Q_GET_GRANT] = "SELECT public_or_identity, digest, sealed_key, key_hash, sms_mode FROM server_credential "
			"WHERE device_id = ?1 AND server_id = ?2",
	[Q_DELETE_GRANT] = "DELETE FROM server_credential WHERE device_id = ?1 AND server_id = ?2",
	/* Readers that are further behind are told that anything may have changed. */
	[Q_NOTE_PROVISIONED] = "INSERT INTO provisioned (device_id, since_s) VALUES (?1, ?2) "
			       "ON CONFLICT (device_id) DO UPDATE SET since_s = excluded.since_s",
	[Q_PROVISIONED] = "SELECT since_s FROM provisioned WHERE device_id = ?1",
	[Q_TRIM_CHANGES] = "DELETE FROM change WHERE seq <= (SELECT max(seq) FROM change) - ?1",
	[Q_SET_META] = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",

	[Q_PUT_MODEL] =
		"INSERT INTO object_model (oid, name, version, multiple, mandatory) VALUES (?1, ?2, ?3, ?4, ?5) "
		"ON CONFLICT (oid) DO UPDATE SET name = ?2, version = ?3, multiple = ?4, mandatory = ?5",
	[Q_ADD_MODEL_RESOURCE] = "INSERT INTO object_model_resource (oid, " MODEL_RESOURCE ") "
				 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[Q_CLEAR_MODEL] = "DELETE FROM object_model_resource WHERE oid = ?1",
	[Q_EACH_MODEL] = "SELECT oid, name, version, multiple, mandatory FROM object_model "
			 "WHERE ?1 IS NULL OR oid = ?1 ORDER BY oid",
	[Q_MODEL_RESOURCES] = "SELECT " MODEL_RESOURCE " FROM object_model_resource WHERE oid = ?1 ORDER BY rid",
	[Q_MODEL_RESOURCE] = "SELECT " MODEL_RESOURCE " FROM object_model_resource WHERE oid = ?1 AND rid = ?2",
	[Q_MODEL_USER] = "SELECT p.name FROM profile_write AS w JOIN profile AS p ON p.id = w.profile_id "
			 "WHERE w.oid = ?1 ORDER BY p.name LIMIT 1",
	[Q_MODEL_MISFIT] =
		"SELECT p.name, w.iid, w.rid, w.type FROM profile_write AS w JOIN profile AS p ON p.id = w.profile_id "
		"LEFT JOIN object_model_resource AS r ON r.oid = w.oid AND r.rid = w.rid WHERE w.oid = ?1 "
		"AND (r.type IS NULL OR r.type <> w.type OR r.multiple <> w.multiple) ORDER BY p.name, w.position "
		"LIMIT 1",
	[Q_REMOVE_MODEL] = "DELETE FROM object_model WHERE oid = ?1",
};
