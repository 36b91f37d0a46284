/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a handshake: the first octet says whose and how far, the rest is one datagram. What passes stays bounded. */
#include <stdlib.h>

#include "server/dtls/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(const struct bs_gate *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < BS_GATE_MESSAGES; i++)
		kept += g->messages[i].seen ? g->messages[i].len + g->messages[i].len / 8 : 0;
	if (kept > BS_GATE_KEPT_MAX)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bs_gate g = { 0 };
	uint8_t parked[BS_GATE_PARKED_LEN];
	size_t record, waits = 0;

	if (len == 0)
		return 0;
	g.flight = (enum bs_gate_flight)(data[0] % (BS_GATE_SERVER_CERTIFICATE + 1));
	g.cookie = (data[0] & 0x40) != 0;
	g.cipher_changed = (data[0] & 0x80) != 0;
	for (data++, len--; (record = bs_record_len(data, len)) > 0; data += record, len -= record) {
		if (bs_gate_look(&g, data, record) == BS_GATE_PARK)
			bs_gate_park(&g, data, record);
		check(&g);
	}
	while (bs_gate_unpark(&g, parked) > 0)
		if (++waits > BS_GATE_PARKED)
			abort();
	return 0;
}
