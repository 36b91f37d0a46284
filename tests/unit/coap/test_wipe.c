/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of a request may carry keys: when the exchange ends, however it ends, no copy is left in memory. Looked for
 * in the whole writable memory of this process, by way of /proc.
 */
#include "tests/lib/memory.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/base/secret.h"
#include "server/coap/exchange.h"

struct fixture {
	struct bs_exchange *ex;
	uint64_t seed, now_ms;
	uint8_t header[12]; /* of the last message sent */
	unsigned done_count;
};

static void
on_send(void *arg, const uint8_t *data, size_t len)
{
	memcpy(((struct fixture *)arg)->header, data, len < 12 ? len : 12);
}

static bool
on_request(void *arg, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref)
{
	(void)arg;
	(void)now_ms;
	(void)msg;
	(void)ref;
	return true;
}

static void
on_random(void *arg, void *out, size_t len)
{
	test_random(&((struct fixture *)arg)->seed, out, len);
}

static void
on_done(void *arg, uint64_t now_ms, enum bs_err err, const struct bs_msg *response)
{
	(void)now_ms;
	(void)err;
	(void)response;
	((struct fixture *)arg)->done_count++;
}

/* The ways to end. */

static void
reply(struct fixture *fx, uint8_t first, uint8_t code, size_t len)
{
	uint8_t wire[12];

	memcpy(wire, fx->header, sizeof(wire));
	wire[0] = first;
	wire[1] = code;
	bs_exchange_input(fx->ex, fx->now_ms, wire, len);
}

static void
by_response(struct fixture *fx)
{
	reply(fx, 0x68, BS_CHANGED, 12);
}

static void
by_refusal(struct fixture *fx)
{
	reply(fx, 0x68, BS_BAD_REQUEST, 12);
}

static void
by_reset(struct fixture *fx)
{
	reply(fx, 0x70, BS_EMPTY, 4);
}

static void
by_timeout(struct fixture *fx)
{
	while (fx->done_count == 0) {
		fx->now_ms = bs_exchange_next_deadline_ms(fx->ex);
		bs_exchange_tick(fx->ex, fx->now_ms);
	}
}

static void
by_cancel(struct fixture *fx)
{
	bs_exchange_cancel(fx->ex);
}

static void
by_free(struct fixture *fx)
{
	bs_exchange_free(fx->ex);
	fx->ex = NULL;
}

static const struct row {
	const char *name;
	size_t payload_len;
	void (*end)(struct fixture *fx);
} rows[] = {
	{ "response", 100, by_response },
	{ "refusal", 100, by_refusal },
	{ "reset", 100, by_reset },
	{ "timeout", 100, by_timeout },
	{ "cancel", 100, by_cancel },
	{ "free", 100, by_free },
	{ "cancel between blocks", 1500, by_cancel },
	{ "reset between blocks", 1500, by_reset },
};

static void
start(struct fixture *fx, size_t payload_len)
{
	uint8_t *payload = calloc(1, payload_len);
	struct bs_msg m;

	assert_non_null(payload);
	for (size_t i = 0; i < MEMORY_CANARY_LEN; i++)
		payload[50 + i] = memory_canary_octet(i);
	bs_msg_init(&m, BS_CON, BS_PUT, 0);
	m.payload = payload;
	m.payload_len = payload_len;
	assert_int_equal(bs_exchange_request(fx->ex, fx->now_ms, &m, on_done, fx), BS_OK);
	bs_wipe(payload, payload_len);
	free(payload);
}

static void
test_no_copy_is_left(void **state)
{
	static const struct bs_exchange_ops ops = { on_send, on_request, on_random };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture fx = { .seed = 3, .now_ms = 1 };

		fx.ex = bs_exchange_new(&ops, &fx, 1);
		assert_non_null(fx.ex);
		start(&fx, rows[i].payload_len);
		if (memory_search() != 1)
			fail_msg("%s: the copy in flight must be found, and no other", rows[i].name);
		rows[i].end(&fx);
		if (memory_search() != 0)
			fail_msg("%s: a copy is left", rows[i].name);
		bs_exchange_free(fx.ex);
	}
}

/* A request of the client, answered with the canary: piggybacked, or after an empty ACK. */
static void
answer_with_canary(struct fixture *fx, bool separate)
{
	static const uint8_t request[] = { 0x41, BS_GET, 0x12, 0x34, 0xaa };
	const struct bs_request_ref ref = { BS_CON, 0x1234, { 1, { 0xaa } } };
	size_t len = 50 + MEMORY_CANARY_LEN; /* free() overwrites the first octets of a block */
	uint8_t *payload = calloc(1, len);
	struct bs_msg m;

	assert_non_null(payload);
	bs_exchange_input(fx->ex, fx->now_ms, request, sizeof(request));
	if (separate)
		bs_exchange_ack_empty(fx->ex, fx->now_ms, &ref);
	for (size_t i = 0; i < MEMORY_CANARY_LEN; i++)
		payload[50 + i] = memory_canary_octet(i);
	bs_msg_init(&m, BS_ACK, BS_CONTENT, 0);
	m.payload = payload;
	m.payload_len = len;
	assert_int_equal(bs_exchange_respond_with(fx->ex, fx->now_ms, &ref, &m), BS_OK);
	bs_wipe(payload, len);
	free(payload);
}

static void
by_lifetime(struct fixture *fx)
{
	fx->now_ms = bs_exchange_next_deadline_ms(fx->ex);
	assert_int_equal(fx->now_ms, 1 + BS_EXCHANGE_LIFETIME_MS);
	bs_exchange_tick(fx->ex, fx->now_ms);
}

static void
by_acknowledgement(struct fixture *fx)
{
	reply(fx, 0x60, BS_EMPTY, 4);
}

static void
by_newer_requests(struct fixture *fx)
{
	for (unsigned i = 0; i < BS_DEDUP_MAX; i++)
		bs_exchange_input(fx->ex, fx->now_ms, (const uint8_t[]){ 0x40, BS_GET, 0x55, (uint8_t)i }, 4);
}

static const struct {
	const char *name;
	bool separate;
	void (*end)(struct fixture *fx);
} answers[] = {
	{ "piggybacked, lifetime over", false, by_lifetime },
	{ "piggybacked, newer requests", false, by_newer_requests },
	{ "piggybacked, free", false, by_free },
	{ "separate, acknowledged", true, by_acknowledgement },
	{ "separate, reset", true, by_reset },
	{ "separate, free", true, by_free },
};

static void
test_no_copy_of_an_answer_is_left(void **state)
{
	static const struct bs_exchange_ops ops = { on_send, on_request, on_random };

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct fixture fx = { .seed = 3, .now_ms = 1 };

		fx.ex = bs_exchange_new(&ops, &fx, 1);
		assert_non_null(fx.ex);
		answer_with_canary(&fx, answers[i].separate);
		if (memory_search() != 1)
			fail_msg("%s: the copy for repetition must be found, and no other", answers[i].name);
		answers[i].end(&fx);
		if (memory_search() != 0)
			fail_msg("%s: a copy is left", answers[i].name);
		bs_exchange_free(fx.ex);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_copy_is_left),
		cmocka_unit_test(test_no_copy_of_an_answer_is_left),
	};

	return cmocka_run_group_tests_name("wipe", tests, NULL, NULL);
}
