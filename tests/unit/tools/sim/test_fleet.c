/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a fleet run: the road with its mishaps, addresses to send from, what to expect, and the numbers. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "tools/sim/cpu.h"
#include "tools/sim/expect.h"
#include "tools/sim/road.h"
#include "tools/sim/source.h"
#include "tools/sim/tally.h"

/* ---- road --------------------------------------------------------------------------------------------------------- */

struct world {
	int fd[2]; /* the client's end, the server's end */
	uint64_t dice;
	struct sim_mishaps how;
	struct sim_road road;
	BIO *bio;
};

static void
open_world(struct world *w, struct sim_mishaps how)
{
	w->dice = 7;
	w->how = how;
	w->how.dice = &w->dice;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, w->fd), 0);
	sim_road_init(&w->road, w->fd[0], &w->how);
	w->bio = sim_road_new_bio(&w->road);
	assert_non_null(w->bio);
}

static void
close_world(struct world *w)
{
	BIO_free(w->bio);
	sim_road_clear(&w->road);
	close(w->fd[0]);
	close(w->fd[1]);
}

/* What the server got, as text; "" for nothing. */
static const char *
server_got(struct world *w, char out[16])
{
	ssize_t n = recv(w->fd[1], out, 15, 0);

	out[n > 0 ? n : 0] = '\0';
	return out;
}

static const char *
client_got(struct world *w, char out[16])
{
	int n = BIO_read(w->bio, out, 15);

	assert_true(n > 0 || BIO_should_retry(w->bio));
	out[n > 0 ? n : 0] = '\0';
	return out;
}

static void
test_delay(void **state)
{
	struct world w;
	char got[16];

	(void)state;
	open_world(&w, (struct sim_mishaps){ .delay_ms = 20 });
	sim_road_set_now(&w.road, 100);
	assert_int_equal(sim_road_due_ms(&w.road), BS_NEVER);
	assert_int_equal(BIO_write(w.bio, "up", 2), 2);
	assert_int_equal(send(w.fd[1], "down", 4, 0), 4);
	assert_string_equal(client_got(&w, got), "");
	assert_int_equal(sim_road_due_ms(&w.road), 120);
	sim_road_set_now(&w.road, 119);
	assert_string_equal(server_got(&w, got), "");
	assert_string_equal(client_got(&w, got), "");
	sim_road_set_now(&w.road, 120);
	assert_string_equal(server_got(&w, got), "up");
	assert_string_equal(client_got(&w, got), "down");
	assert_int_equal(sim_road_due_ms(&w.road), BS_NEVER);
	close_world(&w);
}

static void
test_loss_and_duplicates(void **state)
{
	struct world w;
	char got[16];

	(void)state;
	open_world(&w, (struct sim_mishaps){ .loss = 100 });
	BIO_write(w.bio, "a", 1);
	assert_int_equal(send(w.fd[1], "b", 1, 0), 1);
	assert_string_equal(server_got(&w, got), "");
	assert_string_equal(client_got(&w, got), "");
	close_world(&w);

	open_world(&w, (struct sim_mishaps){ .duplicate = 100 });
	BIO_write(w.bio, "a", 1);
	assert_string_equal(server_got(&w, got), "a");
	assert_string_equal(server_got(&w, got), "a");
	assert_string_equal(server_got(&w, got), "");
	close_world(&w);
}

/* Half of the datagrams are lost when half shall be: of 1,000, within six standard deviations. */
static void
test_share(void **state)
{
	struct world w;
	char got[16];
	int arrived = 0;

	(void)state;
	open_world(&w, (struct sim_mishaps){ .loss = 50 });
	for (int i = 0; i < 1000; i++) {
		BIO_write(w.bio, "a", 1);
		arrived += *server_got(&w, got) == 'a';
	}
	assert_in_range(arrived, 500 - 95, 500 + 95);
	close_world(&w);
}

static void
test_overtaking(void **state)
{
	struct world w;
	char got[16];

	(void)state;
	open_world(&w, (struct sim_mishaps){ .reorder = 100, .delay_ms = 5 });
	BIO_write(w.bio, "first", 5);
	w.how.reorder = 0;
	sim_road_set_now(&w.road, 1);
	BIO_write(w.bio, "second", 6);
	sim_road_set_now(&w.road, 6);
	assert_string_equal(server_got(&w, got), "second");
	assert_string_equal(server_got(&w, got), "");
	sim_road_set_now(&w.road, 5 + SIM_OVERTAKE_MS);
	assert_string_equal(server_got(&w, got), "first");
	close_world(&w);
}

static void
test_last_words_arrive(void **state)
{
	struct world w;
	char got[16];

	(void)state;
	open_world(&w, (struct sim_mishaps){ .delay_ms = 1000 });
	BIO_write(w.bio, "bye", 3);
	sim_road_clear(&w.road);
	assert_string_equal(server_got(&w, got), "bye");
	close_world(&w);
}

/* ---- source ------------------------------------------------------------------------------------------------------- */

static void
test_source(void **state)
{
	static const struct row {
		const char *text;
		size_t i;
		const char *address; /* NULL: no source at all */
	} rows[] = {
		{ "127.0.0.0/16", 0, "127.0.0.1:0" },
		{ "127.0.0.0/16", 65533, "127.0.255.254:0" },
		{ "127.0.0.0/16", 65534, "127.0.0.1:0" },
		{ "127.9.8.7/24", 4, "127.9.8.5:0" },
		{ "127.0.0.9", 5, "127.0.0.9:0" },
		{ "127.0.0.0/", 0, NULL },
		{ "127.0.0.0/33", 0, NULL },
		{ "127.0.0.0/2", 0, NULL },
		{ "127.0.0/16", 0, NULL },
		{ "::1/64", 0, NULL },
	};
	char text[BS_ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sim_source s;
		print_message("%s\n", rows[i].text);
		assert_int_equal(sim_source_parse(rows[i].text, &s), rows[i].address != NULL);
		if (rows[i].address == NULL)
			continue;
		struct bs_addr a = sim_source_nth(&s, rows[i].i);
		assert_string_equal(bs_addr_format(&a, text), rows[i].address);
	}
}

/* ---- expectation -------------------------------------------------------------------------------------------------- */

static struct sim_path
at(uint16_t iid, uint16_t rid)
{
	return (struct sim_path){ 0, iid, rid, SIM_NONE };
}

/* A device with its own account at 0 and one server account at 1. */
static void
fill(struct sim_device *d, const char *identity, const char *key)
{
	*d = (struct sim_device){ .version = SIM_LWM2M_1_1 };
	assert_int_equal(sim_store_put_number(&d->store, at(0, 1), SIM_BOOLEAN, 1), BS_OK);
	assert_int_equal(sim_store_put_octets(&d->store, at(0, 3), SIM_OPAQUE, "id one", 6), BS_OK);
	assert_int_equal(sim_store_put_octets(&d->store, at(0, 5), SIM_OPAQUE, "0123456789abcdef", 16), BS_OK);
	assert_int_equal(sim_store_put_octets(&d->store, at(1, 0), SIM_STRING, "coaps://a:5684", 14), BS_OK);
	assert_int_equal(sim_store_put_number(&d->store, at(1, 1), SIM_BOOLEAN, 0), BS_OK);
	assert_int_equal(sim_store_put_number(&d->store, at(1, 2), SIM_INTEGER, 0), BS_OK);
	assert_int_equal(sim_store_put_octets(&d->store, at(1, 3), SIM_OPAQUE, identity, strlen(identity)), BS_OK);
	assert_int_equal(sim_store_put_octets(&d->store, at(1, 5), SIM_OPAQUE, key, strlen(key)), BS_OK);
}

static void
test_expect(void **state)
{
	static const struct row {
		const char *name, *identity, *key, *uri;
		uint8_t code; /* 0: as expected */
	} rows[] = {
		{ "as the file says", "id one", "0123456789abcdef", NULL, 0 },
		{ "another key", "id one", "0123456789abcdeF", NULL, SIM_NOT_ACCEPTABLE },
		{ "a longer key", "id one", "0123456789abcdef0", NULL, SIM_NOT_ACCEPTABLE },
		{ "another identity", "id two", "0123456789abcdef", NULL, SIM_NOT_ACCEPTABLE },
		{ "the URI", "id one", "0123456789abcdef", "coaps://a:5684", 0 },
		{ "another URI", "id one", "0123456789abcdef", "coaps://a:5685", SIM_NOT_ACCEPTABLE },
	};
	char identity[] = "id one";
	struct sim_expected e = { .server = "a", .psk_identity = identity };

	(void)state;
	assert_int_equal(bs_secret_set(&e.psk, "0123456789abcdef", 16), BS_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sim_expectation x = { &e, 1, rows[i].uri };
		struct sim_verdict v = { 0 };
		struct sim_device d;
		print_message("%s\n", rows[i].name);
		fill(&d, rows[i].identity, rows[i].key);
		assert_int_equal(sim_expect_check(&x, &d, &v), rows[i].code == 0);
		assert_int_equal(v.code, rows[i].code);
		sim_device_clear(&d);
	}
}

/* ---- numbers ------------------------------------------------------------------------------------------------------ */

static void
test_percentiles(void **state)
{
	struct sim_tally t = { 0 };
	struct sim_client c = { .result = SIM_DONE, .start_ms = 1000, .again_coap = 1 };
	char text[400] = "";

	(void)state;
	assert_int_equal(sim_tally_percentile_ms(&t, 50), 0);
	for (unsigned i = 200; i >= 1; i--) {
		c.finished_ms = c.start_ms + i;
		assert_int_equal(sim_tally_add(&t, &c), BS_OK);
	}
	c.result = SIM_NO_ANSWER;
	assert_int_equal(sim_tally_add(&t, &c), BS_OK);
	assert_int_equal(sim_tally_percentile_ms(&t, 50), 100);
	assert_int_equal(sim_tally_percentile_ms(&t, 99), 198);
	assert_int_equal(sim_tally_percentile_ms(&t, 100), 200);
	t.wall_ms = 2000;
	FILE *f = fmemopen(text, sizeof(text), "w");
	assert_int_equal(sim_tally_json(&t, f), BS_OK);
	fclose(f);
	assert_string_equal(text,
		"{\"wall_ms\":2000,\"results\":{\"done\":200,\"no-answer\":1},"
		"\"took_ms\":{\"p50\":100,\"p90\":180,\"p99\":198,\"max\":200},"
		"\"repeated\":{\"handshake_flights\":0,\"device_requests\":201,\"server_requests\":0}}\n");
	sim_tally_clear(&t);
}

/* The scheduler's account of this very process grows by what its own clock says. */
static void
test_cpu(void **state)
{
	struct timespec a, b;
	uint64_t before, after, rss;

	(void)state;
	assert_int_equal(sim_cpu_ns(getpid(), &before), BS_OK);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	while ((b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec < 100000000L);
	assert_int_equal(sim_cpu_ns(getpid(), &after), BS_OK);
	assert_in_range(after - before, 80000000, 150000000);
	assert_int_equal(sim_cpu_rss(getpid(), &rss), BS_OK);
	assert_in_range(rss, 500000, 1000000000);
	assert_int_equal(sim_cpu_ns(0x7fffffff, &after), BS_EIO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_loss_and_duplicates),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_overtaking),
		cmocka_unit_test(test_last_words_arrive),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_expect),
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
