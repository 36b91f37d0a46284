/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/device/row.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/log.h"
#include "server/base/near.h"
#include "server/base/text.h"
#include "tools/ctl/device/sms.h"
#include "tools/ctl/device/strength.h"

/* ---- columns ----------------------------------------------------------------------------------------------------- */

enum column {
	C_ENDPOINT,
	C_PROFILE,
	C_MODE,
	C_PSK_IDENTITY,
	C_PSK_KEY_HEX,
	C_PSK_KEY_B64,
	C_RPK_PUBLIC,
	C_CERT,
	C_CERT_SHA256,
	C_ENABLED,
	C_BATCH,
	C_ICCID,
	C_IMSI,
	C_NOTE,
	C_COUNT
};
static const char *const column_names[C_COUNT] = { "endpoint", "profile", "mode", "psk_identity", "psk_key_hex",
	"psk_key_b64", "rpk_public_b64", "cert_b64", "cert_sha256", "enabled", "batch", "iccid", "imsi", "note" };

/* Behind the dot of NAME.suffix. */
enum suffix {
	S_PSK_IDENTITY,
	S_PSK_KEY_HEX,
	S_PSK_KEY_B64,
	S_RPK_PRIVATE,
	S_CERT,
	S_PRIVATE,
	S_SMS_FIRST,
	S_COUNT = S_SMS_FIRST + BS_SMS_FIELDS
};
static const char *const suffix_names[S_COUNT] = { "psk_identity", "psk_key_hex", "psk_key_b64", "rpk_private_b64",
	"cert_b64", "private_b64", "sms_mode", "sms_kic", "sms_kid", "sms_spi", "sms_tar", "sms_kic_key_hex",
	"sms_kid_key_hex" };

#define TITLE_MAX (BS_NAME_MAX + 24)

#define TEXT_KEYS_EXPECTED_FROM 50000 /* keys in a file, below which a printable one is no accident */

/* Where a key that is printable text was seen. */
struct text_key {
	unsigned long line;
	char title[TITLE_MAX];
};

/* One account's columns, and what is read from them for the row at hand. */
struct grant {
	const struct bs_cat_server *server;
	int column[S_COUNT]; /* index in the row; -1: not in this file */
	char title[S_COUNT][TITLE_MAX]; /* "NAME.suffix" */
	bool in_profile;
	struct bs_blob public_or_identity;
	struct bs_secret key;
	struct bs_sms sms;
};

struct bs_rows {
	const struct bs_catalog *catalog;
	const char *default_profile;
	unsigned suite_bits;
	size_t columns; /* of the header */
	int column[C_COUNT];
	struct grant *grants; /* one for each server account of the store */
	size_t grant_count;
	size_t wide; /* columns of server accounts in this file */
	unsigned long key_count, text_key_count;
	struct text_key text_keys[BS_REPORT_SHOWN]; /* the first of them */
	/* the row at hand */
	const struct bs_csv_row *row;
	struct bs_secret key;
	struct bs_blob spki;
	struct bs_channel channel;
	struct bs_grant_def defs[BS_SERVERS_MAX];
	struct bs_device_def device;
};

struct bs_rows *
bs_rows_new(const struct bs_catalog *catalog, const char *default_profile, unsigned suite_bits)
{
	struct bs_rows *rows = calloc(1, sizeof(*rows));
	struct bs_cat_server *s, *next;

	if (rows == NULL)
		return NULL;
	rows->catalog = catalog;
	rows->default_profile = default_profile;
	rows->suite_bits = suite_bits;
	rows->grant_count = catalog->server_count;
	rows->grants = calloc(catalog->server_count + 1, sizeof(*rows->grants));
	if (rows->grants == NULL) {
		free(rows);
		return NULL;
	}
	HASH_ITER (hh, catalog->servers, s, next) {
		struct grant *g = &rows->grants[s->index];

		g->server = s;
		for (unsigned f = 0; f < S_COUNT; f++) {
			g->column[f] = -1;
			snprintf(g->title[f], sizeof(g->title[f]), "%s.%s", s->name, suffix_names[f]);
		}
	}
	for (unsigned f = 0; f < C_COUNT; f++)
		rows->column[f] = -1;
	return rows;
}

static void
clear_grant(struct grant *g)
{
	bs_blob_clear(&g->public_or_identity);
	bs_secret_clear(&g->key);
	if (g->sms.mode != 0) {
		bs_secret_clear(&g->sms.kic_key);
		bs_secret_clear(&g->sms.kid_key);
		g->sms.mode = 0;
	}
}

void
bs_rows_free(struct bs_rows *rows)
{
	if (rows == NULL)
		return;
	for (size_t i = 0; i < rows->grant_count; i++) {
		clear_grant(&rows->grants[i]);
		bs_wipe(&rows->grants[i].sms, sizeof(rows->grants[i].sms));
	}
	bs_secret_clear(&rows->key);
	bs_blob_clear(&rows->spki);
	free(rows->grants);
	free(rows);
}

/* ---- header ------------------------------------------------------------------------------------------------------ */

/* Where a column's index is kept; NULL: no such column. */
static int *
find_column(struct bs_rows *rows, const char *title)
{
	for (unsigned f = 0; f < C_COUNT; f++)
		if (strcmp(column_names[f], title) == 0)
			return &rows->column[f];
	for (size_t i = 0; i < rows->grant_count; i++)
		for (unsigned f = 0; f < S_COUNT; f++)
			if (strcmp(rows->grants[i].title[f], title) == 0)
				return &rows->grants[i].column[f];
	return NULL;
}

static void
report_unknown(const struct bs_rows *rows, const char *title, struct bs_report *r)
{
	struct bs_near near;
	struct bs_quote q;
	char hint[340];

	bs_near_init(&near, title);
	for (unsigned f = 0; f < C_COUNT; f++)
		bs_near_offer(&near, column_names[f]);
	for (size_t i = 0; i < rows->grant_count; i++)
		for (unsigned f = 0; f < S_COUNT; f++)
			bs_near_offer(&near, rows->grants[i].title[f]);
	bs_report_error(r, bs_log_quote(&q, title), "unknown column%s", bs_near_text(&near, hint, sizeof(hint)));
}

static void
want_column(const struct bs_rows *rows, enum column f, const char *way_out, struct bs_report *r)
{
	if (rows->column[f] < 0)
		bs_report_error(r, column_names[f], "this column is missing in the header%s", way_out);
}

bool
bs_rows_header(struct bs_rows *rows, const struct bs_csv_row *row, struct bs_report *r)
{
	unsigned long before = r->errors;

	rows->columns = row->count;
	if (row->count == 1 && strpbrk(row->fields[0], ";\t") != NULL) {
		bs_report_error(r, NULL, "the header is not separated by commas; export the file as CSV with commas");
		return false;
	}
	for (size_t i = 0; i < row->count; i++) {
		int *at = find_column(rows, row->fields[i]);

		if (at == NULL)
			report_unknown(rows, row->fields[i], r);
		else if (*at >= 0)
			bs_report_error(r, row->fields[i], "this column occurs twice");
		else
			*at = (int)i;
		rows->wide += at != NULL && strchr(row->fields[i], '.') != NULL;
	}
	want_column(rows, C_ENDPOINT, "", r);
	want_column(rows, C_MODE, "", r);
	if (rows->default_profile == NULL)
		want_column(rows, C_PROFILE, "; or name one profile for all rows with --profile NAME", r);
	return r->errors == before;
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

static const char *
at_index(const struct bs_rows *rows, int index, size_t *len)
{
	*len = index >= 0 ? rows->row->lens[index] : 0;
	return index >= 0 ? rows->row->fields[index] : "";
}

static const char *
field(const struct bs_rows *rows, enum column f, size_t *len)
{
	return at_index(rows, rows->column[f], len);
}

static bool
has(const struct bs_rows *rows, enum column f)
{
	return rows->column[f] >= 0 && rows->row->lens[rows->column[f]] > 0;
}

static const char *
grant_field(const struct bs_rows *rows, const struct grant *g, enum suffix f, size_t *len)
{
	return at_index(rows, g->column[f], len);
}

static bool
grant_has(const struct bs_rows *rows, const struct grant *g, unsigned f)
{
	return g->column[f] >= 0 && rows->row->lens[g->column[f]] > 0;
}

static const char *
text_or_null(const struct bs_rows *rows, enum column f)
{
	return has(rows, f) ? rows->row->fields[rows->column[f]] : NULL;
}

/* The rules for a key; one that is printable text is noted, and judged when all keys are known. */
static void
check_key(struct bs_rows *rows, struct bs_report *r, const char *title, const struct bs_secret *key)
{
	rows->key_count++;
	if (!bs_strength_is_text(key->data, key->len)) {
		bs_check_psk(r, title, key);
		return;
	}
	if (rows->text_key_count < BS_REPORT_SHOWN) {
		struct text_key *t = &rows->text_keys[rows->text_key_count];

		t->line = r->line;
		snprintf(t->title, sizeof(t->title), "%s", title);
	}
	rows->text_key_count++;
}

/* A key from its hexadecimal or its base64 column; exactly one of them. */
static bool
read_psk(struct bs_rows *rows, struct bs_report *r, const char *hex_title, const char *hex, size_t hex_len,
	const char *b64_title, const char *b64, size_t b64_len, struct bs_secret *key)
{
	const char *title = hex_len > 0 ? hex_title : b64_title;
	unsigned long before = r->errors;
	enum bs_err err;

	if (hex_len > 0 && b64_len > 0) {
		bs_report_error(r, hex_title, "the key is also in %s; fill in one of them", b64_title);
		return false;
	}
	if (hex_len == 0 && b64_len == 0) {
		bs_report_error(r, hex_title, "missing; the key of the PSK identity, here or in %s", b64_title);
		return false;
	}
	if (hex_len > 0)
		err = bs_hex_decode(hex, hex_len, key->data, 256, &key->len);
	else
		err = bs_base64_decode(b64, b64_len, key->data, 256, &key->len);
	if (err == BS_ESPACE)
		bs_report_error(r, title, "longer than 256 octets");
	else if (err != BS_OK)
		bs_report_error(r, title,
			hex_len > 0 ? "not hexadecimal (an even number of 0-9, a-f)"
				    : "not base64 (standard alphabet, with padding)");
	else
		check_key(rows, r, title, key);
	if (err != BS_OK)
		key->len = 0;
	return r->errors == before;
}

/* Octets from base64 into buf; false after a report. */
static bool
read_base64(
	struct bs_report *r, const char *title, const char *text, size_t len, uint8_t *buf, size_t max, size_t *out_len)
{
	enum bs_err err;

	*out_len = 0;
	if (len > 11 && strncmp(text, "-----BEGIN ", 11) == 0) {
		bs_report_error(r, title, "this is PEM; give the base64 lines between BEGIN and END, joined into one");
		return false;
	}
	err = bs_base64_decode(text, len, buf, max, out_len);
	if (err != BS_OK)
		bs_report_error(
			r, title, err == BS_ESPACE ? "too long" : "not base64 (standard alphabet, with padding)");
	return err == BS_OK;
}

static void
report_diag(struct bs_report *r, const char *title, enum bs_err err, const struct bs_diag *diag)
{
	bs_report_error(r, title, "%s", diag->text[0] != '\0' ? diag->text : bs_strerror(err));
}

static bool
read_certificate(struct bs_report *r, const char *title, const char *text, size_t len, struct bs_blob *out,
	struct bs_key_info *info)
{
	uint8_t der[BS_CERTIFICATE_MAX];
	struct bs_diag diag = { 0 };
	size_t n;
	enum bs_err err;

	if (!read_base64(r, title, text, len, der, sizeof(der), &n))
		return false;
	err = bs_convert_certificate(der, n, out, info, &diag);
	bs_wipe(der, n); /* a private key by mistake */
	if (err != BS_OK) {
		report_diag(r, title, err, &diag);
		return false;
	}
	if (info->expired)
		bs_report_warn(r, title, "the certificate is not valid today; look at its dates");
	if (info->ca)
		bs_report_warn(r, title, "this is a CA certificate; a device should have one of its own");
	return true;
}

/* ---- bootstrap credential ---------------------------------------------------------------------------------------- */

static void
read_bootstrap_psk(struct bs_rows *rows, struct bs_report *r)
{
	struct bs_bootstrap_def *b = &rows->device.bootstrap;
	size_t len, hex_len, b64_len;
	const char *identity = field(rows, C_PSK_IDENTITY, &len), *hex = field(rows, C_PSK_KEY_HEX, &hex_len),
		   *b64 = field(rows, C_PSK_KEY_B64, &b64_len);

	bs_check_identity(r, column_names[C_PSK_IDENTITY], identity, len);
	/* One fault, one message: a key that is refused says nothing of what the channel carries. */
	if (read_psk(rows, r, column_names[C_PSK_KEY_HEX], hex, hex_len, column_names[C_PSK_KEY_B64], b64, b64_len,
		    &rows->key))
		rows->channel.credential = bs_strength_bits(rows->key.data, rows->key.len);
	b->identity = identity;
	b->key = &rows->key;
}

static void
read_bootstrap_rpk(struct bs_rows *rows, struct bs_report *r)
{
	struct bs_bootstrap_def *b = &rows->device.bootstrap;
	const char *title = column_names[C_RPK_PUBLIC];
	struct bs_key_info info = { 0 };
	struct bs_diag diag = { 0 };
	uint8_t der[1024];
	size_t len, n;
	const char *text = field(rows, C_RPK_PUBLIC, &len);
	enum bs_err err;

	if (len == 0) {
		bs_report_error(r, title,
			"missing; mode rpk needs the device's public key (SubjectPublicKeyInfo, DER, base64)");
		return;
	}
	if (!read_base64(r, title, text, len, der, sizeof(der), &n))
		return;
	err = bs_convert_public(der, n, &rows->spki, &info, &diag);
	bs_wipe(der, sizeof(der));
	if (err != BS_OK)
		report_diag(r, title, err, &diag);
	b->spki = rows->spki.data;
	b->spki_len = rows->spki.len;
	rows->channel.credential = info.strength;
}

static void
read_bootstrap_x509(struct bs_rows *rows, struct bs_report *r)
{
	struct bs_bootstrap_def *b = &rows->device.bootstrap;
	const char *title = column_names[C_CERT];
	struct bs_blob certificate = { 0 };
	struct bs_key_info info = { 0 };
	size_t len, n = 0;
	const char *text;

	if (has(rows, C_CERT) && has(rows, C_CERT_SHA256)) {
		bs_report_error(r, title, "cert_sha256 is filled in, too; fill in one of them");
	} else if (has(rows, C_CERT)) {
		text = field(rows, C_CERT, &len);
		if (read_certificate(r, title, text, len, &certificate, &info) &&
			bs_convert_sha256(certificate.data, certificate.len, b->certificate_sha256) != BS_OK)
			bs_report_error(r, title, "%s", bs_strerror(BS_ECRYPTO));
		b->has_certificate = true;
		rows->channel.credential = info.strength;
	} else if (has(rows, C_CERT_SHA256)) {
		text = field(rows, C_CERT_SHA256, &len);
		if (bs_hex_decode(text, len, b->certificate_sha256, sizeof(b->certificate_sha256), &n) != BS_OK ||
			n != 32)
			bs_report_error(r, column_names[C_CERT_SHA256],
				"needs 64 hexadecimal digits: SHA-256 of the certificate (DER)");
		b->has_certificate = true;
	}
	bs_blob_clear(&certificate);
}

/* Which columns a mode may fill in, and how they are read. */
static const struct {
	enum bs_mode mode;
	enum column first, last;
	void (*read)(struct bs_rows *rows, struct bs_report *r);
} bootstrap_modes[] = {
	{ BS_MODE_PSK, C_PSK_IDENTITY, C_PSK_KEY_B64, read_bootstrap_psk },
	{ BS_MODE_RPK, C_RPK_PUBLIC, C_RPK_PUBLIC, read_bootstrap_rpk },
	{ BS_MODE_X509, C_CERT, C_CERT_SHA256, read_bootstrap_x509 },
};

static void
read_bootstrap(struct bs_rows *rows, struct bs_report *r)
{
	size_t len;
	const char *text = field(rows, C_MODE, &len);
	enum bs_mode mode;

	if (bs_mode_parse(text, &mode) != BS_OK || mode > BS_MODE_X509) {
		bs_report_error(r, "mode", "psk, rpk or x509: what the device bootstraps with");
		return;
	}
	rows->device.bootstrap.mode = mode;
	rows->channel.mode = mode;
	for (size_t i = 0; i < sizeof(bootstrap_modes) / sizeof(bootstrap_modes[0]); i++) {
		if (bootstrap_modes[i].mode == mode) {
			bootstrap_modes[i].read(rows, r);
			continue;
		}
		for (unsigned f = bootstrap_modes[i].first; f <= bootstrap_modes[i].last; f++)
			if (has(rows, (enum column)f))
				bs_report_error(r, column_names[f], "does not belong to mode %s; leave it empty",
					bs_mode_name(mode));
	}
}

/* ---- credentials for the servers --------------------------------------------------------------------------------- */

static void
grant_psk(struct bs_rows *rows, struct grant *g, struct bs_report *r)
{
	size_t len, hex_len, b64_len;
	const char *identity = grant_field(rows, g, S_PSK_IDENTITY, &len),
		   *hex = grant_field(rows, g, S_PSK_KEY_HEX, &hex_len),
		   *b64 = grant_field(rows, g, S_PSK_KEY_B64, &b64_len);

	if (len == 0)
		bs_report_error(
			r, g->title[S_PSK_IDENTITY], "missing; the profile gives the device a PSK for this server");
	else
		bs_check_identity(r, g->title[S_PSK_IDENTITY], identity, len);
	if (read_psk(rows, r, g->title[S_PSK_KEY_HEX], hex, hex_len, g->title[S_PSK_KEY_B64], b64, b64_len, &g->key))
		bs_check_cargo(r, g->title[hex_len > 0 ? S_PSK_KEY_HEX : S_PSK_KEY_B64], &rows->channel, BS_CARGO_PSK,
			bs_strength_bits(g->key.data, g->key.len));
	if (bs_blob_set(&g->public_or_identity, identity, len) != BS_OK)
		bs_report_error(r, g->title[S_PSK_IDENTITY], "%s", bs_strerror(BS_ENOMEM));
}

static void
read_private(
	struct bs_rows *rows, struct grant *g, enum suffix f, bool ec_only, struct bs_blob *spki, struct bs_report *r)
{
	struct bs_secret der = { 0 };
	struct bs_key_info info = { 0 };
	struct bs_diag diag = { 0 };
	size_t len;
	const char *text = grant_field(rows, g, f, &len);
	enum bs_err err = BS_OK;

	if (read_base64(r, g->title[f], text, len, der.data, sizeof(der.data), &der.len)) {
		err = bs_convert_private(der.data, der.len, ec_only, &g->key, spki, &info, &diag);
		if (err != BS_OK)
			report_diag(r, g->title[f], err, &diag);
		else
			bs_check_cargo(r, g->title[f], &rows->channel, BS_CARGO_PRIVATE_KEY, info.strength);
	}
	bs_secret_clear(&der);
}

static void
grant_rpk(struct bs_rows *rows, struct grant *g, struct bs_report *r)
{
	if (!grant_has(rows, g, S_RPK_PRIVATE))
		bs_report_error(r, g->title[S_RPK_PRIVATE],
			"missing; the profile gives the device a raw key for this server (private key, DER, base64)");
	else
		read_private(rows, g, S_RPK_PRIVATE, true, &g->public_or_identity, r);
}

static void
grant_x509(struct bs_rows *rows, struct grant *g, struct bs_report *r)
{
	struct bs_key_info info = { 0 };
	struct bs_diag diag = { 0 };
	size_t len;
	const char *text = grant_field(rows, g, S_CERT, &len);
	bool good;

	if (len == 0) {
		bs_report_error(
			r, g->title[S_CERT], "missing; the profile gives the device a certificate for this server");
		return;
	}
	good = read_certificate(r, g->title[S_CERT], text, len, &g->public_or_identity, &info);
	if (!grant_has(rows, g, S_PRIVATE))
		return; /* the device holds its key */
	read_private(rows, g, S_PRIVATE, false, NULL, r);
	if (good && g->key.len > 0 && bs_convert_check_pair(&g->public_or_identity, &g->key, &diag) != BS_OK)
		report_diag(r, g->title[S_PRIVATE], BS_EREFUSED, &diag);
}

/* Columns of a mode: first to last. */
static const struct {
	enum suffix first, last;
	void (*read)(struct bs_rows *rows, struct grant *g, struct bs_report *r);
} grant_modes[] = {
	[BS_MODE_PSK] = { S_PSK_IDENTITY, S_PSK_KEY_B64, grant_psk },
	[BS_MODE_RPK] = { S_RPK_PRIVATE, S_RPK_PRIVATE, grant_rpk },
	[BS_MODE_X509] = { S_CERT, S_PRIVATE, grant_x509 },
	[BS_MODE_NOSEC] = { S_SMS_FIRST, S_SMS_FIRST, NULL },
	[BS_MODE_EST] = { S_SMS_FIRST, S_SMS_FIRST, NULL },
};

static void
read_sms(struct bs_rows *rows, struct grant *g, unsigned parameters_len, struct bs_report *r)
{
	struct bs_sms_text t = { .tar_judged = false };
	unsigned long before = r->errors;
	bool any = false, good;
	size_t len;

	for (unsigned f = 0; f < BS_SMS_FIELDS; f++) {
		t.value[f] = grant_field(rows, g, (enum suffix)(S_SMS_FIRST + f), &len);
		t.field[f] = g->title[S_SMS_FIRST + f];
		any |= len > 0;
	}
	if (!any)
		return;
	bs_sms_read(r, &t, parameters_len, &g->sms);
	good = r->errors == before;
	if (g->server->sms_number[0] == '\0')
		bs_report_error(r, t.field[BS_SMS_MODE],
			"the server account has no SMS number; add it again with --sms-number and --binding US");
	if (g->server->def.mode == BS_MODE_NOSEC && g->sms.kic_key.len > 0)
		bs_report_error(
			r, t.field[BS_SMS_KIC_KEY], "a nosec account never carries SMS keys; use psk, rpk or x509");
	if (good && g->sms.kic_key.len > 0)
		bs_check_cargo(r, t.field[BS_SMS_KIC_KEY], &rows->channel, BS_CARGO_SMS_KEY, bs_sms_strength(&g->sms));
}

static void
read_grant(struct bs_rows *rows, struct grant *g, const struct bs_cat_profile *profile, struct bs_report *r)
{
	enum bs_mode mode = g->server->def.mode;
	struct bs_grant_def *def = &rows->defs[rows->device.grant_count++];

	if (grant_modes[mode].read != NULL)
		grant_modes[mode].read(rows, g, r);
	for (unsigned f = 0; f < S_SMS_FIRST; f++)
		if ((f < grant_modes[mode].first || f > grant_modes[mode].last) && grant_has(rows, g, f))
			bs_report_error(r, g->title[f], "server %s has mode %s; leave it empty", g->server->name,
				bs_mode_name(mode));
	read_sms(rows, g, profile->sms_parameters_len, r);
	*def = (struct bs_grant_def){ .server_id = g->server->def.id,
		.public_or_identity = g->public_or_identity.data,
		.public_or_identity_len = g->public_or_identity.len,
		.secret_key = g->key.len > 0 ? &g->key : NULL,
		.sms = g->sms.mode != 0 ? &g->sms : NULL };
}

/* "Should differ between servers": LwM2M Core 1.1, 7.1.7. */
static void
warn_of_shared(struct bs_rows *rows, const struct bs_cat_profile *profile, struct bs_report *r)
{
	for (size_t i = 1; i < profile->server_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct grant *a = &rows->grants[profile->servers[j]->index],
					   *b = &rows->grants[profile->servers[i]->index];

			/* A certificate alone: the device holds one key for both. */
			bool one_certificate = a->server->def.mode == BS_MODE_X509 &&
					       b->server->def.mode == BS_MODE_X509 &&
					       a->public_or_identity.len == b->public_or_identity.len &&
					       a->public_or_identity.len > 0 &&
					       memcmp(a->public_or_identity.data, b->public_or_identity.data,
						       a->public_or_identity.len) == 0;

			if (one_certificate || (a->key.len > 0 && bs_secret_equal(&a->key, &b->key)))
				bs_report_warn(r, b->server->name,
					"has the same credential as %s; servers should not share one", a->server->name);
		}
}

/* A column that is filled in for a server outside the profile is a mistake in one of the two. */
static void
refuse_others(struct bs_rows *rows, const struct bs_cat_profile *profile, struct bs_report *r)
{
	for (size_t i = 0; i < rows->grant_count; i++) {
		struct grant *g = &rows->grants[i];

		for (unsigned f = 0; f < S_COUNT && !g->in_profile; f++)
			if (grant_has(rows, g, f) && g->server->def.bootstrap)
				bs_report_error(r, g->title[f],
					"%s is the bootstrap account; leave it empty, rotate gives the device a next "
					"credential",
					g->server->name);
			else if (grant_has(rows, g, f))
				bs_report_error(r, g->title[f], "server %s is not in profile %s; leave it empty",
					g->server->name, profile->name);
	}
}

static void
read_grants(struct bs_rows *rows, const struct bs_cat_profile *profile, struct bs_report *r)
{
	for (size_t i = 0; i < rows->grant_count; i++)
		rows->grants[i].in_profile = false;
	for (size_t i = 0; i < profile->server_count; i++) {
		struct grant *g = &rows->grants[profile->servers[i]->index];

		if (g->server->def.bootstrap)
			continue; /* its credential is what the device bootstraps with */
		g->in_profile = true;
		read_grant(rows, g, profile, r);
	}
	if (rows->wide > 0)
		refuse_others(rows, profile, r);
	warn_of_shared(rows, profile, r);
	rows->device.grants = rows->defs;
}

/* ---- the row ----------------------------------------------------------------------------------------------------- */

static const struct bs_cat_profile *
read_profile(struct bs_rows *rows, struct bs_report *r)
{
	const char *name = has(rows, C_PROFILE) ? text_or_null(rows, C_PROFILE) : rows->default_profile;
	const struct bs_cat_profile *profile = name != NULL ? bs_catalog_profile(rows->catalog, name) : NULL;
	struct bs_cat_profile *p, *next;
	struct bs_near near;
	char hint[340];

	if (name == NULL) {
		bs_report_error(r, "profile", "empty; name a profile here or with --profile");
	} else if (profile == NULL) {
		bs_near_init(&near, name);
		HASH_ITER (hh, rows->catalog->profiles, p, next) {
			bs_near_offer(&near, p->name);
		}
		bs_report_error(r, "profile", "there is no such profile%s", bs_near_text(&near, hint, sizeof(hint)));
	}
	return profile;
}

static void
read_enabled(struct bs_rows *rows, struct bs_report *r)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "", true }, { "yes", true }, { "no", false }, { "true", true }, { "false", false },
		{ "1", true }, { "0", false } };
	size_t len;
	const char *text = field(rows, C_ENABLED, &len);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].word, text) == 0) {
			rows->device.enabled = words[i].value;
			return;
		}
	bs_report_error(r, "enabled", "yes or no (empty: yes)");
}

static void
check_digits(const struct bs_rows *rows, enum column f, size_t min, size_t max, struct bs_report *r)
{
	size_t len;
	const char *text = field(rows, f, &len);

	if (len > 0 && (len < min || len > max || strspn(text, "0123456789") != len))
		bs_report_error(r, column_names[f], "%zu to %zu digits", min, max);
}

static void
read_labels(struct bs_rows *rows, struct bs_report *r)
{
	struct bs_device_def *d = &rows->device;
	size_t len;
	const char *text = field(rows, C_BATCH, &len);

	bs_check_text(r, "batch", text, len, BS_NAME_MAX);
	text = field(rows, C_NOTE, &len);
	bs_check_text(r, "note", text, len, 255);
	check_digits(rows, C_ICCID, 18, 22, r);
	check_digits(rows, C_IMSI, 6, 15, r);
	d->batch = text_or_null(rows, C_BATCH);
	d->note = text_or_null(rows, C_NOTE);
	d->iccid = text_or_null(rows, C_ICCID);
	d->imsi = text_or_null(rows, C_IMSI);
}

static void
start_row(struct bs_rows *rows, const struct bs_csv_row *row)
{
	rows->row = row;
	bs_secret_clear(&rows->key);
	bs_blob_clear(&rows->spki);
	for (size_t i = 0; i < rows->grant_count; i++)
		clear_grant(&rows->grants[i]);
	rows->channel = (struct bs_channel){ .suite = rows->suite_bits };
	rows->device = (struct bs_device_def){ 0 };
}

bool
bs_rows_read(struct bs_rows *rows, const struct bs_csv_row *row, struct bs_report *r, const struct bs_device_def **out)
{
	unsigned long before = r->errors;
	const struct bs_cat_profile *profile;
	size_t len;

	start_row(rows, row);
	if (row->count != rows->columns) {
		bs_report_error(r, NULL, "has %zu fields, the header has %zu; look for a comma too many or too few",
			row->count, rows->columns);
		return false;
	}
	rows->device.endpoint = field(rows, C_ENDPOINT, &len);
	bs_check_endpoint(r, "endpoint", rows->device.endpoint, len);
	read_enabled(rows, r);
	read_labels(rows, r);
	read_bootstrap(rows, r);
	profile = read_profile(rows, r);
	if (profile != NULL) {
		rows->device.profile_id = profile->id;
		read_grants(rows, profile, r);
		if (rows->device.bootstrap.mode == BS_MODE_X509 && !rows->device.bootstrap.has_certificate &&
			!profile->has_anchor && r->errors == before)
			bs_report_error(r, "cert_b64",
				"empty, so the certificate is found by name, but profile %s has no trust anchor; add "
				"the profile with "
				"--anchor, or fill in cert_b64 or cert_sha256",
				profile->name);
	}
	*out = &rows->device;
	return r->errors == before;
}

void
bs_rows_finish(const struct bs_rows *rows, struct bs_report *r)
{
	bool expected = rows->key_count >= TEXT_KEYS_EXPECTED_FROM &&
			rows->text_key_count <= 1 + rows->key_count / 1000000;

	for (unsigned long i = 0; i < rows->text_key_count; i++) {
		const struct text_key *t = &rows->text_keys[i < BS_REPORT_SHOWN ? i : BS_REPORT_SHOWN - 1];

		r->line = t->line;
		if (expected)
			bs_report_warn(
				r, t->title, "the key is printable text, as a random one rarely is; was it typed?");
		else
			bs_report_error(r, t->title, "%s; use 16 octets from a random generator (openssl rand -hex 16)",
				"the key is printable text, which carries too little randomness");
	}
}

/* ---- refusals by the store --------------------------------------------------------------------------------------- */

static const struct {
	const char *column; /* of the bootstrap credential; or, with suffix, of the account */
	const char *what;
} conflicts[] = {
	[BS_CONFLICT_NONE] = { "row", "this device" },
	[BS_CONFLICT_ENDPOINT] = { "endpoint", "this endpoint name" },
	[BS_CONFLICT_IDENTITY] = { "psk_identity", "this PSK identity" },
	[BS_CONFLICT_KEY] = { "psk_key_hex", "this key" },
	[BS_CONFLICT_PUBLIC_KEY] = { "rpk_public_b64", "this public key" },
	[BS_CONFLICT_CERTIFICATE] = { "cert_b64", "this certificate" },
	[BS_CONFLICT_ICCID] = { "iccid", "this ICCID" },
	[BS_CONFLICT_IMSI] = { "imsi", "this IMSI" },
	[BS_CONFLICT_SERVER_IDENTITY] = { "psk_identity", "this PSK identity" },
	[BS_CONFLICT_SERVER_KEY] = { "psk_key_hex", "this key" },
	[BS_CONFLICT_SERVER_PUBLIC] = { "cert_b64", "this public key or certificate" },
	[BS_CONFLICT_SMS_KEY] = { "sms_kic_key_hex", "this SMS key" },
};

static const char *
conflict_title(const struct bs_rows *rows, const struct bs_conflict *c, char *out, size_t max)
{
	const char *column = conflicts[c->kind].column;

	for (size_t i = 0; i < rows->grant_count && c->kind >= BS_CONFLICT_SERVER_IDENTITY; i++) {
		const struct grant *g = &rows->grants[i];

		if (g->server->def.id != c->server_id)
			continue;
		if (c->kind == BS_CONFLICT_SERVER_PUBLIC && g->server->def.mode == BS_MODE_RPK)
			column = suffix_names[S_RPK_PRIVATE];
		if (c->kind == BS_CONFLICT_SERVER_KEY && g->server->def.mode != BS_MODE_PSK)
			column = suffix_names[g->server->def.mode == BS_MODE_RPK ? S_RPK_PRIVATE : S_PRIVATE];
		snprintf(out, max, "%s.%s", g->server->name, column);
		return out;
	}
	snprintf(out, max, "%s", column);
	return out;
}

void
bs_rows_report_conflict(const struct bs_rows *rows, const struct bs_conflict *c, struct bs_report *r)
{
	char title[TITLE_MAX];
	const char *what = conflicts[c->kind].what;
	struct bs_quote q;
	size_t len;

	conflict_title(rows, c, title, sizeof(title));
	if (c->same_device)
		bs_report_error(r, title,
			"%s is also what the device bootstraps with (or has twice); a device receives other "
			"credentials than it "
			"comes with",
			what);
	else if (c->kind == BS_CONFLICT_ENDPOINT)
		bs_report_error(r, title,
			"a device of that name exists already, in the store (device delete %s first, to import it "
			"anew) or above in this file",
			bs_log_quote(&q, field(rows, C_ENDPOINT, &len)));
	else
		bs_report_error(r, title, "%s belongs to device %s already; every device has %s of its own", what,
			c->endpoint[0] != '\0' ? c->endpoint : "(another)",
			c->kind == BS_CONFLICT_ICCID || c->kind == BS_CONFLICT_IMSI ? "a card" : "credentials");
}
