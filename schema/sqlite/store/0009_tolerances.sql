-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 9: answers of a device that a profile lets pass, at most 16, as server/model/tolerance.h writes
-- them, with blanks between: "delete/1=4.05 write/3/0=refused finish=4.04".

ALTER TABLE profile ADD COLUMN tolerances TEXT NOT NULL DEFAULT ''
	CHECK (typeof(tolerances) = 'text' AND length(tolerances) < 512 AND tolerances NOT GLOB '*[^a-z0-9/=. ]*');
CREATE TRIGGER profile_tolerances_changed AFTER UPDATE OF tolerances ON profile BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.id);
END;
