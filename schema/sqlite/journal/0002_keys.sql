-- SPDX-License-Identifier: Apache-2.0
--
-- Journal, version 2.
--
-- The SubjectPublicKeyInfo of an unknown raw public key, so that it can be adopted: the store compares whole keys. NULL for
-- all else, and for a key that is longer than keys on elliptic curves are. As many as there are rows, which are bounded.
ALTER TABLE unknown ADD COLUMN public_key BLOB
	CHECK (public_key IS NULL OR (typeof(public_key) = 'blob' AND length(public_key) BETWEEN 1 AND 160));

-- 0: a handshake that was not done, so that whoever it was may only have named the device. Retention counts these apart: else
-- a stranger who knows an identity pushes out what is known of its device.
ALTER TABLE attempt ADD COLUMN proven INTEGER NOT NULL DEFAULT 1 CHECK (proven IN (0, 1));
UPDATE attempt SET proven = 0
	WHERE outcome IN ('key-mismatch-suspected', 'handshake-timeout', 'handshake-failed', 'no-common-ciphersuite');
