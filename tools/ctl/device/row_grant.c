/* SPDX-License-Identifier: Apache-2.0 */
/* What the device receives for the servers of its profile. */
#include "tools/ctl/device/row_internal.h"

#include <string.h>

#include "tools/ctl/device/strength.h"

static void
grant_psk(struct bs_rows *rows, struct bs_row_grant *g, struct bs_report *r)
{
	struct bs_row_text hex = { .title = g->title[S_PSK_KEY_HEX] }, b64 = { .title = g->title[S_PSK_KEY_B64] };
	size_t len;
	const char *identity = bs_row_grant_field(rows, g, S_PSK_IDENTITY, &len);

	hex.text = bs_row_grant_field(rows, g, S_PSK_KEY_HEX, &hex.len);
	b64.text = bs_row_grant_field(rows, g, S_PSK_KEY_B64, &b64.len);
	if (len == 0)
		bs_report_error(
			r, g->title[S_PSK_IDENTITY], "missing; the profile gives the device a PSK for this server");
	else
		bs_check_identity(r, g->title[S_PSK_IDENTITY], identity, len);
	if (bs_row_read_psk(rows, r, &hex, &b64, &g->key))
		bs_check_cargo(r, hex.len > 0 ? hex.title : b64.title, &rows->channel, BS_CARGO_PSK,
			bs_strength_bits(g->key.data, g->key.len));
	if (bs_blob_set(&g->public_or_identity, identity, len) != BS_OK)
		bs_report_error(r, g->title[S_PSK_IDENTITY], "%s", bs_strerror(BS_ENOMEM));
}

static void
read_private(struct bs_rows *rows, struct bs_row_grant *g, enum bs_row_suffix f, bool ec_only, struct bs_blob *spki,
	struct bs_report *r)
{
	struct bs_secret der = { 0 };
	struct bs_key_info info = { 0 };
	struct bs_diag diag = { 0 };
	size_t len;
	const char *text = bs_row_grant_field(rows, g, f, &len);
	enum bs_err err = BS_OK;

	if (bs_row_read_base64(r, g->title[f], text, len, der.data, sizeof(der.data), &der.len)) {
		err = bs_convert_private(der.data, der.len, ec_only, &g->key, spki, &info, &diag);
		if (err != BS_OK)
			bs_row_report_diag(r, g->title[f], err, &diag);
		else
			bs_check_cargo(r, g->title[f], &rows->channel, BS_CARGO_PRIVATE_KEY, info.strength);
	}
	bs_secret_clear(&der);
}

static void
grant_rpk(struct bs_rows *rows, struct bs_row_grant *g, struct bs_report *r)
{
	if (!bs_row_grant_has(rows, g, S_RPK_PRIVATE))
		bs_report_error(r, g->title[S_RPK_PRIVATE],
			"missing; the profile gives the device a raw key for this server (private key, DER, base64)");
	else
		read_private(rows, g, S_RPK_PRIVATE, true, &g->public_or_identity, r);
}

static void
grant_x509(struct bs_rows *rows, struct bs_row_grant *g, struct bs_report *r)
{
	struct bs_key_info info = { 0 };
	struct bs_diag diag = { 0 };
	size_t len;
	const char *text = bs_row_grant_field(rows, g, S_CERT, &len);
	bool good;

	if (len == 0) {
		bs_report_error(
			r, g->title[S_CERT], "missing; the profile gives the device a certificate for this server");
		return;
	}
	good = bs_row_read_certificate(r, g->title[S_CERT], text, len, &g->public_or_identity, &info);
	if (!bs_row_grant_has(rows, g, S_PRIVATE))
		return; /* the device holds its key */
	read_private(rows, g, S_PRIVATE, false, NULL, r);
	if (good && g->key.len > 0 && bs_convert_check_pair(&g->public_or_identity, &g->key, &diag) != BS_OK)
		bs_row_report_diag(r, g->title[S_PRIVATE], BS_EREFUSED, &diag);
}

/* Columns of a mode: first to last. */
static const struct {
	enum bs_row_suffix first, last;
	void (*read)(struct bs_rows *rows, struct bs_row_grant *g, struct bs_report *r);
} grant_modes[] = {
	[BS_MODE_PSK] = { S_PSK_IDENTITY, S_PSK_KEY_B64, grant_psk },
	[BS_MODE_RPK] = { S_RPK_PRIVATE, S_RPK_PRIVATE, grant_rpk },
	[BS_MODE_X509] = { S_CERT, S_PRIVATE, grant_x509 },
	[BS_MODE_NOSEC] = { S_SMS_FIRST, S_SMS_FIRST, NULL },
	[BS_MODE_EST] = { S_SMS_FIRST, S_SMS_FIRST, NULL },
};

static void
read_sms(struct bs_rows *rows, struct bs_row_grant *g, unsigned parameters_len, struct bs_report *r)
{
	struct bs_sms_text t = { .tar_judged = false };
	unsigned long before = r->errors;
	bool any = false, good;
	size_t len;

	for (unsigned f = 0; f < BS_SMS_FIELDS; f++) {
		t.value[f] = bs_row_grant_field(rows, g, (enum bs_row_suffix)(S_SMS_FIRST + f), &len);
		t.field[f] = g->title[S_SMS_FIRST + f];
		any |= len > 0;
	}
	if (!any)
		return;
	bs_sms_read(r, &t, parameters_len, &g->sms);
	good = r->errors == before;
	if (g->server->sms_number[0] == '\0')
		bs_report_error(r, t.field[BS_SMS_MODE],
			"the server account has no SMS number: server set NAME --sms-number DIGITS --binding US");
	if (g->server->def.mode == BS_MODE_NOSEC && g->sms.kic_key.len > 0)
		bs_report_error(
			r, t.field[BS_SMS_KIC_KEY], "a nosec account never carries SMS keys; use psk, rpk or x509");
	if (good && g->sms.kic_key.len > 0)
		bs_check_cargo(r, t.field[BS_SMS_KIC_KEY], &rows->channel, BS_CARGO_SMS_KEY, bs_sms_strength(&g->sms));
}

static void
read_grant(struct bs_rows *rows, struct bs_row_grant *g, const struct bs_cat_profile *profile, struct bs_report *r)
{
	enum bs_mode mode = g->server->def.mode;
	struct bs_grant_def *def = &rows->defs[rows->device.grant_count++];

	if (grant_modes[mode].read != NULL)
		grant_modes[mode].read(rows, g, r);
	for (unsigned f = 0; f < S_SMS_FIRST; f++)
		if ((f < grant_modes[mode].first || f > grant_modes[mode].last) && bs_row_grant_has(rows, g, f))
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
			const struct bs_row_grant *a = &rows->grants[profile->servers[j]->index],
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
		struct bs_row_grant *g = &rows->grants[i];

		for (unsigned f = 0; f < S_COUNT && !g->in_profile; f++)
			if (bs_row_grant_has(rows, g, f) && g->server->def.bootstrap)
				bs_report_error(r, g->title[f],
					"%s is the bootstrap account; leave it empty, rotate gives the device a next "
					"credential",
					g->server->name);
			else if (bs_row_grant_has(rows, g, f))
				bs_report_error(r, g->title[f], "server %s is not in profile %s; leave it empty",
					g->server->name, profile->name);
	}
}

void
bs_row_read_grants(struct bs_rows *rows, const struct bs_cat_profile *profile, struct bs_report *r)
{
	for (size_t i = 0; i < rows->grant_count; i++)
		rows->grants[i].in_profile = false;
	for (size_t i = 0; i < profile->server_count; i++) {
		struct bs_row_grant *g = &rows->grants[profile->servers[i]->index];

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
