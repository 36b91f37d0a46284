/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for a server account. */
#include "tools/ctl/check.h"

#include <string.h>

#include "tools/ctl/tls.h"

/* What resource 4 holds in each mode, and which option gives it. */
enum server_key { KEY_NONE, KEY_PUBLIC, KEY_CERTIFICATE };
static const enum server_key key_of_mode[] = {
	[BS_MODE_PSK] = KEY_NONE,
	[BS_MODE_RPK] = KEY_PUBLIC,
	[BS_MODE_X509] = KEY_CERTIFICATE,
	[BS_MODE_NOSEC] = KEY_NONE,
	[BS_MODE_EST] = KEY_CERTIFICATE,
};

/* LwM2M Core 1.1, resource 15: 0 and 2 name a CA, 1 and 3 (default) the server's own certificate. */
static void
check_certificate(struct bs_report *r, const struct bs_server_check *c)
{
	bool wants_ca = c->has_usage && (c->usage == 0 || c->usage == 2);

	if (wants_ca && !c->key.ca)
		bs_report_error(r, "--server-cert",
			"certificate usage %u (--set 0/15) needs a CA certificate, this one is not; give the CA, or "
			"use 3",
			c->usage);
	if (!c->has_usage && c->key.ca)
		bs_report_error(r, "--server-cert",
			"a CA certificate, but without --set 0/15 a client compares it with the server's own and "
			"fails; say "
			"--set 0/15=2 (trust anchor), or 0/15=3 when the server itself shows this certificate");
	if (wants_ca)
		bs_report_warn(
			r, "--set", "a LwM2M 1.0 client ignores 0/15 and takes the CA for the server's certificate");
	if (c->matching_type != 0)
		bs_report_warn(r, "--set", "a LwM2M 1.0 client ignores 0/13 and cannot use a digest%s",
			c->matching_type == 2 ? "; some clients refuse SHA-384" : "");
	if (c->key.rsa)
		bs_report_warn(r, "--server-cert", "an RSA key; constrained clients know ECDSA alone (RFC 7925)");
	if (c->key.expired)
		bs_report_warn(r, "--server-cert", "the certificate is not valid today; look at its dates");
}

static void
check_server_key(struct bs_report *r, const struct bs_server_def *def, const struct bs_server_check *c)
{
	switch (key_of_mode[def->mode]) {
	case KEY_NONE:
		if (def->server_key != NULL)
			bs_report_error(r, "--mode", "%s uses no server key; leave --server-key and --server-cert out",
				bs_mode_name(def->mode));
		break;
	case KEY_PUBLIC:
		if (def->server_key == NULL)
			bs_report_error(
				r, "--server-key", "missing; mode rpk needs the server's public key (PEM or DER file)");
		break;
	case KEY_CERTIFICATE:
		if (def->server_key == NULL)
			bs_report_error(r, "--server-cert", "missing; mode %s needs a certificate (PEM or DER file)",
				bs_mode_name(def->mode));
		else if (!c->kept)
			check_certificate(r, c);
		break;
	}
}

/* Resources that fit each other and the mode. */
static void
check_settings(struct bs_report *r, const struct bs_server_def *def, const char *binding)
{
	bs_check_tls_numbers(r, def);
	for (size_t i = 0; i < def->setting_count; i++) {
		const struct bs_setting *s = &def->settings[i];

		if (s->oid == 0 && (s->rid == 13 || s->rid == 15) && key_of_mode[def->mode] != KEY_CERTIFICATE)
			bs_report_error(r, "--set", "0/%u says how a certificate is compared; mode %s has none", s->rid,
				bs_mode_name(def->mode));
		if (s->oid == 0 && (s->rid == 11 || s->rid == 12) && !def->bootstrap)
			bs_report_warn(
				r, "--set", "0/%u belongs to a bootstrap account; it is left out of this one", s->rid);
		if (s->oid == 0 && s->rid == 17)
			bs_report_warn(r, "--set",
				"0/17 leads to an instance of Object 21, which this server does not write; "
				"a device without it refuses the account");
		if (s->oid == 1 && s->rid == 22 &&
			(strlen(s->text) != 1 || strchr(binding != NULL ? binding : "U", s->text[0]) == NULL))
			bs_report_error(r, "--set", "1/22: the preferred transport is one letter of the binding, %s",
				binding != NULL ? binding : "U");
	}
}

static void
check_sms_number(struct bs_report *r, const char *number)
{
	size_t len = strlen(number);

	if (len == 0 || len > 15 || strspn(number, "0123456789") != len)
		bs_report_error(r, "--sms-number", "1 to 15 digits (E.164), without blanks");
}

void
bs_check_server(struct bs_report *r, const struct bs_server_def *def, const struct bs_server_check *c)
{
	bs_check_name(r, "NAME", def->name);
	bs_check_uri(r, "--uri", def->uri, def->mode, c->allow_nosec);
	if (def->bootstrap && (def->mode == BS_MODE_NOSEC || def->mode == BS_MODE_EST))
		bs_report_error(r, "--mode", "devices bootstrap here with psk, rpk or x509");
	if (def->bootstrap && def->sms_number != NULL)
		bs_report_error(r, "--sms-number", "the bootstrap account has no SMS binding here; leave it out");
	if (def->repository && def->ssid != 0)
		bs_report_error(r, "--ssid",
			def->bootstrap
				? "a bootstrap account has no Short Server ID; leave it out"
				: "a repository has no Server Object instance and so no Short Server ID; leave it out");
	if (!def->repository && (def->ssid == 0 || def->ssid == 65535))
		bs_report_error(r, "--ssid", "needed, from 1 to 65534");
	check_server_key(r, def, c);
	check_settings(r, def, c->binding);
	if (c->binding != NULL)
		bs_check_binding(r, "--binding", c->binding, def->sms_number != NULL);
	else if (def->sms_number != NULL)
		bs_report_error(
			r, "--binding", "an account with an SMS number needs S in its binding; say --binding US");
	if (def->sms_number != NULL)
		check_sms_number(r, def->sms_number);
}
