/* SPDX-License-Identifier: Apache-2.0 */
/* From datagram to peer: strangers, limits, loss, a second handshake on a live address, ends of all kinds. */
#include "tests/lib/test.h"

#include <stdlib.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
/* sanitizer/allocator_interface.h, which gcc does not bring along */
int __sanitizer_install_malloc_and_free_hooks(
	void (*on_malloc)(const volatile void *, size_t), void (*on_free)(const volatile void *));
#else
#include <malloc.h>
#endif

#include "server/dtls/context.h"
#include "tests/lib/alloc.h"
#include "tests/lib/dtls_world.h"

static const struct bs_peer_limits small = {
	.peers = 4, .half_open = 3, .half_open_prefix = 2, .handshake_ms = 60000, .idle_ms = 3600000
};

static int
setup_with(void **state, const struct bs_dtls_conf *conf, const struct bs_peer_limits *limits)
{
	struct world *w = test_calloc(1, sizeof(*w));

	world_init(w, conf, limits);
	w->psks[0] = (struct world_psk){ .identity = "dev", .key = WORLD_KEY };
	*state = w;
	return 0;
}

static int
setup(void **state)
{
	return setup_with(state, NULL, NULL);
}

static int
setup_small(void **state)
{
	return setup_with(state, NULL, &small);
}

static int
setup_quick(void **state)
{
	const struct bs_dtls_conf conf = { .timeout_ms = 40 };

	return setup_with(state, &conf, NULL);
}

static int
teardown(void **state)
{
	world_clear(*state);
	test_free(*state);
	return 0;
}

static struct client *
new_client(struct world *w, unsigned n)
{
	struct client *c = client_new(w, n, "PSK-AES128-CCM8");

	client_set_psk(c, "dev", WORLD_KEY);
	return c;
}

static const struct bs_dtls_counters *
counters(const struct world *w)
{
	return bs_peer_table_counters(w->table);
}

static void
tick(struct world *w, uint64_t ms)
{
	w->now_ms += ms;
	bs_peer_table_tick(w->table, w->now_ms);
	bs_peer_table_sweep(w->table);
}

/* The client goes on until its second hello, with the cookie, is in out. */
static size_t
second_hello(struct client *c, uint8_t out[WORLD_DATAGRAM])
{
	size_t len;

	client_start(c);
	len = client_take(c, out);
	assert_true(len > 0);
	world_deliver(c->world, c, out, len);
	client_step(c);
	len = client_take(c, out);
	assert_true(len > 0);
	return len;
}

/* Admitted, but half-open for ever. */
static void
begin(struct world *w, unsigned n)
{
	uint8_t hello[WORLD_DATAGRAM];
	struct client *c = new_client(w, n);
	size_t len = second_hello(c, hello);

	world_deliver(w, c, hello, len);
	client_free(c);
}

#ifdef __SANITIZE_ADDRESS__
static unsigned allocations;

static void
on_malloc(const volatile void *p, size_t len)
{
	(void)p;
	(void)len;
	allocations++;
}

static void
on_free(const volatile void *p)
{
	(void)p;
}

static unsigned
count_allocations(void)
{
	static bool installed;

	if (!installed)
		assert_true(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) != 0);
	installed = true;
	return allocations;
}
#else
static unsigned
count_allocations(void)
{
	return (unsigned)mallinfo2().uordblks;
}
#endif

static void
a_stranger_costs_nothing(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1), *other = new_client(w, 2);
	uint8_t hello[WORLD_DATAGRAM];
	size_t len = second_hello(c, hello);
	const struct bs_datagram from_other = { &w->local, &other->addr, 0, hello, len };
	unsigned before;

	client_free(c); /* so that nobody else allocates: the answers are dropped */
	hello[13 + 12 + 2 + 32 + 1 + 1] ^= 1; /* first octet of the cookie */
	before = count_allocations();
	for (int i = 0; i < 100; i++)
		bs_peer_table_input(w->table, w->now_ms, &from_other);
	assert_int_equal(count_allocations(), before);
	hello[13 + 12 + 2 + 32 + 1 + 1] ^= 1; /* a good one, from another address */
	for (int i = 0; i < 100; i++)
		bs_peer_table_input(w->table, w->now_ms, &from_other);
	assert_int_equal(count_allocations(), before);
	assert_int_equal(counters(w)->hellos, 201);
	assert_int_equal(counters(w)->cookies_sent, 201);
	assert_int_equal(counters(w)->cookies_bad, 200);
	assert_true(w->longest_sent < len);
	assert_int_equal(bs_peer_table_count(w->table), 0);
}

/* 20,000 sessions lie in memory for a day: what OpenSSL 3.5 keeps of one is about 70 KB, and no buffer of 16 KB more. */
static void
a_quiet_session_holds_no_buffers(void **state)
{
	struct world *w = *state;
	size_t before = 0;

	w->echo = true;
	for (unsigned i = 0; i < 40; i++) {
		struct client *c = new_client(w, i);

		if (i == 20)
			before = test_allocated();
		assert_true(client_connects(c));
		client_say(c, "x");
		client_free(c);
	}
	assert_in_range((test_allocated() - before) / 20, 1, 80000);
}

/* The limit of half-open handshakes bounds their memory: OpenSSL 3.5 holds 52 KB of one, the client here 15. */
static void
a_half_open_handshake_holds_no_buffer_to_read_into(void **state)
{
	struct world *w = *state;
	size_t before = 0;

	for (unsigned i = 0; i < 40; i++) {
		if (i == 20)
			before = test_allocated();
		begin(w, i);
	}
	assert_int_equal(bs_peer_table_half_open(w->table), 40);
	assert_in_range((test_allocated() - before) / 20, 1, 75000);
}

static void
datagrams_from_nowhere_are_dropped(void **state)
{
	static const uint8_t data[] = { 0x17, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0 };
	struct world *w = *state;
	struct client *c = new_client(w, 1);

	world_deliver(w, c, data, sizeof(data));
	world_deliver(w, c, data, 1);
	world_deliver(w, c, data, 0);
	assert_int_equal(counters(w)->dropped_unknown, 3);
	assert_int_equal(w->sent, 0);
}

static void
a_cut_hello_opens_nothing(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t hello[WORLD_DATAGRAM];
	size_t len = second_hello(c, hello);

	for (size_t n = 0; n < len; n++)
		world_deliver(w, c, hello, n);
	assert_int_equal(bs_peer_table_count(w->table), 0);
	assert_int_equal(w->sent, 1);
	world_deliver(w, c, hello, len);
	world_run(w);
	assert_true(c->done);
}

static void
a_hello_in_fragments(void **state)
{
	struct world *w = *state;
	struct client *c = client_new(w, 1, "ALL:PSK");
	uint8_t first[WORLD_DATAGRAM], more[WORLD_DATAGRAM];
	size_t first_len;

	client_set_psk(c, "dev", WORLD_KEY);
	c->mtu = 256;
	first_len = second_hello(c, first);
	while (client_take(c, more) > 0) {
		/* the rest of the first hello, and of the second one */
	}
	client_free(c);
	assert_true(first_len <= 256);

	c = client_new(w, 1, "ALL:PSK");
	client_set_psk(c, "dev", WORLD_KEY);
	c->mtu = 256;
	assert_true(client_connects(c));
	assert_true(counters(w)->dropped_unknown > 0); /* the later fragments of the hello without a cookie */
	client_say(c, "whole");
	assert_string_equal(w->data, "whole");
}

static void
the_server_hello_has_the_number_of_the_hello(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t hello[WORLD_DATAGRAM];
	size_t len = second_hello(c, hello);

	hello[10] = 7; /* the record's number: that of a client whose hellos were lost, so far */
	world_deliver(w, c, hello, len);
	assert_int_equal(w->last_sent[0], 22);
	assert_int_equal(w->last_sent[13], 2); /* server_hello */
	assert_int_equal(w->last_sent[10], 7); /* RFC 6347, 4.2.1 */
	world_run(w);
	assert_true(c->done);
	client_say(c, "numbers of epoch 1 are covered by the protection");
	assert_int_equal(w->data_count, 1);
}

static void
a_hello_that_is_not_the_second_message_meets_a_new_cookie(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t hello[WORLD_DATAGRAM];
	size_t len = second_hello(c, hello);

	hello[13 + 5] = 2;
	world_deliver(w, c, hello, len);
	assert_int_equal(bs_peer_table_count(w->table), 0);
	assert_int_equal(w->sent, 2);
}

static void
a_repeated_hello_makes_no_second_peer(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t hello[WORLD_DATAGRAM];
	size_t len = second_hello(c, hello);

	for (int i = 0; i < 5; i++)
		world_deliver(w, c, hello, len);
	assert_int_equal(bs_peer_table_count(w->table), 1);
	assert_int_equal(counters(w)->handshakes_started, 1);
	world_run(w);
	assert_true(c->done);
	for (int i = 0; i < 5; i++) /* late copies */
		world_deliver(w, c, hello, len);
	assert_int_equal(bs_peer_table_count(w->table), 1);
	assert_int_equal(counters(w)->handshakes_started, 1);
	client_say(c, "still here");
	assert_int_equal(w->data_count, 1);
}

static void
nonsense_and_replays_are_dropped(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t record[WORLD_DATAGRAM];
	static const uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2,
		40 }; /* fatal, in the clear */
	size_t len;

	assert_true(client_connects(c));
	assert_true(SSL_write(c->ssl, "once", 4) == 4);
	len = client_take(c, record);
	for (int i = 0; i < 3; i++)
		world_deliver(w, c, record, len);
	assert_int_equal(w->data_count, 1);
	assert_int_equal(counters(w)->records_dropped, 2);
	for (size_t n = 0; n < len; n++) /* cut */
		world_deliver(w, c, record, n);
	for (size_t i = 11; i < len; i++) { /* changed, from the length on */
		record[i] ^= 1;
		world_deliver(w, c, record, len);
		record[i] ^= 1;
	}
	world_deliver(w, c, alert, sizeof(alert));
	assert_int_equal(w->data_count, 1);
	if (w->closed != 0)
		fail_msg("%s", w->detail);
	client_say(c, "twice");
	assert_int_equal(w->data_count, 2);
	assert_string_equal(w->data, "twice");
}

static void
no_forged_record_ends_a_session(void **state)
{
	static const size_t lengths[] = { 0, 1, 2, 12, 13, 24, 60 };
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t record[13 + 60];

	assert_true(client_connects(c));
	for (unsigned type = 19; type <= 26; type++)
		for (unsigned epoch = 0; epoch < 3; epoch++)
			for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
				const uint8_t header[] = { (uint8_t)type, 0xfe, 0xfd, 0, (uint8_t)epoch, 0, 0, 0, 0, 1,
					(uint8_t)i, 0, (uint8_t)lengths[i] };

				memset(record, (int)(type + i) % 3, sizeof(record));
				memcpy(record, header, sizeof(header));
				world_deliver(w, c, record, 13 + lengths[i]);
				if (w->closed != 0)
					fail_msg("type %u epoch %u length %zu: %s", type, epoch, lengths[i], w->detail);
			}
	client_say(c, "alive");
	assert_string_equal(w->data, "alive");
}

static void
two_records_in_one_datagram(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t both[2 * WORLD_DATAGRAM];
	size_t len;

	assert_true(client_connects(c));
	assert_true(SSL_write(c->ssl, "one", 3) == 3);
	assert_true(SSL_write(c->ssl, "two", 3) == 3);
	len = client_take(c, both);
	len += client_take(c, both + len);
	world_deliver(w, c, both, len);
	assert_int_equal(w->data_count, 2);
	assert_string_equal(w->data, "two");
	assert_int_equal(counters(w)->records_dropped, 0);
}

/* CCM_8: 4,096 failures at once, then 12 a second (limits.h). None of them costs the device its session. */
static void
no_number_of_forgeries_ends_a_session(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t record[13 + 40] = { 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, 0, 0, 40 };

	assert_true(client_connects(c));
	for (int i = 0; i < 5000; i++)
		world_deliver(w, c, record, sizeof(record));
	assert_int_equal(counters(w)->records_dropped, 4096);
	assert_int_equal(counters(w)->records_untried, 5000 - 4096);
	client_say(c, "unheard");
	assert_int_equal(w->data_count, 0);
	world_wait(w, 1000);
	for (int i = 0; i < 11; i++)
		world_deliver(w, c, record, sizeof(record));
	client_say(c, "heard");
	assert_string_equal(w->data, "heard");
	assert_int_equal(counters(w)->records_dropped, 4096 + 11);
	assert_int_equal(w->closed, 0);
	assert_int_equal(SSL_get_shutdown(c->ssl), 0);
}

/* A datagram that cannot be the peer's record is no failure of its key. */
static void
what_cannot_be_a_record_of_the_session_is_not_tried(void **state)
{
	static const struct {
		const char *name, *suite;
		uint8_t major, minor, epoch, seq;
		size_t len;
	} rows[] = {
		{ "epoch 0", NULL, 0xfe, 0xfd, 0, 200, 40 },
		{ "epoch 2, header alone", NULL, 0xfe, 0xfd, 2, 200, 0 },
		{ "epoch 2", NULL, 0xfe, 0xfd, 2, 200, 40 },
		{ "no room for nonce and tag", "PSK-AES128-CCM8", 0xfe, 0xfd, 1, 200, 15 },
		{ "no room for IV and MAC", "PSK-AES128-CBC-SHA256", 0xfe, 0xfd, 1, 200, 48 },
		{ "no whole block", "PSK-AES128-CBC-SHA256", 0xfe, 0xfd, 1, 200, 65 },
		{ "replayed", NULL, 0xfe, 0xfd, 1, 1, 40 },
		{ "version 1.0", NULL, 0xfe, 0xff, 1, 200, 40 },
		{ "TLS", NULL, 3, 3, 1, 200, 40 },
	};
	struct world *w = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client *c = client_new(w, i, rows[i].suite != NULL ? rows[i].suite : "PSK-AES128-CCM8");
		uint8_t record[13 + 80] = { 23, rows[i].major, rows[i].minor, 0, rows[i].epoch, 0, 0, 0, 0, 0,
			rows[i].seq, 0, (uint8_t)rows[i].len };

		client_set_psk(c, "dev", WORLD_KEY);
		assert_true(client_connects(c));
		client_say(c, "number 1 of epoch 1");
		for (int n = 0; n < 5000; n++)
			world_deliver(w, c, record, 13 + rows[i].len);
		w->data_count = 0;
		client_say(c, "at once");
		if (w->data_count != 1 || counters(w)->records_untried != 0)
			fail_msg("%s: %s", rows[i].name, rows[i].suite);
	}
}

/* OpenSSL ends a session over a wrong MAC with encrypt-then-MAC: no suite may come to that. */
static void
one_forged_record_ends_no_session_of_any_suite(void **state)
{
	static const char *const suites[] = { "PSK-AES128-CCM8", "PSK-AES128-CCM", "PSK-AES128-GCM-SHA256",
		"PSK-AES128-CBC-SHA256" };
	struct world *w = *state;

	for (unsigned i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		struct client *c = client_new(w, i, suites[i]);

		client_set_psk(c, "dev", WORLD_KEY);
		assert_true(client_connects(c));
		for (unsigned type = 20; type <= 24; type++)
			for (size_t len = 16; len <= 112; len += 8) {
				uint8_t record[13 + 112] = { (uint8_t)type, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, 0, 0,
					(uint8_t)len };

				world_deliver(w, c, record, 13 + len);
				if (w->closed != 0)
					fail_msg("%s: type %u, %zu octets: %s", suites[i], type, len, w->detail);
			}
		client_say(c, suites[i]);
		assert_string_equal(w->data, suites[i]);
	}
}

static void
a_key_is_used_for_so_many_records(void **state)
{
	struct world *w = *state;
	struct client *in = new_client(w, 1), *out = new_client(w, 2);

	w->ctx->records_most = 5;
	assert_true(client_connects(in));
	for (unsigned i = 0; i < 4; i++)
		client_say(in, "x");
	assert_int_equal(w->closed, 0);
	client_say(in, "the fifth");
	assert_int_equal(w->data_count, 5);
	assert_int_equal(w->closed, 1);
	assert_int_equal(w->outcome, BS_OUT_DONE);
	assert_string_equal(w->detail, "closed as its keys were used often enough");
	assert_int_equal(SSL_get_shutdown(in->ssl), SSL_RECEIVED_SHUTDOWN);

	assert_true(client_connects(out));
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(bs_peer_send(w->last_open, (const uint8_t *)"x", 1), BS_OK);
	assert_int_equal(bs_peer_send(w->last_open, (const uint8_t *)"x", 1), BS_EIO);
	client_say(out, "x");
	assert_int_equal(w->closed, 2);
}

static void
a_second_handshake_replaces_the_first_when_done(void **state)
{
	struct world *w = *state;
	struct client *old = new_client(w, 1), *new;
	uint8_t hello[WORLD_DATAGRAM], record[WORLD_DATAGRAM];
	struct bs_peer *first;
	size_t len;

	assert_true(client_connects(old));
	first = w->last_open;
	new = new_client(w, 1); /* the same address: the device restarted */
	len = second_hello(new, hello);
	world_deliver(w, new, hello, len);
	assert_int_equal(bs_peer_table_count(w->table), 2);
	assert_int_equal(bs_peer_table_half_open(w->table), 1);

	/* Until it is done, the old association works. */
	assert_true(SSL_write(old->ssl, "old", 3) == 3);
	len = client_take(old, record);
	world_deliver(w, old, record, len);
	assert_string_equal(w->data, "old");
	assert_int_equal(w->closed, 0);

	world_run(w);
	assert_true(new->done);
	assert_int_equal(w->closed, 1);
	assert_ptr_equal(w->last_closed, first);
	assert_int_equal(w->outcome, BS_OUT_DONE);
	assert_int_equal(counters(w)->replaced, 1);
	assert_int_equal(bs_peer_table_count(w->table), 1);
	client_say(new, "new");
	assert_string_equal(w->data, "new");
}

static void
a_handshake_that_fails_leaves_the_live_one(void **state)
{
	struct world *w = *state;
	struct client *old = new_client(w, 1), *stranger;

	assert_true(client_connects(old));
	stranger = new_client(w, 1);
	client_set_psk(stranger, "nobody", WORLD_KEY);
	client_start(stranger);
	world_run(w);
	assert_false(stranger->done);
	assert_int_equal(w->outcome, BS_OUT_IDENTITY_UNKNOWN);
	tick(w, 60001);
	assert_int_equal(bs_peer_table_count(w->table), 1);
	client_free(stranger);
	client_say(old, "alive");
	assert_string_equal(w->data, "alive");
}

static void
beginning_anew_within_a_handshake(void **state)
{
	struct world *w = *state;
	struct client *c;

	for (unsigned i = 0; i < 5; i++)
		begin(w, 1);
	assert_int_equal(bs_peer_table_count(w->table), 1);
	assert_int_equal(w->closed, 4);
	assert_int_equal(w->outcome, BS_OUT_HANDSHAKE_TIMEOUT);
	c = new_client(w, 1);
	assert_true(client_connects(c));
	assert_int_equal(bs_peer_table_count(w->table), 1);
	assert_int_equal(bs_peer_table_half_open(w->table), 0);
}

static void
half_open_handshakes_are_limited(void **state)
{
	struct world *w = *state;

	begin(w, 0);
	begin(w, 1); /* another host, in the same /24 */
	assert_int_equal(bs_peer_table_half_open(w->table), 2);
	begin(w, 3);
	assert_int_equal(counters(w)->dropped_prefix, 1);
	assert_int_equal(bs_peer_table_half_open(w->table), 2);
	assert_int_equal(bs_peer_table_prefix_most(w->table), 2);
	assert_int_equal(bs_peer_table_handshake_age_ms(w->table, w->now_ms + 7000), 7000);
	tick(w, 60000);
	assert_int_equal(bs_peer_table_half_open(w->table), 0);
	assert_int_equal(bs_peer_table_prefix_most(w->table), 0);
	assert_int_equal(bs_peer_table_handshake_age_ms(w->table, w->now_ms), 0);
	assert_int_equal(counters(w)->expired, 2);
	assert_int_equal(w->closed, 2);
	begin(w, 3);
	assert_int_equal(bs_peer_table_half_open(w->table), 1);
	assert_int_equal(counters(w)->expired, 2);
}

static void
half_open_handshakes_are_limited_in_all(void **state)
{
	struct bs_peer_limits limits = small;
	struct world *w;
	struct client *c;

	limits.half_open_prefix = 10;
	setup_with(state, NULL, &limits);
	w = *state;
	for (unsigned i = 0; i < 4; i++)
		begin(w, i);
	assert_int_equal(counters(w)->dropped_half_open, 1);
	assert_int_equal(bs_peer_table_half_open(w->table), 3);
	tick(w, 60000);
	c = new_client(w, 9);
	assert_true(client_connects(c));
	teardown(state);
}

static struct client *
client_at(struct world *w, unsigned n, const char *addr)
{
	struct client *c = new_client(w, n);

	assert_int_equal(bs_addr_parse(addr, &c->addr), BS_OK);
	return c;
}

/* Half-open for ever, from there. */
static void
begin_at(struct world *w, unsigned n, const char *addr)
{
	struct client *c = client_at(w, n, addr);
	uint8_t hello[WORLD_DATAGRAM];
	size_t len = second_hello(c, hello);

	world_deliver(w, c, hello, len);
	client_free(c);
}

static void
the_fuller_host_gives_way_to_its_neighbour(void **state)
{
	struct world *w = *state;
	struct client *c;

	begin(w, 0);
	begin(w, 200); /* the host is 1 again */
	begin(w, 400); /* and again: nobody has been there for long */
	assert_int_equal(counters(w)->dropped_prefix, 1);
	assert_int_equal(w->closed, 0);
	w->now_ms += BS_HALF_OPEN_UNKNOWN_MS / 2;
	c = new_client(w, 3);
	assert_true(client_connects(c));
	assert_int_equal(counters(w)->given_up[BS_HALF_OPEN_NETWORK], 1);
	assert_int_equal(counters(w)->handshakes_failed, 1);
	assert_int_equal(w->closed, 1);
	assert_int_equal(w->outcome, BS_OUT_OVERLOAD);
	assert_non_null(strstr(w->detail, "of its network"));
	assert_int_equal(bs_peer_table_half_open(w->table), 1);
}

static void
what_stalls_gives_way_when_all_is_full(void **state)
{
	struct bs_peer_limits limits = small;
	struct world *w;

	limits.half_open_prefix = 10;
	setup_with(state, NULL, &limits);
	w = *state;
	for (unsigned i = 0; i < 3; i++)
		begin(w, i);
	begin(w, 3);
	assert_int_equal(counters(w)->dropped_half_open, 1);
	w->now_ms += BS_HALF_OPEN_UNKNOWN_MS;
	begin(w, 4);
	assert_int_equal(counters(w)->given_up[BS_HALF_OPEN_ALL], 1);
	assert_int_equal(w->outcome, BS_OUT_OVERLOAD);
	assert_int_equal(bs_peer_table_half_open(w->table), 3);
	assert_int_equal(bs_peer_table_count(w->table), 3);
	teardown(state);
}

/* A known identity is worth a second life, once; when that is over the evidence of a wrong key is what is told. */
static void
a_known_identity_counts_as_new_once(void **state)
{
	struct bs_peer_limits limits = small;
	struct world *w;
	struct client *wrong;
	uint8_t hello[WORLD_DATAGRAM];
	size_t len;

	limits.half_open = 2;
	setup_with(state, NULL, &limits);
	w = *state;
	wrong = new_client(w, 1);
	client_set_psk(wrong, "dev", WORLD_WRONG_KEY);
	len = second_hello(wrong, hello);
	world_deliver(w, wrong, hello, len);
	w->now_ms += 1;
	begin(w, 2);
	w->now_ms += BS_HALF_OPEN_UNKNOWN_MS / 2;
	world_run(w); /* its ClientKeyExchange */
	assert_false(wrong->done);
	w->now_ms += BS_HALF_OPEN_UNKNOWN_MS / 2;
	begin(w, 3);
	assert_int_equal(counters(w)->given_up[BS_HALF_OPEN_NETWORK], 1);
	assert_int_equal(w->outcome, BS_OUT_OVERLOAD); /* it was the other one */
	w->now_ms += BS_HALF_OPEN_UNKNOWN_MS / 2;
	begin(w, 4);
	assert_int_equal(counters(w)->given_up[BS_HALF_OPEN_NETWORK], 2);
	assert_int_equal(w->outcome, BS_OUT_KEY_MISMATCH);
	teardown(state);
}

static void
a_network_with_a_good_device_has_places_kept(void **state)
{
	static const char *const strangers[] = { "198.51.1.1:1", "10.1.1.1:1", "10.2.1.1:1" };
	struct world *w = *state;
	struct client *c = new_client(w, 1);

	assert_true(client_connects(c));
	for (unsigned i = 0; i < 3; i++)
		begin_at(w, 10 + i, strangers[i]);
	begin_at(w, 20, "10.3.1.1:1"); /* one of many */
	assert_int_equal(counters(w)->dropped_half_open, 1);
	w->now_ms += BS_HALF_OPEN_UNKNOWN_MS / 2;
	begin(w, 2); /* of the network of c */
	assert_int_equal(counters(w)->given_up[BS_HALF_OPEN_ALL], 1);
	assert_int_equal(counters(w)->dropped_half_open, 1);
	tick(w, 60000);
	assert_int_equal(bs_peer_table_half_open(w->table), 0);
	w->now_ms += UINT64_C(24) * 3600 * 1000;
	for (unsigned i = 0; i < 3; i++)
		begin_at(w, 10 + i, strangers[i]);
	begin(w, 2); /* that was long ago */
	assert_int_equal(counters(w)->dropped_half_open, 2);
}

/* Devices that are not imported yet, 30 in a /24 that may have two handshakes at once. */
static void
who_is_only_ignored_holds_no_place(void **state)
{
	struct world *w = *state;
	struct client *c;

	for (unsigned i = 0; i < 30; i++) {
		c = new_client(w, i);
		client_set_psk(c, "not imported", WORLD_KEY);
		assert_false(client_connects(c));
		assert_int_equal(w->outcome, BS_OUT_IDENTITY_UNKNOWN);
		client_free(c);
	}
	assert_int_equal(w->closed, 30);
	assert_int_equal(bs_peer_table_half_open(w->table), 0);
	assert_int_equal(bs_peer_table_count(w->table), 0);
	assert_int_equal(bs_peer_table_ignored(w->table), 30);
	assert_true(client_connects(new_client(w, 31)));
	assert_int_equal(counters(w)->dropped_prefix, 0);
	tick(w, 60000);
	assert_int_equal(w->closed, 30); /* told once each */
}

static void
late_copies_from_an_ignored_address_meet_silence(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t hello[WORLD_DATAGRAM], record[] = { 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40 };
	unsigned sent, started;
	size_t len;

	client_set_psk(c, "nobody", WORLD_KEY);
	len = second_hello(c, hello);
	world_deliver(w, c, hello, len);
	world_run(w);
	assert_int_equal(w->outcome, BS_OUT_IDENTITY_UNKNOWN);
	sent = w->sent;
	for (unsigned i = 0; i < 3; i++) {
		world_deliver(w, c, hello, len);
		world_deliver(w, c, record, sizeof(record));
	}
	assert_int_equal(w->sent, sent);
	assert_int_equal(counters(w)->dropped_unknown, 0);
	started = (unsigned)counters(w)->handshakes_started;
	assert_int_equal(started, 1);
	client_free(c);
	c = new_client(w, 1); /* imported meanwhile; it begins anew */
	assert_true(client_connects(c));
}

static void
the_longest_quiet_makes_room(void **state)
{
	struct world *w = *state;
	struct client *clients[5];
	struct bs_peer *peers[4];

	for (unsigned i = 0; i < 4; i++) {
		clients[i] = new_client(w, i);
		assert_true(client_connects(clients[i]));
		peers[i] = w->last_open;
		w->now_ms += 1000;
	}
	clients[4] = new_client(w, 4);
	assert_false(client_connects(clients[4])); /* all are too young */
	assert_int_equal(counters(w)->dropped_table_full, 1);
	assert_int_equal(w->closed, 0);
	client_free(clients[4]);

	w->now_ms += 60000;
	client_say(clients[0], "I am at work");
	clients[4] = new_client(w, 4);
	assert_true(client_connects(clients[4]));
	assert_int_equal(w->closed, 1);
	assert_int_equal(counters(w)->evicted, 1);
	assert_ptr_equal(w->last_closed, peers[1]);
	assert_int_equal(w->outcome, BS_OUT_DONE);
	assert_int_equal(bs_peer_table_count(w->table), 4);
	assert_int_equal(SSL_get_shutdown(clients[1]->ssl), SSL_RECEIVED_SHUTDOWN); /* told by close_notify */
}

/* Who has a bootstrap that waits or runs stays, however long it was quiet; when all have, the new one must wait. */
static void
work_in_progress_is_not_evicted(void **state)
{
	struct world *w = *state;
	struct client *late;
	struct bs_peer *peers[4];

	for (unsigned i = 0; i < 4; i++) {
		assert_true(client_connects(new_client(w, i)));
		peers[i] = w->last_open;
		bs_peer_set_busy(peers[i], true);
		w->now_ms += 1000;
	}
	w->now_ms += 60000;
	late = new_client(w, 4);
	assert_false(client_connects(late));
	assert_int_equal(counters(w)->dropped_table_full, 1);
	assert_int_equal(w->closed, 0);
	client_free(late);
	bs_peer_set_busy(peers[2], false);
	assert_true(client_connects(new_client(w, 4)));
	assert_int_equal(w->closed, 1);
	assert_ptr_equal(w->last_closed, peers[2]);
}

static void
silence_ends_a_session(void **state)
{
	struct world *w = *state;
	struct client *a = new_client(w, 1), *b = new_client(w, 2);

	assert_true(client_connects(a));
	assert_true(client_connects(b));
	assert_int_equal(bs_peer_table_next_deadline_ms(w->table), w->now_ms + small.idle_ms);
	tick(w, small.idle_ms - 1);
	assert_int_equal(w->closed, 0);
	client_say(b, "alive");
	tick(w, 1);
	assert_int_equal(w->closed, 1);
	assert_int_equal(bs_peer_table_count(w->table), 1);
	world_run(w);
	assert_int_equal(SSL_get_shutdown(a->ssl), SSL_RECEIVED_SHUTDOWN);
	assert_int_equal(SSL_get_shutdown(b->ssl), 0);
	tick(w, small.idle_ms - 1);
	assert_int_equal(w->closed, 2);
	assert_int_equal(bs_peer_table_next_deadline_ms(w->table), UINT64_MAX);
}

static void
the_device_closes(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);

	assert_true(client_connects(c));
	SSL_shutdown(c->ssl);
	world_run(w);
	assert_int_equal(w->closed, 1);
	assert_int_equal(w->outcome, BS_OUT_DONE);
	assert_int_equal(bs_peer_table_count(w->table), 0);
	assert_true(SSL_get_shutdown(c->ssl) & SSL_RECEIVED_SHUTDOWN);
}

static void
the_owner_closes_within_a_callback(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t both[2 * WORLD_DATAGRAM];
	size_t len;

	assert_true(client_connects(c));
	w->close_in_data = true;
	assert_true(SSL_write(c->ssl, "one", 3) == 3);
	assert_true(SSL_write(c->ssl, "two", 3) == 3);
	len = client_take(c, both);
	len += client_take(c, both + len);
	world_deliver(w, c, both, len);
	assert_int_equal(w->data_count, 1);
	assert_int_equal(w->closed, 0); /* it knows */
	assert_int_equal(bs_peer_table_count(w->table), 0);
	world_run(w);
	assert_int_equal(SSL_get_shutdown(c->ssl), SSL_RECEIVED_SHUTDOWN);
}

static void
the_owner_closes_what_has_just_opened(void **state)
{
	struct world *w = *state;
	struct client *old = new_client(w, 1), *new;

	assert_true(client_connects(old));
	w->close_in_open = true;
	new = new_client(w, 1); /* from the same address, which makes three lists to leave */
	client_start(new);
	world_run(w);
	assert_int_equal(w->opened, 2);
	assert_int_equal(w->closed, 1); /* the old one; the new one is the owner's own doing */
	assert_int_equal(bs_peer_table_count(w->table), 0);
	assert_int_equal(bs_peer_table_half_open(w->table), 0);
	assert_int_equal(bs_peer_table_next_deadline_ms(w->table), UINT64_MAX);
}

static void
an_end_of_the_table_tells_all(void **state)
{
	struct world *w = *state;
	struct client *a = new_client(w, 1);
	const struct bs_dtls_conf conf = { 0 };
	const struct bs_credential_lookup lookup = { 0 };
	const struct bs_peer_ops ops = { 0 };
	struct bs_dtls_ctx *ctx = NULL;
	struct bs_diag diag;

	assert_true(client_connects(a));
	begin(w, 2);
	bs_peer_table_free(w->table);
	client_step(a);
	assert_int_equal(SSL_get_shutdown(a->ssl), SSL_RECEIVED_SHUTDOWN);
	assert_int_equal(w->closed, 0);
	/* The fixture frees a table: give it another one. */
	assert_int_equal(bs_dtls_ctx_new(&conf, &lookup, &ctx, &diag), BS_OK);
	bs_dtls_ctx_free(w->ctx);
	w->ctx = ctx;
	assert_int_equal(bs_peer_table_new(ctx, &small, &ops, &w->seed, test_random, 0, &w->table), BS_OK);
}

static void
what_is_lost_of_a_handshake_is_sent_again(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t datagram[WORLD_DATAGRAM];
	size_t len = second_hello(c, datagram);
	unsigned sent;

	c->deaf = true; /* our first flight is lost */
	world_deliver(w, c, datagram, len);
	sent = w->sent;
	assert_in_range(bs_peer_table_next_deadline_ms(w->table), w->now_ms + 1, w->now_ms + 41);
	tick(w, 1);
	assert_int_equal(w->sent, sent);
	c->deaf = false;
	usleep(50000); /* OpenSSL's timer reads a clock of its own */
	tick(w, 60);
	assert_int_equal(w->sent, sent + 2); /* ServerHello, ServerHelloDone: again, each in a datagram of its own */
	assert_in_range(bs_peer_table_next_deadline_ms(w->table), w->now_ms + 60, w->now_ms + 81); /* doubled */
	world_run(w);
	assert_true(c->done);
	assert_int_equal(w->opened, 1);
}

/* Each listener may have a first timer of its own: it counts for who comes in there. */
static void
a_listener_has_its_own_first_timer(void **state)
{
	struct world *w = *state;
	struct client *slow = new_client(w, 1), *other = new_client(w, 2);
	uint8_t datagram[WORLD_DATAGRAM];
	size_t len = second_hello(slow, datagram);

	slow->deaf = true;
	w->first_timeout_ms = 5000;
	world_deliver(w, slow, datagram, len);
	assert_in_range(bs_peer_table_next_deadline_ms(w->table), w->now_ms + 4900, w->now_ms + 5001);
	w->first_timeout_ms = 0; /* the context's: 40 ms */
	len = second_hello(other, datagram);
	other->deaf = true;
	world_deliver(w, other, datagram, len);
	assert_in_range(bs_peer_table_next_deadline_ms(w->table), w->now_ms + 1, w->now_ms + 41);
}

static void
a_lost_finished_is_sent_again_when_asked(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);
	uint8_t datagram[WORLD_DATAGRAM];
	size_t len;

	c->timer_ms = 20;
	len = second_hello(c, datagram);
	world_deliver(w, c, datagram, len);
	client_step(c);
	c->deaf = true; /* our ChangeCipherSpec and Finished are lost */
	while ((len = client_take(c, datagram)) > 0)
		world_deliver(w, c, datagram, len);
	assert_int_equal(w->opened, 1);
	client_step(c);
	assert_false(c->done);
	c->deaf = false;
	usleep(40000);
	assert_int_equal(DTLSv1_handle_timeout(c->ssl), 1); /* the client repeats its flight */
	world_run(w);
	assert_true(c->done);
	assert_int_equal(w->opened, 1);
	client_say(c, "at last");
	assert_string_equal(w->data, "at last");
}

/* covers: trap 39 */
static void
small_devices_get_small_records(void **state)
{
	struct world *w = *state;
	struct client *plain = new_client(w, 1), *small_one = new_client(w, 2);
	uint8_t text[1280] = { 0 };

	assert_true(client_connects(plain));
	assert_in_range(bs_peer_max_data(w->last_open), 1100, 1280 - 48 - 13 - 16);
	assert_int_equal(bs_peer_send(w->last_open, text, bs_peer_max_data(w->last_open)), BS_OK);
	assert_true(w->last_sent_len <= 1280 - 48);
	assert_int_equal(SSL_CTX_set_tlsext_max_fragment_length(small_one->ssl_ctx, TLSEXT_max_fragment_length_512), 1);
	assert_true(client_connects(small_one));
	assert_int_equal(bs_peer_max_data(w->last_open), 512);
	assert_int_equal(bs_peer_send(w->last_open, text, 512), BS_OK);
	assert_int_equal(bs_peer_send(w->last_open, text, 513), BS_EIO);
}

/* covers: trap 39 */
static void
long_flights_fit_path_and_device(void **state)
{
	static const struct {
		unsigned mtu;
		uint8_t fragment; /* max_fragment_length, RFC 6066, 4 */
		size_t datagram_most, record_most;
	} rows[] = {
		{ 0, TLSEXT_max_fragment_length_DISABLED, 1280 - 48, 1280 - 48 - 13 },
		{ 600, TLSEXT_max_fragment_length_DISABLED, 600 - 48, 600 - 48 - 13 },
		{ 0, TLSEXT_max_fragment_length_512, 1280 - 48, 512 },
	};
	const struct pki_options for_ca = { .ca = true, .rsa_bits = 3072 }, for_server = { .extended_usage = "" };
	struct bs_dtls_identity identity = { 0 };
	struct bs_dtls_conf conf = { .identities = &identity, .identity_count = 1 };
	struct pki_cert ca, server;
	const struct pki_cert *const chain[] = { &server, &ca };

	(void)state;
	pki_make(&ca, "test CA", NULL, &for_ca);
	pki_make(&server, "localhost", &ca, &for_server);
	identity.certificate = pki_write_certs(chain, 2);
	identity.private_key = pki_write_key(&server);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client *c;
		struct world w;

		conf.mtu = rows[i].mtu;
		world_init(&w, &conf, NULL);
		w.pinned[0] = (struct world_key){ &server, "dev",
			false }; /* it comes to itself: any certificate will do */
		c = client_new(&w, 1, "ECDHE-ECDSA-AES128-CCM8");
		client_set_cert(c, &server);
		assert_int_equal(SSL_CTX_set_tlsext_max_fragment_length(c->ssl_ctx, rows[i].fragment), 1);
		if (!client_connects(c))
			fail_msg("row %zu: %s", i, w.detail);
		/* Two certificates of together more than 1,500 octets: the limits are reached. */
		assert_in_range(w.longest_sent, rows[i].datagram_most / 2, rows[i].datagram_most);
		assert_in_range(w.longest_record, rows[i].record_most / 4 * 3, rows[i].record_most);
		world_clear(&w);
	}
	pki_clear(&ca);
	pki_clear(&server);
	pki_remove_files();
}

static void
renegotiation_is_not_to_be_had(void **state)
{
	struct world *w = *state;
	struct client *c = new_client(w, 1);

	assert_true(client_connects(c));
	SSL_renegotiate(c->ssl);
	SSL_do_handshake(c->ssl);
	world_run(w);
	assert_int_equal(c->alert, 100); /* no_renegotiation; OpenSSL's client then gives up by itself */
	assert_int_equal(w->opened, 1);
	assert_int_equal(w->outcome, BS_OUT_CLIENT_CLOSED);
}

/* A record that decrypts is the device's: what is wrong with it is told as the device's doing. */
static void
what_a_device_does_wrong_is_told_as_its_own(void **state)
{
	static const struct {
		const char *name, *detail;
		uint8_t type;
		size_t len;
		uint8_t body[4];
	} rows[] = {
		{ "a type that nobody knows", "does not allow here: unexpected record", 99, 4, { 0 } },
		{ "an alert of one octet", "does not allow here: invalid alert", 21, 1, { 2 } },
		{ "an alert of an unknown level", "does not allow here: unknown alert type", 21, 2, { 3, 40 } },
		{ "a fatal alert", "the device sent alert 40 (handshake failure)", 21, 2, { 2, 40 } },
	};
	struct world *w = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client *c = client_new(w, i, "PSK-AES128-GCM-SHA256");
		uint8_t record[13 + 8 + 4 + 16];
		size_t len;

		client_set_psk(c, "dev", WORLD_KEY);
		assert_true(client_connects(c));
		len = client_seal(c, rows[i].type, 9, rows[i].body, rows[i].len, record);
		world_deliver(w, c, record, len);
		if (w->closed != i + 1 || w->outcome != BS_OUT_CLIENT_CLOSED ||
			strstr(w->detail, rows[i].detail) == NULL)
			fail_msg("%s: %s (%s)", rows[i].name, bs_outcome_word(w->outcome), w->detail);
	}
}

int
main(void)
{
#define T(f, s) cmocka_unit_test_setup_teardown(f, s, teardown)
	const struct CMUnitTest tests[] = {
		T(a_stranger_costs_nothing, setup),
		T(a_quiet_session_holds_no_buffers, setup),
		T(a_half_open_handshake_holds_no_buffer_to_read_into, setup),
		T(datagrams_from_nowhere_are_dropped, setup),
		T(a_cut_hello_opens_nothing, setup),
		T(a_hello_in_fragments, setup),
		T(the_server_hello_has_the_number_of_the_hello, setup),
		T(a_hello_that_is_not_the_second_message_meets_a_new_cookie, setup),
		T(a_repeated_hello_makes_no_second_peer, setup),
		T(nonsense_and_replays_are_dropped, setup),
		T(no_forged_record_ends_a_session, setup),
		T(two_records_in_one_datagram, setup),
		T(no_number_of_forgeries_ends_a_session, setup),
		T(what_cannot_be_a_record_of_the_session_is_not_tried, setup),
		T(one_forged_record_ends_no_session_of_any_suite, setup),
		T(a_key_is_used_for_so_many_records, setup),
		T(a_second_handshake_replaces_the_first_when_done, setup),
		T(a_handshake_that_fails_leaves_the_live_one, setup),
		T(beginning_anew_within_a_handshake, setup_small),
		T(half_open_handshakes_are_limited, setup_small),
		cmocka_unit_test(half_open_handshakes_are_limited_in_all),
		T(the_fuller_host_gives_way_to_its_neighbour, setup_small),
		cmocka_unit_test(what_stalls_gives_way_when_all_is_full),
		cmocka_unit_test(a_known_identity_counts_as_new_once),
		T(a_network_with_a_good_device_has_places_kept, setup_small),
		T(who_is_only_ignored_holds_no_place, setup_small),
		T(late_copies_from_an_ignored_address_meet_silence, setup_small),
		T(the_longest_quiet_makes_room, setup_small),
		T(work_in_progress_is_not_evicted, setup_small),
		T(silence_ends_a_session, setup_small),
		T(the_device_closes, setup),
		T(the_owner_closes_within_a_callback, setup),
		T(the_owner_closes_what_has_just_opened, setup),
		T(an_end_of_the_table_tells_all, setup),
		T(what_is_lost_of_a_handshake_is_sent_again, setup_quick),
		T(a_listener_has_its_own_first_timer, setup_quick),
		T(a_lost_finished_is_sent_again_when_asked, setup),
		T(small_devices_get_small_records, setup),
		cmocka_unit_test(long_flights_fit_path_and_device),
		T(renegotiation_is_not_to_be_had, setup),
		T(what_a_device_does_wrong_is_told_as_its_own, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
