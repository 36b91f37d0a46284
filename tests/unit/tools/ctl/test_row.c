/* SPDX-License-Identifier: Apache-2.0 */
/* Device files: good rows come out as the store wants them, bad ones are told with line, field, reason and way out. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/ctl/device/row.h"

#define K1 "8b1a9953c4611296a827abf8c47804d7"
#define K2 "5feceb66ffc86f38d952786c6d696c79"
#define K1_B64 "ixqZU8RhEpaoJ6v4xHgE1w=="
#define K_32 "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"
/* The P-256 key pair of RFC 6979, A.2.5: as SubjectPublicKeyInfo. */
#define SPKI \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7" \
	"Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ=="

static struct bs_catalog catalog;

static void
add_server(int64_t id, const char *name, enum bs_mode mode, const char *sms_number)
{
	struct bs_cat_server *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	strcpy(s->name, name);
	strcpy(s->sms_number, sms_number);
	s->def = (struct bs_server_def){ .id = id, .name = s->name, .ssid = (uint16_t)id, .mode = mode };
	s->index = catalog.server_count++;
	HASH_ADD_STR(catalog.servers, name, s);
}

static void
add_profile(int64_t id, const char *name, const char *first, const char *second)
{
	struct bs_cat_profile *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	strcpy(p->name, name);
	p->id = id;
	p->sms_parameters_len = 6;
	p->servers[p->server_count++] = bs_catalog_server(&catalog, first);
	if (second != NULL)
		p->servers[p->server_count++] = bs_catalog_server(&catalog, second);
	HASH_ADD_STR(catalog.profiles, name, p);
}

static int
group_setup(void **state)
{
	(void)state;
	add_server(1, "a", BS_MODE_PSK, "491700000000");
	add_server(2, "b", BS_MODE_PSK, "");
	add_server(3, "r", BS_MODE_RPK, "");
	add_server(4, "x", BS_MODE_X509, "");
	add_server(5, "open", BS_MODE_NOSEC, "491700000000");
	add_profile(1, "one", "a", NULL);
	add_profile(2, "two", "a", "b");
	add_profile(3, "raw", "r", NULL);
	add_profile(4, "cert", "x", NULL);
	add_profile(5, "lab", "open", NULL);
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	bs_catalog_clear(&catalog);
	return 0;
}

/* Reads a whole file; messages into *said (to be freed). Returns how many rows were good. */
static unsigned
read_file(const char *text, const char *profile, unsigned bits, char **said, size_t *said_len)
{
	int fd = memfd_create("devices", MFD_CLOEXEC);
	FILE *to = open_memstream(said, said_len);
	struct bs_rows *rows = bs_rows_new(&catalog, profile, bits);
	struct bs_csv *csv;
	const struct bs_csv_row *row;
	const struct bs_device_def *def;
	struct bs_report r;
	struct bs_diag diag = { 0 };
	unsigned good = 0;

	assert_true(fd >= 0 && to != NULL && rows != NULL);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	lseek(fd, 0, SEEK_SET);
	csv = bs_csv_new(fd);
	bs_report_init(&r, to, "f");
	assert_int_equal(bs_csv_next(csv, &row, &diag), BS_OK);
	r.line = row->line;
	if (bs_rows_header(rows, row, &r))
		while (bs_csv_next(csv, &row, &diag) == BS_OK) {
			r.line = row->line;
			good += bs_rows_read(rows, row, &r, &def);
		}
	bs_rows_finish(rows, &r);
	bs_rows_free(rows);
	bs_csv_free(csv);
	fclose(to);
	close(fd);
	return good;
}

#define HEAD "endpoint,profile,mode,psk_identity,psk_key_hex,a.psk_identity,a.psk_key_hex"
#define HEAD_SMS HEAD ",a.sms_mode,a.sms_kic,a.sms_kid,a.sms_kic_key_hex,a.sms_kid_key_hex"

static const struct {
	const char *name, *text, *expected; /* messages without "lwm2m-bootstrapctl: f:"; "" for a good file */
} files[] = {
	{ "good", HEAD "\nd1,one,psk,i1," K1 ",j1," K2 "\n", "" },
	{ "base64 key, columns in another order",
		"psk_key_b64,mode,a.psk_key_hex,endpoint,a.psk_identity,psk_identity,profile\n" K1_B64 ",psk," K2
		",d1,j1,i1,one\n",
		"" },
	{ "good raw key",
		"endpoint,profile,mode,rpk_public_b64,a.psk_identity,a.psk_key_hex\nd1,one,rpk," SPKI ",j1," K2 "\n",
		"" },
	{ "certificate by its digest",
		"endpoint,profile,mode,cert_sha256,a.psk_identity,a.psk_key_hex\n"
		"d1,one,x509," K_32 ",j1," K2 "\n",
		"" },
	/* ---- header */
	{ "unknown column", HEAD ",psk_keyhex\n", "1: \"psk_keyhex\": unknown column; did you mean psk_key_hex?\n" },
	{ "unknown server", HEAD ",aa.psk_key_hex\n",
		"1: \"aa.psk_key_hex\": unknown column; did you mean a.psk_key_hex?\n" },
	{ "doubled column", HEAD ",mode\n", "1: mode: this column occurs twice\n" },
	{ "column missing", "endpoint,profile\n", "1: mode: this column is missing in the header\n" },
	{ "no profile", "endpoint,mode\n",
		"1: profile: this column is missing in the header; or name one profile for all rows with --profile "
		"NAME\n" },
	{ "semicolons", "endpoint;profile;mode\n",
		"1: the header is not separated by commas; export the file as CSV with commas\n" },
	{ "a title line of escapes", "end\x1b[2Jpoint,profile,mode,endpoint\n",
		"1: \"end\\u001b[2Jpoint\": unknown column\n" },
	/* ---- rows */
	{ "field missing", HEAD "\nd1,one,psk,i1," K1 ",j1\n",
		"2: has 6 fields, the header has 7; look for a comma too many or too few\n" },
	{ "endpoint empty", HEAD "\n,one,psk,i1," K1 ",j1," K2 "\n",
		"2: endpoint: empty; every device needs an endpoint name\n" },
	{ "control character", HEAD "\nd\x07,one,psk,i1," K1 ",j1," K2 "\n",
		"2: endpoint: has a control character; remove it\n" },
	{ "profile unknown", HEAD "\nd1,onne,psk,i1," K1 ",j1," K2 "\n",
		"2: profile: there is no such profile; did you mean one?\n" },
	{ "profile empty", HEAD "\nd1,,psk,i1," K1 ",j1," K2 "\n",
		"2: profile: empty; name a profile here or with --profile\n" },
	{ "mode unknown", HEAD "\nd1,one,nosec,i1," K1 ",j1," K2 "\n",
		"2: mode: psk, rpk or x509: what the device bootstraps with\n" },
	{ "column of another mode",
		"endpoint,profile,mode,psk_identity,rpk_public_b64,a.psk_identity,a.psk_key_hex\nd1,one,rpk,i1," SPKI
		",j1," K2 "\n",
		"2: psk_identity: does not belong to mode rpk; leave it empty\n" },
	{ "identity empty", HEAD "\nd1,one,psk,," K1 ",j1," K2 "\n",
		"2: psk_identity: empty; a PSK needs an identity\n" },
	{ "key missing", HEAD "\nd1,one,psk,i1,,j1," K2 "\n",
		"2: psk_key_hex: missing; the key of the PSK identity, here or in psk_key_b64\n" },
	{ "key not hex", HEAD "\nd1,one,psk,i1,secret password!,j1," K2 "\n",
		"2: psk_key_hex: not hexadecimal (an even number of 0-9, a-f)\n" },
	{ "key in both columns", HEAD ",psk_key_b64\nd1,one,psk,i1," K1 ",j1," K2 "," K1_B64 "\n",
		"2: psk_key_hex: the key is also in psk_key_b64; fill in one of them\n" },
	{ "key short", HEAD "\nd1,one,psk,i1,0011223344,j1," K2 "\n",
		"2: psk_key_hex: the key is shorter than 16 octets; use 16 octets from a random generator (openssl "
		"rand -hex 16)\n" },
	{ "key from the documentation", HEAD "\nd1,one,psk,i1,000102030405060708090A0B0C0D0E0F,j1," K2 "\n",
		"2: psk_key_hex: the key is known from documentation or samples; use 16 octets from a random generator "
		"(openssl rand "
		"-hex 16)\n" },
	{ "key that is text", HEAD "\nd1,one,psk,i1,6d79207665727920736563726574206b657921,j1," K2 "\n",
		"2: psk_key_hex: the key is printable text, which carries too little randomness; use 16 octets from a "
		"random "
		"generator (openssl rand -hex 16)\n" },
	{ "delivered key from the documentation", HEAD "\nd1,one,psk,i1," K1 ",j1,000102030405060708090A0B0C0D0E0F\n",
		"2: a.psk_key_hex: the key is known from documentation or samples; use 16 octets from a random "
		"generator (openssl rand "
		"-hex 16)\n" },
	{ "delivered missing", HEAD "\nd1,one,psk,i1," K1 ",,\n",
		"2: a.psk_identity: missing; the profile gives the device a PSK for this server\n"
		"f:2: a.psk_key_hex: missing; the key of the PSK identity, here or in a.psk_key_b64\n" },
	{ "delivered stronger than the channel", HEAD "\nd1,one,psk,i1," K1 ",j1," K_32 "\n",
		"2: a.psk_key_hex: a pre-shared key of 256 bits must not travel over a channel of 128 bits; use a "
		"shorter one, or, where "
		"[dtls] ciphers has AES-256 suites alone, import with --channel-bits 256\n" },
	{ "server not in profile", HEAD ",b.psk_identity\nd1,one,psk,i1," K1 ",j1," K2 ",k1\n",
		"2: b.psk_identity: server b is not in profile one; leave it empty\n" },
	{ "column of another mode for a server", HEAD ",a.cert_b64\nd1,one,psk,i1," K1 ",j1," K2 ",MII=\n",
		"2: a.cert_b64: server a has mode psk; leave it empty\n" },
	{ "the same key for two servers",
		HEAD ",b.psk_identity,b.psk_key_hex\nd1,two,psk,i1," K1 ",j1," K2 ",k1," K2 "\n",
		"2: b: warning: has the same credential as a; servers should not share one\n" },
	{ "raw key as a bare point",
		"endpoint,profile,mode,rpk_public_b64,a.psk_identity,a.psk_key_hex\nd1,one,rpk,"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==,j1," K2 "\n",
		"2: rpk_public_b64: this is a bare curve point, without its SubjectPublicKeyInfo; expected a public key "
		"(SubjectPublicKeyInfo, DER)\n" },
	{ "PEM in a column",
		"endpoint,profile,mode,rpk_public_b64,a.psk_identity,a.psk_key_hex\nd1,one,rpk,-----BEGIN PUBLIC "
		"KEY-----,j1," K2 "\n",
		"2: rpk_public_b64: this is PEM; give the base64 lines between BEGIN and END, joined into one\n" },
	{ "raw key missing", HEAD "\nd1,one,rpk,,,j1," K2 "\n",
		"2: rpk_public_b64: missing; mode rpk needs the device's public key (SubjectPublicKeyInfo, DER, "
		"base64)\n" },
	{ "raw private key missing", "endpoint,profile,mode,psk_identity,psk_key_hex\nd1,raw,psk,i1," K1 "\n",
		"2: r.rpk_private_b64: missing; the profile gives the device a raw key for this server (private key, "
		"DER, base64)\n" },
	{ "certificate missing", "endpoint,profile,mode,psk_identity,psk_key_hex\nd1,cert,psk,i1," K1 "\n",
		"2: x.cert_b64: missing; the profile gives the device a certificate for this server\n" },
	{ "by name without anchor", "endpoint,profile,mode,a.psk_identity,a.psk_key_hex\nd1,one,x509,j1," K2 "\n",
		"2: cert_b64: empty, so the certificate is found by name, but profile one has no trust anchor; add the "
		"profile with "
		"--anchor, or fill in cert_b64 or cert_sha256\n" },
	{ "digest of 31 octets",
		"endpoint,profile,mode,cert_sha256,a.psk_identity,a.psk_key_hex\nd1,one,x509," K1 ",j1," K2 "\n",
		"2: cert_sha256: needs 64 hexadecimal digits: SHA-256 of the certificate (DER)\n" },
	{ "enabled", HEAD ",enabled\nd1,one,psk,i1," K1 ",j1," K2 ",perhaps\n",
		"2: enabled: yes or no (empty: yes)\n" },
	{ "iccid", HEAD ",iccid\nd1,one,psk,i1," K1 ",j1," K2 ",89x\n", "2: iccid: 18 to 22 digits\n" },
	{ "line of a row behind one with a newline",
		HEAD ",note\nd1,one,psk,i1," K1 ",j1," K2 ",\"a\nb\"\n,one,psk,i1," K1 ",j1," K2 ",\n",
		"2: note: has a control character; remove it\nf:4: endpoint: empty; every device needs an endpoint "
		"name\n" },
	/* ---- SMS */
	{ "SMS keys of 17 octets", HEAD_SMS "\nd1,one,psk,i1," K1 ",j1," K2 ",sps,12,12,0f" K1 ",1e" K2 "\n",
		"2: a.sms_kic_key_hex: AES needs 16 octets (or 24), not 17\nf:2: a.sms_kid_key_hex: AES needs 16 "
		"octets (or 24), not 17\n" },
	{ "good SMS",
		HEAD_SMS "\nd1,one,psk,i1," K1 ",j1," K2 ",sps,12,12,6b86b273ff34fce19d6b804eff5a3f57,"
			 "d4735e3a265e16eee03f59718b9b5d03\n",
		"" },
	{ "SMS keys stronger than the channel",
		HEAD_SMS "\nd1,one,psk,i1," K1 ",j1," K2 ",sps,12,12,6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49,"
			 "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90\n",
		"2: a.sms_kic_key_hex: an SMS key of 192 bits must not travel over a channel of 128 bits; use a "
		"shorter one, or, "
		"where [dtls] ciphers has AES-256 suites alone, import with --channel-bits 256\n" },
	{ "SMS keys for a nosec account",
		"endpoint,profile,mode,psk_identity,psk_key_hex,open.sms_mode,open.sms_kic_key_hex\n"
		"d1,lab,psk,i1," K1 ",1," K2 "\n",
		"2: open.sms_kic_key_hex: a nosec account never carries SMS keys; use psk, rpk or x509\n" },
	{ "SMS without the server's number",
		HEAD ",b.psk_identity,b.psk_key_hex,b.sms_mode,b.sms_kic_key_hex\n"
		     "d1,two,psk,i1," K1 ",j1," K2 ",k1,1f" K1 ",1,77777753c4611296a827abf8c47804d7\n",
		"2: b.psk_key_hex: a pre-shared key of 136 bits must not travel over a channel of 128 bits; use a "
		"shorter one, or, where "
		"[dtls] ciphers has AES-256 suites alone, import with --channel-bits 256\n"
		"f:2: b.sms_mode: the server account has no SMS number: server set NAME --sms-number DIGITS --binding US\n" },
};

static void
test_files(void **state)
{
	static const char prefix[] = "lwm2m-bootstrapctl: f:";

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *said = NULL, want[1000] = "";
		const char *p = files[i].expected;
		size_t len, n = 0;

		read_file(files[i].text, NULL, 128, &said, &len);
		/* each line of the expectation gets the program's name in front */
		while (*p != '\0') {
			const char *end = strchr(p, '\n') + 1, *rest = strncmp(p, "f:", 2) == 0 ? p + 2 : p;

			n += (size_t)snprintf(want + n, sizeof(want) - n, "%s%.*s", prefix, (int)(end - rest), rest);
			p = end;
		}
		if (strcmp(said, want) != 0)
			fail_msg("%s:\n%s\nnot\n%s", files[i].name, said, want);
		free(said);
	}
}

/* No key and no password that was typed into a wrong column may come back in a message. */
static void
test_no_secret_in_messages(void **state)
{
	static const char canary[] = "c0ffee53c4611296a827abf8c47804d7";
	const int columns = 7;

	(void)state;
	for (int at = 0; at < columns; at++) {
		char text[600], *said = NULL;
		size_t len, n = (size_t)sprintf(text, HEAD "\n");

		for (int i = 0; i < columns; i++)
			n += (size_t)sprintf(text + n, "%s%s", i > 0 ? "," : "", i == at ? canary : "?");
		strcat(text, "\n");
		assert_int_equal(read_file(text, NULL, 128, &said, &len), 0);
		assert_null(strstr(said, canary));
		free(said);
	}
}

static void
test_definition(void **state)
{
	static const char text[] =
		"endpoint,mode,psk_identity,psk_key_hex,a.psk_identity,a.psk_key_hex,enabled,batch,note\n"
		"d1,psk,i1," K1 ",j1," K2 ",no,lot 7,\"blue, round\"\n";
	int fd = memfd_create("devices", MFD_CLOEXEC);
	struct bs_rows *rows = bs_rows_new(&catalog, "one", 128);
	struct bs_csv *csv = bs_csv_new(fd);
	const struct bs_csv_row *row;
	const struct bs_device_def *d;
	struct bs_report r;
	struct bs_diag diag;

	(void)state;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	lseek(fd, 0, SEEK_SET);
	bs_report_init(&r, stderr, "f");
	assert_int_equal(bs_csv_next(csv, &row, &diag), BS_OK);
	assert_true(bs_rows_header(rows, row, &r));
	assert_int_equal(bs_csv_next(csv, &row, &diag), BS_OK);
	assert_true(bs_rows_read(rows, row, &r, &d));
	assert_string_equal(d->endpoint, "d1");
	assert_int_equal(d->profile_id, 1);
	assert_false(d->enabled);
	assert_string_equal(d->batch, "lot 7");
	assert_string_equal(d->note, "blue, round");
	assert_null(d->iccid);
	assert_int_equal(d->bootstrap.mode, BS_MODE_PSK);
	assert_string_equal(d->bootstrap.identity, "i1");
	assert_hex("bootstrap key", d->bootstrap.key->data, d->bootstrap.key->len, K1);
	assert_int_equal(d->grant_count, 1);
	assert_int_equal(d->grants[0].server_id, 1);
	assert_memory_equal(d->grants[0].public_or_identity, "j1", 2);
	assert_int_equal(d->grants[0].public_or_identity_len, 2);
	assert_hex("delivered key", d->grants[0].secret_key->data, d->grants[0].secret_key->len, K2);
	assert_null(d->grants[0].sms);
	bs_rows_free(rows);
	bs_csv_free(csv);
	close(fd);
}

/* One printable key among 60,000 is chance, two are not. */
static void
test_text_keys(void **state)
{
	static const char text_key[] = "6d793a766572793a7365637265742e6b6579";
	size_t rows = 60000, len;
	char *text = malloc(rows * 120), *said = NULL;
	uint64_t seed = 7;

	(void)state;
	assert_non_null(text);
	for (unsigned typed = 0; typed <= 2; typed++) {
		size_t n = (size_t)sprintf(text, HEAD "\n");

		for (size_t i = 0; i < rows; i++) {
			uint8_t key[16];
			char hexed[40];

			test_random(&seed, key, sizeof(key));
			for (size_t k = 0; k < sizeof(key); k++)
				sprintf(hexed + 2 * k, "%02x", key[k]);
			n += (size_t)sprintf(
				text + n, "d,one,psk,i,%s,j," K2 "\n", i > 100 && i <= 100 + typed ? text_key : hexed);
		}
		assert_int_equal(read_file(text, NULL, 128, &said, &len), rows);
		if (typed == 0)
			assert_string_equal(said, "");
		if (typed == 1)
			assert_string_equal(said,
				"lwm2m-bootstrapctl: f:103: psk_key_hex: warning: the key is printable text, as a "
				"random one rarely is; was it typed?\n");
		if (typed == 2)
			assert_non_null(strstr(
				said, "f:104: psk_key_hex: the key is printable text, which carries too little"));
		free(said);
	}
	free(text);
}

/* The first hundred are told in full, the rest is counted. */
static void
test_many_errors(void **state)
{
	char *said = NULL, *text;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	unsigned lines = 0;
	struct bs_report r;

	(void)state;
	assert_non_null(to);
	bs_report_init(&r, to, "f");
	for (int i = 0; i < 250; i++)
		bs_report_error(&r, "x", "wrong");
	bs_report_close(&r);
	fclose(to);
	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	assert_int_equal(lines, 101);
	assert_non_null(strstr(text, "lwm2m-bootstrapctl: 150 more errors, not shown\n"));
	free(text);
	free(said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_no_secret_in_messages),
		cmocka_unit_test(test_definition),
		cmocka_unit_test(test_text_keys),
		cmocka_unit_test(test_many_errors),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
