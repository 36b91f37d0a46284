-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 8: what becomes of what a device holds already. 0: overwritten, 1: merged.

ALTER TABLE profile ADD COLUMN on_existing INTEGER NOT NULL DEFAULT 0 CHECK (on_existing IN (0, 1));
CREATE TRIGGER profile_on_existing_changed AFTER UPDATE OF on_existing ON profile BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.id);
END;
