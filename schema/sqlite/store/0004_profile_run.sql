-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 4: delete_policy 3 (each instance that Discover shows), write_level 3 (resource). A CHECK
-- cannot be changed in place, so that each column is replaced by one of its name.

DROP TRIGGER profile_changed;
ALTER TABLE profile ADD COLUMN new_delete_policy INTEGER NOT NULL DEFAULT 0 CHECK (new_delete_policy BETWEEN 0 AND 3);
ALTER TABLE profile ADD COLUMN new_write_level INTEGER NOT NULL DEFAULT 2 CHECK (new_write_level BETWEEN 1 AND 3);
UPDATE profile SET new_delete_policy = delete_policy, new_write_level = write_level;
ALTER TABLE profile DROP COLUMN delete_policy;
ALTER TABLE profile DROP COLUMN write_level;
ALTER TABLE profile RENAME COLUMN new_delete_policy TO delete_policy;
ALTER TABLE profile RENAME COLUMN new_write_level TO write_level;
CREATE TRIGGER profile_changed AFTER UPDATE OF name, access_control, on_change, discover, delete_policy, write_level,
	format, omit_unused_keys, sms_parameters_len, unknown_version, ack_timeout_ms, max_retransmit, first_delay_ms,
	security_iid, block_size, anchor_sha256 ON profile BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.id);
END;
