/* SPDX-License-Identifier: Apache-2.0 */
/* Which device a certificate of a trusted CA names: one, none, and what a CA that may not name all may name. */
#include "tests/lib/test.h"

#include "tests/lib/dtls_world.h"

static int
setup(void **state)
{
	struct world_fixture *fx = test_calloc(1, sizeof(*fx));

	world_fixture_init(fx, &world_keys.server, NULL, &world_keys.ca, NULL);
	*state = fx;
	return 0;
}

static void
trust(struct world_fixture *fx, const struct pki_cert *anchor)
{
	fx->anchors[0] = pki_write_cert(anchor);
	world_fixture_reload(fx);
}

/* What is expected of a certificate: in as a device, or NULL and a word of the reason. */
struct wanted {
	const char *device, *why;
};

/* middle: the CA that the client sends along; NULL: none. */
static void
assert_named(struct world_fixture *fx, const char *row, const struct pki_cert *cert, const struct pki_cert *middle,
	struct wanted wanted)
{
	struct client *c = client_new(&fx->w, fx->w.opened + fx->w.closed, NULL);
	bool in;

	client_set_cert(c, cert);
	if (middle != NULL)
		assert_int_equal(SSL_CTX_add1_chain_cert(c->ssl_ctx, middle->cert), 1);
	in = client_connects(c);
	if (in != (wanted.device != NULL))
		fail_msg("%s: %s", row, in ? fx->w.proof.device.endpoint : fx->w.detail);
	if (in && strcmp(fx->w.proof.device.endpoint, wanted.device) != 0)
		fail_msg("%s: %s", row, fx->w.proof.device.endpoint);
	if (!in && (fx->w.outcome != BS_OUT_CERT_NOT_MAPPED || strstr(fx->w.detail, wanted.why) == NULL))
		fail_msg("%s: %s (%s)", row, bs_outcome_word(fx->w.outcome), fx->w.detail);
	client_free(c);
}

#define NAMED(device) \
	{ \
		device, NULL \
	}
#define NOT(why) \
	{ \
		NULL, why \
	}

static void
a_subject_names_one_device_or_none(void **state)
{
	static const struct {
		const char *row, *cn;
		struct pki_options options;
		struct wanted wanted;
	} rows[] = {
		{ "one common name", "dev-1", { 0 }, NAMED("dev-1") },
		{ "beside a unit in one RDN", "dev-1", { .ou = "unit" }, NAMED("dev-1") },
		{ "two, the first known", "dev-1", { .cn2 = "x" }, NOT("2 common names") },
		{ "two, the second known", "x", { .cn2 = "dev-1" }, NOT("2 common names") },
		{ "two, both known", "dev-1", { .cn2 = "dev-2" }, NOT("2 common names") },
		{ "two in one RDN", "dev-1", { .cn_in_rdn = "x" }, NOT("2 common names") },
		{ "the same one twice", "dev-1", { .cn2 = "dev-1" }, NOT("2 common names") },
		{ "two, and a SAN that counts", "dev-1", { .cn2 = "x", .san = "DNS:dev-2" }, NAMED("dev-2") },
		{ "common name and SAN of one device", "dev-1", { .san = "DNS:dev-1,URI:dev-1" }, NAMED("dev-1") },
		{ "common name and SAN of two devices", "dev-1", { .san = "DNS:dev-2" }, NOT("more than one device") },
		{ "two SANs of two devices", "x", { .san = "URI:dev-1,DNS:dev-2" }, NOT("more than one device") },
		{ "BMPString", "\0d\0e\0v\0-\0001", { .cn_len = 10, .cn_type = V_ASN1_BMPSTRING }, NAMED("dev-1") },
		{ "BMPString cut by NUL", "\0d\0e\0v\0-\0001\0\0\0x", { .cn_len = 14, .cn_type = V_ASN1_BMPSTRING },
			NOT("1 name tried") },
		{ "UniversalString", "\0\0\0d\0\0\0e\0\0\0v\0\0\0-\0\0\0001",
			{ .cn_len = 20, .cn_type = V_ASN1_UNIVERSALSTRING }, NAMED("dev-1") },
		{ "PrintableString", "dev-1", { .cn_type = V_ASN1_PRINTABLESTRING }, NAMED("dev-1") },
		{ "TeletexString of ASCII", "dev-1", { .cn_type = V_ASN1_T61STRING }, NAMED("dev-1") },
		{ "TeletexString beyond: its letters depend on the reader", "caf\xe9", { .cn_type = V_ASN1_T61STRING },
			NOT("1 name tried") },
		{ "UTF-8", "caf\xc3\xa9", { .cn_type = V_ASN1_UTF8STRING }, NAMED("caf\xc3\xa9") },
		{ "SAN of UTF-8, which IA5String does not have", "x", { .san = "DNS:caf\xc3\xa9" },
			NOT("2 names tried") },
		{ "SAN of Latin-1", "x", { .san = "DNS:caf\xe9" }, NOT("2 names tried") },
		{ "a NUL at the end", "dev-1", { .cn_len = 6, .cn_type = V_ASN1_UTF8STRING }, NOT("1 name tried") },
		{ "another case", "Dev-1", { .san = "DNS:DEV-1" }, NOT("2 names tried") },
		{ "a blank behind it", "dev-1 ", { 0 }, NOT("1 name tried") },
	};
	struct world_fixture *fx = *state;

	fx->w.names[0] = (struct world_name){ "dev-1", &world_keys.ca };
	fx->w.names[1] = (struct world_name){ "dev-2", &world_keys.ca };
	fx->w.names[2] = (struct world_name){ "caf\xc3\xa9", &world_keys.ca };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pki_cert cert;

		pki_make(&cert, rows[i].cn, &world_keys.ca, &rows[i].options);
		assert_named(fx, rows[i].row, &cert, NULL, rows[i].wanted);
		pki_clear(&cert);
	}
}

/* Constraints of a CA at the end of the path and of one in its middle; the certificate has CN, SAN URI and SAN DNS. */
static void
a_constrained_ca_names_by_dns_alone(void **state)
{
	static const char unbound[] = "do not bind DNS names", dns_alone[] = "only DNS names";
	static const struct {
		const char *row, *anchor, *middle, *cn, *san;
		struct wanted wanted;
	} rows[] = {
		{ "free: CN", NULL, NULL, "dev-1", NULL, NAMED("dev-1") },
		{ "free: URI", NULL, NULL, "x", "URI:coap://dev.example/1", NAMED("coap://dev.example/1") },
		{ "DNS: CN", "permitted;DNS:example", NULL, "dev-1", NULL, NOT(dns_alone) },
		{ "DNS: CN that looks bound", "permitted;DNS:example", NULL, "dev.example", NULL, NOT(dns_alone) },
		{ "DNS: URI", "permitted;DNS:example", NULL, "x", "URI:coap://dev.example/1", NOT(dns_alone) },
		{ "DNS: DNS", "permitted;DNS:example", NULL, "x", "DNS:dev.example", NAMED("dev.example") },
		{ "DNS: beside a CN of another device", "permitted;DNS:example", NULL, "dev-1", "DNS:dev.example",
			NAMED("dev.example") },
		{ "DNS forbidden: CN", "excluded;DNS:example.org", NULL, "dev-1", NULL, NOT(dns_alone) },
		{ "DNS forbidden: DNS", "excluded;DNS:example.org", NULL, "x", "DNS:dev.example",
			NAMED("dev.example") },
		{ "URI: CN", "permitted;URI:dev.example", NULL, "dev-1", NULL, NOT(unbound) },
		{ "URI: URI", "permitted;URI:dev.example", NULL, "x", "URI:coap://dev.example/1", NOT(unbound) },
		{ "URI: DNS", "permitted;URI:dev.example", NULL, "x", "DNS:dev.example", NOT(unbound) },
		{ "mail: CN", "permitted;email:example", NULL, "dev-1", NULL, NOT(unbound) },
		{ "middle DNS: CN", NULL, "permitted;DNS:example", "dev-1", NULL, NOT(dns_alone) },
		{ "middle DNS: URI", NULL, "permitted;DNS:example", "x", "URI:coap://dev.example/1", NOT(dns_alone) },
		{ "middle DNS: DNS", NULL, "permitted;DNS:example", "x", "DNS:dev.example", NAMED("dev.example") },
		{ "end mail, middle DNS: DNS", "permitted;email:example", "permitted;DNS:example", "x",
			"DNS:dev.example", NAMED("dev.example") },
		{ "end DNS, middle mail: CN", "permitted;DNS:example", "permitted;email:example", "dev-1", NULL,
			NOT(dns_alone) },
		{ "middle free below DNS: URI", "permitted;DNS:example", "", "x", "URI:coap://dev.example/1",
			NOT(dns_alone) },
	};
	struct world_fixture *fx = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pki_options for_anchor = { .ca = true, .constraints = rows[i].anchor },
					 o = { .san = rows[i].san };
		struct pki_options for_middle = { .ca = true };
		struct pki_cert anchor, middle = { 0 }, cert;

		if (rows[i].middle != NULL && rows[i].middle[0] != '\0')
			for_middle.constraints = rows[i].middle;
		pki_make(&anchor, "anchor", NULL, &for_anchor);
		if (rows[i].middle != NULL)
			pki_make(&middle, "middle", &anchor, &for_middle);
		pki_make(&cert, rows[i].cn, rows[i].middle != NULL ? &middle : &anchor, &o);
		trust(fx, &anchor);
		fx->w.names[0] = (struct world_name){ "dev-1", &anchor };
		fx->w.names[1] = (struct world_name){ "dev.example", &anchor };
		fx->w.names[2] = (struct world_name){ "coap://dev.example/1", &anchor };
		assert_named(fx, rows[i].row, &cert, rows[i].middle != NULL ? &middle : NULL, rows[i].wanted);
		pki_clear(&cert);
		pki_clear(&middle);
		pki_clear(&anchor);
	}
}

/* What the rule rests on: a DNS name beyond the constraints does not pass the path. */
static void
a_dns_name_beyond_the_constraints_is_untrusted(void **state)
{
	static const struct {
		const char *row, *constraints, *san;
	} rows[] = {
		{ "another domain", "permitted;DNS:example", "DNS:dev.example.org" },
		{ "one good, one not", "permitted;DNS:example", "DNS:dev.example,DNS:dev.example.org" },
		{ "a domain that ends alike", "permitted;DNS:example", "DNS:devexample" },
		{ "a forbidden one", "excluded;DNS:example.org", "DNS:dev.example.org" },
		{ "in another case", "excluded;DNS:example.org", "DNS:dev.EXAMPLE.org" },
	};
	struct world_fixture *fx = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pki_options for_ca = { .ca = true, .constraints = rows[i].constraints },
					 o = { .san = rows[i].san };
		struct pki_cert anchor, cert;
		struct client *c = client_new(&fx->w, i, NULL);

		pki_make(&anchor, "anchor", NULL, &for_ca);
		pki_make(&cert, "x", &anchor, &o);
		trust(fx, &anchor);
		fx->w.names[0] = (struct world_name){ strrchr(rows[i].san, ':') + 1, &anchor };
		client_set_cert(c, &cert);
		if (client_connects(c) || fx->w.outcome != BS_OUT_CERT_UNTRUSTED)
			fail_msg("%s: %s", rows[i].row, bs_outcome_word(fx->w.outcome));
		client_free(c);
		pki_clear(&cert);
		pki_clear(&anchor);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, world_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_subject_names_one_device_or_none),
		T(a_constrained_ca_names_by_dns_alone),
		T(a_dns_name_beyond_the_constraints_is_untrusted),
	};

	return cmocka_run_group_tests(tests, world_keys_setup, world_keys_teardown);
}
