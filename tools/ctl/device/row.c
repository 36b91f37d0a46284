/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/device/row_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/log.h"
#include "server/base/near.h"
#include "tools/ctl/device/strength.h"

#define TEXT_KEYS_EXPECTED_FROM 50000 /* keys in a file, below which a printable one is no accident */

const char *const bs_row_column_names[C_COUNT] = { "endpoint", "profile", "mode", "psk_identity", "psk_key_hex",
	"psk_key_b64", "rpk_public_b64", "cert_b64", "cert_sha256", "enabled", "batch", "iccid", "imsi", "note" };

static const char *const suffix_names[S_COUNT] = { "psk_identity", "psk_key_hex", "psk_key_b64", "rpk_private_b64",
	"cert_b64", "private_b64", "sms_mode", "sms_kic", "sms_kid", "sms_spi", "sms_tar", "sms_kic_key_hex",
	"sms_kid_key_hex" };

/* ---- life ----------------------------------------------------------------------------------------------------- */

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
		struct bs_row_grant *g = &rows->grants[s->index];

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
clear_grant(struct bs_row_grant *g)
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
		if (strcmp(bs_row_column_names[f], title) == 0)
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
		bs_near_offer(&near, bs_row_column_names[f]);
	for (size_t i = 0; i < rows->grant_count; i++)
		for (unsigned f = 0; f < S_COUNT; f++)
			bs_near_offer(&near, rows->grants[i].title[f]);
	bs_report_error(r, bs_log_quote(&q, title), "unknown column%s", bs_near_text(&near, hint, sizeof(hint)));
}

static void
want_column(const struct bs_rows *rows, enum bs_row_column f, const char *way_out, struct bs_report *r)
{
	if (rows->column[f] < 0)
		bs_report_error(r, bs_row_column_names[f], "this column is missing in the header%s", way_out);
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

/* ---- the row ----------------------------------------------------------------------------------------------------- */

static const char *
text_or_null(const struct bs_rows *rows, enum bs_row_column f)
{
	return bs_row_has(rows, f) ? rows->row->fields[rows->column[f]] : NULL;
}

static const struct bs_cat_profile *
read_profile(struct bs_rows *rows, struct bs_report *r)
{
	const char *name = bs_row_has(rows, C_PROFILE) ? text_or_null(rows, C_PROFILE) : rows->default_profile;
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
	const char *text = bs_row_field(rows, C_ENABLED, &len);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].word, text) == 0) {
			rows->device.enabled = words[i].value;
			return;
		}
	bs_report_error(r, "enabled", "yes or no (empty: yes)");
}

static void
check_digits(const struct bs_rows *rows, enum bs_row_column f, size_t min, size_t max, struct bs_report *r)
{
	size_t len;
	const char *text = bs_row_field(rows, f, &len);

	if (len > 0 && (len < min || len > max || strspn(text, "0123456789") != len))
		bs_report_error(r, bs_row_column_names[f], "%zu to %zu digits", min, max);
}

static void
read_labels(struct bs_rows *rows, struct bs_report *r)
{
	struct bs_device_def *d = &rows->device;
	size_t len;
	const char *text = bs_row_field(rows, C_BATCH, &len);

	bs_check_text(r, "batch", text, len, BS_NAME_MAX);
	text = bs_row_field(rows, C_NOTE, &len);
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
	rows->device.endpoint = bs_row_field(rows, C_ENDPOINT, &len);
	bs_check_endpoint(r, "endpoint", rows->device.endpoint, len);
	read_enabled(rows, r);
	read_labels(rows, r);
	bs_row_read_bootstrap(rows, r);
	profile = read_profile(rows, r);
	if (profile != NULL) {
		rows->device.profile_id = profile->id;
		bs_row_read_grants(rows, profile, r);
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
		const struct bs_row_text_key *t = &rows->text_keys[i < BS_REPORT_SHOWN ? i : BS_REPORT_SHOWN - 1];

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
		const struct bs_row_grant *g = &rows->grants[i];

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
			bs_log_quote(&q, bs_row_field(rows, C_ENDPOINT, &len)));
	else
		bs_report_error(r, title, "%s belongs to device %s already; every device has %s of its own", what,
			c->endpoint[0] != '\0' ? c->endpoint : "(another)",
			c->kind == BS_CONFLICT_ICCID || c->kind == BS_CONFLICT_IMSI ? "a card" : "credentials");
}
