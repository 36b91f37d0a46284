/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/check.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"
#include "tools/ctl/device/strength.h"
#include "tools/ctl/tls.h"

#define IDENTITY_WARN_ABOVE 64 /* octets; buffers of small clients */

/* ---- words ------------------------------------------------------------------------------------------------------- */

void
bs_check_name(struct bs_report *r, const char *field, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > BS_NAME_MAX)
		bs_report_error(r, field, "a name has 1 to %d characters", BS_NAME_MAX);
	else if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != len)
		bs_report_error(r, field, "a name is made of letters, digits, - and _ alone");
	else if (name[0] == '-')
		bs_report_error(r, field, "a name does not begin with -");
}

/* C0, DEL, and C1 (U+0080 to U+009F, in UTF-8 C2 80 to C2 9F). */
static bool
has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i], next = i + 1 < len ? (unsigned char)text[i + 1] : 0;

		if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0))
			return true;
	}
	return false;
}

static bool
blank_at_end(const char *text, size_t len)
{
	return len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
}

void
bs_check_text(struct bs_report *r, const char *field, const char *text, size_t len, size_t max)
{
	if (len > max)
		bs_report_error(r, field, "%zu octets long; at most %zu are kept", len, max);
	else if (!bs_utf8_valid(text, len))
		bs_report_error(r, field, "not UTF-8; convert the file with iconv");
	else if (has_control(text, len))
		bs_report_error(r, field, "has a control character; remove it");
}

void
bs_check_endpoint(struct bs_report *r, const char *field, const char *endpoint, size_t len)
{
	if (len == 0)
		bs_report_error(r, field, "empty; every device needs an endpoint name");
	else
		bs_check_text(r, field, endpoint, len, BS_ENDPOINT_MAX);
	if (blank_at_end(endpoint, len))
		bs_report_warn(r, field, "begins or ends with a blank, which counts as part of the name");
}

void
bs_check_identity(struct bs_report *r, const char *field, const char *identity, size_t len)
{
	if (len == 0)
		bs_report_error(r, field, "empty; a PSK needs an identity");
	else if (memchr(identity, '\0', len) != NULL)
		bs_report_error(r, field, "has a NUL octet, which OpenSSL and many clients cannot handle");
	else
		bs_check_text(r, field, identity, len, BS_IDENTITY_MAX);
	if (len > IDENTITY_WARN_ABOVE && len <= BS_IDENTITY_MAX)
		bs_report_warn(
			r, field, "%zu octets long; some clients hold no more than %d", len, IDENTITY_WARN_ABOVE);
	if (blank_at_end(identity, len))
		bs_report_warn(r, field, "begins or ends with a blank, which counts as part of the identity");
}

void
bs_check_psk(struct bs_report *r, const char *field, const struct bs_secret *key)
{
	const char *refusal = bs_strength_refusal(key->data, key->len);

	if (refusal != NULL)
		bs_report_error(r, field, "%s; use 16 octets from a random generator (openssl rand -hex 16)", refusal);
	else if (key->len > BS_PSK_WARN_ABOVE)
		bs_report_warn(r, field, "the key has %zu octets; some clients hold no more than %d", key->len,
			BS_PSK_WARN_ABOVE);
}

/* ---- URI --------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *scheme;
	bool secure;
	const char *port;
} schemes[] = {
	{ "coaps://", true, "5684" },
	{ "coap://", false, "5683" },
	{ "coaps+tcp://", true, "5684" },
	{ "coap+tcp://", false, "5683" },
};
#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

static size_t
find_scheme(const char *uri)
{
	size_t i = 0;

	while (i < SCHEMES && strncasecmp(uri, schemes[i].scheme, strlen(schemes[i].scheme)) != 0)
		i++;
	return i;
}

static bool
port_valid(const char *text, size_t len)
{
	unsigned long port = strtoul(text, NULL, 10);

	return len >= 1 && len <= 5 && strspn(text, "0123456789") >= len && port >= 1 && port <= 65535;
}

/* authority: "host[:port]" or "[address][:port]", up to its end. */
static void
check_authority(struct bs_report *r, const char *field, const char *authority, size_t len, const char *port)
{
	const char *end = authority + len, *colon = NULL, *bracket = memchr(authority, ']', len);
	size_t host;

	if (len > 0 && authority[0] == '[' && bracket != NULL)
		colon = bracket + 1 < end ? bracket + 1 : NULL;
	else
		colon = memchr(authority, ':', len);
	host = colon != NULL ? (size_t)(colon - authority) : len;
	if (host == 0 || (authority[0] == '[' && bracket == NULL))
		bs_report_error(r, field, "has no host; write coaps://HOST:%s", port);
	else if (memchr(authority, '@', len) != NULL)
		bs_report_error(r, field, "has a user name; devices cannot use it, remove it");
	else if (colon == NULL)
		bs_report_warn(r, field, "has no port; some clients want one, write HOST:%s", port);
	else if (*colon != ':' || !port_valid(colon + 1, (size_t)(end - colon - 1)))
		bs_report_error(
			r, field, "the port is not a number from 1 to 65535 (an IPv6 address stands in brackets)");
}

static void
check_scheme(struct bs_report *r, const char *field, bool secure, enum bs_mode mode, bool allow_nosec)
{
	if (secure && mode == BS_MODE_NOSEC)
		bs_report_error(r, field, "a coaps URI needs a mode other than nosec: psk, rpk, x509 or est");
	else if (!secure && mode != BS_MODE_NOSEC)
		bs_report_error(r, field, "mode %s needs a coaps:// URI", bs_mode_name(mode));
	else if (!secure && !allow_nosec)
		bs_report_error(r, field,
			"coap:// sends everything in the clear; use coaps:// with keys, or say --allow-nosec if that "
			"is meant");
}

void
bs_check_uri(struct bs_report *r, const char *field, const char *uri, enum bs_mode mode, bool allow_nosec)
{
	size_t s = find_scheme(uri), len = strlen(uri), authority;
	const char *rest;

	if (len == 0 || len > BS_URI_MAX || s == SCHEMES) {
		bs_report_error(r, field, "1 to %d octets that begin with coaps:// (or coap:// for nosec)", BS_URI_MAX);
		return;
	}
	for (const char *p = uri; *p != '\0'; p++)
		if (!isgraph((unsigned char)*p) || strchr("\"<>\\^`{|}", *p) != NULL) {
			bs_report_error(r, field, "has a character that no URI may have (RFC 3986); write it as %%XX");
			return;
		}
	check_scheme(r, field, schemes[s].secure, mode, allow_nosec);
	rest = uri + strlen(schemes[s].scheme);
	authority = strcspn(rest, "/?#");
	check_authority(r, field, rest, authority, schemes[s].port);
	if (rest[authority] == '#' || strchr(rest + authority, '#') != NULL)
		bs_report_error(r, field, "has a fragment (#); remove it");
	else if (rest[authority] != '\0')
		bs_report_warn(
			r, field, "has a path or query; some clients put it before their own paths, others drop it");
}

/* ---- binding ----------------------------------------------------------------------------------------------------- */

void
bs_check_binding(struct bs_report *r, const char *field, const char *binding, bool needs_sms)
{
	static const char *const first_version[] = { "U", "UQ", "S", "SQ", "US", "UQS" };
	bool known_to_1_0 = false;

	if (binding[0] == '\0' || strspn(binding, "UTSNMHQ") != strlen(binding)) {
		bs_report_error(r, field, "a binding is made of the letters U, T, S, N, M, H and Q; U is UDP");
		return;
	}
	for (const char *p = binding; *p != '\0'; p++)
		if (strchr(p + 1, *p) != NULL) {
			bs_report_error(r, field, "the letter %c occurs twice", *p);
			return;
		}
	if (strchr(binding, 'Q') != NULL && strpbrk(binding, "US") == NULL)
		bs_report_error(r, field, "Q (queue mode) needs U or S beside it");
	if (needs_sms && strchr(binding, 'S') == NULL)
		bs_report_error(r, field, "an account with an SMS number needs S in its binding, e.g. US");
	for (size_t i = 0; i < sizeof(first_version) / sizeof(first_version[0]); i++)
		known_to_1_0 |= strcmp(binding, first_version[i]) == 0;
	if (!known_to_1_0)
		bs_report_warn(r, field, "a LwM2M 1.0 client knows U, UQ, S, SQ, US and UQS alone");
	if (strchr(binding, 'Q') != NULL)
		bs_report_warn(r, field,
			"Q is for LwM2M 1.0: later clients are sent the binding without it and tell of queue mode when "
			"they "
			"register");
}

/* ---- server accounts --------------------------------------------------------------------------------------------- */

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
		else
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

/* ---- profiles ---------------------------------------------------------------------------------------------------- */

static void
check_servers(struct bs_report *r, const struct bs_profile_check *c, unsigned *with_instance)
{
	*with_instance = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct bs_server_def *a = c->servers[i];

		*with_instance += !a->repository;
		for (size_t j = 0; j < i; j++) {
			const struct bs_server_def *b = c->servers[j];

			if (strcmp(a->name, b->name) == 0)
				bs_report_error(r, "--server", "%s is named twice", a->name);
			else if (a->bootstrap && b->bootstrap && a->mode == b->mode)
				bs_report_error(r, "--server",
					"%s and %s are both the bootstrap account of mode %s; a device has one, name "
					"one",
					b->name, a->name, bs_mode_name(a->mode));
			else if (!a->repository && !b->repository && a->ssid == b->ssid)
				bs_report_error(r, "--server",
					"%s and %s have the same Short Server ID %u; a client refuses that, change one",
					b->name, a->name, a->ssid);
		}
	}
}

/* The account is overwritten in its place, which Discover alone shows. */
static void
check_renewal(struct bs_report *r, const struct bs_profile_def *def, const struct bs_profile_check *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->servers[i]->bootstrap && !def->profile.discover)
			bs_report_error(r, "--discover",
				"%s is renewed where Discover shows that it lies; leave --discover no out",
				c->servers[i]->name);
}

/* Discover shows a repository without Short Server ID, like the device's bootstrap account: it is never taken for one of ours. */
static void
check_repositories(struct bs_report *r, const struct bs_profile_def *def, const struct bs_profile_check *c)
{
	enum bs_delete_policy policy = def->profile.delete_policy;
	bool renews = false;

	for (size_t i = 0; i < c->count; i++)
		renews |= c->servers[i]->bootstrap;
	for (size_t i = 0; i < c->count; i++) {
		const struct bs_server_def *s = c->servers[i];

		if (!s->repository || s->bootstrap)
			continue;
		if (policy == BS_DELETE_INSTANCES || policy == BS_DELETE_NONE)
			bs_report_error(r, "--delete",
				"%s is a repository, which has no Short Server ID to be deleted by: each run would add "
				"another; "
				"use objects",
				s->name);
		if (renews)
			bs_report_error(r, "--server",
				"%s is a repository: beside it Discover does not tell which instance is the bootstrap "
				"account, so "
				"that would never be renewed; leave one of them out",
				s->name);
	}
}

static bool
ssid_known(const struct bs_profile_check *c, uint16_t ssid)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->servers[i]->repository && c->servers[i]->ssid == ssid)
			return true;
	return false;
}

/* LwM2M Core 1.1, 8.1: the right to create lies at instance 65535 and is the Bootstrap-Server's to give. */
static void
check_acl(struct bs_report *r, const struct bs_acl *acl, const struct bs_profile_check *c)
{
	if (acl->oid == 0 || acl->oid == 2 || acl->oid == 21)
		bs_report_error(r, "--acl", "Object %u is under no access control; leave the entry out", acl->oid);
	if (acl->owner != 65535 && !ssid_known(c, acl->owner))
		bs_report_error(r, "--acl", "%u/%u: the owner %u is no Short Server ID of this profile", acl->oid,
			acl->iid, acl->owner);
	for (size_t i = 0; i < acl->count; i++) {
		const struct bs_acl_entry *e = &acl->entries[i];

		if (e->ssid != 0 && !ssid_known(c, e->ssid))
			bs_report_error(r, "--acl", "%u/%u: %u is no Short Server ID of this profile (0: all others)",
				acl->oid, acl->iid, e->ssid);
		if (acl->iid == 65535 && (e->rights != 16 || acl->owner != 65535))
			bs_report_error(
				r, "--acl", "%u/65535 is the right to create: rights 16, owner 65535", acl->oid);
		if (acl->iid != 65535 && (e->rights & 16) != 0)
			bs_report_warn(r, "--acl", "%u/%u: Create (16) has a meaning at instance 65535 alone", acl->oid,
				acl->iid);
	}
}

/* Under access control a server without an entry for its own Server Object instance cannot even change its lifetime. */
static void
check_own_instances(struct bs_report *r, const struct bs_profile_def *def, const struct bs_profile_check *c)
{
	unsigned iid = 0; /* instances of Object 1 count from 0, in the order of the servers */

	for (size_t i = 0; i < c->count; i++) {
		bool found = c->servers[i]->repository;

		for (size_t j = 0; j < def->acl_count; j++)
			found |= def->acls[j].oid == 1 && def->acls[j].iid == iid;
		if (!found)
			bs_report_warn(r, "--acl", "no entry for 1/%u: server %s has no right on its own instance", iid,
				c->servers[i]->name);
		iid += !c->servers[i]->repository;
	}
}

static void
check_access_control(
	struct bs_report *r, const struct bs_profile_def *def, const struct bs_profile_check *c, unsigned servers)
{
	if (servers > 1 && !c->access_control_given)
		bs_report_error(r, "--access-control",
			"needed with two servers or more: derived (each owns its own instance), explicit (--acl), or "
			"none");
	if (def->profile.access_control == BS_AC_EXPLICIT && def->acl_count == 0)
		bs_report_error(r, "--acl", "explicit access control needs at least one --acl");
	if (def->profile.access_control != BS_AC_EXPLICIT && def->acl_count > 0)
		bs_report_error(r, "--acl", "goes with --access-control explicit alone");
	if (def->profile.access_control == BS_AC_EXPLICIT && def->acl_count > 0 && servers > 1)
		check_own_instances(r, def, c);
	for (size_t i = 0; i < def->acl_count; i++) {
		check_acl(r, &def->acls[i], c);
		for (size_t j = 0; j < i; j++)
			if (def->acls[i].oid == def->acls[j].oid && def->acls[i].iid == def->acls[j].iid)
				bs_report_error(r, "--acl", "%u/%u is given twice", def->acls[i].oid, def->acls[i].iid);
	}
}

static void
check_running(struct bs_report *r, const struct bs_profile *p)
{
	uint64_t step_ms = bs_profile_step_ms(p);

	if (step_ms > BS_STEP_MAX_MS)
		bs_report_error(r, "--ack-timeout",
			"with %u retransmissions one step lasts up to %llu s, and a client gives up after 247 s; keep "
			"it below "
			"%d s",
			p->max_retransmit, (unsigned long long)(step_ms / 1000), BS_STEP_MAX_MS / 1000);
	if (p->delete_policy == BS_DELETE_INSTANCES && !p->discover)
		bs_report_error(r, "--delete", "instances needs --discover yes, which shows them");
	if (p->first_delay_ms > 60000)
		bs_report_error(r, "--first-delay", "at most 60000 ms: the client waits");
	if (p->security_iid <= 1)
		bs_report_warn(r, "--security-iid",
			"a device that holds its bootstrap account there and does not show it loses it; most hold it "
			"at /0/0 "
			"or /0/1");
	if (p->block_size < 16 || p->block_size > 1024 || (p->block_size & (p->block_size - 1)) != 0)
		bs_report_error(r, "--block-size", "16, 32, 64, 128, 256, 512 or 1024 (RFC 7959)");
}

/* What cannot be told from what others put on the device cannot be merged with it. */
static void
check_merging(struct bs_report *r, const struct bs_profile *p, const struct bs_profile_check *c)
{
	if (p->on_existing != BS_EXISTING_MERGE)
		return;
	if (!p->discover)
		bs_report_error(r, "--on-existing", "merge needs --discover yes, which shows what there is");
	if (p->write_level == BS_LEVEL_OBJECT)
		bs_report_error(r, "--write-level",
			"with --on-existing merge an object as a whole could take other instances away; use instance "
			"or resource");
	for (size_t i = 0; i < c->count; i++)
		if (c->servers[i]->repository && !c->servers[i]->bootstrap)
			bs_report_error(r, "--server",
				"%s is a repository, which has no Short Server ID to be found by: with --on-existing "
				"merge "
				"each run would add another; use overwrite",
				c->servers[i]->name);
}

static bool
has_server(const struct bs_profile_check *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->servers[i]->name, name) == 0)
			return true;
	return false;
}

/* A device has credentials for the servers of its own profile alone. */
static void
check_retry(struct bs_report *r, const struct bs_profile *p, const struct bs_profile_check *c)
{
	const uint8_t not_acceptable = 4 << 5 | 6;

	if (c->retry == NULL)
		return;
	if (bs_tolerances_have(&p->tolerances, BS_STEP_FINISH, &(struct bs_path){ 0 }, not_acceptable))
		bs_report_error(r, "--retry-as",
			"a run is repeated after 4.06 to Finish, which --tolerate finish=4.06 takes as success; leave "
			"one out");
	if (c->retry->retry_as[0] != '\0')
		bs_report_error(r, "--retry-as",
			"%s is itself retried as %s, and a run is repeated once; name a profile without --retry-as",
			c->retry->name, c->retry->retry_as);
	if (c->retry->on_existing == BS_EXISTING_MERGE)
		bs_report_error(r, "--retry-as",
			"%s merges what the device holds, which then is what it did not accept; name a profile that "
			"overwrites",
			c->retry->name);
	for (size_t i = 0; i < c->retry->server_count; i++)
		if (!has_server(c, c->retry->servers[i]->name))
			bs_report_error(r, "--retry-as",
				"%s has server %s, for which devices of this profile have no credential; add --server "
				"%s, or "
				"name a profile that has none but the servers of this one",
				c->retry->name, c->retry->servers[i]->name, c->retry->servers[i]->name);
}

static bool
is_written(const struct bs_profile_def *def, const struct bs_path *p)
{
	if (p->oid <= BS_OBJ_ACCESS_CONTROL) /* their instances are chosen when the run is */
		return true;
	for (size_t i = 0; i < def->write_count; i++)
		if (def->writes[i].oid == p->oid && (p->level < BS_LEVEL_INSTANCE || def->writes[i].iid == p->iid))
			return true;
	return false;
}

#define NOT_ACCEPTABLE (4 << 5 | 6) /* 4.06 */

/* A tolerance that can never apply is a slip, and one that can cost the device its servers is worth a word. */
static void
check_tolerances(struct bs_report *r, const struct bs_profile_def *def)
{
	for (size_t i = 0; i < def->profile.tolerances.count; i++) {
		const struct bs_tolerance *t = &def->profile.tolerances.list[i];
		const char *field = t->code == BS_ANY_REFUSAL ? "--optional-write" : "--tolerate";
		char path[BS_PATH_TEXT];

		bs_path_format(&t->path, path);
		if (t->step == BS_STEP_WRITE && t->path.level != BS_LEVEL_ROOT && !is_written(def, &t->path))
			bs_report_error(
				r, field, "this profile does not write to %s; add --write, or correct the path", path);
		else if (t->step == BS_STEP_WRITE && t->code >> 5 != 2 && t->path.oid <= BS_OBJ_SERVER)
			bs_report_warn(r, field,
				"a device that refuses %s ends without its server, and the run counts as done",
				t->path.level == BS_LEVEL_ROOT ? "its Writes" : path);
		if (t->step == BS_STEP_FINISH && t->code == NOT_ACCEPTABLE && def->profile.retry_as[0] != '\0')
			bs_report_error(r, field, "finish=4.06 and --retry-as exclude each other");
	}
}

void
bs_check_profile(struct bs_report *r, const struct bs_profile_def *def, const struct bs_profile_check *c)
{
	unsigned with_instance;

	bs_check_name(r, "NAME", def->profile.name);
	if (c->count == 0)
		bs_report_error(r, "--server", "a profile needs at least one server account");
	if (c->count > BS_SERVERS_MAX)
		bs_report_error(r, "--server", "at most %d server accounts", BS_SERVERS_MAX);
	check_servers(r, c, &with_instance);
	if (c->count > 0 && with_instance == 0)
		bs_report_error(r, "--server",
			"repositories and bootstrap accounts alone leave the device without an LwM2M server; add one "
			"of kind server");
	check_renewal(r, def, c);
	check_repositories(r, def, c);
	check_access_control(r, def, c, with_instance);
	check_running(r, &def->profile);
	check_merging(r, &def->profile, c);
	check_retry(r, &def->profile, c);
	check_tolerances(r, def);
}

/* ---- matrix ------------------------------------------------------------------------------------------------------ */

enum verdict { NEVER, UP_TO_CHANNEL };
static const enum verdict matrix[][3] = {
	/*                    BS_CARGO_PSK   PRIVATE_KEY    SMS_KEY */
	[BS_MODE_PSK] = { UP_TO_CHANNEL, UP_TO_CHANNEL, UP_TO_CHANNEL },
	[BS_MODE_RPK] = { UP_TO_CHANNEL, UP_TO_CHANNEL, UP_TO_CHANNEL },
	[BS_MODE_X509] = { UP_TO_CHANNEL, UP_TO_CHANNEL, UP_TO_CHANNEL },
	[BS_MODE_NOSEC] = { NEVER, NEVER, NEVER },
	[BS_MODE_EST] = { NEVER, NEVER, NEVER }, /* no mode of a bootstrap channel here */
};
static const char *const cargo_names[] = {
	[BS_CARGO_PSK] = "a pre-shared key",
	[BS_CARGO_PRIVATE_KEY] = "a private key",
	[BS_CARGO_SMS_KEY] = "an SMS key",
};

void
bs_check_cargo(struct bs_report *r, const char *field, const struct bs_channel *channel, enum bs_cargo cargo,
	unsigned strength)
{
	unsigned carries = channel->suite;

	if (channel->credential != 0 && channel->credential < carries)
		carries = channel->credential;
	if (matrix[channel->mode][cargo] == NEVER)
		bs_report_error(r, field, "a %s bootstrap channel must not carry %s", bs_mode_name(channel->mode),
			cargo_names[cargo]);
	else if (strength > carries && carries < channel->suite)
		bs_report_error(r, field,
			"%s of %u bits must not travel under a bootstrap credential of %u bits; use a shorter one, "
			"or a "
			"stronger bootstrap credential",
			cargo_names[cargo], strength, carries);
	else if (strength > carries)
		bs_report_error(r, field,
			"%s of %u bits must not travel over a channel of %u bits; use a shorter one, or, where "
			"[dtls] ciphers "
			"has AES-256 suites alone, import with --channel-bits 256",
			cargo_names[cargo], strength, carries);
}
