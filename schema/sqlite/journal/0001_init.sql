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
	at_ms INTEGER NOT NULL,
	device_id INTEGER NOT NULL CHECK (device_id > 0),
	endpoint TEXT NOT NULL,
	claimed TEXT NOT NULL,
	identity TEXT NOT NULL,
	host TEXT NOT NULL,
	address TEXT NOT NULL,
	mode INTEGER NOT NULL CHECK (mode BETWEEN 0 AND 255),
	psk_slot INTEGER NOT NULL CHECK (psk_slot BETWEEN 0 AND 255),
	outcome TEXT NOT NULL,
	detail TEXT NOT NULL,
	step TEXT NOT NULL,
	code INTEGER NOT NULL CHECK (code BETWEEN 0 AND 255),
	version INTEGER NOT NULL CHECK (version BETWEEN 0 AND 255),
	format INTEGER NOT NULL CHECK (format BETWEEN 0 AND 65535),
	writes INTEGER NOT NULL CHECK (writes BETWEEN 0 AND 65535),
	handshake_ms INTEGER NOT NULL,
	took_ms INTEGER NOT NULL,
	suite TEXT NOT NULL
);
CREATE INDEX attempt_by_device ON attempt (device_id, id);
CREATE INDEX attempt_by_endpoint ON attempt (endpoint, id);
CREATE INDEX attempt_by_identity ON attempt (identity, id);
CREATE INDEX attempt_by_host ON attempt (host, id);
CREATE INDEX attempt_by_claimed ON attempt (claimed, id) WHERE claimed <> '';

-- Attempts that led to no device: one row for each outcome and identity (or host, where no identity was shown), so that
-- strangers cannot push out what is known of devices. It holds the latest attempt and how many there were.
CREATE TABLE unknown (
	id INTEGER PRIMARY KEY,
	outcome TEXT NOT NULL,
	who TEXT NOT NULL,
	seen INTEGER NOT NULL CHECK (seen > 0),
	first_ms INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
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
	UNIQUE (outcome, who)
);
CREATE INDEX unknown_by_time ON unknown (at_ms);
CREATE INDEX unknown_by_identity ON unknown (identity, at_ms);
CREATE INDEX unknown_by_host ON unknown (host, at_ms);
CREATE INDEX unknown_by_claimed ON unknown (claimed, at_ms) WHERE claimed <> '';
