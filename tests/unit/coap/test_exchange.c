/* SPDX-License-Identifier: Apache-2.0 */
/* What needs many messages or a look at the times; single exchanges are scripts in test_exchange_script.c. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "server/base/clock.h"
#include "server/coap/exchange.h"

struct fixture {
	struct bs_exchange *ex;
	uint64_t seed, now_ms;
	int fixed_chance; /* octet of all randomness; -1: by seed */
	struct bs_msg sent; /* the last message */
	uint8_t wire[BS_DATAGRAM_MAX];
	size_t wire_len;
	unsigned sent_count;
	unsigned done_count;
	enum bs_err err;
	size_t body_len;
	bool body_good;
	bool mute; /* requests are answered later */
	unsigned chain; /* requests that done is still to send */
};

static void
on_send(void *arg, const uint8_t *data, size_t len)
{
	struct fixture *fx = arg;
	enum bs_malformed what;

	assert_in_range(len, 4, BS_DATAGRAM_MAX);
	memcpy(fx->wire, data, len);
	fx->wire_len = len;
	assert_int_equal(bs_msg_parse(fx->wire, len, &fx->sent, &what), BS_OK);
	fx->sent_count++;
}

static bool
on_request(void *arg, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref)
{
	struct fixture *fx = arg;

	(void)msg;
	return fx->mute || bs_exchange_respond(fx->ex, now_ms, ref, BS_CHANGED) == BS_OK;
}

static void
on_random(void *arg, void *out, size_t len)
{
	struct fixture *fx = arg;

	if (fx->fixed_chance >= 0)
		memset(out, fx->fixed_chance, len);
	else
		test_random(&fx->seed, out, len);
}

static void
on_done(void *arg, uint64_t now_ms, enum bs_err err, const struct bs_msg *response)
{
	struct fixture *fx = arg;
	struct bs_msg m;

	fx->done_count++;
	fx->err = err;
	fx->body_len = response != NULL ? response->payload_len : 0;
	fx->body_good = true;
	for (size_t i = 0; i < fx->body_len; i++)
		fx->body_good = fx->body_good && response->payload[i] == (uint8_t)(i / 1024);
	if (fx->chain == 0)
		return;
	fx->chain--;
	bs_msg_init(&m, BS_CON, BS_GET, 0);
	assert_int_equal(bs_exchange_request(fx->ex, now_ms, &m, on_done, fx), BS_OK);
}

static const struct bs_exchange_ops ops = { on_send, on_request, on_random };

static int
setup(void **state)
{
	struct fixture *fx = *state = calloc(1, sizeof(*fx));

	assert_non_null(fx);
	fx->seed = 7;
	fx->now_ms = 5000;
	fx->fixed_chance = -1;
	fx->ex = bs_exchange_new(&ops, fx, fx->now_ms);
	return fx->ex == NULL;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;

	bs_exchange_free(fx->ex);
	free(fx);
	return 0;
}

static void
start_get(struct fixture *fx)
{
	struct bs_msg m;

	bs_msg_init(&m, BS_CON, BS_GET, 0);
	fx->done_count = 0;
	assert_int_equal(bs_exchange_request(fx->ex, fx->now_ms, &m, on_done, fx), BS_OK);
}

/* The client's piggybacked response to the last message. */
static void
reply(struct fixture *fx, struct bs_msg m)
{
	uint8_t wire[2048];
	size_t len;

	m.type = BS_ACK;
	m.id = fx->sent.id;
	m.token = fx->sent.token;
	m.content_format = m.accept = BS_NO_FORMAT;
	assert_int_equal(bs_msg_write(&m, wire, sizeof(wire), &len), BS_OK);
	bs_exchange_input(fx->ex, fx->now_ms, wire, len);
}

/* Let one request time out; wait[i] becomes the time from transmission i to the next, or to the end. */
static unsigned
time_out(struct fixture *fx, uint64_t *wait, unsigned max)
{
	unsigned n = 0;
	uint8_t first[BS_DATAGRAM_MAX];
	size_t first_len;

	start_get(fx);
	first_len = fx->wire_len;
	memcpy(first, fx->wire, first_len);
	while (fx->done_count == 0 && n < max) {
		uint64_t at = bs_exchange_next_deadline_ms(fx->ex);
		unsigned before = fx->sent_count;

		assert_true(at != BS_NEVER && at > fx->now_ms);
		bs_exchange_tick(fx->ex, at - 1);
		assert_int_equal(fx->sent_count, before);
		wait[n++] = at - fx->now_ms;
		fx->now_ms = at;
		bs_exchange_tick(fx->ex, at);
		assert_int_equal(fx->sent_count, before + (fx->done_count == 0));
		assert_memory_equal(fx->wire, first, first_len);
	}
	assert_int_equal(fx->err, BS_ETIMEOUT);
	assert_int_equal(bs_exchange_next_deadline_ms(fx->ex), BS_NEVER);
	return n;
}

/* RFC 7252 4.2, 4.8: five transmissions, the first wait 2 to 3 s, each the double of the one before, 62 to 93 s in all. */
static void
test_schedule(void **state)
{
	struct fixture *fx = *state;
	uint64_t low = UINT64_MAX, high = 0;

	for (unsigned i = 0; i < 500; i++) {
		uint64_t wait[8], sum = 0;

		assert_int_equal(time_out(fx, wait, 8), 5);
		assert_in_range(wait[0], 2000, 3000);
		for (unsigned k = 0; k < 5; k++) {
			assert_int_equal(wait[k], wait[0] << k);
			sum += wait[k];
		}
		assert_in_range(sum, 62000, 93000);
		low = wait[0] < low ? wait[0] : low;
		high = wait[0] > high ? wait[0] : high;
	}
	/* The jitter uses its range. */
	assert_in_range(low, 2000, 2050);
	assert_in_range(high, 2950, 3000);
}

static void
test_schedule_at_both_ends_of_the_jitter(void **state)
{
	struct fixture *fx = *state;
	uint64_t wait[8];

	fx->fixed_chance = 0;
	assert_int_equal(time_out(fx, wait, 8), 5);
	assert_int_equal(wait[0], 2000);
	fx->fixed_chance = 0xff;
	assert_int_equal(time_out(fx, wait, 8), 5);
	assert_int_equal(wait[0], 3000);
}

/* A profile for slow links: ACK_TIMEOUT 10 s and three retransmissions stay below 230 s. */
static void
test_schedule_of_a_profile(void **state)
{
	struct fixture *fx = *state;
	const struct bs_exchange_params slow = { .ack_timeout_ms = 10000, .max_retransmit = 3, .block_size = 256 };
	uint64_t wait[8], sum = 0;

	bs_exchange_set_params(fx->ex, &slow);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(time_out(fx, wait, 8), 4);
		assert_in_range(wait[0], 10000, 15000);
		sum = wait[0] + wait[1] + wait[2] + wait[3];
		assert_in_range(sum, 150000, 225000);
	}
}

/* A device with max_fragment_length 512: nothing longer may leave, whatever the profile says, and no block is too small. */
static void
test_largest_message(void **state)
{
	static const struct {
		size_t max;
		unsigned blocks, szx; /* of 900 octets */
	} rows[] = { { 512, 4, 4 }, { 1024, 2, 5 }, { 1200, 1, 0 }, { 64, 57, 0 } };
	const struct bs_exchange_params large = { .ack_timeout_ms = 2000, .max_retransmit = 4, .block_size = 1024 };
	static const uint8_t payload[900];
	struct fixture *fx = *state;
	struct bs_msg m;

	bs_exchange_set_params(fx->ex, &large);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned blocks = 1;

		bs_exchange_set_max_message(fx->ex, rows[i].max);
		bs_msg_init(&m, BS_CON, BS_PUT, 0);
		m.path[0] = m.path[1] = (struct bs_segment){ (const uint8_t *)"65534", 5 };
		m.path_count = 2;
		m.content_format = 11544;
		m.payload = payload;
		m.payload_len = sizeof(payload);
		fx->done_count = 0;
		assert_int_equal(bs_exchange_request(fx->ex, fx->now_ms, &m, on_done, fx), BS_OK);
		assert_int_equal(fx->sent.block1.szx, rows[i].szx);
		for (;; blocks++) {
			assert_in_range(fx->wire_len, 4, rows[i].max);
			if (!fx->sent.block1.more)
				break;
			reply(fx, (struct bs_msg){ .code = BS_CONTINUE, .block1 = fx->sent.block1 });
		}
		reply(fx, (struct bs_msg){ .code = BS_CHANGED, .block1 = fx->sent.block1 });
		assert_int_equal(blocks, rows[i].blocks);
		assert_int_equal(fx->done_count, 1);
		assert_int_equal(fx->err, BS_OK);
	}
}

static void
test_defaults(void **state)
{
	struct bs_exchange_params p;

	(void)state;
	bs_exchange_params_init(&p);
	assert_int_equal(p.ack_timeout_ms, 2000);
	assert_int_equal(p.max_retransmit, 4);
	assert_int_equal(p.block_size, 512);
}

static void
test_late_tick_sends_once(void **state)
{
	struct fixture *fx = *state;
	unsigned before;

	start_get(fx);
	before = fx->sent_count;
	fx->now_ms += 40000; /* past three deadlines: one retransmission, no burst */
	bs_exchange_tick(fx->ex, fx->now_ms);
	bs_exchange_tick(fx->ex, fx->now_ms);
	assert_int_equal(fx->sent_count, before + 1);
	assert_true(bs_exchange_next_deadline_ms(fx->ex) > fx->now_ms);
}

static void
test_what_is_refused(void **state)
{
	struct fixture *fx = *state;
	static uint8_t payload[BS_REQUEST_PAYLOAD_MAX + 1], segment[255];
	struct bs_msg m;

	bs_msg_init(&m, BS_CON, BS_PUT, 0);
	m.payload = payload;
	m.payload_len = sizeof(payload);
	assert_int_equal(bs_exchange_request(fx->ex, fx->now_ms, &m, on_done, fx), BS_ERANGE);
	assert_false(bs_exchange_is_busy(fx->ex));

	m.payload_len = 1;
	m.path_count = BS_SEGMENTS_MAX;
	for (size_t i = 0; i < BS_SEGMENTS_MAX; i++)
		m.path[i] = (struct bs_segment){ segment, sizeof(segment) };
	assert_int_equal(bs_exchange_request(fx->ex, fx->now_ms, &m, on_done, fx), BS_ESPACE);
	assert_false(bs_exchange_is_busy(fx->ex));
	assert_int_equal(bs_exchange_next_deadline_ms(fx->ex), BS_NEVER);

	m.path_count = 0;
	m.payload_len = BS_REQUEST_PAYLOAD_MAX;
	assert_int_equal(bs_exchange_request(fx->ex, fx->now_ms, &m, on_done, fx), BS_OK);
	assert_true(bs_exchange_is_busy(fx->ex));
	assert_int_equal(bs_exchange_request(fx->ex, fx->now_ms, &m, on_done, fx), BS_ESTATE);
	assert_int_equal(fx->sent_count, 1);
	assert_int_equal(fx->done_count, 0);
}

/* What waits for the ACK of a separate response is looked at before it waits. */
static void
test_what_is_refused_while_held(void **state)
{
	struct fixture *fx = *state;
	const struct bs_request_ref ref = { BS_CON, 0x1234, { 1, { 0xaa } } };
	static uint8_t segment[255];
	struct bs_msg m;

	fx->mute = true;
	bs_exchange_input(fx->ex, fx->now_ms, (const uint8_t[]){ 0x41, 0x02, 0x12, 0x34, 0xaa }, 5);
	bs_exchange_ack_empty(fx->ex, fx->now_ms, &ref);
	assert_int_equal(bs_exchange_respond(fx->ex, fx->now_ms, &ref, BS_CHANGED), BS_OK);
	assert_int_equal(fx->sent_count, 2);
	bs_msg_init(&m, BS_CON, BS_PUT, 0);
	m.path_count = BS_SEGMENTS_MAX;
	for (size_t i = 0; i < BS_SEGMENTS_MAX; i++)
		m.path[i] = (struct bs_segment){ segment, sizeof(segment) };
	assert_int_equal(bs_exchange_request(fx->ex, fx->now_ms, &m, on_done, fx), BS_ESPACE);
	assert_false(bs_exchange_is_busy(fx->ex));
	assert_int_equal(fx->sent_count, 2);
	assert_int_equal(fx->done_count, 0);
}

/* An answer that does not fit leaves the request open for another one. */
static void
test_content_that_does_not_fit(void **state)
{
	struct fixture *fx = *state;
	const struct bs_request_ref ref = { BS_CON, 0x1234, { 1, { 0xaa } } };
	static uint8_t payload[BS_DATAGRAM_MAX];
	struct bs_exchange_params params;
	struct bs_msg m;

	bs_exchange_params_init(&params);
	params.block_size = 1024;
	bs_exchange_set_params(fx->ex, &params);
	assert_int_equal(bs_exchange_get_block_max(fx->ex), 1024);
	bs_exchange_set_max_message(fx->ex, 512);
	assert_in_range(bs_exchange_get_block_max(fx->ex), 256, 511);
	fx->mute = true;
	bs_exchange_input(fx->ex, fx->now_ms, (const uint8_t[]){ 0x41, 0x01, 0x12, 0x34, 0xaa }, 5);
	bs_msg_init(&m, BS_ACK, BS_CONTENT, 0);
	m.payload = payload;
	m.payload_len = 513;
	assert_int_equal(bs_exchange_respond_with(fx->ex, fx->now_ms, &ref, &m), BS_ESPACE);
	assert_int_equal(fx->sent_count, 0);
	m.etag = (struct bs_segment){ payload, 8 };
	m.content_format = 11544;
	m.block2 = (struct bs_block){ .present = true, .num = 0xfffff, .szx = 4 };
	m.payload_len = bs_exchange_get_block_max(fx->ex);
	assert_int_equal(bs_exchange_respond_with(fx->ex, fx->now_ms, &ref, &m), BS_OK);
	assert_int_equal(fx->sent_count, 1);
	assert_true(fx->wire_len <= 512);
	assert_int_equal(bs_exchange_respond_with(fx->ex, fx->now_ms, &ref, &m), BS_ESTATE);
}

/* done runs when the exchange is free again: a whole run is a chain of such calls. */
static void
test_next_request_from_done(void **state)
{
	struct fixture *fx = *state;

	start_get(fx);
	fx->chain = 3;
	for (unsigned i = 1; i <= 4; i++) {
		assert_int_equal(fx->sent_count, i);
		reply(fx, (struct bs_msg){ .code = BS_CONTENT });
		assert_int_equal(fx->done_count, i);
	}
	assert_false(bs_exchange_is_busy(fx->ex));
	/* The same from a reset and from a timeout. */
	start_get(fx);
	fx->chain = 2;
	bs_exchange_input(
		fx->ex, fx->now_ms, (const uint8_t[]){ 0x70, 0, (uint8_t)(fx->sent.id >> 8), (uint8_t)fx->sent.id }, 4);
	assert_int_equal(fx->err, BS_ERESET);
	assert_int_equal(fx->sent_count, 6);
	while (fx->done_count < 3) {
		fx->now_ms = bs_exchange_next_deadline_ms(fx->ex);
		bs_exchange_tick(fx->ex, fx->now_ms);
	}
	assert_int_equal(fx->err, BS_ETIMEOUT);
	assert_false(bs_exchange_is_busy(fx->ex));
}

/* Message IDs come round only after all 65,536; tokens of 8 octets never repeat here. */
static void
test_message_ids_and_tokens(void **state)
{
	struct fixture *fx = *state;
	static uint8_t seen[65536];
	struct bs_token last = { 0 };

	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < 65536; i++) {
		start_get(fx);
		assert_int_equal(seen[fx->sent.id], 0);
		seen[fx->sent.id] = 1;
		assert_int_equal(fx->sent.token.len, 8);
		assert_memory_not_equal(fx->sent.token.data, last.data, 8);
		last = fx->sent.token;
		reply(fx, (struct bs_msg){ .code = BS_CONTENT });
	}
}

static void
test_first_message_id_is_random(void **state)
{
	struct fixture *fx = *state;
	uint16_t ids[4];

	for (size_t i = 0; i < 4; i++) {
		bs_exchange_free(fx->ex);
		fx->ex = bs_exchange_new(&ops, fx, fx->now_ms);
		assert_non_null(fx->ex);
		start_get(fx);
		ids[i] = fx->sent.id;
	}
	assert_false(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] == ids[3]);
}

/* Send the body in count blocks of 1,024 octets, the last one of last_len. */
static void
send_body(struct fixture *fx, unsigned count, size_t last_len)
{
	uint8_t payload[1024];

	start_get(fx);
	for (unsigned i = 0; i < count && fx->done_count == 0; i++) {
		bool more = i + 1 < count;

		if (i > 0) {
			assert_int_equal(fx->sent.block2.num, i);
			assert_int_equal(fx->sent.block2.szx, 6);
			assert_false(fx->sent.block2.more);
		}
		memset(payload, (int)i, sizeof(payload));
		reply(fx, (struct bs_msg){ .code = BS_CONTENT,
				  .block2 = { .present = true, .more = more, .szx = 6, .num = i },
				  .payload = payload,
				  .payload_len = more ? sizeof(payload) : last_len });
	}
	assert_int_equal(fx->done_count, 1);
	assert_false(bs_exchange_is_busy(fx->ex));
}

static void
test_limit_of_a_response(void **state)
{
	struct fixture *fx = *state;

	send_body(fx, 64, 1024);
	assert_int_equal(fx->err, BS_OK);
	assert_int_equal(fx->body_len, BS_RESPONSE_MAX);
	assert_true(fx->body_good);
	send_body(fx, 65, 1);
	assert_int_equal(fx->err, BS_ELIMIT);
	send_body(fx, 1000, 1);
	assert_int_equal(fx->err, BS_ELIMIT);
}

/* A client that answers each block just in time must not hold a run for days. */
static void
test_limit_of_time(void **state)
{
	struct fixture *fx = *state;
	static const uint8_t payload[16];
	uint64_t started_ms = fx->now_ms;

	start_get(fx);
	for (unsigned i = 0; fx->done_count == 0; i++) {
		fx->now_ms += 1900;
		reply(fx, (struct bs_msg){ .code = BS_CONTENT,
				  .block2 = { .present = true, .more = true, .szx = 0, .num = i },
				  .payload = payload,
				  .payload_len = sizeof(payload) });
	}
	assert_int_equal(fx->err, BS_ETIMEOUT);
	assert_in_range(fx->now_ms - started_ms, BS_TRANSFER_MAX_MS, BS_TRANSFER_MAX_MS + 1900);
	assert_int_equal(bs_exchange_next_deadline_ms(fx->ex), BS_NEVER);
}

/* Message IDs come round: an old reference must not answer a newer request. */
static void
test_reference_to_another_request(void **state)
{
	struct fixture *fx = *state;
	const uint8_t wire[] = { 0x51, 0x02, 0x12, 0x34, 0xaa };
	struct bs_request_ref other = { BS_NON, 0x1234, { 1, { 0xbb } } };

	fx->mute = true;
	bs_exchange_input(fx->ex, fx->now_ms, wire, sizeof(wire));
	assert_int_equal(bs_exchange_respond(fx->ex, fx->now_ms, &other, BS_CHANGED), BS_ESTATE);
	other.token.data[0] = 0xaa;
	assert_int_equal(bs_exchange_respond(fx->ex, fx->now_ms, &other, BS_CHANGED), BS_OK);
}

/* A client that floods requests finds the memory bounded, and each of them answered. */
static void
test_many_requests(void **state)
{
	struct fixture *fx = *state;

	for (unsigned i = 0; i < 70000; i++) {
		const uint8_t wire[] = { 0x40, 0x02, (uint8_t)(i >> 8), (uint8_t)i };

		bs_exchange_input(fx->ex, fx->now_ms, wire, sizeof(wire));
		assert_int_equal(fx->sent.type, BS_ACK);
		assert_int_equal(fx->sent.id, (uint16_t)i);
	}
	assert_int_equal(fx->sent_count, 70000);
}

static void
test_free_of_nothing(void **state)
{
	(void)state;
	bs_exchange_free(NULL);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_schedule),
		T(test_schedule_at_both_ends_of_the_jitter),
		T(test_schedule_of_a_profile),
		T(test_largest_message),
		T(test_defaults),
		T(test_late_tick_sends_once),
		T(test_what_is_refused),
		T(test_what_is_refused_while_held),
		T(test_content_that_does_not_fit),
		T(test_next_request_from_done),
		T(test_message_ids_and_tokens),
		T(test_first_message_id_is_random),
		T(test_limit_of_a_response),
		T(test_reference_to_another_request),
		T(test_limit_of_time),
		T(test_many_requests),
		T(test_free_of_nothing),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
