-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 10: the objects that a profile writes first, at most 8, as server/model/order.h writes them:
-- "1,0". Empty: 21, 0, 1, 2, then the others.

ALTER TABLE profile ADD COLUMN write_order TEXT NOT NULL DEFAULT ''
	CHECK (typeof(write_order) = 'text' AND length(write_order) < 48 AND write_order NOT GLOB '*[^0-9,]*');
CREATE TRIGGER profile_order_changed AFTER UPDATE OF write_order ON profile BEGIN
	INSERT INTO change (kind, device_id, profile_id) VALUES (2, 0, NEW.id);
END;
