/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/check.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"
#include "tools/ctl/device/strength.h"

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
