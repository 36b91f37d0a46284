/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/device/simmap.h"

#include <ctype.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"
#include "tools/ctl/file.h"
#include "server/base/near.h"
#include "tools/ctl/number.h"
#include "tools/ctl/device/sms.h"

#define MAP_MAX 65536 /* octets of a map file */
#define LINE_MAX_LEN 4096

/* ---- options ----------------------------------------------------------------------------------------------------- */

enum type { TEXT, UINT, CHOICE };

/* choices: words separated by blanks, the value is the place of one. fallback NULL and not required: empty, or 0. */
struct option {
	const char *section, *key;
	enum type type;
	size_t offset;
	bool required;
	const char *fallback, *choices;
	unsigned min, max;
};
#define AT(field) offsetof(struct bs_simmap, field)
#define DELIMITERS "comma semicolon tab blank pipe slash"

static const struct option options[] = {
	{ "file", "delimiter", CHOICE, AT(delimiter), false, "comma", DELIMITERS, 0, 0 },
	{ "file", "header-delimiter", CHOICE, AT(header_delimiter), false, NULL, DELIMITERS, 0, 0 },
	{ "file", "title-lines", UINT, AT(title_lines), false, "0", NULL, 0, 1000 },
	{ "file", "header", CHOICE, AT(header), false, "yes", "no yes", 0, 0 },
	{ "file", "header-prefix", TEXT, AT(header_prefix), false, NULL, NULL, 0, 0 },
	{ "file", "skip-prefix", TEXT, AT(skip_prefix), false, NULL, NULL, 0, 0 },
	{ "file", "match", CHOICE, AT(match), false, "iccid", "iccid imsi", 0, 0 },
	{ "file", "unmatched", CHOICE, AT(skip_unmatched), false, "refuse", "refuse skip", 0, 0 },
	{ "columns", "iccid", TEXT, AT(column[BS_SIM_COL_ICCID]), false, NULL, NULL, 0, 0 },
	{ "columns", "imsi", TEXT, AT(column[BS_SIM_COL_IMSI]), false, NULL, NULL, 0, 0 },
	{ "columns", "kic", TEXT, AT(column[BS_SIM_COL_KIC]), true, NULL, NULL, 0, 0 },
	{ "columns", "kid", TEXT, AT(column[BS_SIM_COL_KID]), true, NULL, NULL, 0, 0 },
	{ "columns", "kcv-kic", TEXT, AT(column[BS_SIM_COL_KCV_KIC]), false, NULL, NULL, 0, 0 },
	{ "columns", "kcv-kid", TEXT, AT(column[BS_SIM_COL_KCV_KID]), false, NULL, NULL, 0, 0 },
	{ "sms", "server", TEXT, AT(server), true, NULL, NULL, 0, 0 },
	{ "sms", "key-set", UINT, AT(key_set), true, NULL, NULL, 1, 15 },
	{ "sms", "mode", TEXT, AT(mode), false, "sps", NULL, 0, 0 },
	{ "sms", "kic", TEXT, AT(kic), true, NULL, NULL, 0, 0 },
	{ "sms", "kid", TEXT, AT(kid), true, NULL, NULL, 0, 0 },
	{ "sms", "spi", TEXT, AT(spi), false, "16", NULL, 0, 0 },
	{ "sms", "tar", TEXT, AT(tar), false, "B20203", NULL, 0, 0 },
	{ "sms", "allow-other-tar", CHOICE, AT(other_tar), false, "no", "no yes", 0, 0 },
	{ "sms", "kcv", CHOICE, AT(check), false, "zeros", "zeros ones cmac", 0, 0 },
	{ "transport", "encrypted", TEXT, AT(encrypted_text), true, NULL, NULL, 0, 0 },
	{ "transport", "key-file", TEXT, AT(key_file), false, NULL, NULL, 0, 0 },
	{ "transport", "iv", TEXT, AT(iv_text), false, NULL, NULL, 0, 0 },
	{ "transport", "padding", CHOICE, AT(padding), false, "none", "none pkcs7", 0, 0 },
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static const char *const column_names[BS_SIM_COLUMNS] = { "iccid", "imsi", "kic", "kid", "kcv-kic", "kcv-kid" };

const char *
bs_sim_column_name(enum bs_sim_column c)
{
	return column_names[c];
}

char
bs_sim_delimiter_octet(unsigned delimiter)
{
	return ",;\t |/"[delimiter];
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

struct reader {
	struct bs_report *r;
	struct bs_simmap *map;
	const char *text; /* what is left of it */
	unsigned long line;
	unsigned long lines[OPTIONS]; /* where each was given; 0: not */
};

static bool
read_choice(const char *choices, const char *value, unsigned *out)
{
	size_t len = strlen(value);

	for (*out = 0; *choices != '\0'; ++*out) {
		size_t n = strcspn(choices, " ");

		if (n == len && strncmp(choices, value, n) == 0)
			return true;
		choices += n + (choices[n] == ' ');
	}
	return false;
}

static void
store_value(struct reader *rd, const struct option *o, const char *value)
{
	char *field = (char *)rd->map + o->offset;
	uint64_t number = 0;
	unsigned choice = 0;

	if (*value == '\0') {
		bs_report_error(rd->r, o->key, "has no value");
	} else if (o->type == TEXT) {
		if (strlen(value) >= BS_SIMMAP_TEXT)
			bs_report_error(rd->r, o->key, "is longer than %d octets", BS_SIMMAP_TEXT - 1);
		else
			memcpy(field, value, strlen(value) + 1);
	} else if (o->type == UINT) {
		if (!bs_number_read(value, o->min, o->max, &number))
			bs_report_error(rd->r, o->key, "must be a number from %u to %u", o->min, o->max);
		*(unsigned *)(void *)field = (unsigned)number;
	} else {
		if (!read_choice(o->choices, value, &choice))
			bs_report_error(rd->r, o->key, "must be one of: %s", o->choices);
		else
			*(unsigned *)(void *)field = choice;
	}
}

/* The coding octets are the batch's, not the card's: who looks for a column of them has the two KICs mixed up. */
static void
report_unknown(struct reader *rd, const char *section, const char *key)
{
	static const char *const coding[] = { "spi", "tar", "kic-coding", "kid-coding", "parameters", "resource-7" };
	struct bs_near near;
	char hint[340];
	bool known = false;

	for (size_t i = 0; i < sizeof(coding) / sizeof(coding[0]); i++)
		if (strcmp(section, "columns") == 0 && strcmp(key, coding[i]) == 0) {
			bs_report_error(rd->r, key,
				"has no column: the octets of resource 7 are the same for the batch and belong in [sms]");
			return;
		}
	bs_near_init(&near, key);
	for (size_t i = 0; i < OPTIONS; i++)
		if (strcmp(options[i].section, section) == 0) {
			known = true;
			bs_near_offer(&near, options[i].key);
		}
	if (known)
		bs_report_error(rd->r, NULL, "unknown option \"%.60s\" in [%.60s]%s", key, section,
			bs_near_text(&near, hint, sizeof(hint)));
	else
		bs_report_error(rd->r, NULL, "unknown section [%.60s]; there are [file], [columns], [sms], [transport]",
			section);
}

static int
on_pair(void *arg, const char *section, const char *key, const char *value)
{
	struct reader *rd = arg;
	size_t i = 0;

	rd->r->line = rd->line;
	while (i < OPTIONS && (strcmp(options[i].section, section) != 0 || strcmp(options[i].key, key) != 0))
		i++;
	if (i == OPTIONS) {
		report_unknown(rd, section, key);
	} else if (rd->lines[i] != 0) {
		bs_report_error(rd->r, key, "is given twice");
	} else {
		store_value(rd, &options[i], value);
		rd->lines[i] = rd->line;
	}
	return 1;
}

/* fgets for inih; counts lines. One that is too long ends the reading: inih would cut it. */
static char *
next_line(char *out, int max, void *arg)
{
	struct reader *rd = arg;
	size_t n = strcspn(rd->text, "\n");

	if (*rd->text == '\0')
		return NULL;
	n += rd->text[n] == '\n';
	rd->line++;
	if (n + 1 > (size_t)max || n + 1 > LINE_MAX_LEN) {
		rd->r->line = rd->line;
		bs_report_error(rd->r, NULL, "the line is too long");
		return NULL;
	}
	memcpy(out, rd->text, n);
	out[n] = '\0';
	rd->text += n;
	return out;
}

static void
set_defaults(struct reader *rd)
{
	rd->r->line = 0;
	for (size_t i = 0; i < OPTIONS; i++) {
		if (rd->lines[i] != 0)
			continue;
		if (options[i].required)
			bs_report_error(rd->r, NULL, "%s is missing in [%s]%s", options[i].key, options[i].section,
				strcmp(options[i].key, "encrypted") == 0
					? ": name the columns that are encrypted under a transport key, or none"
					: "");
		else if (options[i].fallback != NULL)
			store_value(rd, &options[i], options[i].fallback);
	}
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */

/* Let a report name the line where the field was given. */
static const char *
at(struct reader *rd, size_t offset)
{
	size_t i = 0;

	while (i < OPTIONS - 1 && options[i].offset != offset)
		i++;
	rd->r->line = rd->lines[i];
	return options[i].key;
}

/* The number at the end of a column's name, which vendors use for the key set; 0: none. */
static unsigned
trailing_number(const char *name)
{
	size_t n = strlen(name), first = n;

	while (first > 0 && isdigit((unsigned char)name[first - 1]))
		first--;
	return n - first > 0 && n - first <= 2 ? (unsigned)strtoul(name + first, NULL, 10) : 0;
}

static bool
begins(const char *name, const char *prefix)
{
	return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

/* A column of keys that is named as vendors name them must be the one that is meant. */
static void
check_key_column(struct reader *rd, enum bs_sim_column c, const char *wanted)
{
	static const char *const kinds[] = { "KIC", "KID", "KIK", "DEK", "KI", "OPC", "ADM", "PSK" };
	struct bs_simmap *m = rd->map;
	const char *name = m->column[c], *key = at(rd, AT(column[c]));
	unsigned set;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (begins(name, kinds[i])) {
			if (strcmp(kinds[i], wanted) != 0)
				bs_report_error(rd->r, key,
					"is mapped to column %.60s; the key values of %s are in %s%u", name, wanted,
					wanted, m->key_set);
			break;
		}
	set = begins(name, wanted) ? trailing_number(name) : 0;
	if (set >= 1 && set <= 15 && m->key_set != 0 && set != m->key_set)
		bs_report_error(rd->r, key, "key set mismatch: column %.60s is of key set %u, key-set is %u", name, set,
			m->key_set);
}

static void
check_columns(struct reader *rd)
{
	struct bs_simmap *m = rd->map;
	uint64_t number;

	for (unsigned c = 0; c < BS_SIM_COLUMNS; c++) {
		const char *name = m->column[c], *key = at(rd, AT(column[c]));

		if (m->header == 0 && name[0] != '\0' && !bs_number_read(name, 1, 256, &number))
			bs_report_error(
				rd->r, key, "a file without a header has no names; give the column's number, from 1");
		for (unsigned other = 0; other < c; other++)
			if (name[0] != '\0' && strcasecmp(name, m->column[other]) == 0)
				bs_report_error(
					rd->r, key, "is also the column of %s: %.60s", column_names[other], name);
	}
	if (m->column[m->match][0] == '\0') {
		rd->r->line = 0;
		bs_report_error(rd->r, NULL, "%s is missing in [columns]: rows are matched by it (match in [file])",
			column_names[m->match]);
	}
	if (m->header != 0) {
		check_key_column(rd, BS_SIM_COL_KIC, "KIC");
		check_key_column(rd, BS_SIM_COL_KID, "KID");
	}
}

/* KIc and KID here are octets of resource 7. The value is not repeated: it may be a key. */
static bool
check_octet(struct reader *rd, const char *value, size_t offset, const char *name)
{
	uint8_t octet;
	size_t n;
	const char *key = at(rd, offset);

	if (value[0] == '\0')
		return false; /* told already */
	if (bs_hex_decode(value, strlen(value), &octet, 1, &n) != BS_OK || n != 1) {
		bs_report_error(rd->r, key,
			"needs the coding octet of resource 7 in two hexadecimal digits (%u2: AES, key set %u); "
			"%sn of a SIM file is a key value: it goes into resource 8, by %s in [columns]",
			rd->map->key_set, rd->map->key_set, name, key);
		return false;
	}
	if (rd->map->key_set != 0 && octet >> 4 != 0 && octet >> 4 != (int)rd->map->key_set)
		bs_report_error(rd->r, key, "key set mismatch: %02X is of key set %u, key-set is %u", octet, octet >> 4,
			rd->map->key_set);
	return true;
}

static void
check_sms(struct reader *rd)
{
	static const uint8_t tar[3] = { 0xb2, 0x02, 0x03 };
	struct bs_simmap *m = rd->map;
	struct bs_sms_text t = { .value = { "2", m->kic, m->kid, m->spi, m->tar, "", "" },
		.field = { "mode", "kic", "kid", "spi", "tar", "kic", "kid" },
		.tar_judged = m->other_tar == 0 };
	bool good = check_octet(rd, m->kic, AT(kic), "KIC");

	good = check_octet(rd, m->kid, AT(kid), "KID") && good;
	at(rd, AT(mode));
	if (strcmp(m->mode, "sps") != 0 && strcmp(m->mode, "2") != 0)
		bs_report_error(
			rd->r, "mode", "must be sps (2): a SIM file has keys only for the Secured Packet Structure");
	if (!good)
		return;
	at(rd, AT(kic));
	/* SPI with a second octet is for profiles of 7 octets; each row's profile is looked at later. */
	bs_sms_read_parameters(rd->r, &t, 7, &m->coding);
	at(rd, AT(tar));
	if (m->other_tar == 0 && memcmp(m->coding.tar, tar, sizeof(tar)) != 0)
		bs_report_error(rd->r, "tar",
			"not B20203, the LwM2M application of the card; set allow-other-tar = yes if the card has another");
	at(rd, AT(check));
	if (m->check != BS_CARDKEY_ZEROS && ((m->coding.kic & 15) == 9 || (m->coding.kid & 15) == 9))
		bs_report_error(rd->r, "kcv", "triple DES has check values only over zeros");
}

static void
check_encrypted(struct reader *rd)
{
	struct bs_simmap *m = rd->map;
	char text[BS_SIMMAP_TEXT], *rest = NULL;

	memcpy(text, m->encrypted_text, sizeof(text));
	at(rd, AT(encrypted_text));
	if (strcmp(text, "none") == 0)
		return;
	for (char *word = strtok_r(text, " ,", &rest); word != NULL; word = strtok_r(NULL, " ,", &rest)) {
		if (strcmp(word, "kic") == 0)
			m->encrypted[BS_SIM_COL_KIC] = true;
		else if (strcmp(word, "kid") == 0)
			m->encrypted[BS_SIM_COL_KID] = true;
		else
			bs_report_error(rd->r, "encrypted", "must be none, or names of [columns]: kic, kid");
	}
}

static void
check_transport(struct reader *rd)
{
	struct bs_simmap *m = rd->map;
	bool any;
	size_t n = 0;

	check_encrypted(rd);
	any = m->encrypted[BS_SIM_COL_KIC] || m->encrypted[BS_SIM_COL_KID];
	if (any && m->key_file[0] == '\0')
		bs_report_error(rd->r, "encrypted", "needs key-file, the file with the transport key");
	if (!any && m->key_file[0] != '\0' && m->encrypted_text[0] != '\0')
		bs_report_error(rd->r, "encrypted",
			"is none, but there is a key-file; name the columns that are encrypted under it");
	at(rd, AT(iv_text));
	m->has_iv = m->iv_text[0] != '\0';
	if (m->has_iv && (bs_hex_decode(m->iv_text, strlen(m->iv_text), m->iv, sizeof(m->iv), &n) != BS_OK ||
				 n != sizeof(m->iv)))
		bs_report_error(rd->r, "iv", "needs 32 hexadecimal digits");
	if (any && (m->column[BS_SIM_COL_KCV_KIC][0] == '\0' || m->column[BS_SIM_COL_KCV_KID][0] == '\0')) {
		at(rd, AT(encrypted_text));
		bs_report_warn(rd->r, "encrypted",
			"without key check values (kcv-kic, kcv-kid in [columns]) a wrong transport key goes unnoticed");
	}
}

bool
bs_simmap_parse(struct bs_report *r, const char *text, struct bs_simmap *out)
{
	struct reader rd = { .r = r, .map = out, .text = text };
	unsigned long before = r->errors;
	int status;

	memset(out, 0, sizeof(*out));
	status = ini_parse_stream(next_line, &rd, on_pair, &rd);
	if (status != 0) {
		r->line = status > 0 ? (unsigned long)status : 0;
		bs_report_error(
			r, NULL, "%s", status > 0 ? "neither a [section] nor key = value" : bs_strerror(BS_ENOMEM));
	}
	set_defaults(&rd);
	if (rd.lines[1] == 0)
		out->header_delimiter = out->delimiter;
	check_columns(&rd);
	check_sms(&rd);
	check_transport(&rd);
	r->line = 0;
	return r->errors == before;
}

/* ---- the file ----------------------------------------------------------------------------------------------------- */

/* "FILE: what is wrong" without FILE, which the report names. */
static const char *
without_name(const char *text, const char *file)
{
	size_t len = strlen(file);

	return strncmp(text, file, len) == 0 && strncmp(text + len, ": ", 2) == 0 ? text + len + 2 : text;
}

bool
bs_simmap_read(struct bs_report *r, const char *map_file, struct bs_simmap *out)
{
	char *text = calloc(1, MAP_MAX + 1);
	struct bs_diag diag = { 0 };
	size_t len = 0;
	bool good = false;

	memset(out, 0, sizeof(*out));
	if (text == NULL)
		bs_report_error(r, NULL, "%s", bs_strerror(BS_ENOMEM));
	else if (bs_file_read(map_file, (uint8_t *)text, MAP_MAX, &len, &diag) != BS_OK)
		bs_report_error(r, NULL, "%s", without_name(diag.text, map_file));
	else if (memchr(text, '\0', len) != NULL)
		bs_report_error(r, NULL, "has a NUL octet; this is not a text file");
	else
		good = bs_simmap_parse(r, text, out) && bs_simmap_read_key(r, map_file, out);
	free(text);
	return good;
}

void
bs_simmap_clear(struct bs_simmap *map)
{
	bs_wipe(map, sizeof(*map));
}
