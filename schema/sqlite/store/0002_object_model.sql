-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 2: object models that the operator brought along. They give type and range to what a
-- profile writes when it is made; nothing of them reaches a device, so there is no change to tell the daemon.

CREATE TABLE object_model (
	oid INTEGER PRIMARY KEY CHECK (oid BETWEEN 0 AND 65534),
	name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 127),
	version TEXT NOT NULL CHECK (length(version) BETWEEN 3 AND 7),
	multiple INTEGER NOT NULL CHECK (multiple IN (0, 1)),
	mandatory INTEGER NOT NULL CHECK (mandatory IN (0, 1))
);

-- type NULL: no value, the resource can only be executed. range: as the model has it, read when a value is checked.
CREATE TABLE object_model_resource (
	oid INTEGER NOT NULL REFERENCES object_model (oid) ON DELETE CASCADE,
	rid INTEGER NOT NULL CHECK (rid BETWEEN 0 AND 65534),
	name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 127),
	operations TEXT NOT NULL CHECK (operations IN ('', 'R', 'W', 'E', 'RW', 'RE', 'WE', 'RWE')),
	multiple INTEGER NOT NULL CHECK (multiple IN (0, 1)),
	mandatory INTEGER NOT NULL CHECK (mandatory IN (0, 1)),
	type INTEGER CHECK (type BETWEEN 0 AND 8),
	range TEXT CHECK (length(CAST(range AS BLOB)) BETWEEN 1 AND 255),
	units TEXT CHECK (length(CAST(units AS BLOB)) BETWEEN 1 AND 63),
	PRIMARY KEY (oid, rid)
) WITHOUT ROWID;

CREATE TRIGGER object_model_in_use BEFORE DELETE ON object_model
WHEN EXISTS (SELECT 1 FROM profile_write WHERE oid = OLD.oid) BEGIN
	SELECT RAISE (ABORT, 'a profile writes resources of this object');
END;
CREATE TRIGGER object_model_removed AFTER DELETE ON object_model BEGIN
	DELETE FROM object_model_resource WHERE oid = OLD.oid; -- also where foreign keys are off
END;
CREATE TRIGGER object_model_fixed BEFORE UPDATE OF oid ON object_model WHEN NEW.oid <> OLD.oid BEGIN
	SELECT RAISE (ABORT, 'the number of an object stays');
END;
CREATE TRIGGER object_model_resource_owner BEFORE INSERT ON object_model_resource
WHEN NOT EXISTS (SELECT 1 FROM object_model WHERE oid = NEW.oid) BEGIN
	SELECT RAISE (ABORT, 'a resource needs the model of its object');
END;
CREATE TRIGGER object_model_resource_fixed BEFORE UPDATE ON object_model_resource BEGIN
	SELECT RAISE (ABORT, 'replace a resource by DELETE and INSERT');
END;
