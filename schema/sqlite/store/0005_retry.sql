-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 5: the newest LwM2M version whose resources a profile sends (0: the client's own), and the
-- profile that a run is repeated with when the device does not accept the configuration. That one has no servers but those
-- of the first, for which the device has its credentials, and is not itself repeated as another.

DROP TRIGGER profile_changed;
ALTER TABLE profile ADD COLUMN max_version INTEGER NOT NULL DEFAULT 0 CHECK (max_version IN (0, 10, 11, 12));
ALTER TABLE profile ADD COLUMN retry_as INTEGER REFERENCES profile (id) ON DELETE RESTRICT CHECK (retry_as <> id);
CREATE TRIGGER profile_changed AFTER UPDATE OF name, access_control, on_change, discover, delete_policy, write_level,
	format, omit_unused_keys, sms_parameters_len, unknown_version, ack_timeout_ms, max_retransmit, first_delay_ms,
	security_iid, block_size, anchor_sha256, max_version, retry_as ON profile BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.id);
END;

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
