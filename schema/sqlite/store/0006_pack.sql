-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 6: whether devices of a profile are given Bootstrap-Packs (LwM2M 1.2).

ALTER TABLE profile ADD COLUMN pack INTEGER NOT NULL DEFAULT 1 CHECK (pack IN (0, 1));
CREATE TRIGGER profile_pack_changed AFTER UPDATE OF pack ON profile BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.id);
END;
