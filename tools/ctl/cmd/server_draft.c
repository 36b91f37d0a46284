/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/cmd/server_draft.h"

#include <stdlib.h>
#include <string.h>

#include "tools/ctl/number.h"

const char *
bs_server_kind_name(const struct bs_server_def *def)
{
	return def->bootstrap ? "bootstrap account" : def->repository ? "repository" : "server";
}

static void
read_key_file(struct bs_server_draft *d, size_t option, const char *file, struct bs_report *r)
{
	const char *name = option == BS_SERVER_SERVER_KEY ? "--server-key" : "--server-cert";
	struct bs_diag diag = { 0 };
	enum bs_err err;

	if (d->key.len > 0) {
		bs_report_error(r, "--server-key", "give one of --server-key and --server-cert, once");
		return;
	}
	if (option == BS_SERVER_SERVER_KEY)
		err = bs_convert_public_file(file, &d->key, &d->check.key, &diag);
	else
		err = bs_convert_certificate_file(file, &d->key, &d->check.key, &diag);
	if (err != BS_OK)
		bs_report_error(r, name, "%s", diag.text[0] != '\0' ? diag.text : bs_strerror(err));
	if (option == BS_SERVER_SERVER_KEY && d->def.mode != BS_MODE_RPK)
		bs_report_error(r, name, "belongs to mode rpk; x509 and est take --server-cert");
	if (option == BS_SERVER_SERVER_CERT && d->def.mode != BS_MODE_X509 && d->def.mode != BS_MODE_EST)
		bs_report_error(r, name, "belongs to modes x509 and est; rpk takes --server-key");
}

void
bs_server_draft_read(struct bs_server_draft *d, const struct bs_ctl_given *g, struct bs_report *r)
{
	uint64_t n = 0;

	switch (g->index) {
	case BS_SERVER_URI:
		d->def.uri = g->value;
		break;
	case BS_SERVER_SSID:
		if (!bs_number_read(g->value, 1, 65534, &n))
			bs_report_error(r, "--ssid", "a number from 1 to 65534");
		d->def.ssid = (uint16_t)n;
		break;
	case BS_SERVER_LIFETIME:
		bs_settings_add_resource(&d->settings, r, "--lifetime", 1, 1, g->value);
		break;
	case BS_SERVER_BINDING:
		d->check.binding = g->value;
		bs_settings_add_resource(&d->settings, r, "--binding", 1, 7, g->value);
		break;
	case BS_SERVER_SMS_NUMBER:
		d->def.sms_number = g->value + (g->value[0] == '+');
		break;
	case BS_SERVER_SET:
		bs_settings_add_server(&d->settings, r, g->value);
		break;
	case BS_SERVER_KIND:
		d->def.bootstrap = strcmp(g->value, "bootstrap") == 0;
		if (!d->def.bootstrap && strcmp(g->value, "repository") != 0)
			bs_report_error(
				r, "--kind", "repository or bootstrap (an LwM2M server is the kind without a name)");
		d->def.repository = true;
		break;
	case BS_SERVER_ALLOW_NOSEC:
		d->check.allow_nosec = true;
		break;
	case BS_SERVER_SERVER_KEY:
	case BS_SERVER_SERVER_CERT:
		read_key_file(d, g->index, g->value, r);
		break;
	}
}

static unsigned
small_setting(const struct bs_settings *s, uint16_t oid, uint16_t rid, bool *present)
{
	const struct bs_setting *one = bs_settings_find(s, oid, rid);

	*present = one != NULL;
	return one != NULL ? (unsigned)strtoul(one->text, NULL, 10) : 0;
}

static void
check_places(const struct bs_server_draft *d, struct bs_report *r)
{
	for (size_t i = 0; d->def.repository && i < d->settings.count; i++)
		if (d->settings.list[i].oid == 1)
			bs_report_error(r, "--set", "a %s has no Server Object instance; 1/%u has no place there",
				bs_server_kind_name(&d->def), d->settings.list[i].rid);
}

static void
point_to_key(struct bs_server_draft *d)
{
	d->def.server_key = d->key.len > 0 ? d->key.data : NULL;
	d->def.server_key_len = d->key.len;
}

bool
bs_server_draft_check(struct bs_server_draft *d, struct bs_report *r)
{
	const struct bs_setting *binding = bs_settings_find(&d->settings, 1, 7);
	bool present;

	check_places(d, r);
	if (binding != NULL)
		d->check.binding = binding->text;
	d->check.usage = small_setting(&d->settings, 0, 15, &d->check.has_usage);
	d->check.matching_type = small_setting(&d->settings, 0, 13, &present);
	d->def.settings = d->settings.list;
	d->def.setting_count = d->settings.count;
	point_to_key(d);
	if (r->errors == 0)
		bs_check_server(r, &d->def, &d->check);
	if (r->errors == 0 && d->def.mode == BS_MODE_X509 && !d->check.kept &&
		bs_convert_matching(&d->key, d->check.matching_type) != BS_OK)
		bs_report_error(r, "--set", "0/13: %s", bs_strerror(BS_ECRYPTO));
	point_to_key(d);
	return r->errors == 0;
}

bool
bs_server_draft_make(struct bs_server_draft *d, const struct bs_ctl_args *args, struct bs_report *r)
{
	const char *mode = bs_ctl_get(args, BS_SERVER_MODE);

	d->def.name = args->words[0];
	d->def.uri = "";
	if (mode == NULL || bs_mode_parse(mode, &d->def.mode) != BS_OK) {
		bs_report_error(r, "--mode", "needed: psk, rpk, x509, nosec or est");
		return false;
	}
	for (size_t i = 0; i < args->given_count; i++)
		bs_server_draft_read(d, &args->given[i], r);
	return bs_server_draft_check(d, r);
}

void
bs_server_draft_clear(struct bs_server_draft *d)
{
	bs_settings_clear(&d->settings);
	bs_blob_clear(&d->key);
}
