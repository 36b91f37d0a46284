-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 1. The rules of the provisioning model hold whoever writes: a key or a CHECK says them, and
-- what neither can say a trigger refuses (schema/README.md lists these, and what differs in other engines).
--
-- Secrets are sealed before they come here (sealed_*); *_hash is a keyed hash of a secret, 16 octets. Numbers of enumerations
-- are those of server/model/: mode 0 PSK, 1 raw public key, 2 X.509, 3 NoSec, 4 EST. Keys and certificates are DER.
-- row_hash: keyed hash over a device, profile or server account with all rows that belong to it (db/aggregate.h); the program
-- fills it in at the end of each transaction, and where it does not fit the daemon gives nothing out.

-- What the store says of itself: the wrapped keys, its generation, the last import.
CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value NOT NULL
) WITHOUT ROWID;

------------------------------------------------------------------------------------------------------ server accounts

CREATE TABLE server_account (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 63),
	-- 1: a Security instance alone, for a firmware repository or the devices' own bootstrap account
	repository INTEGER NOT NULL CHECK (repository IN (0, 1)),
	-- 1: the bootstrap account itself, as devices hold it; a next bootstrap credential is delivered in it
	bootstrap INTEGER NOT NULL DEFAULT 0,
	ssid INTEGER CHECK (ssid BETWEEN 1 AND 65534), -- Short Server ID; NULL for a repository
	mode INTEGER NOT NULL CHECK (mode BETWEEN 0 AND 4),
	uri TEXT NOT NULL CHECK (length(CAST(uri AS BLOB)) BETWEEN 1 AND 255),
	-- SubjectPublicKeyInfo or certificate of the server; NULL: none
	server_key BLOB CHECK (server_key IS NULL OR (typeof(server_key) = 'blob' AND length(server_key) > 0)),
	sms_number TEXT CHECK (length(sms_number) BETWEEN 1 AND 23), -- MSISDN of the server; NULL: none
	row_hash BLOB CHECK (row_hash IS NULL OR (typeof(row_hash) = 'blob' AND length(row_hash) = 16)),
	CHECK ((repository = 1) = (ssid IS NULL)),
	CHECK (bootstrap = 0 OR (bootstrap = 1 AND repository = 1 AND mode BETWEEN 0 AND 2 AND sms_number IS NULL))
);

-- Resources of Objects 0 and 1 beyond those above, as text.
CREATE TABLE server_setting (
	server_id INTEGER NOT NULL REFERENCES server_account (id) ON DELETE CASCADE,
	position INTEGER NOT NULL CHECK (position >= 0), -- from 0
	oid INTEGER NOT NULL CHECK (oid IN (0, 1)),
	rid INTEGER NOT NULL CHECK (rid BETWEEN 0 AND 65534),
	riid INTEGER NOT NULL CHECK (riid BETWEEN 0 AND 65534),
	multiple INTEGER NOT NULL CHECK (multiple IN (0, 1)),
	type INTEGER NOT NULL CHECK (type BETWEEN 0 AND 8),
	text TEXT NOT NULL,
	PRIMARY KEY (server_id, position),
	UNIQUE (server_id, oid, rid, riid)
) WITHOUT ROWID;

------------------------------------------------------------------------------------------------------------- profiles

CREATE TABLE profile (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 63),
	-- who it is for, and what becomes of live sessions
	anchor_sha256 BLOB -- of the trust anchor's SubjectPublicKeyInfo, for devices that are found by name; NULL: none
		CHECK (anchor_sha256 IS NULL OR (typeof(anchor_sha256) = 'blob' AND length(anchor_sha256) = 32)),
	on_change INTEGER NOT NULL CHECK (on_change BETWEEN 0 AND 2), -- keep, close, close after the run
	-- what a run does, in its order
	discover INTEGER NOT NULL CHECK (discover IN (0, 1)),
	delete_policy INTEGER NOT NULL DEFAULT 0 CHECK (delete_policy BETWEEN 0 AND 3), -- objects, root, nothing, each instance that Discover shows
	on_existing INTEGER NOT NULL DEFAULT 0 CHECK (on_existing IN (0, 1)), -- overwrite, merge
	on_unreadable INTEGER NOT NULL DEFAULT 0 CHECK (on_unreadable IN (0, 1)), -- when the read of a merge is refused: stop, overwrite
	-- objects that are written first, at most 8, as server/model/order.h writes them: "1,0"; '': 21, 0, 1, 2, then the others
	write_order TEXT NOT NULL DEFAULT ''
		CHECK (typeof(write_order) = 'text' AND length(write_order) < 48 AND write_order NOT GLOB '*[^0-9,]*'),
	write_level INTEGER NOT NULL DEFAULT 2 CHECK (write_level BETWEEN 1 AND 3), -- object, instance, resource
	pack INTEGER NOT NULL DEFAULT 1 CHECK (pack IN (0, 1)), -- Bootstrap-Packs (LwM2M 1.2)
	access_control INTEGER NOT NULL CHECK (access_control BETWEEN 0 AND 2), -- none, derived, explicit
	security_iid INTEGER NOT NULL CHECK (security_iid BETWEEN 0 AND 65000), -- first one where nothing shows the device's own
	omit_unused_keys INTEGER NOT NULL CHECK (omit_unused_keys IN (0, 1)),
	sms_parameters_len INTEGER NOT NULL CHECK (sms_parameters_len IN (6, 7)), -- octets of resource 7
	-- answers that are let pass, at most 16, as server/model/tolerance.h writes them: "delete/1=4.05 finish=4.04"
	tolerances TEXT NOT NULL DEFAULT ''
		CHECK (typeof(tolerances) = 'text' AND length(tolerances) < 512 AND tolerances NOT GLOB '*[^a-z0-9/=. ]*'),
	-- the profile that a run is repeated with when the device does not accept the configuration; NULL: none
	retry_as INTEGER REFERENCES profile (id) ON DELETE RESTRICT CHECK (retry_as <> id),
	-- how it speaks
	format INTEGER NOT NULL CHECK (format IN (0, 110, 112, 11542, 11544)), -- Content-Format; 0: the client's choice
	unknown_version INTEGER NOT NULL CHECK (unknown_version IN (10, 11, 12)), -- LwM2M version, tenths
	max_version INTEGER NOT NULL DEFAULT 0 CHECK (max_version IN (0, 10, 11, 12)), -- tenths; 0: the client's own
	block_size INTEGER NOT NULL CHECK (block_size IN (16, 32, 64, 128, 256, 512, 1024)), -- octets
	first_delay_ms INTEGER NOT NULL CHECK (first_delay_ms BETWEEN 0 AND 60000), -- milliseconds
	ack_timeout_ms INTEGER NOT NULL CHECK (ack_timeout_ms BETWEEN 1 AND 230000), -- milliseconds
	max_retransmit INTEGER NOT NULL CHECK (max_retransmit BETWEEN 0 AND 16), -- times
	revision INTEGER NOT NULL DEFAULT 0, -- number of its last change
	row_hash BLOB CHECK (row_hash IS NULL OR (typeof(row_hash) = 'blob' AND length(row_hash) = 16)),
	-- RFC 7252, 4.8: a client gives up after some four minutes without the next command.
	CHECK (ack_timeout_ms * 3 * ((2 << max_retransmit) - 1) <= 2 * 230000)
);

CREATE TABLE profile_server (
	profile_id INTEGER NOT NULL REFERENCES profile (id) ON DELETE CASCADE,
	position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 15), -- from 0
	server_id INTEGER NOT NULL REFERENCES server_account (id) ON DELETE RESTRICT,
	PRIMARY KEY (profile_id, position),
	UNIQUE (profile_id, server_id)
) WITHOUT ROWID;
CREATE INDEX profile_server_by_server ON profile_server (server_id);

CREATE TABLE profile_acl (
	profile_id INTEGER NOT NULL REFERENCES profile (id) ON DELETE CASCADE,
	position INTEGER NOT NULL CHECK (position >= 0), -- from 0
	oid INTEGER NOT NULL CHECK (oid BETWEEN 0 AND 65534),
	iid INTEGER NOT NULL CHECK (iid BETWEEN 0 AND 65535),
	owner INTEGER NOT NULL CHECK (owner BETWEEN 1 AND 65535), -- Short Server ID; 65535: the bootstrap server
	PRIMARY KEY (profile_id, position),
	UNIQUE (profile_id, oid, iid)
) WITHOUT ROWID;

CREATE TABLE profile_acl_entry (
	profile_id INTEGER NOT NULL,
	position INTEGER NOT NULL,
	entry INTEGER NOT NULL CHECK (entry BETWEEN 0 AND 16), -- from 0
	ssid INTEGER NOT NULL CHECK (ssid BETWEEN 0 AND 65534), -- 0: every server
	rights INTEGER NOT NULL CHECK (rights BETWEEN 0 AND 31), -- bits, as Object 2 has them
	PRIMARY KEY (profile_id, position, entry),
	UNIQUE (profile_id, position, ssid),
	FOREIGN KEY (profile_id, position) REFERENCES profile_acl (profile_id, position) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE profile_write (
	profile_id INTEGER NOT NULL REFERENCES profile (id) ON DELETE CASCADE,
	position INTEGER NOT NULL CHECK (position >= 0), -- from 0
	oid INTEGER NOT NULL CHECK (oid BETWEEN 2 AND 65534), -- Objects 0 and 1 are the server accounts' business
	iid INTEGER NOT NULL CHECK (iid BETWEEN 0 AND 65534),
	rid INTEGER NOT NULL CHECK (rid BETWEEN 0 AND 65534),
	riid INTEGER NOT NULL CHECK (riid BETWEEN 0 AND 65534),
	multiple INTEGER NOT NULL CHECK (multiple IN (0, 1)),
	type INTEGER NOT NULL CHECK (type BETWEEN 0 AND 8),
	text TEXT NOT NULL,
	PRIMARY KEY (profile_id, position),
	UNIQUE (profile_id, oid, iid, rid, riid)
) WITHOUT ROWID;

CREATE TRIGGER profile_server_ssid BEFORE INSERT ON profile_server BEGIN
	SELECT RAISE (ABORT, 'two servers of one profile have the same Short Server ID')
	FROM profile_server AS ps
		JOIN server_account AS other ON other.id = ps.server_id
		JOIN server_account AS mine ON mine.id = NEW.server_id
	WHERE ps.profile_id = NEW.profile_id AND other.ssid = mine.ssid;
END;
CREATE TRIGGER profile_server_bootstrap BEFORE INSERT ON profile_server BEGIN
	SELECT RAISE (ABORT, 'a profile has one bootstrap account of a security mode')
	FROM profile_server AS ps
		JOIN server_account AS other ON other.id = ps.server_id
		JOIN server_account AS mine ON mine.id = NEW.server_id
	WHERE ps.profile_id = NEW.profile_id AND other.bootstrap = 1 AND mine.bootstrap = 1 AND other.mode = mine.mode;
END;
CREATE TRIGGER profile_server_fixed BEFORE UPDATE ON profile_server BEGIN
	SELECT RAISE (ABORT, 'replace the servers of a profile by DELETE and INSERT');
END;
CREATE TRIGGER server_account_fixed BEFORE UPDATE OF id, repository, bootstrap, ssid, mode ON server_account
WHEN EXISTS (SELECT 1 FROM profile_server WHERE server_id = OLD.id) OR NEW.id <> OLD.id BEGIN
	SELECT RAISE (ABORT, 'kind, Short Server ID and mode of a server account in use stay');
END;

-- A profile that another is retried as has no servers but those of that one, for which the device has its credentials, and is
-- not itself retried as another.
CREATE TRIGGER profile_retry_added BEFORE INSERT ON profile WHEN NEW.retry_as IS NOT NULL BEGIN
	SELECT RAISE (ABORT, 'retry_as of a profile is set by UPDATE, once it has its servers');
END;
CREATE TRIGGER profile_retry_set BEFORE UPDATE OF retry_as ON profile WHEN NEW.retry_as IS NOT NULL BEGIN
	SELECT RAISE (ABORT, 'a run is repeated once: of two profiles in a row the second is not retried as another')
	WHERE EXISTS (SELECT 1 FROM profile WHERE id = NEW.retry_as AND retry_as IS NOT NULL)
		OR EXISTS (SELECT 1 FROM profile WHERE retry_as = NEW.id);
	SELECT RAISE (ABORT, 'a profile is retried as one that has none but its servers')
	WHERE EXISTS (SELECT 1 FROM profile_server WHERE profile_id = NEW.retry_as AND server_id NOT IN
		(SELECT server_id FROM profile_server WHERE profile_id = NEW.id));
END;
CREATE TRIGGER profile_server_retried BEFORE INSERT ON profile_server BEGIN
	SELECT RAISE (ABORT, 'another profile is retried as this one and does not have the server')
	WHERE EXISTS (SELECT 1 FROM profile AS p WHERE p.retry_as = NEW.profile_id AND NOT EXISTS
		(SELECT 1 FROM profile_server WHERE profile_id = p.id AND server_id = NEW.server_id));
END;
-- Not when the profile itself goes: its row is gone before its servers are.
CREATE TRIGGER profile_server_needed BEFORE DELETE ON profile_server BEGIN
	SELECT RAISE (ABORT, 'the profile is retried as one that has the server')
	FROM profile AS p JOIN profile_server AS other ON other.profile_id = p.retry_as
	WHERE p.id = OLD.profile_id AND other.server_id = OLD.server_id;
END;

-------------------------------------------------------------------------------------------------------- object models

-- What the operator's own object models say (server/model/ddf.h), so that values for their resources are typed and checked.
-- Read by lwm2m-bootstrapctl, never by the daemon.
CREATE TABLE object_model (
	oid INTEGER PRIMARY KEY CHECK (oid BETWEEN 0 AND 65534),
	name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 127),
	version TEXT NOT NULL CHECK (length(version) BETWEEN 3 AND 7), -- "1.0"
	multiple INTEGER NOT NULL CHECK (multiple IN (0, 1)),
	mandatory INTEGER NOT NULL CHECK (mandatory IN (0, 1))
);

-- type NULL: no value, the resource can only be executed. range: as the model has it, read when a value is checked.
CREATE TABLE object_model_resource (
	oid INTEGER NOT NULL REFERENCES object_model (oid) ON DELETE CASCADE,
	rid INTEGER NOT NULL CHECK (rid BETWEEN 0 AND 65534),
	name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 127),
	operations TEXT NOT NULL CHECK (operations IN ('', 'R', 'W', 'E', 'RW', 'RE', 'WE', 'RWE')),
	multiple INTEGER NOT NULL CHECK (multiple IN (0, 1)),
	mandatory INTEGER NOT NULL CHECK (mandatory IN (0, 1)),
	type INTEGER CHECK (type BETWEEN 0 AND 8),
	range TEXT CHECK (length(CAST(range AS BLOB)) BETWEEN 1 AND 255),
	units TEXT CHECK (length(CAST(units AS BLOB)) BETWEEN 1 AND 63),
	PRIMARY KEY (oid, rid)
) WITHOUT ROWID;

CREATE TRIGGER object_model_in_use BEFORE DELETE ON object_model
WHEN EXISTS (SELECT 1 FROM profile_write WHERE oid = OLD.oid) BEGIN
	SELECT RAISE (ABORT, 'a profile writes resources of this object');
END;
CREATE TRIGGER object_model_fixed BEFORE UPDATE OF oid ON object_model WHEN NEW.oid <> OLD.oid BEGIN
	SELECT RAISE (ABORT, 'the number of an object stays');
END;
CREATE TRIGGER object_model_resource_fixed BEFORE UPDATE ON object_model_resource BEGIN
	SELECT RAISE (ABORT, 'replace a resource by DELETE and INSERT');
END;

-------------------------------------------------------------------------------------------------------------- devices

-- One value, one device, one use: what proves or names a device, or is given to it, is claimed here first. The key says that a
-- value is claimed once. The foreign keys of the tables below carry device and use, so a row can only hold what is claimed for
-- its device and its use: a key that a device bootstraps with is never one that any device receives, nor its next key its
-- current one. The same value may stand in several rows of one device that use it alike: one identity everywhere, one key for
-- two servers. Look-ups go through here, too.
-- kind 0: PSK identity, 1: keyed hash of a PSK, KIc, KID or private key, 2: SHA-256 of a public key or certificate, 3: ICCID,
-- 4: IMSI. use 0: any, for names, 1: to bootstrap with, 2: to bootstrap with next, 3: received.
CREATE TABLE claim (
	kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 4),
	value BLOB NOT NULL CHECK (typeof(value) = 'blob'),
	device_id INTEGER NOT NULL,
	use INTEGER NOT NULL CHECK (CASE WHEN kind IN (1, 2) THEN use BETWEEN 1 AND 3 ELSE use = 0 END),
	PRIMARY KEY (kind, value),
	UNIQUE (kind, value, device_id, use) -- what the foreign keys refer to
) WITHOUT ROWID;

-- AUTOINCREMENT: a number is never given twice, so a sealed value of a deleted device opens nowhere.
CREATE TABLE device (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	endpoint TEXT NOT NULL UNIQUE
		CHECK (typeof(endpoint) = 'text' AND length(CAST(endpoint AS BLOB)) BETWEEN 1 AND 252),
	profile_id INTEGER NOT NULL REFERENCES profile (id) ON DELETE RESTRICT,
	enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
	batch TEXT CHECK (length(CAST(batch AS BLOB)) BETWEEN 1 AND 63), -- words of the operator
	iccid TEXT CHECK (length(iccid) BETWEEN 1 AND 23),
	imsi TEXT CHECK (length(imsi) BETWEEN 1 AND 19),
	note TEXT CHECK (length(CAST(note AS BLOB)) BETWEEN 1 AND 255), -- words of the operator
	revision INTEGER NOT NULL DEFAULT 0, -- number of its last change
	-- its claims: kinds, use and values
	kind_iccid INTEGER GENERATED ALWAYS AS (3) VIRTUAL,
	kind_imsi INTEGER GENERATED ALWAYS AS (4) VIRTUAL,
	use_any INTEGER GENERATED ALWAYS AS (0) VIRTUAL,
	iccid_value BLOB GENERATED ALWAYS AS (CAST(iccid AS BLOB)) VIRTUAL,
	imsi_value BLOB GENERATED ALWAYS AS (CAST(imsi AS BLOB)) VIRTUAL,
	-- two halves: of this row and bootstrap_credential; of the first half and server_credential
	row_hash BLOB CHECK (row_hash IS NULL OR (typeof(row_hash) = 'blob' AND length(row_hash) = 32)),
	FOREIGN KEY (kind_iccid, iccid_value, id, use_any) REFERENCES claim (kind, value, device_id, use),
	FOREIGN KEY (kind_imsi, imsi_value, id, use_any) REFERENCES claim (kind, value, device_id, use)
);
-- Devices whose account left as a file (smartcard, factory): told to people, and of no weight for what a device gets.
CREATE TABLE provisioned (
	device_id INTEGER PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
	since_s INTEGER NOT NULL -- Unix time of the last such file
);
CREATE INDEX device_by_profile ON device (profile_id);

-- What a device proves itself with. slot 0: current, 1: next. mode 2 without digest: found by name under the profile's anchor.
CREATE TABLE bootstrap_credential (
	device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
	slot INTEGER NOT NULL CHECK (slot IN (0, 1)),
	mode INTEGER NOT NULL CHECK (mode BETWEEN 0 AND 2),
	identity BLOB CHECK (identity IS NULL OR (typeof(identity) = 'blob' AND length(identity) BETWEEN 1 AND 255)), -- PSK
	sealed_key BLOB CHECK (sealed_key IS NULL OR -- a PSK has 16 octets or more, sealing adds 28
		(typeof(sealed_key) = 'blob' AND length(sealed_key) BETWEEN 44 AND 2588)),
	key_hash BLOB CHECK (key_hash IS NULL OR (typeof(key_hash) = 'blob' AND length(key_hash) = 16)),
	public_key BLOB -- SubjectPublicKeyInfo
		CHECK (public_key IS NULL OR (typeof(public_key) = 'blob' AND length(public_key) > 0)),
	digest BLOB CHECK (digest IS NULL OR (typeof(digest) = 'blob' AND length(digest) = 32)), -- SHA-256 of key or certificate
	since_s INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER)), -- Unix time, seconds
	-- Of a next raw key or certificate that is delivered at the device's next bootstrap: what it presents, and its private key,
	-- which nobody else needs. Gone when that is settled. A PSK is delivered as it lies above.
	delivered_public BLOB
		CHECK (delivered_public IS NULL OR (typeof(delivered_public) = 'blob' AND length(delivered_public) > 0)),
	sealed_delivered_key BLOB CHECK (sealed_delivered_key IS NULL OR
		(typeof(sealed_delivered_key) = 'blob' AND length(sealed_delivered_key) BETWEEN 44 AND 2588)),
	-- its claims: kinds and uses
	kind_identity INTEGER GENERATED ALWAYS AS (0) VIRTUAL,
	kind_key INTEGER GENERATED ALWAYS AS (1) VIRTUAL,
	kind_digest INTEGER GENERATED ALWAYS AS (2) VIRTUAL,
	use_any INTEGER GENERATED ALWAYS AS (0) VIRTUAL,
	use_own INTEGER GENERATED ALWAYS AS (1 + slot) VIRTUAL,
	PRIMARY KEY (device_id, slot),
	FOREIGN KEY (kind_identity, identity, device_id, use_any) REFERENCES claim (kind, value, device_id, use),
	FOREIGN KEY (kind_key, key_hash, device_id, use_own) REFERENCES claim (kind, value, device_id, use),
	FOREIGN KEY (kind_digest, digest, device_id, use_own) REFERENCES claim (kind, value, device_id, use),
	CHECK ((mode = 0) = (identity IS NOT NULL)),
	CHECK ((mode = 0) = (sealed_key IS NOT NULL)),
	CHECK ((mode = 0) = (key_hash IS NOT NULL)),
	CHECK ((mode = 1) = (public_key IS NOT NULL)),
	CHECK (mode <> 0 OR digest IS NULL),
	CHECK (mode <> 1 OR digest IS NOT NULL),
	CHECK ((delivered_public IS NULL) = (sealed_delivered_key IS NULL)),
	CHECK (delivered_public IS NULL OR (slot = 1 AND mode <> 0))
) WITHOUT ROWID;

-- What the device receives for one server account. sealed_key NULL with a digest: the device holds its private key.
CREATE TABLE server_credential (
	device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
	server_id INTEGER NOT NULL REFERENCES server_account (id) ON DELETE RESTRICT,
	public_or_identity BLOB CHECK (public_or_identity IS NULL OR
		(typeof(public_or_identity) = 'blob' AND length(public_or_identity) > 0)),
	digest BLOB CHECK (digest IS NULL OR (typeof(digest) = 'blob' AND length(digest) = 32)),
	sealed_key BLOB CHECK (sealed_key IS NULL OR
		(typeof(sealed_key) = 'blob' AND length(sealed_key) BETWEEN 44 AND 2588)),
	key_hash BLOB CHECK (key_hash IS NULL OR (typeof(key_hash) = 'blob' AND length(key_hash) = 16)),
	sms_mode INTEGER CHECK (sms_mode BETWEEN 1 AND 3),
	sms_kic INTEGER CHECK (sms_kic BETWEEN 0 AND 255),
	sms_kid INTEGER CHECK (sms_kid BETWEEN 0 AND 255),
	sms_spi1 INTEGER CHECK (sms_spi1 BETWEEN 0 AND 255),
	sms_spi2 INTEGER CHECK (sms_spi2 BETWEEN 0 AND 255),
	sms_tar BLOB CHECK (sms_tar IS NULL OR (typeof(sms_tar) = 'blob' AND length(sms_tar) = 3)),
	sealed_kic BLOB CHECK (sealed_kic IS NULL OR (typeof(sealed_kic) = 'blob' AND length(sealed_kic) BETWEEN 44 AND 60)),
	kic_hash BLOB CHECK (kic_hash IS NULL OR (typeof(kic_hash) = 'blob' AND length(kic_hash) = 16)),
	sealed_kid BLOB CHECK (sealed_kid IS NULL OR (typeof(sealed_kid) = 'blob' AND length(sealed_kid) BETWEEN 44 AND 60)),
	kid_hash BLOB CHECK (kid_hash IS NULL OR (typeof(kid_hash) = 'blob' AND length(kid_hash) = 16)),
	-- its claims: kinds, uses, and the identity, which resource 3 is for PSK alone
	kind_identity INTEGER GENERATED ALWAYS AS (0) VIRTUAL,
	kind_key INTEGER GENERATED ALWAYS AS (1) VIRTUAL,
	kind_digest INTEGER GENERATED ALWAYS AS (2) VIRTUAL,
	use_any INTEGER GENERATED ALWAYS AS (0) VIRTUAL,
	use_received INTEGER GENERATED ALWAYS AS (3) VIRTUAL,
	identity BLOB GENERATED ALWAYS AS (CASE WHEN digest IS NULL THEN public_or_identity END) VIRTUAL,
	PRIMARY KEY (device_id, server_id),
	FOREIGN KEY (kind_identity, identity, device_id, use_any) REFERENCES claim (kind, value, device_id, use),
	FOREIGN KEY (kind_key, key_hash, device_id, use_received) REFERENCES claim (kind, value, device_id, use),
	FOREIGN KEY (kind_key, kic_hash, device_id, use_received) REFERENCES claim (kind, value, device_id, use),
	FOREIGN KEY (kind_key, kid_hash, device_id, use_received) REFERENCES claim (kind, value, device_id, use),
	FOREIGN KEY (kind_digest, digest, device_id, use_received) REFERENCES claim (kind, value, device_id, use),
	CHECK ((sealed_key IS NULL) = (key_hash IS NULL)),
	CHECK ((sealed_kic IS NULL) = (kic_hash IS NULL)),
	CHECK ((sealed_kid IS NULL) = (kid_hash IS NULL)),
	CHECK (digest IS NULL OR public_or_identity IS NOT NULL),
	CHECK ((sms_mode IS NULL) = (sms_kic IS NULL)),
	CHECK ((sms_mode IS NULL) = (sms_kid IS NULL)),
	CHECK ((sms_mode IS NULL) = (sms_spi1 IS NULL)),
	CHECK ((sms_mode IS NULL) = (sms_spi2 IS NULL)),
	CHECK ((sms_mode IS NULL) = (sms_tar IS NULL)),
	CHECK (sms_mode IS NOT NULL OR (sealed_kic IS NULL AND sealed_kid IS NULL))
) WITHOUT ROWID;

--------------------------------------------------------------------------------------------------------------- claims

-- What each row holds; NULL is nothing.
CREATE VIEW held (kind, value, device_id, use) AS
	SELECT kind_identity, identity, device_id, use_any FROM bootstrap_credential
	UNION ALL SELECT kind_key, key_hash, device_id, use_own FROM bootstrap_credential
	UNION ALL SELECT kind_digest, digest, device_id, use_own FROM bootstrap_credential
	UNION ALL SELECT kind_identity, identity, device_id, use_any FROM server_credential
	UNION ALL SELECT kind_key, key_hash, device_id, use_received FROM server_credential
	UNION ALL SELECT kind_key, kic_hash, device_id, use_received FROM server_credential
	UNION ALL SELECT kind_key, kid_hash, device_id, use_received FROM server_credential
	UNION ALL SELECT kind_digest, digest, device_id, use_received FROM server_credential
	UNION ALL SELECT kind_iccid, iccid_value, id, use_any FROM device
	UNION ALL SELECT kind_imsi, imsi_value, id, use_any FROM device;

-- A row claims what nobody has claimed, and leaves the rest to its foreign keys: what is claimed otherwise, it cannot hold.
CREATE TRIGGER device_claims AFTER INSERT ON device WHEN NEW.iccid IS NOT NULL OR NEW.imsi IS NOT NULL BEGIN
	INSERT INTO claim (kind, value, device_id, use) SELECT kind, value, device_id, use FROM held
	WHERE device_id = NEW.id AND kind IN (3, 4) AND value IS NOT NULL ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER device_claims_card AFTER UPDATE OF iccid, imsi ON device BEGIN
	INSERT INTO claim (kind, value, device_id, use) SELECT kind, value, device_id, use FROM held
	WHERE device_id = NEW.id AND kind IN (3, 4) AND value IS NOT NULL ON CONFLICT DO NOTHING;
	DELETE FROM claim WHERE kind = 3 AND value = OLD.iccid_value AND value IS NOT NEW.iccid_value AND device_id = OLD.id;
	DELETE FROM claim WHERE kind = 4 AND value = OLD.imsi_value AND value IS NOT NEW.imsi_value AND device_id = OLD.id;
END;
CREATE TRIGGER bootstrap_credential_claims BEFORE INSERT ON bootstrap_credential BEGIN
	INSERT INTO claim (kind, value, device_id, use) SELECT kind, value, NEW.device_id, use FROM (
		SELECT 0 AS kind, NEW.identity AS value, 0 AS use
		UNION ALL SELECT 1, NEW.key_hash, 1 + NEW.slot
		UNION ALL SELECT 2, NEW.digest, 1 + NEW.slot) AS v
	WHERE value IS NOT NULL ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER server_credential_claims BEFORE INSERT ON server_credential BEGIN
	INSERT INTO claim (kind, value, device_id, use) SELECT kind, value, NEW.device_id, use FROM (
		SELECT 0 AS kind, CASE WHEN NEW.digest IS NULL THEN NEW.public_or_identity END AS value, 0 AS use
		UNION ALL SELECT 1, NEW.key_hash, 3
		UNION ALL SELECT 1, NEW.kic_hash, 3
		UNION ALL SELECT 1, NEW.kid_hash, 3
		UNION ALL SELECT 2, NEW.digest, 3) AS v
	WHERE value IS NOT NULL ON CONFLICT DO NOTHING;
END;
-- What goes gives its claims back, unless another row of the device holds the value, too.
CREATE TRIGGER device_released AFTER DELETE ON device BEGIN
	DELETE FROM claim WHERE kind = 3 AND value = OLD.iccid_value AND device_id = OLD.id;
	DELETE FROM claim WHERE kind = 4 AND value = OLD.imsi_value AND device_id = OLD.id;
END;
CREATE TRIGGER bootstrap_credential_released AFTER DELETE ON bootstrap_credential BEGIN
	DELETE FROM claim WHERE kind = 0 AND value = OLD.identity AND device_id = OLD.device_id
		AND NOT EXISTS (SELECT 1 FROM held AS h WHERE h.device_id = OLD.device_id AND h.kind = claim.kind AND h.value = claim.value);
	DELETE FROM claim WHERE kind = 1 AND value = OLD.key_hash AND device_id = OLD.device_id
		AND NOT EXISTS (SELECT 1 FROM held AS h WHERE h.device_id = OLD.device_id AND h.kind = claim.kind AND h.value = claim.value);
	DELETE FROM claim WHERE kind = 2 AND value = OLD.digest AND device_id = OLD.device_id
		AND NOT EXISTS (SELECT 1 FROM held AS h WHERE h.device_id = OLD.device_id AND h.kind = claim.kind AND h.value = claim.value);
END;
CREATE TRIGGER server_credential_released AFTER DELETE ON server_credential BEGIN
	DELETE FROM claim WHERE kind = 0 AND value = OLD.identity AND device_id = OLD.device_id
		AND NOT EXISTS (SELECT 1 FROM held AS h WHERE h.device_id = OLD.device_id AND h.kind = claim.kind AND h.value = claim.value);
	DELETE FROM claim WHERE kind = 1 AND value IN (OLD.key_hash, OLD.kic_hash, OLD.kid_hash) AND device_id = OLD.device_id
		AND NOT EXISTS (SELECT 1 FROM held AS h WHERE h.device_id = OLD.device_id AND h.kind = claim.kind AND h.value = claim.value);
	DELETE FROM claim WHERE kind = 2 AND value = OLD.digest AND device_id = OLD.device_id
		AND NOT EXISTS (SELECT 1 FROM held AS h WHERE h.device_id = OLD.device_id AND h.kind = claim.kind AND h.value = claim.value);
END;

CREATE TRIGGER server_credential_fits BEFORE INSERT ON server_credential BEGIN
	SELECT RAISE (ABORT, 'the credential does not fit the security mode of the server account')
	FROM server_account WHERE id = NEW.server_id AND NOT CASE mode
		WHEN 0 THEN NEW.public_or_identity IS NOT NULL AND NEW.sealed_key IS NOT NULL AND NEW.digest IS NULL
		WHEN 1 THEN NEW.digest IS NOT NULL
		WHEN 2 THEN NEW.digest IS NOT NULL
		ELSE NEW.public_or_identity IS NULL AND NEW.sealed_key IS NULL
			AND NEW.sealed_kic IS NULL AND NEW.sealed_kid IS NULL
		END;
END;
CREATE TRIGGER bootstrap_credential_fixed BEFORE UPDATE ON bootstrap_credential BEGIN
	SELECT RAISE (ABORT, 'replace a credential by DELETE and INSERT');
END;
CREATE TRIGGER server_credential_fixed BEFORE UPDATE ON server_credential BEGIN
	SELECT RAISE (ABORT, 'replace a credential by DELETE and INSERT');
END;

-------------------------------------------------------------------------------------------------------------- changes

-- What the daemon reads once a second. kind 0: device, 1: credential of a device, 2: profile or a server account of it,
-- 3: device removed; id: of the device or profile. A new device writes nothing here: nobody can have a session of it. Its
-- credentials are inserted with the bootstrap credential last, which is how the triggers tell a new device from an old one.
-- Changes of profiles are written by the program, one for each at the end of a transaction (db/touched.h).
CREATE TABLE change (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),
	id INTEGER NOT NULL
);
-- The revision is the number of the last change, so that it only ever grows.
CREATE TRIGGER change_revision AFTER INSERT ON change BEGIN
	UPDATE device SET revision = NEW.seq WHERE id = NEW.id AND NEW.kind <> 2;
	UPDATE profile SET revision = NEW.seq WHERE id = NEW.id AND NEW.kind = 2;
END;

CREATE TRIGGER device_fixed BEFORE UPDATE OF id ON device WHEN NEW.id <> OLD.id BEGIN
	SELECT RAISE (ABORT, 'the number of a device stays');
END;
CREATE TRIGGER device_changed AFTER UPDATE OF endpoint, profile_id, enabled ON device BEGIN
	INSERT INTO change (kind, id) VALUES (0, NEW.id);
END;
CREATE TRIGGER device_removed AFTER DELETE ON device BEGIN
	DELETE FROM bootstrap_credential WHERE device_id = OLD.id; -- also where foreign keys are off
	DELETE FROM server_credential WHERE device_id = OLD.id;
	DELETE FROM provisioned WHERE device_id = OLD.id;
	INSERT INTO change (kind, id) VALUES (3, OLD.id);
END;

CREATE TRIGGER bootstrap_credential_added AFTER INSERT ON bootstrap_credential
WHEN EXISTS (SELECT 1 FROM bootstrap_credential WHERE device_id = NEW.device_id AND slot <> NEW.slot) BEGIN
	INSERT INTO change (kind, id) VALUES (1, NEW.device_id);
END;
CREATE TRIGGER bootstrap_credential_removed AFTER DELETE ON bootstrap_credential
WHEN EXISTS (SELECT 1 FROM device WHERE id = OLD.device_id) BEGIN
	INSERT INTO change (kind, id) VALUES (1, OLD.device_id);
END;
CREATE TRIGGER server_credential_added AFTER INSERT ON server_credential
WHEN EXISTS (SELECT 1 FROM bootstrap_credential WHERE device_id = NEW.device_id) BEGIN
	INSERT INTO change (kind, id) VALUES (1, NEW.device_id);
END;
CREATE TRIGGER server_credential_removed AFTER DELETE ON server_credential
WHEN EXISTS (SELECT 1 FROM device WHERE id = OLD.device_id) BEGIN
	INSERT INTO change (kind, id) VALUES (1, OLD.device_id);
END;
