-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 7: the bootstrap account itself, as devices hold it. A profile that has one delivers a next
-- bootstrap credential at the device's next bootstrap. With raw keys and certificates that takes what the device presents
-- and its private key, which nobody else needs: they lie in renewal until the next credential is settled.

ALTER TABLE server_account ADD COLUMN bootstrap INTEGER NOT NULL DEFAULT 0
	CHECK (bootstrap = 0 OR (bootstrap = 1 AND repository = 1 AND mode BETWEEN 0 AND 2 AND sms_number IS NULL));

CREATE TABLE renewal (
	device_id INTEGER PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
	public_key BLOB NOT NULL CHECK (typeof(public_key) = 'blob' AND length(public_key) > 0),
	sealed_key BLOB NOT NULL CHECK (typeof(sealed_key) = 'blob' AND length(sealed_key) BETWEEN 44 AND 2588)
);
CREATE TRIGGER renewal_added BEFORE INSERT ON renewal BEGIN
	SELECT RAISE (ABORT, 'there is no next raw key or certificate to deliver')
	WHERE NOT EXISTS (SELECT 1 FROM bootstrap_credential WHERE device_id = NEW.device_id AND slot = 1 AND mode <> 0);
END;
CREATE TRIGGER renewal_changed AFTER INSERT ON renewal BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (1, NEW.device_id, 0);
END;
CREATE TRIGGER renewal_fixed BEFORE UPDATE ON renewal BEGIN
	SELECT RAISE (ABORT, 'replace a credential by DELETE and INSERT');
END;
CREATE TRIGGER renewal_done AFTER DELETE ON bootstrap_credential WHEN OLD.slot = 1 BEGIN
	DELETE FROM renewal WHERE device_id = OLD.device_id;
END;
CREATE TRIGGER server_bootstrap_fixed BEFORE UPDATE OF bootstrap ON server_account
WHEN EXISTS (SELECT 1 FROM profile_server WHERE server_id = OLD.id) BEGIN
	SELECT RAISE (ABORT, 'kind, Short Server ID and mode of a server account in use stay');
END;
CREATE TRIGGER profile_server_bootstrap BEFORE INSERT ON profile_server BEGIN
	SELECT RAISE (ABORT, 'a profile has one bootstrap account of a security mode')
	FROM profile_server AS ps
		JOIN server_account AS other ON other.id = ps.server_id
		JOIN server_account AS mine ON mine.id = NEW.server_id
	WHERE ps.profile_id = NEW.profile_id AND other.bootstrap = 1 AND mine.bootstrap = 1 AND other.mode = mine.mode;
END;
