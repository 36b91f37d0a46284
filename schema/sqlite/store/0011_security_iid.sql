-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 11: where nothing shows a device's bootstrap account, Security instances begin at 10. They began
-- at 1 by default, which is where many devices hold that account: a profile with 1, whether by default or named, takes 10.

UPDATE profile SET security_iid = 10 WHERE security_iid = 1;
