/* SPDX-License-Identifier: Apache-2.0 */
#include "server/model/profile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"

/* clang-format off */
static const struct bs_word on_change_words[] = { { "keep", BS_CHANGE_KEEP }, { "close", BS_CHANGE_CLOSE },
	{ "close-after-run", BS_CHANGE_CLOSE_AFTER_RUN }, { 0 } };
static const struct bs_word access_words[] = { { "derived", BS_AC_DERIVED }, { "none", BS_AC_NONE },
	{ "explicit", BS_AC_EXPLICIT }, { 0 } };
static const struct bs_word delete_words[] = { { "objects", BS_DELETE_OBJECTS }, { "instances", BS_DELETE_INSTANCES },
	{ "root", BS_DELETE_ROOT }, { "none", BS_DELETE_NONE }, { 0 } };
static const struct bs_word level_words[] = { { "object", BS_LEVEL_OBJECT }, { "instance", BS_LEVEL_INSTANCE },
	{ "resource", BS_LEVEL_RESOURCE }, { 0 } };
static const struct bs_word version_words[] = { { "1.0", BS_LWM2M_1_0 }, { "1.1", BS_LWM2M_1_1 }, { "1.2", BS_LWM2M_1_2 }, { 0 } };
static const struct bs_word max_version_words[] = { { "none", BS_LWM2M_UNKNOWN }, { "1.0", BS_LWM2M_1_0 }, { "1.1", BS_LWM2M_1_1 },
	{ "1.2", BS_LWM2M_1_2 }, { 0 } };
/* The Content-Formats that a Write may have; server/content has the codecs. */
static const struct bs_word format_words[] = { { "auto", 0 }, { "tlv", 11542 }, { "senml-json", 110 }, { "senml-cbor", 112 },
	{ "lwm2m-cbor", 11544 }, { 0 } };
static const struct bs_word on_existing_words[] = { { "overwrite", BS_EXISTING_OVERWRITE }, { "merge", BS_EXISTING_MERGE }, { 0 } };
static const struct bs_word on_unreadable_words[] = { { "stop", BS_UNREADABLE_STOP }, { "overwrite", BS_UNREADABLE_OVERWRITE }, { 0 } };
static const struct bs_word yes_words[] = { { "yes", true }, { "no", false }, { 0 } };
static const struct bs_word sms_lengths[] = { { "6", 6 }, { "7", 7 }, { 0 } };
static const struct bs_word block_sizes[] = { { "16", 16 }, { "32", 32 }, { "64", 64 }, { "128", 128 }, { "256", 256 }, { "512", 512 },
	{ "1024", 1024 }, { 0 } };
/* clang-format on */

#define AT(member) .offset = offsetof(struct bs_profile, member), .size = sizeof(((struct bs_profile *)0)->member)

const struct bs_field bs_profile_fields[] = {
	{ .name = "on-change",
		.column = "on_change",
		.type = BS_FIELD_WORD,
		AT(on_change),
		.fallback = BS_CHANGE_CLOSE_AFTER_RUN,
		.words = on_change_words,
		.help = "live sessions when credentials or the profile change" },
	{ .name = "access-control",
		.column = "access_control",
		.type = BS_FIELD_WORD,
		AT(access_control),
		.fallback = BS_AC_NONE,
		.words = access_words,
		.help = "Object 2; required with two or more servers" },
	{ .name = "discover",
		.column = "discover",
		.type = BS_FIELD_YES,
		AT(discover),
		.fallback = true,
		.words = yes_words,
		.help = "send Bootstrap-Discover first" },
	{ .name = "pack",
		.column = "pack",
		.type = BS_FIELD_YES,
		AT(pack),
		.fallback = true,
		.words = yes_words,
		.needs = "1.2",
		.help = "give a Bootstrap-Pack to devices that ask for one" },
	{ .name = "delete",
		.column = "delete_policy",
		.type = BS_FIELD_WORD,
		AT(delete_policy),
		.fallback = BS_DELETE_OBJECTS,
		.words = delete_words,
		.help = "what to delete first: /0 and /1 (and /2, /21), each of their instances, /, nothing" },
	{ .name = "write-level",
		.column = "write_level",
		.type = BS_FIELD_WORD,
		AT(write_level),
		.fallback = BS_LEVEL_INSTANCE,
		.words = level_words,
		.help = "one Write an object, an instance or a resource" },
	{ .name = "format",
		.column = "format",
		.type = BS_FIELD_WORD,
		AT(format),
		.fallback = 0,
		.words = format_words,
		.help = "the Content-Format, whatever the client prefers" },
	{ .name = "omit-unused-keys",
		.column = "omit_unused_keys",
		.type = BS_FIELD_FLAG,
		AT(omit_unused_keys),
		.fallback = false,
		.words = yes_words,
		.help = "leave resources 3, 4, 5 of /0 out where the mode does not use them" },
	{ .name = "sms-parameters",
		.column = "sms_parameters_len",
		.json = "sms_parameters",
		.type = BS_FIELD_NUMBER,
		AT(sms_parameters_len),
		.fallback = 6,
		.words = sms_lengths,
		.scale = 1,
		.help = "octets of /0/x/7" },
	{ .name = "unknown-version",
		.column = "unknown_version",
		.type = BS_FIELD_WORD,
		AT(unknown_version),
		.fallback = BS_LWM2M_1_0,
		.words = version_words,
		.help = "what a client of unknown version gets" },
	{ .name = "ack-timeout",
		.column = "ack_timeout_ms",
		.json = "ack_timeout_ms",
		.type = BS_FIELD_NUMBER,
		AT(ack_timeout_ms),
		.fallback = 2000,
		.min = 1, /* tests and their networks; whole seconds on a command line */
		.max = BS_STEP_MAX_MS,
		.scale = 1000,
		.unit = "s",
		.arg = "S",
		.help = "ACK_TIMEOUT in seconds, RFC 7252, 4.8" },
	{ .name = "max-retransmit",
		.column = "max_retransmit",
		.type = BS_FIELD_NUMBER,
		AT(max_retransmit),
		.fallback = 4,
		.max = 16,
		.scale = 1,
		.arg = "N",
		.help = "MAX_RETRANSMIT, RFC 7252, 4.8" },
	{ .name = "first-delay",
		.column = "first_delay_ms",
		.json = "first_delay_ms",
		.type = BS_FIELD_NUMBER,
		AT(first_delay_ms),
		.fallback = 50,
		.max = 60000, /* the client waits */
		.scale = 1,
		.unit = "ms",
		.arg = "MS",
		.help = "pause between 2.04 and the first command, milliseconds" },
	{ .name = "security-iid",
		.column = "security_iid",
		.type = BS_FIELD_NUMBER,
		AT(security_iid),
		.fallback = 10, /* many clients hold their bootstrap account at 0 or 1 */
		.max = 65000, /* with room for the servers behind it */
		.scale = 1,
		.arg = "N",
		.help = "first /0 instance where nothing shows the device's bootstrap account" },
	{ .name = "block-size",
		.column = "block_size",
		.type = BS_FIELD_NUMBER,
		AT(block_size),
		.fallback = 512,
		.words = block_sizes,
		.scale = 1,
		.help = "Block1 size, octets (RFC 7959)" },
	{ .name = "max-version",
		.column = "max_version",
		.type = BS_FIELD_WORD,
		AT(max_version),
		.fallback = BS_LWM2M_UNKNOWN,
		.words = max_version_words,
		.help = "send no resources newer than that; none: as new as the client" },
	{ .name = "on-existing",
		.column = "on_existing",
		.type = BS_FIELD_WORD,
		AT(on_existing),
		.fallback = BS_EXISTING_OVERWRITE,
		.words = on_existing_words,
		.help = "delete what the device holds, or (from LwM2M 1.1 on) read its /1 and /2 and go on with that" },
	{ .name = "on-unreadable",
		.column = "on_unreadable",
		.type = BS_FIELD_WORD,
		AT(on_unreadable),
		.fallback = BS_UNREADABLE_STOP,
		.words = on_unreadable_words,
		.needs = "1.1",
		.help = "when a device refuses the read of a merge: end the run, or delete and write as without one" },
	{ .name = "retry-as",
		.type = BS_FIELD_PROFILE,
		AT(retry_as),
		.arg = "NAME",
		.help = "the profile to repeat the run with, once, when the device answers 4.06 to Finish" },
	{ .name = "tolerate",
		.column = "tolerances",
		.type = BS_FIELD_TOLERATE,
		AT(tolerances),
		.arg = "STEP[/O[/I[/R]]]=CODE",
		.help = "an answer taken as success: discover, delete, write or finish; may be repeated" },
	{ .name = "optional-write",
		.type = BS_FIELD_OPTIONAL,
		AT(tolerances),
		.arg = "/O[/I]",
		.help = "a Write that the device may refuse: it is noted, the run goes on; may be repeated" },
	{ .name = "write-order",
		.column = "write_order",
		.type = BS_FIELD_ORDER,
		AT(write_order),
		.arg = "O,O..",
		.help = "objects to write first, such as 1,0 (21, 0, 1, 2, others)" },
};
const size_t bs_profile_field_count = sizeof(bs_profile_fields) / sizeof(bs_profile_fields[0]);

/* ---- the profile ------------------------------------------------------------------------------------------------- */

void
bs_profile_init(struct bs_profile *p)
{
	*p = (struct bs_profile){ 0 };
	for (size_t i = 0; i < bs_profile_field_count; i++)
		bs_field_reset(&bs_profile_fields[i], p);
}

uint64_t
bs_profile_step_ms(const struct bs_profile *p)
{
	/* Beyond 32 doublings nothing is told apart any more, and the shift stays defined. */
	unsigned doublings = p->max_retransmit < 32 ? p->max_retransmit + 1 : 32;

	return (uint64_t)p->ack_timeout_ms * 3 / 2 * ((UINT64_C(1) << doublings) - 1);
}

/* ---- members ----------------------------------------------------------------------------------------------------- */

const struct bs_field *
bs_field_find(const char *name)
{
	for (size_t i = 0; i < bs_profile_field_count; i++)
		if (strcmp(bs_profile_fields[i].name, name) == 0)
			return &bs_profile_fields[i];
	return NULL;
}

bool
bs_field_is_list(const struct bs_field *f)
{
	return f->type == BS_FIELD_TOLERATE || f->type == BS_FIELD_OPTIONAL;
}

bool
bs_field_is_text(const struct bs_field *f)
{
	return f->type >= BS_FIELD_ORDER;
}

int64_t
bs_field_get(const struct bs_field *f, const struct bs_profile *p)
{
	const void *at = (const char *)p + f->offset;
	uint16_t two;
	uint32_t four;

	if (f->size == 1)
		return *(const uint8_t *)at;
	if (f->size == 2) {
		memcpy(&two, at, sizeof(two));
		return two;
	}
	memcpy(&four, at, sizeof(four));
	return four;
}

void
bs_field_set(const struct bs_field *f, struct bs_profile *p, int64_t value)
{
	void *at = (char *)p + f->offset;
	uint16_t two = (uint16_t)value;
	uint32_t four = (uint32_t)value;

	if (f->size == 1)
		*(uint8_t *)at = (uint8_t)value;
	else if (f->size == 2)
		memcpy(at, &two, sizeof(two));
	else
		memcpy(at, &four, sizeof(four));
}

/* Does the list f have that entry of the tolerances? */
static bool
is_of(const struct bs_field *f, const struct bs_tolerance *t)
{
	return (t->code == BS_ANY_REFUSAL) == (f->type == BS_FIELD_OPTIONAL);
}

void
bs_field_reset(const struct bs_field *f, struct bs_profile *p)
{
	struct bs_tolerances *all = &p->tolerances;
	size_t kept = 0;

	if (bs_field_is_list(f)) {
		for (size_t i = 0; i < all->count; i++)
			if (!is_of(f, &all->list[i]))
				all->list[kept++] = all->list[i];
		all->count = kept;
	} else if (bs_field_is_text(f)) {
		memset((char *)p + f->offset, 0, f->size);
	} else {
		bs_field_set(f, p, f->fallback);
	}
}

/* ---- words and numbers ------------------------------------------------------------------------------------------- */

/* "a, b or c", or "a|b|c". */
static void
list_words(const struct bs_word *words, const char *between, const char *last, char out[BS_FIELD_TEXT])
{
	struct bs_tw w = bs_tw_init(out, BS_FIELD_TEXT);

	for (const struct bs_word *one = words; one->word != NULL; one++) {
		if (one != words)
			bs_tw_text(&w, one[1].word != NULL ? between : last);
		bs_tw_text(&w, one->word);
	}
}

/* NULL: none has it, or there are none. */
static const struct bs_word *
find_value(const struct bs_word *words, int64_t value)
{
	for (const struct bs_word *one = words; one != NULL && one->word != NULL; one++)
		if (one->value == value)
			return one;
	return NULL;
}

/* Bounds as a person writes them, in units: the least is rounded up. */
static int64_t
least(const struct bs_field *f)
{
	return (f->min + f->scale - 1) / f->scale;
}

static int64_t
most(const struct bs_field *f)
{
	return f->max / f->scale;
}

static enum bs_err
out_of_range(const struct bs_field *f, struct bs_diag *diag)
{
	return bs_diag_set(diag, BS_ERANGE, 0, "a number from %" PRId64 " to %" PRId64, least(f), most(f));
}

static enum bs_err
none_of_words(const struct bs_field *f, struct bs_diag *diag)
{
	char text[BS_FIELD_TEXT];

	list_words(f->words, ", ", " or ", text);
	return bs_diag_set(diag, BS_EFORMAT, 0, "%s", text);
}

enum bs_err
bs_field_check(const struct bs_field *f, const struct bs_profile *p, struct bs_diag *diag)
{
	int64_t value;

	if (bs_field_is_text(f))
		return BS_OK;
	value = bs_field_get(f, p);
	if (f->words != NULL)
		return find_value(f->words, value) != NULL ? BS_OK : none_of_words(f, diag);
	return value >= f->min && value <= f->max ? BS_OK : out_of_range(f, diag);
}

static enum bs_err
read_word(const struct bs_field *f, struct bs_profile *p, const char *text, struct bs_diag *diag)
{
	for (const struct bs_word *one = f->words; one->word != NULL; one++)
		if (strcmp(one->word, text) == 0) {
			bs_field_set(f, p, one->value);
			return BS_OK;
		}
	return none_of_words(f, diag);
}

static enum bs_err
read_number(const struct bs_field *f, struct bs_profile *p, const char *text, struct bs_diag *diag)
{
	unsigned long long n;

	if (f->words != NULL)
		return read_word(f, p, text, diag);
	errno = 0;
	n = strtoull(text, NULL, 10);
	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' || errno != 0 || n < (uint64_t)least(f) ||
		n > (uint64_t)most(f))
		return out_of_range(f, diag);
	bs_field_set(f, p, (int64_t)n * f->scale);
	return BS_OK;
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

static enum bs_err
read_order(struct bs_profile *p, const char *text, struct bs_diag *diag)
{
	enum bs_err err = bs_order_read(text, &p->write_order);

	if (err == BS_OK && p->write_order.count == 0)
		err = BS_EFORMAT;
	return err == BS_OK ? err
			    : bs_diag_set(diag, err, 0,
				      "up to %d different object IDs with commas between, such as 1,0", BS_ORDER_MAX);
}

static enum bs_err
add_tolerance(struct bs_profile *p, const char *shown, const char *text, struct bs_diag *diag)
{
	struct bs_tolerance t;
	enum bs_err err = bs_tolerance_read(text, &t, diag);

	if (err != BS_OK)
		return err;
	err = bs_tolerances_add(&p->tolerances, &t);
	if (err == BS_EEXIST)
		return bs_diag_set(diag, err, 0, "%s is given twice", shown);
	if (err == BS_ELIMIT)
		return bs_diag_set(
			diag, err, 0, "at most %d, --tolerate and --optional-write together", BS_TOLERANCES_MAX);
	return err;
}

/* --optional-write /3/0 is "write/3/0=refused". */
static enum bs_err
add_optional(struct bs_profile *p, const char *path, struct bs_diag *diag)
{
	char text[BS_TOLERANCE_TEXT];
	struct bs_tolerance t;

	if (snprintf(text, sizeof(text), "write%s=refused", path) >= (int)sizeof(text) ||
		bs_tolerance_read(text, &t, NULL) != BS_OK)
		return bs_diag_set(diag, BS_EFORMAT, 0, "an object or one of its instances, such as /3 or /3/0");
	return add_tolerance(p, path, text, diag);
}

enum bs_err
bs_field_read(const struct bs_field *f, struct bs_profile *p, const char *text, struct bs_diag *diag)
{
	switch (f->type) {
	case BS_FIELD_WORD:
	case BS_FIELD_YES:
		return read_word(f, p, text, diag);
	case BS_FIELD_FLAG:
		bs_field_set(f, p, true);
		return BS_OK;
	case BS_FIELD_NUMBER:
		return read_number(f, p, text, diag);
	case BS_FIELD_ORDER:
		return read_order(p, text, diag);
	case BS_FIELD_TOLERATE:
		return add_tolerance(p, text, text, diag);
	case BS_FIELD_OPTIONAL:
		return add_optional(p, text, diag);
	case BS_FIELD_PROFILE:
		snprintf(p->retry_as, sizeof(p->retry_as), "%s", text);
		return BS_OK;
	}
	return BS_EINTERNAL;
}

/* ---- shown ------------------------------------------------------------------------------------------------------- */

static bool
tolerance_text(const struct bs_field *f, const struct bs_profile *p, size_t index, char out[BS_FIELD_TEXT])
{
	for (size_t i = 0; i < p->tolerances.count; i++) {
		const struct bs_tolerance *t = &p->tolerances.list[i];

		if (!is_of(f, t) || index-- > 0)
			continue;
		if (f->type == BS_FIELD_OPTIONAL)
			bs_path_format(&t->path, out);
		else
			bs_tolerance_format(t, out);
		return true;
	}
	return false;
}

static void
value_text(const struct bs_field *f, int64_t value, char out[BS_FIELD_TEXT])
{
	const struct bs_word *one = find_value(f->words, value);

	if (f->words != NULL)
		snprintf(out, BS_FIELD_TEXT, "%s", one != NULL ? one->word : "?");
	else if (value % f->scale == 0)
		snprintf(out, BS_FIELD_TEXT, "%" PRId64, value / f->scale);
	else
		snprintf(out, BS_FIELD_TEXT, "%" PRId64 ".%03" PRId64, value / f->scale,
			value % f->scale * 1000 / f->scale);
}

bool
bs_field_text(const struct bs_field *f, const struct bs_profile *p, size_t index, char out[BS_FIELD_TEXT])
{
	out[0] = '\0';
	if (bs_field_is_list(f))
		return tolerance_text(f, p, index, out);
	if (f->type == BS_FIELD_ORDER)
		bs_order_format(&p->write_order, out);
	else if (f->type == BS_FIELD_PROFILE)
		snprintf(out, BS_FIELD_TEXT, "%s", p->retry_as);
	else
		value_text(f, bs_field_get(f, p), out);
	return index == 0 && out[0] != '\0';
}

const char *
bs_field_arg(const struct bs_field *f, char out[BS_FIELD_TEXT])
{
	if (f->type == BS_FIELD_FLAG)
		return NULL;
	if (f->arg != NULL)
		return f->arg;
	list_words(f->words, "|", "|", out);
	return out;
}

const char *
bs_field_help(const struct bs_field *f, char out[BS_FIELD_TEXT])
{
	struct bs_tw w = bs_tw_init(out, BS_FIELD_TEXT);
	char fallback[BS_FIELD_TEXT];

	bs_tw_text(&w, f->help);
	if (f->type == BS_FIELD_NUMBER && f->words == NULL)
		bs_tw_printf(&w, ", %" PRId64 " to %" PRId64, least(f), most(f));
	if (f->needs != NULL)
		bs_tw_printf(&w, ", from LwM2M %s on", f->needs);
	if (!bs_field_is_text(f) && f->type != BS_FIELD_FLAG) {
		value_text(f, f->fallback, fallback);
		bs_tw_printf(&w, " (%s)", fallback);
	}
	return out;
}

/* ---- in the store ------------------------------------------------------------------------------------------------ */

const char *
bs_field_to_column(const struct bs_field *f, const struct bs_profile *p, char out[BS_FIELD_TEXT])
{
	if (f->type == BS_FIELD_ORDER)
		return bs_order_format(&p->write_order, out);
	return bs_tolerances_format(&p->tolerances, out);
}

/* Tolerances that cannot be read let nothing pass; both functions leave nothing on an error. */
void
bs_field_from_column(const struct bs_field *f, struct bs_profile *p, const char *text)
{
	if (f->type == BS_FIELD_ORDER && bs_order_read(text, &p->write_order) != BS_OK)
		p->write_order.count = 0;
	else if (f->type == BS_FIELD_TOLERATE && bs_tolerances_read(text, &p->tolerances) != BS_OK)
		p->tolerances.count = 0;
}
