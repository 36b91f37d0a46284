/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/setting.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"
#include "server/base/clock.h"

void
bs_settings_clear(struct bs_settings *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->list[i].text);
	s->count = 0;
	s->range_told = false;
}

bool
bs_settings_copy(struct bs_settings *s, const struct bs_setting *one)
{
	struct bs_setting copy = *one;

	copy.text = s->count < BS_SETTINGS_MAX ? strdup(one->text) : NULL;
	if (copy.text == NULL)
		return false;
	s->list[s->count++] = copy;
	return true;
}

const struct bs_setting *
bs_settings_find(const struct bs_settings *s, uint16_t oid, uint16_t rid)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].oid == oid && s->list[i].rid == rid)
			return &s->list[i];
	return NULL;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* What a value is measured by: a row of a table of server/model, or of a model of the store. Either may be NULL. */
struct rule {
	const struct bs_resource_def *def;
	const struct bs_model_resource *model;
};

/* Type and range; the text itself goes into the store and is read again when a plan is made. */
static bool
value_fits(struct bs_report *r, const char *field, const struct bs_setting *s, struct rule rule)
{
	uint8_t buf[4096];
	struct bs_value v;
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_value_parse(s->type, s->text, bs_clock_wall_ms() / 1000, buf, sizeof(buf), &v);

	if (err != BS_OK) {
		bs_report_error(r, field, "%u/%u: the value is not of type %s (%s)", s->oid, s->rid,
			bs_type_name(s->type), bs_strerror(err));
		return false;
	}
	if (v.type == BS_TYPE_STRING && !bs_utf8_valid(v.bytes.data, v.bytes.len)) {
		bs_report_error(r, field, "%u/%u: not UTF-8", s->oid, s->rid);
		return false;
	}
	if (rule.def != NULL)
		err = bs_resource_check(s->oid, rule.def, &v, &diag);
	else if (rule.model != NULL)
		err = bs_model_check(s->oid, rule.model, &v, &diag);
	if (err != BS_OK) {
		bs_report_error(r, field, "%u/%u: %s", s->oid, s->rid, diag.text);
		return false;
	}
	return true;
}

static bool
same_place(const struct bs_setting *a, const struct bs_setting *b)
{
	return a->oid == b->oid && a->iid == b->iid && a->rid == b->rid && a->riid == b->riid;
}

/* Takes one, with value copied, when it fits; has_riid false: a multiple resource gets the next free instance. */
static void
append(struct bs_settings *s, struct bs_report *r, const char *field, struct bs_setting one, bool has_riid,
	const char *value, struct rule rule)
{
	if (s->count == BS_SETTINGS_MAX) {
		bs_report_error(r, field, "at most %d resources", BS_SETTINGS_MAX);
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		if (!same_place(&s->list[i], &one))
			continue;
		if (one.multiple && !has_riid && one.riid < 65534) {
			one.riid++;
			i = (size_t)-1; /* look again from the start */
			continue;
		}
		bs_report_error(r, field, "%u/%u is given twice", one.oid, one.rid);
		return;
	}
	one.text = strdup(value);
	if (one.text == NULL)
		bs_report_error(r, field, "%s", bs_strerror(BS_ENOMEM));
	else if (value_fits(r, field, &one, rule))
		s->list[s->count++] = one;
	else
		free(one.text);
}

/* ---- paths ------------------------------------------------------------------------------------------------------- */

/* "A/B/C" up to '=' or ':': numbers 0 to 65535. Returns how many, 0 when malformed; *end stands behind the last. */
static size_t
read_path(const char *text, uint16_t *out, size_t max, const char **end)
{
	size_t n = 0;

	while (n < max && isdigit((unsigned char)*text)) {
		char *after;
		unsigned long v = strtoul(text, &after, 10);

		if (v > 65535)
			return 0;
		out[n++] = (uint16_t)v;
		text = after;
		if (*text != '/')
			break;
		text++;
	}
	*end = text;
	return n;
}

/* ---- --set ------------------------------------------------------------------------------------------------------- */

/* What has an option of its own, or belongs to the device. */
static const struct {
	uint16_t oid, rid;
	const char *instead;
} taken[] = {
	{ 0, 0, "use --uri" },
	{ 0, 1, "an account given here is never the Bootstrap-Server's" },
	{ 0, 2, "use --mode" },
	{ 0, 3, "the identity or public key of each device comes with import" },
	{ 0, 4, "use --server-key or --server-cert" },
	{ 0, 5, "keys come with import, never on a command line" },
	{ 0, 6, "SMS parameters come with import" },
	{ 0, 7, "SMS parameters come with import" },
	{ 0, 8, "SMS keys come with import, never on a command line" },
	{ 0, 9, "use --sms-number" },
	{ 0, 10, "use --ssid" },
	{ 1, 0, "use --ssid" },
};

static const char *
taken_by(uint16_t oid, uint16_t rid)
{
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (taken[i].oid == oid && taken[i].rid == rid)
			return taken[i].instead;
	return NULL;
}

/* The tables number their resources without gaps. */
static void
report_unknown(struct bs_report *r, const char *field, const struct bs_setting *one)
{
	size_t count = 0;
	const struct bs_resource_def *all = bs_object_resources(one->oid, &count);

	bs_report_error(r, field, "Object %u has no resource %u; in LwM2M 1.0 to 1.2 it has 0 to %u", one->oid,
		one->rid, all != NULL && count > 0 ? all[count - 1].rid : 0);
}

static void
add_known(struct bs_settings *s, struct bs_report *r, const char *field, struct bs_setting one, bool has_riid,
	const char *value)
{
	const struct bs_resource_def *def = bs_resource_find(one.oid, one.rid);

	if (def == NULL)
		report_unknown(r, field, &one);
	else if (def->executable)
		bs_report_error(r, field, "%u/%u %s can be executed, not written", one.oid, one.rid, def->name);
	else if (has_riid && !def->multiple)
		bs_report_error(
			r, field, "%u/%u %s is a single resource; omit the third number", one.oid, one.rid, def->name);
	else {
		one.type = def->type;
		one.multiple = def->multiple;
		append(s, r, field, one, has_riid, value, (struct rule){ .def = def });
	}
}

void
bs_settings_add_resource(
	struct bs_settings *s, struct bs_report *r, const char *field, uint16_t oid, uint16_t rid, const char *value)
{
	add_known(s, r, field, (struct bs_setting){ .oid = oid, .rid = rid }, false, value);
}

void
bs_settings_add_server(struct bs_settings *s, struct bs_report *r, const char *text)
{
	uint16_t p[3] = { 0 };
	const char *end = text;
	size_t n = read_path(text, p, 3, &end);

	if (n < 2 || *end != '=')
		bs_report_error(r, "--set", "write OBJ/RES=VALUE or OBJ/RES/RIID=VALUE, e.g. 1/6=true");
	else if (p[0] > 1)
		bs_report_error(
			r, "--set", "takes resources of Objects 0 and 1; for other objects use profile add --write");
	else if (taken_by(p[0], p[1]) != NULL)
		bs_report_error(r, "--set", "%u/%u: %s", p[0], p[1], taken_by(p[0], p[1]));
	else
		add_known(
			s, r, "--set", (struct bs_setting){ .oid = p[0], .rid = p[1], .riid = p[2] }, n == 3, end + 1);
}

/* ---- --write ----------------------------------------------------------------------------------------------------- */

/* Resources outside the tables of server/model that deserve no TYPE: prefix. */
static const struct {
	uint16_t oid, rid;
	enum bs_type type;
} known_types[] = {
	{ 3, 13, BS_TYPE_TIME }, /* Current Time, for certificate checks */
	{ 3, 14, BS_TYPE_STRING }, /* UTC Offset */
	{ 3, 15, BS_TYPE_STRING }, /* Timezone */
};

static const struct {
	uint16_t oid;
	const char *instead;
} not_written[] = {
	{ 0, "Object 0 is made from server accounts" },
	{ 1, "Object 1 is made from server accounts" },
	{ 2, "use --access-control and --acl" },
	{ 21, "OSCORE keys are secrets of one device and never belong on a command line" },
	{ 23, "COSE keys are secrets of one device and never belong on a command line" },
};

static bool
is_type_prefix(const char *value, enum bs_type *type)
{
	char word[16];
	size_t len = strcspn(value, ":");

	if (value[len] != ':' || len >= sizeof(word))
		return false;
	memcpy(word, value, len);
	word[len] = '\0';
	return bs_type_parse(word, type) == BS_OK;
}

static void
add_typed(struct bs_settings *s, struct bs_report *r, struct bs_setting one, const char *value)
{
	if (is_type_prefix(value, &one.type)) {
		append(s, r, "--write", one, true, strchr(value, ':') + 1, (struct rule){ 0 });
		return;
	}
	for (size_t i = 0; i < sizeof(known_types) / sizeof(known_types[0]); i++)
		if (known_types[i].oid == one.oid && known_types[i].rid == one.rid) {
			one.type = known_types[i].type;
			append(s, r, "--write", one, true, value, (struct rule){ 0 });
			return;
		}
	bs_report_error(r, "--write",
		"/%u/%u/%u: the type is unknown; write TYPE:VALUE with string, integer, unsigned, float, boolean, opaque, time, "
		"objlnk or corelnk, or import a model of the object (model import)",
		one.oid, one.iid, one.rid);
}

/* ---- --write, by a model of the store ---------------------------------------------------------------------------- */

/* Can the model's resource be written there at all? */
static bool
place_fits(struct bs_report *r, const struct bs_setting *one, const struct bs_model *object,
	const struct bs_model_resource *res)
{
	if (one->iid != 0 && !object->multiple)
		bs_report_error(
			r, "--write", "Object %u %s has a single instance; its number is 0", one->oid, object->name);
	else if (res->executable)
		bs_report_error(r, "--write", "%u/%u %s can be executed, not written", one->oid, one->rid, res->name);
	else if (one->multiple && !res->multiple)
		bs_report_error(r, "--write", "%u/%u %s is a single resource; omit the fourth number", one->oid,
			one->rid, res->name);
	else
		return true;
	return false;
}

/* TYPE: is not needed, but may stand there. NULL: it is another type. */
static const char *
skip_type(struct bs_report *r, const struct bs_setting *one, const struct bs_model_resource *res, const char *value)
{
	enum bs_type type;

	if (!is_type_prefix(value, &type))
		return value;
	if (type == res->type)
		return strchr(value, ':') + 1;
	bs_report_error(r, "--write", "%u/%u %s is of type %s; for text that begins like this, write string:%s:..",
		one->oid, one->rid, res->name, bs_type_name(res->type), bs_type_name(type));
	return NULL;
}

static void
add_by_model(struct bs_settings *s, struct bs_report *r, struct bs_setting one, const char *value,
	const struct bs_model *object, const struct bs_model_resource *res)
{
	bool has_riid = one.multiple;

	if (!place_fits(r, &one, object, res))
		return;
	value = skip_type(r, &one, res, value);
	if (value == NULL)
		return;
	if (strcmp(res->operations, "R") == 0)
		bs_report_warn(r, "--write", "%u/%u %s is read-only; some clients refuse to have it written", one.oid,
			one.rid, res->name);
	if (res->range[0] != '\0' && !bs_model_range_known(res) && !s->range_told) {
		bs_report_warn(r, "--write", "%u/%u %s: the model's range \"%s\" is for people and is not checked",
			one.oid, one.rid, res->name, res->range);
		s->range_told = true;
	}
	one.type = res->type;
	one.multiple = res->multiple;
	append(s, r, "--write", one, has_riid, value, (struct rule){ .model = res });
}

/* The tables of server/model first (their objects have options of their own, see not_written), then models. */
static void
add_checked(struct bs_settings *s, struct bs_report *r, struct bs_setting one, const char *value,
	const struct bs_models *models)
{
	struct bs_model object = { 0 };
	struct bs_model_resource res;
	enum bs_err err = models != NULL ? models->find(models->arg, one.oid, one.rid, &object, &res) : BS_ENOTFOUND;

	if (err == BS_OK)
		add_by_model(s, r, one, value, &object, &res);
	else if (err == BS_ENOTFOUND)
		add_typed(s, r, one, value);
	else if (err == BS_EREFUSED)
		bs_report_error(r, "--write",
			"Object %u %s has no resource %u in version %s of its model; model show %u lists them", one.oid,
			object.name, one.rid, object.version, one.oid);
	else
		bs_report_error(r, "--write", "model of object %u: %s", one.oid, bs_strerror(err));
}

/* The path, of an object that --write may write. NULL: it is not; else the value. */
static const char *
read_write(struct bs_report *r, const char *text, struct bs_setting *one)
{
	uint16_t p[4] = { 0 };
	const char *end = text;
	size_t n = text[0] == '/' ? read_path(text + 1, p, 4, &end) : 0;

	if (n < 3 || *end != '=') {
		bs_report_error(
			r, "--write", "write /OBJ/INST/RES=VALUE or /OBJ/INST/RES/RIID=VALUE, e.g. /3/0/13=now");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(not_written) / sizeof(not_written[0]); i++)
		if (not_written[i].oid == p[0]) {
			bs_report_error(r, "--write", "Object %u: %s", p[0], not_written[i].instead);
			return NULL;
		}
	*one = (struct bs_setting){ .oid = p[0], .iid = p[1], .rid = p[2], .riid = p[3], .multiple = n == 4 };
	return end + 1;
}

void
bs_settings_check_write(struct bs_report *r, const char *text)
{
	struct bs_setting one;

	(void)read_write(r, text, &one);
}

void
bs_settings_add_write(struct bs_settings *s, struct bs_report *r, const char *text, const struct bs_models *models)
{
	struct bs_setting one;
	const char *value = read_write(r, text, &one);

	if (value != NULL)
		add_checked(s, r, one, value, models);
}

/* ---- --acl ------------------------------------------------------------------------------------------------------- */

static bool
read_number(const char **text, unsigned long max, unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	*out = strtoul(*text, &end, 10);
	*text = end;
	return *out <= max;
}

/* ",SSID=RIGHTS".. */
static bool
read_entries(const char *p, struct bs_acl *out)
{
	unsigned long ssid, rights;

	while (*p == ',') {
		p++;
		if (out->count == BS_SERVERS_MAX + 1 || !read_number(&p, 65534, &ssid) || *p++ != '=' ||
			!read_number(&p, 31, &rights))
			return false;
		for (size_t i = 0; i < out->count; i++)
			if (out->entries[i].ssid == ssid)
				return false;
		out->entries[out->count++] = (struct bs_acl_entry){ .ssid = (uint16_t)ssid, .rights = (uint8_t)rights };
	}
	return *p == '\0';
}

void
bs_acl_read(struct bs_report *r, const char *text, struct bs_acl *out)
{
	static const char owner[] = ":owner=";
	uint16_t path[2] = { 0 };
	const char *p = text;
	unsigned long ssid = 0;
	bool good = read_path(text, path, 2, &p) == 2 && strncmp(p, owner, strlen(owner)) == 0;

	*out = (struct bs_acl){ .oid = path[0], .iid = path[1] };
	if (good) {
		p += strlen(owner);
		good = read_number(&p, 65535, &ssid) && ssid > 0 && read_entries(p, out);
	}
	out->owner = (uint16_t)ssid;
	if (!good)
		bs_report_error(r, "--acl",
			"write OID/IID:owner=SSID[,SSID=RIGHTS].., each SSID once, RIGHTS 0 to 31, e.g. 3/0:owner=1,2=1");
}
