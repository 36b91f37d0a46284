/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram of a stranger: parse, cookie check, answer, and the table that must not keep anything of it. */
#include <stdlib.h>
#include <string.h>

#include "server/dtls/peer_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
on_send(void *arg, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	(void)local;
	(void)remote;
	(void)data;
	if (len >= *(const size_t *)arg) /* never a longer answer than the question */
		abort();
}

static void
zeroes(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 0, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct bs_dtls_conf conf;
	static const struct bs_credential_lookup lookup;
	static const struct bs_peer_ops ops = { .send = on_send };
	static struct bs_dtls_ctx *ctx;
	static struct bs_peer_table *table;
	static struct bs_addr address;
	static size_t question_len;
	struct bs_peer_limits limits;
	struct bs_diag diag;

	if (table == NULL) {
		bs_peer_limits_init(&limits);
		if (bs_addr_parse("192.0.2.1:5684", &address) != BS_OK ||
			bs_dtls_ctx_new(&conf, &lookup, &ctx, &diag) != BS_OK ||
			bs_peer_table_new(ctx, &limits, &ops, &question_len, zeroes, 0, &table) != BS_OK)
			abort();
	}
	question_len = len;
	bs_peer_table_input(table, 0, &(struct bs_datagram){ &address, &address, 0, data, len });
	if (bs_peer_table_count(table) != 0)
		abort();
	return 0;
}
