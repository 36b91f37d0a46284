-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 1. The rules of the provisioning model hold whoever writes: what a constraint cannot say,
-- a trigger refuses. Secrets (sealed_*) are sealed before they come here; *_hash is a keyed hash of a secret.
-- Numbers of enumerations are those of server/model/: mode 0 PSK, 1 raw public key, 2 X.509, 3 NoSec, 4 EST.

CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value NOT NULL
) WITHOUT ROWID;

------------------------------------------------------------------------------------------------------ server accounts

CREATE TABLE server_account (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 63),
	repository INTEGER NOT NULL CHECK (repository IN (0, 1)),
	ssid INTEGER CHECK (ssid BETWEEN 1 AND 65534),
	mode INTEGER NOT NULL CHECK (mode BETWEEN 0 AND 4),
	uri TEXT NOT NULL CHECK (length(CAST(uri AS BLOB)) BETWEEN 1 AND 255),
	server_key BLOB CHECK (server_key IS NULL OR (typeof(server_key) = 'blob' AND length(server_key) > 0)),
	sms_number TEXT CHECK (length(sms_number) BETWEEN 1 AND 23),
	CHECK ((repository = 1) = (ssid IS NULL))
);

-- Resources of Objects 0 and 1 beyond those above, as text.
CREATE TABLE server_setting (
	server_id INTEGER NOT NULL REFERENCES server_account (id) ON DELETE CASCADE,
	position INTEGER NOT NULL CHECK (position >= 0),
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
	access_control INTEGER NOT NULL CHECK (access_control BETWEEN 0 AND 2),
	on_change INTEGER NOT NULL CHECK (on_change BETWEEN 0 AND 2),
	discover INTEGER NOT NULL CHECK (discover IN (0, 1)),
	delete_policy INTEGER NOT NULL CHECK (delete_policy BETWEEN 0 AND 2),
	write_level INTEGER NOT NULL CHECK (write_level IN (1, 2)),
	format INTEGER NOT NULL CHECK (format BETWEEN 0 AND 65534),
	omit_unused_keys INTEGER NOT NULL CHECK (omit_unused_keys IN (0, 1)),
	sms_parameters_len INTEGER NOT NULL CHECK (sms_parameters_len IN (6, 7)),
	unknown_version INTEGER NOT NULL CHECK (unknown_version IN (0, 10, 11, 12)),
	ack_timeout_ms INTEGER NOT NULL CHECK (ack_timeout_ms BETWEEN 1 AND 230000),
	max_retransmit INTEGER NOT NULL CHECK (max_retransmit BETWEEN 0 AND 16),
	first_delay_ms INTEGER NOT NULL CHECK (first_delay_ms BETWEEN 0 AND 230000),
	security_iid INTEGER NOT NULL CHECK (security_iid BETWEEN 0 AND 65534),
	block_size INTEGER NOT NULL CHECK (block_size IN (16, 32, 64, 128, 256, 512, 1024)),
	anchor_sha256 BLOB CHECK (anchor_sha256 IS NULL OR (typeof(anchor_sha256) = 'blob' AND length(anchor_sha256) = 32)),
	revision INTEGER NOT NULL DEFAULT 0,
	-- RFC 7252, 4.8: a client gives up after some four minutes without the next command.
	CHECK (ack_timeout_ms * 3 * ((2 << max_retransmit) - 1) <= 2 * 230000)
);

CREATE TABLE profile_server (
	profile_id INTEGER NOT NULL REFERENCES profile (id) ON DELETE CASCADE,
	position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 15),
	server_id INTEGER NOT NULL REFERENCES server_account (id) ON DELETE RESTRICT,
	PRIMARY KEY (profile_id, position),
	UNIQUE (profile_id, server_id)
) WITHOUT ROWID;
CREATE INDEX profile_server_by_server ON profile_server (server_id);

CREATE TABLE profile_acl (
	profile_id INTEGER NOT NULL REFERENCES profile (id) ON DELETE CASCADE,
	position INTEGER NOT NULL CHECK (position >= 0),
	oid INTEGER NOT NULL CHECK (oid BETWEEN 0 AND 65534),
	iid INTEGER NOT NULL CHECK (iid BETWEEN 0 AND 65535),
	owner INTEGER NOT NULL CHECK (owner BETWEEN 1 AND 65535),
	PRIMARY KEY (profile_id, position),
	UNIQUE (profile_id, oid, iid)
) WITHOUT ROWID;

CREATE TABLE profile_acl_entry (
	profile_id INTEGER NOT NULL,
	position INTEGER NOT NULL,
	entry INTEGER NOT NULL CHECK (entry BETWEEN 0 AND 16),
	ssid INTEGER NOT NULL CHECK (ssid BETWEEN 0 AND 65534),
	rights INTEGER NOT NULL CHECK (rights BETWEEN 0 AND 31),
	PRIMARY KEY (profile_id, position, entry),
	UNIQUE (profile_id, position, ssid),
	FOREIGN KEY (profile_id, position) REFERENCES profile_acl (profile_id, position) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE profile_write (
	profile_id INTEGER NOT NULL REFERENCES profile (id) ON DELETE CASCADE,
	position INTEGER NOT NULL CHECK (position >= 0),
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
CREATE TRIGGER profile_server_fixed BEFORE UPDATE ON profile_server BEGIN
	SELECT RAISE (ABORT, 'replace the servers of a profile by DELETE and INSERT');
END;
CREATE TRIGGER server_account_fixed BEFORE UPDATE OF id, repository, ssid, mode ON server_account
WHEN EXISTS (SELECT 1 FROM profile_server WHERE server_id = OLD.id) OR NEW.id <> OLD.id BEGIN
	SELECT RAISE (ABORT, 'kind, Short Server ID and mode of a server account in use stay');
END;

-------------------------------------------------------------------------------------------------------------- devices

-- AUTOINCREMENT: a number is never given twice, so a sealed value of a deleted device opens nowhere.
CREATE TABLE device (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	endpoint TEXT NOT NULL UNIQUE
		CHECK (typeof(endpoint) = 'text' AND length(CAST(endpoint AS BLOB)) BETWEEN 1 AND 252),
	profile_id INTEGER NOT NULL REFERENCES profile (id) ON DELETE RESTRICT,
	enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
	batch TEXT CHECK (length(CAST(batch AS BLOB)) BETWEEN 1 AND 63),
	iccid TEXT CHECK (length(iccid) BETWEEN 1 AND 23),
	imsi TEXT CHECK (length(imsi) BETWEEN 1 AND 19),
	note TEXT CHECK (length(CAST(note AS BLOB)) BETWEEN 1 AND 255),
	revision INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX device_by_profile ON device (profile_id);

-- slot 0: current, 1: next. mode 2 without digest: found by name under the profile's anchor.
CREATE TABLE bootstrap_credential (
	device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
	slot INTEGER NOT NULL CHECK (slot IN (0, 1)),
	mode INTEGER NOT NULL CHECK (mode BETWEEN 0 AND 2),
	identity BLOB CHECK (identity IS NULL OR (typeof(identity) = 'blob' AND length(identity) BETWEEN 1 AND 255)),
	sealed_key BLOB CHECK (sealed_key IS NULL OR -- a PSK has 16 octets or more, sealing adds 28
		(typeof(sealed_key) = 'blob' AND length(sealed_key) BETWEEN 44 AND 2588)),
	key_hash BLOB CHECK (key_hash IS NULL OR (typeof(key_hash) = 'blob' AND length(key_hash) = 16)),
	public_key BLOB CHECK (public_key IS NULL OR (typeof(public_key) = 'blob' AND length(public_key) > 0)),
	digest BLOB CHECK (digest IS NULL OR (typeof(digest) = 'blob' AND length(digest) = 32)),
	since_s INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER)), -- Unix time
	PRIMARY KEY (device_id, slot),
	CHECK ((mode = 0) = (identity IS NOT NULL)),
	CHECK ((mode = 0) = (sealed_key IS NOT NULL)),
	CHECK ((mode = 0) = (key_hash IS NOT NULL)),
	CHECK ((mode = 1) = (public_key IS NOT NULL)),
	CHECK (mode <> 0 OR digest IS NULL),
	CHECK (mode <> 1 OR digest IS NOT NULL)
) WITHOUT ROWID;
CREATE INDEX bootstrap_by_identity ON bootstrap_credential (identity, slot) WHERE identity IS NOT NULL;
CREATE INDEX bootstrap_by_key ON bootstrap_credential (key_hash) WHERE key_hash IS NOT NULL;
CREATE INDEX bootstrap_by_digest ON bootstrap_credential (digest) WHERE digest IS NOT NULL;

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
	PRIMARY KEY (device_id, server_id),
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
CREATE INDEX server_credential_by_identity ON server_credential (public_or_identity)
	WHERE public_or_identity IS NOT NULL AND digest IS NULL;
CREATE INDEX server_credential_by_digest ON server_credential (digest) WHERE digest IS NOT NULL;
CREATE INDEX server_credential_by_key ON server_credential (key_hash) WHERE key_hash IS NOT NULL;
CREATE INDEX server_credential_by_kic ON server_credential (kic_hash) WHERE kic_hash IS NOT NULL;
CREATE INDEX server_credential_by_kid ON server_credential (kid_hash) WHERE kid_hash IS NOT NULL;

------------------------------------------------------------------------------------ one value, one device, one use

-- A PSK identity, a key, a public key, a certificate belongs to one device, and the key that a device bootstraps with is
-- never one that any device receives. Its identity may be: many fleets name a device alike everywhere. The same value for two servers, or in both slots, of one device is allowed; the same key in
-- both slots is not. Triggers and not UNIQUE, because a value may stand in several rows of its device, and because no
-- ON CONFLICT clause of a writer overrides them. Each probe is one search of an index.
CREATE TRIGGER bootstrap_credential_rules BEFORE INSERT ON bootstrap_credential BEGIN
	SELECT CASE
		WHEN NEW.identity IS NOT NULL AND (
			EXISTS (SELECT 1 FROM bootstrap_credential WHERE identity = NEW.identity AND device_id <> NEW.device_id)
			OR EXISTS (SELECT 1 FROM server_credential WHERE public_or_identity = NEW.identity AND digest IS NULL
				AND device_id <> NEW.device_id))
			THEN RAISE (ABORT, 'the PSK identity is in use')
		WHEN NEW.key_hash IS NOT NULL AND (
			EXISTS (SELECT 1 FROM bootstrap_credential WHERE key_hash = NEW.key_hash AND device_id <> NEW.device_id)
			OR EXISTS (SELECT 1 FROM server_credential WHERE key_hash = NEW.key_hash)
			OR EXISTS (SELECT 1 FROM server_credential WHERE kic_hash = NEW.key_hash)
			OR EXISTS (SELECT 1 FROM server_credential WHERE kid_hash = NEW.key_hash))
			THEN RAISE (ABORT, 'the key is in use')
		WHEN NEW.digest IS NOT NULL AND (
			EXISTS (SELECT 1 FROM bootstrap_credential WHERE digest = NEW.digest AND device_id <> NEW.device_id)
			OR EXISTS (SELECT 1 FROM server_credential WHERE digest = NEW.digest))
			THEN RAISE (ABORT, 'the public key or certificate is in use')
		WHEN EXISTS (SELECT 1 FROM bootstrap_credential WHERE device_id = NEW.device_id AND slot <> NEW.slot
			AND (key_hash = NEW.key_hash OR digest = NEW.digest))
			THEN RAISE (ABORT, 'the next key is the current key')
	END;
END;
CREATE TRIGGER bootstrap_credential_fixed BEFORE UPDATE ON bootstrap_credential BEGIN
	SELECT RAISE (ABORT, 'replace a credential by DELETE and INSERT');
END;

CREATE TRIGGER server_credential_rules BEFORE INSERT ON server_credential BEGIN
	SELECT CASE
		WHEN NOT (SELECT CASE mode
			WHEN 0 THEN NEW.public_or_identity IS NOT NULL AND NEW.sealed_key IS NOT NULL AND NEW.digest IS NULL
			WHEN 1 THEN NEW.digest IS NOT NULL
			WHEN 2 THEN NEW.digest IS NOT NULL
			ELSE NEW.public_or_identity IS NULL AND NEW.sealed_key IS NULL
				AND NEW.sealed_kic IS NULL AND NEW.sealed_kid IS NULL
			END FROM server_account WHERE id = NEW.server_id)
			THEN RAISE (ABORT, 'the credential does not fit the security mode of the server account')
		WHEN NEW.digest IS NULL AND (
			EXISTS (SELECT 1 FROM bootstrap_credential WHERE identity = NEW.public_or_identity
				AND device_id <> NEW.device_id)
			OR EXISTS (SELECT 1 FROM server_credential WHERE public_or_identity = NEW.public_or_identity
				AND digest IS NULL AND device_id <> NEW.device_id))
			THEN RAISE (ABORT, 'the PSK identity is in use')
		WHEN NEW.key_hash IS NOT NULL AND (
			EXISTS (SELECT 1 FROM bootstrap_credential WHERE key_hash = NEW.key_hash)
			OR EXISTS (SELECT 1 FROM server_credential WHERE key_hash = NEW.key_hash AND device_id <> NEW.device_id)
			OR EXISTS (SELECT 1 FROM server_credential WHERE kic_hash = NEW.key_hash AND device_id <> NEW.device_id)
			OR EXISTS (SELECT 1 FROM server_credential WHERE kid_hash = NEW.key_hash AND device_id <> NEW.device_id))
			THEN RAISE (ABORT, 'the key is in use')
		WHEN NEW.digest IS NOT NULL AND (
			EXISTS (SELECT 1 FROM bootstrap_credential WHERE digest = NEW.digest)
			OR EXISTS (SELECT 1 FROM server_credential WHERE digest = NEW.digest AND device_id <> NEW.device_id))
			THEN RAISE (ABORT, 'the public key or certificate is in use')
		WHEN NEW.kic_hash IS NOT NULL AND (
			EXISTS (SELECT 1 FROM bootstrap_credential WHERE key_hash = NEW.kic_hash)
			OR EXISTS (SELECT 1 FROM server_credential WHERE key_hash = NEW.kic_hash AND device_id <> NEW.device_id)
			OR EXISTS (SELECT 1 FROM server_credential WHERE kic_hash = NEW.kic_hash AND device_id <> NEW.device_id)
			OR EXISTS (SELECT 1 FROM server_credential WHERE kid_hash = NEW.kic_hash AND device_id <> NEW.device_id))
			THEN RAISE (ABORT, 'the KIc key is in use')
		WHEN NEW.kid_hash IS NOT NULL AND (
			EXISTS (SELECT 1 FROM bootstrap_credential WHERE key_hash = NEW.kid_hash)
			OR EXISTS (SELECT 1 FROM server_credential WHERE key_hash = NEW.kid_hash AND device_id <> NEW.device_id)
			OR EXISTS (SELECT 1 FROM server_credential WHERE kic_hash = NEW.kid_hash AND device_id <> NEW.device_id)
			OR EXISTS (SELECT 1 FROM server_credential WHERE kid_hash = NEW.kid_hash AND device_id <> NEW.device_id))
			THEN RAISE (ABORT, 'the KID key is in use')
	END;
END;
CREATE TRIGGER server_credential_fixed BEFORE UPDATE ON server_credential BEGIN
	SELECT RAISE (ABORT, 'replace a credential by DELETE and INSERT');
END;

-------------------------------------------------------------------------------------------------------------- changes

-- What the daemon reads once a second. kind 0: device, 1: credential, 2: profile or server, 3: device removed.
-- A new device writes nothing here: nobody can have a session of it. Its credentials are inserted with the bootstrap
-- credential last, which is how the triggers tell a new device from an old one.
CREATE TABLE change (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),
	device_id INTEGER NOT NULL,
	profile_id INTEGER NOT NULL
);
-- The revision is the number of the last change, so that it only ever grows.
CREATE TRIGGER change_revision AFTER INSERT ON change BEGIN
	UPDATE device SET revision = NEW.seq WHERE id = NEW.device_id;
	UPDATE profile SET revision = NEW.seq WHERE id = NEW.profile_id;
END;

CREATE TRIGGER device_fixed BEFORE UPDATE OF id ON device WHEN NEW.id <> OLD.id BEGIN
	SELECT RAISE (ABORT, 'the number of a device stays');
END;
CREATE TRIGGER device_changed AFTER UPDATE OF endpoint, profile_id, enabled ON device BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (0, NEW.id, 0);
END;
CREATE TRIGGER device_removed AFTER DELETE ON device BEGIN
	DELETE FROM bootstrap_credential WHERE device_id = OLD.id; -- also where foreign keys are off
	DELETE FROM server_credential WHERE device_id = OLD.id;
	INSERT INTO change (kind, device_id, profile_id) VALUES (3, OLD.id, 0);
END;

CREATE TRIGGER bootstrap_credential_added AFTER INSERT ON bootstrap_credential
WHEN EXISTS (SELECT 1 FROM bootstrap_credential WHERE device_id = NEW.device_id AND slot <> NEW.slot) BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (1, NEW.device_id, 0);
END;
CREATE TRIGGER bootstrap_credential_removed AFTER DELETE ON bootstrap_credential
WHEN EXISTS (SELECT 1 FROM device WHERE id = OLD.device_id) BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (1, OLD.device_id, 0);
END;
CREATE TRIGGER server_credential_added AFTER INSERT ON server_credential
WHEN EXISTS (SELECT 1 FROM bootstrap_credential WHERE device_id = NEW.device_id) BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (1, NEW.device_id, 0);
END;
CREATE TRIGGER server_credential_removed AFTER DELETE ON server_credential
WHEN EXISTS (SELECT 1 FROM device WHERE id = OLD.device_id) BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (1, OLD.device_id, 0);
END;

CREATE TRIGGER profile_changed AFTER UPDATE OF name, access_control, on_change, discover, delete_policy, write_level,
	format, omit_unused_keys, sms_parameters_len, unknown_version, ack_timeout_ms, max_retransmit, first_delay_ms,
	security_iid, block_size, anchor_sha256 ON profile BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.id);
END;
CREATE TRIGGER profile_server_added AFTER INSERT ON profile_server BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.profile_id);
END;
CREATE TRIGGER profile_server_removed AFTER DELETE ON profile_server BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, OLD.profile_id);
END;
CREATE TRIGGER profile_acl_added AFTER INSERT ON profile_acl BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.profile_id);
END;
CREATE TRIGGER profile_acl_changed AFTER UPDATE ON profile_acl BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.profile_id);
END;
CREATE TRIGGER profile_acl_removed AFTER DELETE ON profile_acl BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, OLD.profile_id);
END;
CREATE TRIGGER profile_acl_entry_added AFTER INSERT ON profile_acl_entry BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.profile_id);
END;
CREATE TRIGGER profile_acl_entry_changed AFTER UPDATE ON profile_acl_entry BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.profile_id);
END;
CREATE TRIGGER profile_acl_entry_removed AFTER DELETE ON profile_acl_entry BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, OLD.profile_id);
END;
CREATE TRIGGER profile_write_added AFTER INSERT ON profile_write BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.profile_id);
END;
CREATE TRIGGER profile_write_changed AFTER UPDATE ON profile_write BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.profile_id);
END;
CREATE TRIGGER profile_write_removed AFTER DELETE ON profile_write BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, OLD.profile_id);
END;

-- A server account changes every profile that has it.
CREATE TRIGGER server_account_changed AFTER UPDATE ON server_account BEGIN
	INSERT INTO change (kind, device_id, profile_id)
		SELECT 2, 0, profile_id FROM profile_server WHERE server_id = NEW.id;
END;
CREATE TRIGGER server_setting_added AFTER INSERT ON server_setting BEGIN
	INSERT INTO change (kind, device_id, profile_id)
		SELECT 2, 0, profile_id FROM profile_server WHERE server_id = NEW.server_id;
END;
CREATE TRIGGER server_setting_changed AFTER UPDATE ON server_setting BEGIN
	INSERT INTO change (kind, device_id, profile_id)
		SELECT 2, 0, profile_id FROM profile_server WHERE server_id = NEW.server_id;
END;
CREATE TRIGGER server_setting_removed AFTER DELETE ON server_setting BEGIN
	INSERT INTO change (kind, device_id, profile_id)
		SELECT 2, 0, profile_id FROM profile_server WHERE server_id = OLD.server_id;
END;
