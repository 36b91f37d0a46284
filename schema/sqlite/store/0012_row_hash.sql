-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 12: a keyed hash over each device, profile and server account with all rows that belong to it
-- (db/aggregate.h). The migration fills it in, and so does each transaction of lwm2m-bootstrapctl for what it changes; nobody
-- else can. Where it does not fit, the daemon gives nothing out.

ALTER TABLE device ADD COLUMN row_hash BLOB CHECK (row_hash IS NULL OR (typeof(row_hash) = 'blob' AND length(row_hash) = 32));
ALTER TABLE profile ADD COLUMN row_hash BLOB CHECK (row_hash IS NULL OR (typeof(row_hash) = 'blob' AND length(row_hash) = 16));
ALTER TABLE server_account ADD COLUMN row_hash BLOB
	CHECK (row_hash IS NULL OR (typeof(row_hash) = 'blob' AND length(row_hash) = 16));

-- The hash itself is no change that anybody must be told of.
DROP TRIGGER server_account_changed;
CREATE TRIGGER server_account_changed AFTER UPDATE OF id, name, repository, ssid, mode, uri, server_key, sms_number, bootstrap
	ON server_account BEGIN
	INSERT INTO change (kind, device_id, profile_id)
		SELECT 2, 0, profile_id FROM profile_server WHERE server_id = NEW.id;
END;
