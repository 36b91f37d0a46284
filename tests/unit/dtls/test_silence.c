/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can a stranger tell a credential that this server knows from one that it does not? What leaves after the credential was
 * shown is written down, datagram by datagram with types and lengths, for a known one that cannot be proven and for each kind
 * of one that does not let in; it must be the same, whatever comes next.
 */
#include "tests/lib/test.h"

#include <unistd.h>

#include "tests/lib/dtls_world.h"

#define HANDSHAKE_MS 60000

static struct pki_cert ca, ca2, stranger_ca, server;
static struct pki_cert known_raw, unknown_raw, disabled_raw;
static struct pki_cert mapped, unmapped, expired, untrusted, other_anchor, pinned, pinned_expired, pinned_off;

static int
setup_group(void **state)
{
	const struct pki_options for_ca = { .ca = true }, for_server = { .extended_usage = "serverAuth" };
	const struct pki_options past = { .from_s = -7200, .until_s = -60 };

	(void)state;
	pki_make(&ca, "test CA", NULL, &for_ca);
	pki_make(&ca2, "test CA 2", NULL, &for_ca);
	pki_make(&stranger_ca, "test CA", NULL, &for_ca);
	pki_make(&server, "localhost", &ca, &for_server);
	pki_make_raw(&known_raw, "P-256");
	pki_make_raw(&unknown_raw, "P-256");
	pki_make_raw(&disabled_raw, "P-256");
	pki_make(&mapped, "dev-cert", &ca, NULL);
	pki_make(&unmapped, "dev-none", &ca, NULL);
	pki_make(&expired, "dev-cert", &ca, &past);
	pki_make(&untrusted, "dev-cert", &stranger_ca, NULL);
	pki_make(&other_anchor, "dev-cert", &ca2, NULL);
	pki_make(&pinned, "dev-pin", NULL, NULL);
	pki_make(&pinned_expired, "dev-pin", NULL, &past);
	pki_make(&pinned_off, "dev-pin", NULL, NULL);
	return 0;
}

static int
teardown_group(void **state)
{
	struct pki_cert *const all[] = { &ca, &ca2, &stranger_ca, &server, &known_raw, &unknown_raw, &disabled_raw,
		&mapped, &unmapped, &expired, &untrusted, &other_anchor, &pinned, &pinned_expired, &pinned_off };

	(void)state;
	pki_clear_all(all, sizeof(all) / sizeof(all[0]));
	return 0;
}

static void
init(struct world_fixture *fx)
{
	fx->conf.timeout_ms = 40; /* OpenSSL's timer reads a clock of its own */
	world_fixture_init(fx, &server, NULL, &ca, &ca2);
	fx->w.psks[0] = (struct world_psk){ .identity = "dev-psk", .key = WORLD_KEY };
	fx->w.psks[1] = (struct world_psk){ .identity = "dev-off", .key = WORLD_KEY, .disabled = true };
	fx->w.psks[2] = (struct world_psk){ .identity = "dev-two", .key = WORLD_KEY, .next = WORLD_WRONG_KEY };
	fx->w.raws[0] = (struct world_key){ .key = &known_raw, .endpoint = "dev-raw" };
	fx->w.raws[1] = (struct world_key){ .key = &disabled_raw, .endpoint = "dev-off", .disabled = true };
	fx->w.names[0] = (struct world_name){ .name = "dev-cert", .anchor = &ca };
	fx->w.pinned[0] = (struct world_key){ .key = &pinned, .endpoint = "dev-pin" };
	fx->w.pinned[1] = (struct world_key){ .key = &pinned_expired, .endpoint = "dev-past" };
	fx->w.pinned[2] = (struct world_key){ .key = &pinned_off, .endpoint = "dev-off", .disabled = true };
	fx->w.transcribe = true;
}

/* One credential that is shown, and never proven. */
struct shown {
	const char *name, *suite, *identity;
	const struct pki_cert *cert;
};

/* In each group the first is known and good. */
static const struct shown psks[] = {
	{ "known", "PSK-AES128-CCM8", "dev-psk", NULL },
	{ "known, two keys", "PSK-AES128-CCM8", "dev-two", NULL },
	{ "unknown", "PSK-AES128-CCM8", "nobody", NULL },
	{ "disabled", "PSK-AES128-CCM8", "dev-off", NULL },
	{ "empty", "PSK-AES128-CCM8", "", NULL },
	{ "known, CBC", "PSK-AES128-CBC-SHA256", "dev-psk", NULL },
	{ "unknown, CBC", "PSK-AES128-CBC-SHA256", "nobody", NULL },
}, raw_keys[] = {
	{ "known", "ECDHE-ECDSA-AES128-CCM8", NULL, &known_raw },
	{ "unknown", "ECDHE-ECDSA-AES128-CCM8", NULL, &unknown_raw },
	{ "disabled", "ECDHE-ECDSA-AES128-CCM8", NULL, &disabled_raw },
	{ "known, CBC", "ECDHE-ECDSA-AES128-SHA256", NULL, &known_raw },
	{ "unknown, CBC", "ECDHE-ECDSA-AES128-SHA256", NULL, &unknown_raw },
}, certs[] = {
	{ "known", "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, &mapped },
	{ "unmapped", "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, &unmapped },
	{ "expired", "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, &expired },
	{ "of an unknown CA", "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, &untrusted },
	{ "of another anchor", "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, &other_anchor },
	{ "pinned", "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, &pinned },
	{ "pinned, expired", "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, &pinned_expired },
	{ "pinned, disabled", "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, &pinned_off },
};

static struct client *
new_client(struct world *w, const struct shown *s)
{
	struct client *c = client_new(w, 1, s->suite);

	client_set_psk(c, s->identity, WORLD_WRONG_KEY);
	if (s->cert != NULL)
		client_set_cert(c, s->cert);
	return c;
}

/* One attack: its client, what that has to send, and what was sent. */
struct attack {
	struct world *w;
	struct client *c;
	struct world_flight f;
	const struct shown *shown;
};

static bool
is_credential(const struct attack *a, unsigned i)
{
	return a->f.records[i][4] == 0 && a->f.records[i][0] == 22 &&
	       a->f.records[i][13] == (a->c->identity != NULL ? 16 : 11);
}

/* The credential again, octet by octet: as after a timeout. */
static void
flight_again(struct attack *a)
{
	for (unsigned i = 0; i < a->f.count; i++)
		if (is_credential(a, i))
			world_deliver(a->w, a->c, a->f.records[i], a->f.lens[i]);
}

/* All that follows; the signature does not verify, and the key of the PSK is wrong. */
static void
wrong_proof(struct attack *a)
{
	for (unsigned i = 0; i < a->f.count; i++) {
		uint8_t *record = a->f.records[i];

		if (record[4] == 0 && record[0] == 22 && record[13] == 15)
			record[a->f.lens[i] - 1] ^= 1;
		if (!is_credential(a, i))
			world_deliver(a->w, a->c, record, a->f.lens[i]);
	}
}

/* A message in the next place, with nonsense in it. */
static void
malformed_message(struct attack *a)
{
	uint8_t record[13 + 12 + 40] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 0, 0, 52, 16, 0, 0, 40, 0, 3, 0, 0, 0, 0,
		0, 40, 99 };

	world_deliver(a->w, a->c, record, sizeof(record));
}

static void
alert(struct attack *a)
{
	static const uint8_t record[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 1, 0, 2, 2, 40 };

	world_deliver(a->w, a->c, record, sizeof(record));
	world_wait(a->w, 400); /* ten first timers */
}

static void
protected_records(struct attack *a)
{
	uint8_t record[13 + 80] = { 22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, 1, 0, 80 };

	for (uint8_t type = 20; type <= 23; type++) {
		record[0] = type;
		world_deliver(a->w, a->c, record, sizeof(record));
	}
}

static void
timers(struct attack *a)
{
	usleep(60000);
	world_wait(a->w, 1000);
	protected_records(a); /* OpenSSL looks at its timer when it reads, too */
}

/* The first flight of a new handshake from the same address, and the server's answer to it. */
static void
new_hello(struct attack *a)
{
	struct client *c = new_client(a->w, a->shown);
	struct world_flight f = { .count = 0 };

	a->w->first_timeout_ms = 9000; /* its flight must not leave twice where the machine is slow */
	client_start(c);
	for (unsigned i = 0; i < 2; i++) {
		client_take_records(c, &f);
		assert_int_equal(f.count, i + 1);
		world_deliver(a->w, c, f.records[i], f.lens[i]);
	}
	client_free(c);
}

static void
end_of_time(struct attack *a)
{
	world_wait(a->w, HANDSHAKE_MS);
	protected_records(a);
}

static const struct {
	char letter;
	void (*act)(struct attack *a);
} acts[] = { { 'P', wrong_proof }, { 'M', malformed_message }, { 'A', alert }, { 'R', protected_records },
	{ 'F', flight_again }, { 'T', timers }, { 'H', new_hello }, { 'E', end_of_time } };

/* A new handshake comes last: before its own credential it may send its flight again. */
static const char *const scripts[] = { "P", "M", "A", "R", "F", "T", "H", "E", "PP", "PM", "PA", "PF", "PR", "PT", "PH",
	"MP", "MH", "AP", "AH", "FH", "TH", "HH", "PAFRTH", "TFMPEH" };

/* What left of this server from the credential on. */
static void
play(const struct shown *s, const char *script, char transcript[8192], size_t *places)
{
	struct world_fixture fx = { .conf = { 0 } };
	struct attack a = { .w = &fx.w, .shown = s };

	init(&fx);
	a.c = new_client(a.w, s);
	client_take_last_flight(a.c, &a.f);
	a.c->deaf = true; /* the attacker does not care for the answers */
	a.w->transcript[0] = '\0';
	flight_again(&a);
	for (const char *p = script; *p != '\0'; p++)
		for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
			if (acts[i].letter == *p)
				acts[i].act(&a);
	assert_int_equal(a.w->opened, 0);
	memcpy(transcript, a.w->transcript, sizeof(a.w->transcript));
	*places = strpbrk(script, "HE") == NULL ? bs_peer_table_count(a.w->table) + bs_peer_table_ignored(a.w->table)
						: 1;
	world_clear(&fx.w);
	pki_remove_files();
}

static void
assert_all_look_the_same(const struct shown *group, size_t count)
{
	for (size_t s = 0; s < sizeof(scripts) / sizeof(scripts[0]); s++) {
		static char first[8192], other[8192];
		size_t places;

		play(&group[0], scripts[s], first, &places);
		assert_int_equal(
			places, 1); /* what comes later finds an association, or is ignored: nobody is a stranger */
		assert_int_equal((strchr(scripts[s], 'H') != NULL), (first[0] != '\0'));
		for (size_t i = 1; i < count; i++) {
			play(&group[i], scripts[s], other, &places);
			if (strcmp(first, other) != 0)
				fail_msg("%s, \"%s\":\n%s--- known:\n%s", group[i].name, scripts[s], other, first);
			assert_int_equal(places, 1);
		}
	}
}

static void
pre_shared_keys(void **state)
{
	(void)state;
	assert_all_look_the_same(psks, sizeof(psks) / sizeof(psks[0]));
}

static void
raw_public_keys(void **state)
{
	(void)state;
	assert_all_look_the_same(raw_keys, sizeof(raw_keys) / sizeof(raw_keys[0]));
}

static void
certificates(void **state)
{
	(void)state;
	assert_all_look_the_same(certs, sizeof(certs) / sizeof(certs[0]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pre_shared_keys),
		cmocka_unit_test(raw_public_keys),
		cmocka_unit_test(certificates),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
