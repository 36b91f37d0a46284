/* SPDX-License-Identifier: Apache-2.0 */
/* What anybody can send under a device's address while its handshake is on: it must not end it, nor cost memory. */
#include "tests/lib/test.h"

#include <unistd.h>

#include "server/dtls/gate.h"
#include "tests/lib/alloc.h"
#include "tests/lib/dtls_world.h"

#define ID 1
#define GARBAGE_MAX 17000

static struct pki_cert ca, server, device, device_raw;

static int
setup_group(void **state)
{
	const struct pki_options for_ca = { .ca = true }, for_server = { .extended_usage = "" };

	(void)state;
	pki_make(&ca, "test CA", NULL, &for_ca);
	pki_make(&server, "localhost", &ca, &for_server);
	pki_make(&device, "dev-cert", &ca, &for_server);
	pki_make_raw(&device_raw, "P-256");
	return 0;
}

static int
teardown_group(void **state)
{
	struct pki_cert *const all[] = { &ca, &server, &device, &device_raw };

	(void)state;
	pki_clear_all(all, sizeof(all) / sizeof(all[0]));
	return 0;
}

static int
setup(void **state)
{
	struct world_fixture *fx = test_calloc(1, sizeof(*fx));

	world_fixture_init(fx, &server, NULL, &ca, NULL);
	fx->w.psks[0] = (struct world_psk){ .identity = "dev-psk", .key = WORLD_KEY };
	fx->w.raws[0] = (struct world_key){ .key = &device_raw, .endpoint = "dev-raw" };
	fx->w.names[0] = (struct world_name){ .name = "dev-cert", .anchor = &ca };
	*state = fx;
	return 0;
}

/* ---- records that anybody can send --------------------------------------------------------------------------------- */

struct spoof {
	const char *name;
	uint8_t type, epoch;
	size_t len; /* of the body; what the array does not give is 0 */
	uint8_t body[16];
	uint8_t version[2]; /* 0, 0: DTLS 1.2 */
	size_t cut; /* octets that the datagram lacks */
};

static const struct spoof spoofs[] = {
	{ "alert, fatal", 21, 0, 2, { 2, 40 }, { 0 }, 0 },
	{ "alert, close_notify", 21, 0, 2, { 1, 0 }, { 0 }, 0 },
	{ "alert, warning", 21, 0, 2, { 1, 90 }, { 0 }, 0 },
	{ "alert of an unknown level", 21, 0, 2, { 9, 9 }, { 0 }, 0 },
	{ "alert of one octet", 21, 0, 1, { 2 }, { 0 }, 0 },
	{ "alert of 1,200 octets", 21, 0, 1200, { 2, 40 }, { 0 }, 0 },
	{ "application data", 23, 0, 20, { 0x40 }, { 0 }, 0 },
	{ "heartbeat", 24, 0, 20, { 1 }, { 0 }, 0 },
	{ "type 99", 99, 0, 20, { 0 }, { 0 }, 0 },
	{ "type 0", 0, 0, 20, { 0 }, { 0 }, 0 },
	{ "ChangeCipherSpec", 20, 0, 1, { 1 }, { 0 }, 0 },
	{ "ChangeCipherSpec of two octets", 20, 0, 2, { 1, 1 }, { 0 }, 0 },
	{ "ChangeCipherSpec of another value", 20, 0, 1, { 2 }, { 0 }, 0 },
	{ "no message", 22, 0, 0, { 0 }, { 0 }, 0 },
	{ "half a handshake header", 22, 0, 6, { 16, 0, 0, 4, 0, 2 }, { 0 }, 0 },
	{ "a fragment longer than its record", 22, 0, 16, { 16, 0, 0, 9, 0, 2, 0, 0, 0, 0, 0, 9 }, { 0 }, 0 },
	{ "a fragment that ends behind its message", 22, 0, 16, { 16, 0, 0, 6, 0, 2, 0, 0, 4, 0, 0, 4 }, { 0 }, 0 },
	{ "a fragment of no octets", 22, 0, 12, { 16, 0, 0, 6, 0, 2, 0, 0, 0, 0, 0, 0 }, { 0 }, 0 },
	{ "the same of the next message", 22, 0, 12, { 16, 0, 0, 6, 0, 3, 0, 0, 0, 0, 0, 0 }, { 0 }, 0 },
	{ "a message of 16 MB", 22, 0, 16, { 11, 255, 255, 255, 0, 2, 0, 0, 0, 0, 0, 4 }, { 0 }, 0 },
	{ "a key exchange of 16 KB", 22, 0, 16, { 16, 0, 0x40, 0, 0, 2, 0, 0, 0, 0, 0, 4 }, { 0 }, 0 },
	{ "a message far ahead", 22, 0, 16, { 16, 0, 0, 4, 0, 9, 0, 0, 0, 0, 0, 4 }, { 0 }, 0 },
	{ "a Finished in the clear", 22, 0, 24, { 20, 0, 0, 12, 0, 3, 0, 0, 0, 0, 0, 12 }, { 0 }, 0 },
	{ "another Finished in the clear", 22, 0, 24, { 20, 0, 0, 12, 0, 2, 0, 0, 0, 0, 0, 12 }, { 0 }, 0 },
	{ "a third Finished in the clear", 22, 0, 24, { 20, 0, 0, 12, 0, 5, 0, 0, 0, 0, 0, 12 }, { 0 }, 0 },
	{ "a HelloRequest", 22, 0, 12, { 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0 }, { 0 }, 0 },
	{ "a ServerHelloDone to the server", 22, 0, 12, { 14, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0 }, { 0 }, 0 },
	{ "a later fragment of a ClientHello", 22, 0, 16, { 1, 0, 1, 0, 0, 1, 0, 0, 200, 0, 0, 4 }, { 0 }, 0 },
	{ "a message and a half", 22, 0, 20, { 14, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 16 }, { 0 }, 0 },
	{ "16,385 octets", 22, 0, 16385, { 16, 0, 0x3f, 0xf5, 0, 2, 0, 0, 0, 0, 0x3f, 0xf5 }, { 0 }, 0 },
	{ "17,000 octets", 22, 0, GARBAGE_MAX, { 16 }, { 0 }, 0 },
	{ "1,000 octets of a type that fits", 20, 0, 1000, { 1 }, { 0 }, 0 },
	{ "a record that is cut", 22, 0, 24, { 16, 0, 0, 12, 0, 2 }, { 0 }, 4 },
	{ "DTLS 1.0", 22, 0, 12, { 14, 0, 0, 0, 0, 2 }, { 0xfe, 0xff }, 0 },
	{ "TLS 1.2", 22, 0, 12, { 16, 0, 0, 0, 0, 2 }, { 3, 3 }, 0 },
	{ "an alert of TLS", 21, 0, 2, { 2, 40 }, { 3, 3 }, 0 },
	{ "protected, too short for a tag", 22, 1, 8, { 0 }, { 0 }, 0 },
	{ "protected", 22, 1, 40, { 7 }, { 0 }, 0 },
	{ "protected, as long as with CBC", 22, 1, 80, { 7 }, { 0 }, 0 },
	{ "protected, of 16 KB", 22, 1, 16000, { 7 }, { 0 }, 0 },
	{ "a protected alert", 21, 1, 40, { 7 }, { 0 }, 0 },
	{ "protected data", 23, 1, 80, { 7 }, { 0 }, 0 },
	{ "a protected ChangeCipherSpec", 20, 1, 80, { 7 }, { 0 }, 0 },
	{ "epoch 2", 22, 2, 80, { 7 }, { 0 }, 0 },
};
#define SPOOFS (sizeof(spoofs) / sizeof(spoofs[0]))

static void
send_spoof(struct world *w, const struct client *as, const struct spoof *s, uint64_t seq)
{
	static uint8_t record[13 + GARBAGE_MAX];

	memset(record, 0, sizeof(record));
	record[0] = s->type;
	memcpy(record + 1, s->version[0] != 0 ? s->version : (const uint8_t[]){ 0xfe, 0xfd }, 2);
	record[4] = s->epoch;
	for (int i = 0; i < 6; i++)
		record[10 - i] = (uint8_t)(seq >> 8 * i);
	record[11] = (uint8_t)(s->len >> 8);
	record[12] = (uint8_t)s->len;
	memcpy(record + 13, s->body, sizeof(s->body));
	world_deliver(w, as, record, 13 + s->len - s->cut);
}

/* ---- handshakes that they come into --------------------------------------------------------------------------------- */

struct mode {
	const char *name, *suite;
	enum bs_credential_kind kind;
	bool dialled;
	uint8_t fragment; /* max_fragment_length, RFC 6066, 4 */
};

static const struct mode modes[] = {
	{ "PSK, CCM_8", "PSK-AES128-CCM8", BS_CRED_PSK, false, 0 },
	{ "PSK, CBC", "PSK-AES128-CBC-SHA256", BS_CRED_PSK, false, 0 },
	{ "PSK, records of 512", "PSK-AES128-CCM8", BS_CRED_PSK, false, TLSEXT_max_fragment_length_512 },
	{ "raw key", "ECDHE-ECDSA-AES128-CCM8", BS_CRED_RAW_KEY, false, 0 },
	{ "X.509", "ECDHE-ECDSA-AES128-GCM-SHA256", BS_CRED_CERTIFICATE, false, 0 },
	{ "X.509, CBC", "ECDHE-ECDSA-AES128-SHA256", BS_CRED_CERTIFICATE, false, 0 },
	{ "X.509, records of 512", "ECDHE-ECDSA-AES128-CCM8", BS_CRED_CERTIFICATE, false,
		TLSEXT_max_fragment_length_512 },
	{ "dialled, PSK", "PSK-AES128-CCM8", BS_CRED_PSK, true, 0 },
	{ "dialled, PSK, CBC", "PSK-AES128-CBC-SHA256", BS_CRED_PSK, true, 0 },
	{ "dialled, X.509", "ECDHE-ECDSA-AES128-CCM8", BS_CRED_CERTIFICATE, true, 0 },
};
#define MODES (sizeof(modes) / sizeof(modes[0]))

static struct client *
start_client(struct world *w, const struct mode *m)
{
	static const char *const endpoints[] = { "dev-psk", "dev-raw", "dev-cert" };
	struct client *c = m->dialled ? device_new(w, 1, m->suite) : client_new(w, 1, m->suite);
	struct bs_peer *peer = NULL;

	client_set_psk(c, "dev-psk", WORLD_KEY);
	if (m->kind != BS_CRED_PSK)
		client_set_cert(c, m->kind == BS_CRED_RAW_KEY ? &device_raw : &device);
	assert_int_equal(SSL_CTX_set_tlsext_max_fragment_length(c->ssl_ctx, m->fragment), 1);
	client_start(c);
	if (m->dialled)
		assert_int_equal(world_dial(w, c, m->kind, ID, endpoints[m->kind], &peer), BS_OK);
	return c;
}

/* Record by record, with s after the n-th of the device. False: the handshake had no n-th record. */
static bool
handshake_with(struct world *w, struct client *c, unsigned n, const struct spoof *s, uint64_t seq)
{
	static struct world_flight f;
	unsigned next = 0;

	f.count = 0;
	for (client_take_records(c, &f); next < f.count; client_take_records(c, &f)) {
		world_deliver(w, c, f.records[next], f.lens[next]);
		if (++next == n)
			send_spoof(w, c, s, seq);
	}
	return next >= n;
}

static void
no_spoofed_record_ends_a_handshake(void **state)
{
	static const uint64_t seqs[] = { 0, 50, (UINT64_C(1) << 48) - 1 };
	struct world_fixture *fx = *state;
	struct world *w = &fx->w;

	for (size_t m = 0; m < MODES; m++)
		for (size_t s = 0; s < SPOOFS; s++) {
			bool more = true;

			for (unsigned n = 1; more; n++) {
				struct client *c = start_client(w, &modes[m]);

				w->opened = w->closed = w->data_count = 0;
				more = handshake_with(w, c, n, &spoofs[s], seqs[(m + s + n) % 3]);
				if (!c->done || w->opened != 1 || w->closed > 0)
					fail_msg("%s: %s after record %u: %s", modes[m].name, spoofs[s].name, n,
						w->closed > 0 ? w->detail : "not done");
				client_say(c, "whole");
				assert_int_equal(w->data_count, 1);
				bs_peer_table_close(w->table, w->last_open);
				bs_peer_table_sweep(w->table);
				client_free(c);
			}
		}
}

/* The device goes on after the alert that was not its own: later than that, nothing is left of it. */
static void
an_alert_is_forgotten_when_the_device_goes_on(void **state)
{
	struct world_fixture *fx = *state;
	struct world *w = &fx->w;

	for (size_t m = 0; m < MODES; m++) {
		struct client *c = start_client(w, &modes[m]);

		w->opened = w->closed = 0;
		handshake_with(w, c, 2, &spoofs[0], 0);
		world_wait(w, 3 * WORLD_ALERT_GRACE_MS);
		assert_int_equal(w->opened, 1);
		assert_int_equal(w->closed, 0);
		bs_peer_table_close(w->table, w->last_open);
		bs_peer_table_sweep(w->table);
		client_free(c);
	}
}

/* It went on, but did not get to the end: the alert is what there is to say. */
static void
an_alert_is_told_at_the_end_if_nothing_else_is_known(void **state)
{
	struct world_fixture *fx = *state;
	static struct world_flight f;
	struct client *c = client_new(&fx->w, 1, "ECDHE-ECDSA-AES128-CCM8");

	client_set_cert(c, &device_raw);
	f.count = 0;
	client_take_last_flight(c, &f);
	send_spoof(&fx->w, c, &spoofs[0], 0);
	world_deliver(&fx->w, c, f.records[0], f.lens[0]);
	world_wait(&fx->w, WORLD_ALERT_GRACE_MS);
	assert_int_equal(fx->w.closed, 0);
	world_wait(&fx->w, 60000);
	assert_int_equal(fx->w.outcome, BS_OUT_HANDSHAKE_FAILED);
	assert_non_null(strstr(fx->w.detail, "the device sent alert 40"));
}

/* The handshake time is shorter than the wait for the device to go on. */
static void
an_alert_is_told_when_the_handshake_time_ends_first(void **state)
{
	struct bs_peer_limits limits;
	struct world w;

	(void)state;
	bs_peer_limits_init(&limits);
	limits.handshake_ms = 2000;
	for (size_t m = 0; m < MODES; m++) {
		static struct world_flight f;
		struct client *c;

		if (modes[m].kind != BS_CRED_PSK)
			continue;
		world_init(&w, NULL, &limits);
		w.psks[0] = (struct world_psk){ .identity = "dev-psk", .key = WORLD_KEY };
		c = start_client(&w, &modes[m]);
		f.count = 0;
		for (unsigned i = 0; i < 2; i++) {
			client_take_records(c, &f);
			c->deaf = i == 1;
			world_deliver(&w, c, f.records[i], f.lens[i]);
		}
		send_spoof(&w, c, &spoofs[0], 0);
		world_wait(&w, 1999);
		assert_int_equal(w.closed, 0);
		world_wait(&w, 1);
		assert_int_equal(w.closed, 1);
		if (w.outcome != BS_OUT_HANDSHAKE_FAILED || strstr(w.detail, "alert 40") == NULL)
			fail_msg("%s: %s (%s)", modes[m].name, bs_outcome_word(w.outcome), w.detail);
		assert_int_equal(bs_peer_table_count(w.table), 0);
		world_clear(&w);
	}
}

/* A device that restarted shakes hands anew beside its old session: neither is a stranger's to end. */
static void
no_spoofed_record_ends_a_session_or_its_successor(void **state)
{
	struct world_fixture *fx = *state;
	struct world *w = &fx->w;

	for (size_t s = 0; s < SPOOFS; s++) {
		struct client *old = start_client(w, &modes[1]), *c;
		struct bs_peer *first;
		static struct world_flight f;
		unsigned next = 0;

		w->opened = w->closed = 0;
		world_run(w);
		first = w->last_open;
		client_say(old, "old");
		c = start_client(w, &modes[4]);
		f.count = 0;
		for (client_take_records(c, &f); next < f.count; client_take_records(c, &f)) {
			world_deliver(w, c, f.records[next], f.lens[next]);
			next++;
			send_spoof(w, c, &spoofs[s], 60 + next);
			if (w->opened < 2)
				assert_int_equal(w->closed, 0);
		}
		if (!c->done || w->opened != 2 || w->closed != 1 || w->last_closed != first)
			fail_msg("%s: %s", spoofs[s].name, w->detail);
		bs_peer_table_close(w->table, w->last_open);
		bs_peer_table_sweep(w->table);
		client_free(c);
		client_free(old);
	}
}

/* ---- honest flights in pieces --------------------------------------------------------------------------------------- */

/* order: permutations by a step; every piece comes `times` times. */
static void
a_flight_in_pieces_gets_through_in_any_order(void **state)
{
	static const unsigned mtus[] = { 256, 300, 400, 600 };
	struct world_fixture *fx = *state;
	struct world *w = &fx->w;
	static struct world_flight f;

	for (unsigned m = 0; m < sizeof(mtus) / sizeof(mtus[0]); m++)
		for (unsigned step = 1; step <= 5; step++) {
			struct client *c = client_new(w, 10 * m + step, "ECDHE-ECDSA-AES128-CCM8");
			unsigned clear = 0;

			client_set_cert(c, &device);
			assert_int_equal(SSL_CTX_add1_chain_cert(c->ssl_ctx, ca.cert), 1);
			c->mtu = mtus[m];
			f.count = 0;
			client_take_last_flight(c, &f);
			while (f.records[clear][0] == 22 && f.records[clear][4] == 0)
				clear++;
			assert_true(clear > 3);
			while (clear % step == 0 && step > 1)
				step++;
			w->opened = 0;
			for (unsigned times = 0; times < 3; times++)
				for (unsigned i = 0; i < clear; i++) {
					unsigned at = clear - 1 - (i * step + times) % clear;

					world_deliver(w, c, f.records[at], f.lens[at]);
				}
			for (unsigned i = clear; i < f.count; i++)
				world_deliver(w, c, f.records[i], f.lens[i]);
			if (w->opened != 1)
				fail_msg("mtu %u, step %u: %u pieces", mtus[m], step, clear);
			client_free(c);
		}
}

/* All of it backwards: the ChangeCipherSpec comes too early, and again with the repeated flight. */
static void
a_flight_backwards_gets_through_with_its_repetition(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = client_new(&fx->w, 1, "ECDHE-ECDSA-AES128-CCM8");
	static struct world_flight f;

	client_set_cert(c, &device);
	c->mtu = 256;
	c->timer_ms = 20;
	f.count = 0;
	client_take_last_flight(c, &f);
	for (unsigned i = f.count; i-- > 0;)
		world_deliver(&fx->w, c, f.records[i], f.lens[i]);
	assert_int_equal(fx->w.opened, 0);
	usleep(40000); /* OpenSSL's timer reads a clock of its own */
	assert_int_equal(DTLSv1_handle_timeout(c->ssl), 1);
	world_run(&fx->w);
	assert_int_equal(fx->w.opened, 1);
	assert_true(c->done);
}

/* ---- memory --------------------------------------------------------------------------------------------------------- */

static void
send_fragment(struct client *c, uint8_t type, uint16_t seq, uint32_t message, uint32_t offset, size_t len)
{
	uint8_t record[13 + 12 + 4096] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, (uint8_t)seq, (uint8_t)(offset >> 8),
		(uint8_t)((12 + len) >> 8), (uint8_t)(12 + len), type, (uint8_t)(message >> 16),
		(uint8_t)(message >> 8), (uint8_t)message, (uint8_t)(seq >> 8), (uint8_t)seq, (uint8_t)(offset >> 16),
		(uint8_t)(offset >> 8), (uint8_t)offset, 0, (uint8_t)(len >> 8), (uint8_t)len };

	world_deliver(c->world, c, record, 13 + 12 + len);
}

static void
send_all_that_might_be_kept(struct client *c)
{
	static const uint8_t types[] = { 1, 2, 11, 12, 13, 14, 15, 16, 20 };
	static const uint32_t lens[] = { 16640, 16384, 8192, 2048, 1024 };
	uint8_t record[13 + 100] = { 22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 100 };

	for (uint16_t seq = 1; seq <= 14; seq++)
		for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++)
			for (size_t t = 0; t < sizeof(types); t++) {
				send_fragment(c, types[t], seq, lens[l], 0, 1);
				send_fragment(c, types[t], seq, lens[l], 1, 1000);
			}
	for (unsigned type = 20; type <= 23; type++)
		for (unsigned i = 0; i < 120; i++) {
			record[0] = (uint8_t)type;
			record[10] = (uint8_t)i;
			world_deliver(c->world, c, record, sizeof(record));
		}
}

static void
a_half_open_handshake_keeps_no_more_than_two_chains(void **state)
{
	struct world_fixture *fx = *state;
	struct world *w = &fx->w;

	for (size_t m = 0; m < MODES; m++) {
		static struct world_flight f;
		size_t before, after;
		struct client *c;

		c = start_client(w, &modes[m]);
		f.count = 0;
		for (unsigned i = 0; i < (modes[m].dialled ? 1 : 2); i++) { /* a cookie; the second hello */
			client_take_records(c, &f);
			c->deaf = i == 1;
			world_deliver(w, c, f.records[i], f.lens[i]);
		}
		assert_int_equal(bs_peer_table_half_open(w->table), 1);
		before = test_allocated();
		send_all_that_might_be_kept(c);
		after = test_allocated();
		if (after > before + BS_GATE_KEPT_MAX)
			fail_msg("%s: %zu octets more", modes[m].name, after - before);
		assert_true(bs_peer_table_counters(w->table)->handshake_dropped > 500);
		world_wait(w, 60000);
		client_free(c);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, world_fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(no_spoofed_record_ends_a_handshake),
		T(an_alert_is_forgotten_when_the_device_goes_on),
		T(an_alert_is_told_at_the_end_if_nothing_else_is_known),
		T(an_alert_is_told_when_the_handshake_time_ends_first),
		T(no_spoofed_record_ends_a_session_or_its_successor),
		T(a_flight_in_pieces_gets_through_in_any_order),
		T(a_flight_backwards_gets_through_with_its_repetition),
		T(a_half_open_handshake_keeps_no_more_than_two_chains),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
