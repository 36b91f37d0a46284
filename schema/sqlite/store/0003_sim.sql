-- SPDX-License-Identifier: Apache-2.0
--
-- Provisioning store, version 3: devices are found by the numbers of their SIM card.

CREATE INDEX device_by_iccid ON device (iccid) WHERE iccid IS NOT NULL;
CREATE INDEX device_by_imsi ON device (imsi) WHERE imsi IS NOT NULL;
