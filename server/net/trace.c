/* SPDX-License-Identifier: Apache-2.0 */
/* Watching one device: the operator names it, and sees the header of each message for a while. */
#include <inttypes.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/net/worker_internal.h"

/* The header of a message, for an operator who watches one device; its payload may hold keys and stays out. */
void
bs_trace(struct link *l, const char *event, const uint8_t *data, size_t len)
{
	struct bs_worker *w = l->worker;
	struct bs_ration_who who;
	char code[BS_CODE_TEXT];
	uint64_t now_ms, left_out;
	struct bs_quote q;

	if (w->trace[0] == '\0' || len < 4 || strcmp(w->trace, l->client.endpoint) != 0)
		return;
	who = bs_link_who(l);
	now_ms = bs_clock_ms();
	if (now_ms > w->trace_until_ms)
		w->trace[0] = '\0';
	else if (bs_record_may(w, now_ms, &who, BS_RATION_WATCHED, &left_out))
		bs_log(BS_INFO, event, "ep=%s type=%u code=%s mid=%u octets=%zu suppressed=%" PRIu64,
			bs_log_quote(&q, l->client.endpoint), data[0] >> 4 & 3u, bs_code_format(data[1], code),
			(unsigned)(data[2] << 8 | data[3]), len, left_out);
}
