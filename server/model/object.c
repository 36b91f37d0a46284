/* SPDX-License-Identifier: Apache-2.0 */
/* The tables follow the object models of the OMA registry; a unit test compares them with the published files. */
#include "server/model/object.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Columns beyond the type */
#define SINGLE false
#define MULTI true
#define M true
#define O false
#define NO_RANGE 1, 0
#define INT31 0, INT32_MAX /* seconds and counts: clients keep them as signed 32-bit numbers */

#define RES(rid, name, type, multiple, mandatory, since, ...) \
	{ \
		rid, name, BS_TYPE_##type, multiple, mandatory, false, BS_LWM2M_##since, __VA_ARGS__ \
	}
#define EXECUTABLE(rid, name, mandatory, since) \
	{ \
		rid, name, BS_TYPE_STRING, SINGLE, mandatory, true, BS_LWM2M_##since, NO_RANGE \
	}

static const struct bs_resource_def security[] = {
	RES(0, "LWM2M Server URI", STRING, SINGLE, M, 1_0, 0, 255),
	RES(1, "Bootstrap-Server", BOOLEAN, SINGLE, M, 1_0, NO_RANGE),
	RES(2, "Security Mode", INTEGER, SINGLE, M, 1_0, 0, 4),
	RES(3, "Public Key or Identity", OPAQUE, SINGLE, M, 1_0, NO_RANGE),
	RES(4, "Server Public Key", OPAQUE, SINGLE, M, 1_0, NO_RANGE),
	RES(5, "Secret Key", OPAQUE, SINGLE, M, 1_0, NO_RANGE),
	RES(6, "SMS Security Mode", INTEGER, SINGLE, O, 1_0, 0, 255),
	/* The registry says 6 octets, the text lists 7 octets of fields (KIc 1, KID 1, SPI 2, TAR 3): both are in use. */
	RES(7, "SMS Binding Key Parameters", OPAQUE, SINGLE, O, 1_0, 6, 7),
	RES(8, "SMS Binding Secret Key(s)", OPAQUE, SINGLE, O, 1_0, 16, 48),
	RES(9, "LwM2M Server SMS Number", STRING, SINGLE, O, 1_0, NO_RANGE),
	RES(10, "Short Server ID", INTEGER, SINGLE, O, 1_0, 1, 65534),
	RES(11, "Client Hold Off Time", INTEGER, SINGLE, O, 1_0, INT31),
	RES(12, "Bootstrap-Server Account Timeout", INTEGER, SINGLE, O, 1_0, INT31),
	RES(13, "Matching Type", UNSIGNED, SINGLE, O, 1_1, 0, 3),
	RES(14, "SNI", STRING, SINGLE, O, 1_1, NO_RANGE),
	RES(15, "Certificate Usage", UNSIGNED, SINGLE, O, 1_1, 0, 3),
	RES(16, "DTLS/TLS Ciphersuite", UNSIGNED, MULTI, O, 1_1, 0, 65535),
	RES(17, "OSCORE Security Mode", OBJLNK, SINGLE, O, 1_1, NO_RANGE),
	RES(18, "Groups To Use by Client", UNSIGNED, MULTI, O, 1_2, 0, 65535),
	RES(19, "Signature Algorithms Supported by Server", UNSIGNED, MULTI, O, 1_2, 0, 65535),
	RES(20, "Signature Algorithms To Use by Client", UNSIGNED, MULTI, O, 1_2, 0, 65535),
	RES(21, "Signature Algorithm Certs Supported by Server", UNSIGNED, MULTI, O, 1_2, 0, 65535),
	RES(22, "TLS 1.3 Features To Use by Client", UNSIGNED, SINGLE, O, 1_2, 0, 65535),
	RES(23, "TLS Extensions Supported by Server", UNSIGNED, SINGLE, O, 1_2, 0, 65535),
	RES(24, "TLS Extensions To Use by Client", UNSIGNED, SINGLE, O, 1_2, 0, 65535),
	RES(25, "Secondary LwM2M Server URI", STRING, MULTI, O, 1_2, 0, 255),
	RES(26, "MQTT Server", OBJLNK, SINGLE, O, 1_2, NO_RANGE),
	RES(27, "LwM2M COSE Security", OBJLNK, MULTI, O, 1_2, NO_RANGE),
	RES(28, "RDS Destination Port", INTEGER, SINGLE, O, 1_2, 0, 15),
	RES(29, "RDS Source Port", INTEGER, SINGLE, O, 1_2, 0, 15),
	RES(30, "RDS Application ID", STRING, SINGLE, O, 1_2, NO_RANGE),
};

static const struct bs_resource_def server[] = {
	RES(0, "Short Server ID", INTEGER, SINGLE, M, 1_0, 1, 65534),
	RES(1, "Lifetime", INTEGER, SINGLE, M, 1_0, INT31),
	RES(2, "Default Minimum Period", INTEGER, SINGLE, O, 1_0, INT31),
	RES(3, "Default Maximum Period", INTEGER, SINGLE, O, 1_0, INT31),
	EXECUTABLE(4, "Disable", O, 1_0),
	RES(5, "Disable Timeout", INTEGER, SINGLE, O, 1_0, INT31),
	RES(6, "Notification Storing When Disabled or Offline", BOOLEAN, SINGLE, M, 1_0, NO_RANGE),
	RES(7, "Binding", STRING, SINGLE, M, 1_0, 1, 7),
	EXECUTABLE(8, "Registration Update Trigger", M, 1_0),
	EXECUTABLE(9, "Bootstrap-Request Trigger", O, 1_1),
	RES(10, "APN Link", OBJLNK, SINGLE, O, 1_1, NO_RANGE),
	RES(11, "TLS-DTLS Alert Code", UNSIGNED, SINGLE, O, 1_1, 0, 255),
	RES(12, "Last Bootstrapped", TIME, SINGLE, O, 1_1, NO_RANGE),
	RES(13, "Registration Priority Order", UNSIGNED, SINGLE, O, 1_1, INT31),
	RES(14, "Initial Registration Delay Timer", UNSIGNED, SINGLE, O, 1_1, INT31),
	RES(15, "Registration Failure Block", BOOLEAN, SINGLE, O, 1_1, NO_RANGE),
	RES(16, "Bootstrap on Registration Failure", BOOLEAN, SINGLE, O, 1_1, NO_RANGE),
	RES(17, "Communication Retry Count", UNSIGNED, SINGLE, O, 1_1, 1, INT32_MAX), /* attempts: 0 is refused */
	RES(18, "Communication Retry Timer", UNSIGNED, SINGLE, O, 1_1, INT31),
	RES(19, "Communication Sequence Delay Timer", UNSIGNED, SINGLE, O, 1_1, INT31),
	RES(20, "Communication Sequence Retry Count", UNSIGNED, SINGLE, O, 1_1, 1, INT32_MAX),
	RES(21, "Trigger", BOOLEAN, SINGLE, O, 1_1, NO_RANGE),
	RES(22, "Preferred Transport", STRING, SINGLE, O, 1_1, 1, 1),
	RES(23, "Mute Send", BOOLEAN, SINGLE, O, 1_1, NO_RANGE),
	RES(24, "Alternate APN Links", OBJLNK, MULTI, O, 1_2, NO_RANGE),
	RES(25, "Supported Server Versions", STRING, MULTI, O, 1_2, NO_RANGE),
	RES(26, "Default Notification Mode", INTEGER, SINGLE, O, 1_2, 0, 1),
	RES(27, "Profile ID Hash Algorithm", UNSIGNED, SINGLE, O, 1_2, 0, 255),
};

static const struct bs_resource_def access_control[] = {
	RES(0, "Object ID", INTEGER, SINGLE, M, 1_0, 1, 65534),
	RES(1, "Object Instance ID", INTEGER, SINGLE, M, 1_0, 0, 65535),
	RES(2, "ACL", INTEGER, MULTI, O, 1_0, 0, 31),
	RES(3, "Access Control Owner", INTEGER, SINGLE, M, 1_0, 0, 65535),
};

/* Types as in version 2.0 of the object; versions 1.0 and 1.1 call the opaque ones strings (a setting may say so). */
static const struct bs_resource_def oscore[] = {
	RES(0, "OSCORE Master Secret", OPAQUE, SINGLE, M, 1_1, NO_RANGE),
	RES(1, "OSCORE Sender ID", OPAQUE, SINGLE, M, 1_1, NO_RANGE),
	RES(2, "OSCORE Recipient ID", OPAQUE, SINGLE, M, 1_1, NO_RANGE),
	RES(3, "OSCORE AEAD Algorithm", INTEGER, SINGLE, O, 1_1, NO_RANGE),
	RES(4, "OSCORE HMAC Algorithm", INTEGER, SINGLE, O, 1_1, NO_RANGE),
	RES(5, "OSCORE Master Salt", OPAQUE, SINGLE, O, 1_1, NO_RANGE),
	RES(6, "OSCORE ID Context", OPAQUE, SINGLE, O, 1_1, NO_RANGE),
};

static const struct {
	uint16_t oid;
	const struct bs_resource_def *resources;
	size_t count;
} objects[] = {
	{ BS_OBJ_SECURITY, security, COUNT(security) },
	{ BS_OBJ_SERVER, server, COUNT(server) },
	{ BS_OBJ_ACCESS_CONTROL, access_control, COUNT(access_control) },
	{ BS_OBJ_OSCORE, oscore, COUNT(oscore) },
};

static const char *const mode_names[] = {
	[BS_MODE_PSK] = "psk",
	[BS_MODE_RPK] = "rpk",
	[BS_MODE_X509] = "x509",
	[BS_MODE_NOSEC] = "nosec",
	[BS_MODE_EST] = "est",
};

static const char *const type_names[] = {
	[BS_TYPE_STRING] = "string",
	[BS_TYPE_INTEGER] = "integer",
	[BS_TYPE_UNSIGNED] = "unsigned",
	[BS_TYPE_FLOAT] = "float",
	[BS_TYPE_BOOLEAN] = "boolean",
	[BS_TYPE_OPAQUE] = "opaque",
	[BS_TYPE_TIME] = "time",
	[BS_TYPE_OBJLNK] = "objlnk",
	[BS_TYPE_CORELNK] = "corelnk",
};

/* Index of text in names, count when it is not there. */
static size_t
find_name(const char *const *names, size_t count, const char *text)
{
	size_t i = 0;

	while (i < count && strcmp(names[i], text) != 0)
		i++;
	return i;
}

const char *
bs_mode_name(enum bs_mode mode)
{
	return (size_t)mode < COUNT(mode_names) ? mode_names[mode] : "unknown";
}

enum bs_err
bs_mode_parse(const char *text, enum bs_mode *out)
{
	size_t i = find_name(mode_names, COUNT(mode_names), text);

	if (i == COUNT(mode_names))
		return BS_EFORMAT;
	*out = (enum bs_mode)i;
	return BS_OK;
}

const char *
bs_type_name(enum bs_type type)
{
	return (size_t)type < COUNT(type_names) ? type_names[type] : "unknown";
}

enum bs_err
bs_type_parse(const char *text, enum bs_type *out)
{
	size_t i = find_name(type_names, COUNT(type_names), text);

	if (i == COUNT(type_names))
		return BS_EFORMAT;
	*out = (enum bs_type)i;
	return BS_OK;
}

const struct bs_resource_def *
bs_object_resources(uint16_t oid, size_t *count)
{
	for (size_t i = 0; i < COUNT(objects); i++) {
		if (objects[i].oid == oid) {
			*count = objects[i].count;
			return objects[i].resources;
		}
	}
	*count = 0;
	return NULL;
}

const struct bs_resource_def *
bs_resource_find(uint16_t oid, uint16_t rid)
{
	size_t count;
	const struct bs_resource_def *r = bs_object_resources(oid, &count);

	/* The IDs of these objects have no gaps, but a table need not rely on it. */
	for (size_t i = 0; i < count; i++) {
		if (r[i].rid == rid)
			return &r[i];
	}
	return NULL;
}

/* ---- values from text ----------------------------------------------------------------------------------------- */

/* strtol and its like forgive blanks, signs and trailing text; these say which text they may see. */
static bool
only(const char *text, const char *alphabet)
{
	return *text != '\0' && strspn(text, alphabet) == strlen(text);
}

static enum bs_err
parse_integer(const char *text, int64_t *out)
{
	if (!only(text + (*text == '-'), "0123456789"))
		return BS_EFORMAT;
	errno = 0;
	*out = strtoll(text, NULL, 10);
	return errno == ERANGE ? BS_ERANGE : BS_OK;
}

static enum bs_err
parse_unsigned(const char *text, uint64_t *out)
{
	if (!only(text, "0123456789"))
		return only(text + (*text == '-'), "0123456789") ? BS_ERANGE : BS_EFORMAT;
	errno = 0;
	*out = strtoull(text, NULL, 10);
	return errno == ERANGE ? BS_ERANGE : BS_OK;
}

static enum bs_err
parse_real(const char *text, double *out)
{
	char *end;

	if (!only(text, "0123456789+-.eE"))
		return BS_EFORMAT;
	errno = 0;
	*out = strtod(text, &end);
	if (end == text || *end != '\0')
		return BS_EFORMAT;
	/* Too small becomes zero or a subnormal number, which is as near as the type comes. */
	return errno == ERANGE && (*out > 1 || *out < -1) ? BS_ERANGE : BS_OK;
}

static enum bs_err
parse_boolean(const char *text, bool *out)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = { { "true", true }, { "false", false }, { "1", true }, { "0", false } };

	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcmp(words[i].text, text) == 0) {
			*out = words[i].value;
			return BS_OK;
		}
	}
	return BS_EFORMAT;
}

static enum bs_err
parse_link(const char *text, uint16_t *oid, uint16_t *iid)
{
	const char *colon = strchr(text, ':');
	char *end;
	unsigned long o, i;

	if (colon == NULL || colon == text || !only(colon + 1, "0123456789") ||
		strspn(text, "0123456789") != (size_t)(colon - text))
		return BS_EFORMAT;
	o = strtoul(text, &end, 10);
	i = strtoul(colon + 1, &end, 10);
	if (o > UINT16_MAX || i > UINT16_MAX)
		return BS_ERANGE;
	*oid = (uint16_t)o;
	*iid = (uint16_t)i;
	return BS_OK;
}

static enum bs_err
parse_text(enum bs_type type, const char *text, uint8_t *buf, size_t buf_max, struct bs_value *out)
{
	size_t len = strlen(text);

	if (!bs_utf8_valid(text, len))
		return BS_EFORMAT;
	if (len > buf_max)
		return BS_ESPACE;
	if (len > 0)
		memcpy(buf, text, len);
	*out = bs_value_bytes(type, buf, len);
	return BS_OK;
}

static enum bs_err
parse_opaque(const char *text, uint8_t *buf, size_t buf_max, struct bs_value *out)
{
	size_t len = 0;
	enum bs_err err = bs_hex_decode(text, strlen(text), buf, buf_max, &len);

	if (err == BS_OK)
		*out = bs_value_bytes(BS_TYPE_OPAQUE, buf, len);
	return err;
}

enum bs_err
bs_value_parse(enum bs_type type, const char *text, int64_t now_s, uint8_t *buf, size_t buf_max, struct bs_value *out)
{
	*out = (struct bs_value){ .type = type };
	switch (type) {
	case BS_TYPE_INTEGER:
		return parse_integer(text, &out->integer);
	case BS_TYPE_TIME:
		out->integer = now_s;
		return strcmp(text, "now") == 0 ? BS_OK : parse_integer(text, &out->integer);
	case BS_TYPE_UNSIGNED:
		return parse_unsigned(text, &out->uinteger);
	case BS_TYPE_FLOAT:
		return parse_real(text, &out->real);
	case BS_TYPE_BOOLEAN:
		return parse_boolean(text, &out->boolean);
	case BS_TYPE_OBJLNK:
		return parse_link(text, &out->link.oid, &out->link.iid);
	case BS_TYPE_OPAQUE:
		return parse_opaque(text, buf, buf_max, out);
	case BS_TYPE_STRING:
	case BS_TYPE_CORELNK:
		return parse_text(type, text, buf, buf_max, out);
	}
	return BS_EFORMAT;
}

enum bs_err
bs_resource_check(uint16_t oid, const struct bs_resource_def *def, const struct bs_value *v, struct bs_diag *diag)
{
	bool octets = v->type == BS_TYPE_STRING || v->type == BS_TYPE_OPAQUE || v->type == BS_TYPE_CORELNK;
	int64_t n;

	if (def->min > def->max)
		return BS_OK;
	if (octets)
		n = (int64_t)v->bytes.len;
	else if (v->type == BS_TYPE_UNSIGNED)
		n = v->uinteger <= INT64_MAX ? (int64_t)v->uinteger : INT64_MAX;
	else if (v->type == BS_TYPE_INTEGER || v->type == BS_TYPE_TIME)
		n = v->integer;
	else
		return BS_OK;
	if (n >= def->min && n <= def->max)
		return BS_OK;
	return bs_diag_set(diag, BS_ERANGE, 0,
		"resource %u of object %u (%s) must be %" PRId64 " to %" PRId64 "%s, not %s%" PRId64, def->rid, oid,
		def->name, def->min, def->max, octets ? " octets long" : "",
		v->type == BS_TYPE_UNSIGNED && v->uinteger > INT64_MAX ? "more than " : "", n);
}
