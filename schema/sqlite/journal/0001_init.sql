-- SPDX-License-Identifier: Apache-2.0
--
-- Journal, version 1: what happened. No secret, no rule of the provisioning model.

CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value NOT NULL
) WITHOUT ROWID;

-- Attempts of known devices. The order of id is the order of time, but for a clock that was set back.
CREATE TABLE attempt (
	id INTEGER PRIMARY KEY,
	at_ms INTEGER NOT NULL, -- Unix time, milliseconds
	device_id INTEGER NOT NULL CHECK (device_id > 0),
	endpoint TEXT NOT NULL,
	claimed TEXT NOT NULL, -- ep of the request
	identity TEXT NOT NULL, -- PSK identity, or SHA-256 of key or certificate in hexadecimal
	host TEXT NOT NULL, -- address without its port
	address TEXT NOT NULL,
	mode INTEGER NOT NULL CHECK (mode BETWEEN 0 AND 255),
	psk_slot INTEGER NOT NULL CHECK (psk_slot BETWEEN 0 AND 255),
	-- 0: a handshake that was not done, so that whoever it was may only have named the device. Retention counts these apart:
	-- else a stranger who knows an identity pushes out what is known of its device.
	proven INTEGER NOT NULL DEFAULT 1 CHECK (proven IN (0, 1)),
	outcome TEXT NOT NULL,
	detail TEXT NOT NULL,
	step TEXT NOT NULL,
	code INTEGER NOT NULL CHECK (code BETWEEN 0 AND 255), -- CoAP: class * 32 + detail
	version INTEGER NOT NULL CHECK (version BETWEEN 0 AND 255), -- LwM2M, tenths
	format INTEGER NOT NULL CHECK (format BETWEEN 0 AND 65535), -- Content-Format
	writes INTEGER NOT NULL CHECK (writes BETWEEN 0 AND 65535), -- that were answered with success
	handshake_ms INTEGER NOT NULL, -- milliseconds
	took_ms INTEGER NOT NULL, -- milliseconds, all of it
	suite TEXT NOT NULL
);
CREATE INDEX attempt_by_device ON attempt (device_id, id);
CREATE INDEX attempt_by_endpoint ON attempt (endpoint, id);
CREATE INDEX attempt_by_identity ON attempt (identity, id);
CREATE INDEX attempt_by_host ON attempt (host, id);
CREATE INDEX attempt_by_claimed ON attempt (claimed, id) WHERE claimed <> '';

-- Attempts that led to no device: one row for each outcome and identity (or host, where no identity was shown), so that
-- strangers cannot push out what is known of devices. It holds the latest attempt and how many there were.
CREATE TABLE stranger (
	id INTEGER PRIMARY KEY,
	outcome TEXT NOT NULL,
	who TEXT NOT NULL,
	seen INTEGER NOT NULL CHECK (seen > 0), -- times
	first_ms INTEGER NOT NULL, -- Unix time, milliseconds
	at_ms INTEGER NOT NULL, -- of the latest
	claimed TEXT NOT NULL,
	identity TEXT NOT NULL,
	host TEXT NOT NULL,
	address TEXT NOT NULL,
	mode INTEGER NOT NULL CHECK (mode BETWEEN 0 AND 255),
	detail TEXT NOT NULL,
	step TEXT NOT NULL,
	handshake_ms INTEGER NOT NULL,
	took_ms INTEGER NOT NULL,
	suite TEXT NOT NULL,
	-- The SubjectPublicKeyInfo of a raw public key, so that it can be adopted: the store compares whole keys. NULL for all else,
	-- and for a key that is longer than keys on elliptic curves are.
	public_key BLOB CHECK (public_key IS NULL OR (typeof(public_key) = 'blob' AND length(public_key) BETWEEN 1 AND 160)),
	UNIQUE (outcome, who)
);
CREATE INDEX stranger_by_time ON stranger (at_ms);
CREATE INDEX stranger_by_identity ON stranger (identity, at_ms);
CREATE INDEX stranger_by_host ON stranger (host, at_ms);
CREATE INDEX stranger_by_claimed ON stranger (claimed, at_ms) WHERE claimed <> '';
