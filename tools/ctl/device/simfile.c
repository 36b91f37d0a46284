/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/device/simfile.h"

#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"
#include "tools/ctl/device/csv.h"
#include "server/base/near.h"
#include "tools/ctl/number.h"
#include "tools/ctl/device/sms.h"
#include "tools/ctl/device/strength.h"

#define KEY_MAX 64 /* octets of a key value in a file, encrypted and padded */
#define NAME_MAX_LEN 128
#define ABSENT BS_CSV_FIELDS_MAX

struct bs_simfile {
	const struct bs_simmap *map;
	struct bs_csv *csv;
	size_t place[BS_SIM_COLUMNS]; /* of the field; ABSENT: the map has no such column */
	size_t fields; /* of a row; 0: not known yet */
	struct bs_sim_card card;
	/* the row at hand, without the blanks around its values */
	size_t count;
	const char *field[BS_CSV_FIELDS_MAX];
	char value[BS_SIM_COLUMNS][2 * KEY_MAX + 1];
	struct bs_secret raw, clear;
	char hex[2][2 * KEY_MAX + 1]; /* KIc key, KID key */
};

struct bs_simfile *
bs_simfile_new(int fd, const struct bs_simmap *map)
{
	struct bs_simfile *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->map = map;
	f->csv = bs_csv_new(fd);
	if (f->csv == NULL) {
		free(f);
		return NULL;
	}
	bs_csv_set_delimiter(f->csv, bs_sim_delimiter_octet(map->delimiter));
	return f;
}

void
bs_simfile_free(struct bs_simfile *f)
{
	if (f == NULL)
		return;
	bs_csv_free(f->csv);
	bs_wipe(f, sizeof(*f));
	free(f);
}

/* ---- head of the file -------------------------------------------------------------------------------------------- */

static const char *
trim(const char *text, size_t *len)
{
	while (*len > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		--*len;
	}
	while (*len > 0 && (text[*len - 1] == ' ' || text[*len - 1] == '\t'))
		--*len;
	return text;
}

struct header {
	char names[BS_CSV_FIELDS_MAX][NAME_MAX_LEN];
	size_t count;
};

static void
add_name(struct header *h, const char *name, size_t len)
{
	name = trim(name, &len);
	if (h->count < BS_CSV_FIELDS_MAX)
		snprintf(h->names[h->count++], NAME_MAX_LEN, "%.*s", (int)(len < NAME_MAX_LEN ? len : NAME_MAX_LEN - 1),
			name);
}

/* "var_Out: ICCID/IMSI/KI": the names behind the prefix. */
static void
split_names(const struct bs_simmap *m, const char *line, size_t len, struct header *h)
{
	char delimiter = bs_sim_delimiter_octet(m->header_delimiter);

	line = trim(line, &len);
	while (len > 0) {
		const char *end = memchr(line, delimiter, len);
		size_t n = end != NULL ? (size_t)(end - line) : len;

		if (n > 0 || delimiter != ' ')
			add_name(h, line, n);
		line += n + (end != NULL);
		len -= n + (end != NULL);
	}
}

static enum bs_err
read_prefixed_header(struct bs_simfile *f, struct header *h, struct bs_diag *diag)
{
	const char *prefix = f->map->header_prefix, *line;
	size_t prefix_len = strlen(prefix), len;
	enum bs_err err;

	do
		err = bs_csv_line(f->csv, &line, &len, diag);
	while (err == BS_OK && (len < prefix_len || memcmp(line, prefix, prefix_len) != 0));
	if (err == BS_ENOTFOUND)
		return bs_diag_set(
			diag, BS_EFORMAT, 0, "no line begins with \"%.60s\" (header-prefix of the map)", prefix);
	if (err == BS_OK)
		split_names(f->map, line + prefix_len, len - prefix_len, h);
	return err;
}

/* The next row: its fields trimmed, and, where blanks separate, without the empty ones between two of them. */
static enum bs_err
next_row(struct bs_simfile *f, unsigned long *line, struct bs_diag *diag)
{
	const struct bs_csv_row *row;
	enum bs_err err = bs_csv_next(f->csv, &row, diag);

	f->count = 0;
	if (err != BS_OK)
		return err;
	*line = row->line;
	for (size_t i = 0; i < row->count; i++) {
		size_t len = row->lens[i];
		const char *text = trim(row->fields[i], &len);

		if (len == 0 && f->map->delimiter == BS_SIM_BLANK)
			continue;
		((char *)text)[len] = '\0'; /* the row is ours until the next one */
		f->field[f->count++] = text;
	}
	/* A delimiter at the end of the line makes no field. */
	if (f->fields != 0 && f->count == f->fields + 1 && f->field[f->count - 1][0] == '\0')
		f->count--;
	return BS_OK;
}

static bool
is_skipped(const struct bs_simfile *f)
{
	const char *prefix = f->map->skip_prefix;

	if (f->count == 0 || (f->count == 1 && f->field[0][0] == '\0'))
		return true;
	return prefix[0] != '\0' && strncmp(f->field[0], prefix, strlen(prefix)) == 0;
}

/* KIC1 is near KID1, and no suggestion for it. */
static bool
is_mapped(const struct bs_simmap *m, const char *name)
{
	for (unsigned c = 0; c < BS_SIM_COLUMNS; c++)
		if (strcasecmp(m->column[c], name) == 0)
			return true;
	return false;
}

static void
find_column(struct bs_simfile *f, const struct header *h, enum bs_sim_column c, struct bs_report *r)
{
	const char *wanted = f->map->column[c];
	struct bs_near near;
	char hint[340];
	size_t found = 0;

	bs_near_init(&near, wanted);
	for (size_t i = 0; i < h->count; i++) {
		if (!is_mapped(f->map, h->names[i]))
			bs_near_offer(&near, h->names[i]);
		if (strcasecmp(h->names[i], wanted) != 0)
			continue;
		f->place[c] = i;
		found++;
	}
	if (found == 0)
		bs_report_error(r, bs_sim_column_name(c), "the file has no column %.60s%s", wanted,
			bs_near_text(&near, hint, sizeof(hint)));
	else if (found > 1)
		bs_report_error(r, bs_sim_column_name(c), "the file has column %.60s twice", wanted);
}

static void
place_columns(struct bs_simfile *f, const struct header *h, struct bs_report *r)
{
	for (unsigned c = 0; c < BS_SIM_COLUMNS; c++) {
		uint64_t number = 0;

		f->place[c] = ABSENT;
		if (f->map->column[c][0] == '\0')
			continue;
		if (f->map->header != 0)
			find_column(f, h, (enum bs_sim_column)c, r);
		else if (bs_number_read(f->map->column[c], 1, BS_CSV_FIELDS_MAX, &number))
			f->place[c] = (size_t)number - 1;
	}
}

static enum bs_err
read_head(struct bs_simfile *f, struct header *h, struct bs_report *r, struct bs_diag *diag)
{
	const char *line;
	size_t len;
	enum bs_err err = BS_OK;

	for (unsigned i = 0; i < f->map->title_lines && err == BS_OK; i++)
		err = bs_csv_line(f->csv, &line, &len, diag);
	if (err == BS_OK && f->map->header != 0 && f->map->header_prefix[0] != '\0') {
		err = read_prefixed_header(f, h, diag);
	} else if (err == BS_OK && f->map->header != 0) {
		err = next_row(f, &r->line, diag);
		for (size_t i = 0; i < f->count; i++)
			add_name(h, f->field[i], strlen(f->field[i]));
	}
	if (err == BS_ENOTFOUND)
		return bs_diag_set(diag, BS_EFORMAT, 0, "the file ends before its first card");
	return err;
}

bool
bs_simfile_start(struct bs_simfile *f, struct bs_report *r)
{
	struct header *h = calloc(1, sizeof(*h));
	unsigned long before = r->errors;
	struct bs_diag diag = { 0 };
	enum bs_err err = h != NULL ? read_head(f, h, r, &diag) : BS_ENOMEM;

	if (err == BS_OK) {
		while (h->count > 0 && h->names[h->count - 1][0] == '\0')
			h->count--; /* a delimiter at the end of the line */
		f->fields = h->count;
		place_columns(f, h, r);
	} else {
		r->line = diag.line;
		bs_report_error(r, NULL, "%s", diag.text[0] != '\0' ? diag.text : bs_strerror(err));
	}
	free(h);
	return r->errors == before;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static bool
has_column(const struct bs_simfile *f, enum bs_sim_column c)
{
	return f->place[c] != ABSENT;
}

/* Does the key fit the check value, which is as long as the file has it? */
static bool
fits(const struct bs_simfile *f, const struct bs_secret *key, uint8_t coding, const uint8_t *check, size_t len)
{
	uint8_t value[BS_CARDKEY_CHECK_MAX];

	return bs_cardkey_check_value(key, (coding & 15) == 9, (enum bs_cardkey_check)f->map->check, value) == BS_OK &&
	       memcmp(value, check, len) == 0;
}

/* A value that is no ciphertext, though the map says so. Random octets that are printable do occur. */
static bool
refuse_clear(const struct bs_simfile *f, enum bs_sim_column c, uint8_t coding, const uint8_t *check, size_t check_len,
	struct bs_report *r)
{
	const char *name = bs_sim_column_name(c), *refusal = bs_strength_refusal(f->raw.data, f->raw.len);

	if (f->raw.len % BS_CARDKEY_BLOCK != 0)
		bs_report_error(r, name,
			"%zu octets are not whole AES blocks: already in clear? (encrypted in [transport] of the map)",
			f->raw.len);
	else if (check_len > 0 && fits(f, &f->raw, coding, check, check_len))
		bs_report_error(r, name,
			"already in clear: it matches its key check value as it is (encrypted in [transport] of the map)");
	else if (refusal != NULL && !bs_strength_is_text(f->raw.data, f->raw.len))
		bs_report_error(r, name, "looks like a value in clear, not like an encrypted one: %s", refusal);
	else
		return false;
	return true;
}

/* *clear is what raw holds; false after a report. */
static bool
decrypt(struct bs_simfile *f, enum bs_sim_column c, struct bs_report *r)
{
	enum bs_err err;

	if (!f->map->encrypted[c]) {
		err = bs_secret_set(&f->clear, f->raw.data, f->raw.len);
		return err == BS_OK;
	}
	err = bs_cardkey_decrypt(
		&f->map->transport_key, f->map->iv, (enum bs_cardkey_padding)f->map->padding, &f->raw, &f->clear);
	if (err == BS_EFORMAT)
		bs_report_error(r, bs_sim_column_name(c),
			"does not decrypt to a padded value: another transport key or IV, or padding = none");
	else if (err != BS_OK)
		bs_report_error(r, bs_sim_column_name(c), "cannot be decrypted: %s", bs_strerror(err));
	return err == BS_OK;
}

static bool
read_check(struct bs_simfile *f, enum bs_sim_column c, uint8_t check[BS_CARDKEY_CHECK_MAX], size_t *len,
	struct bs_report *r)
{
	const char *text = f->value[c];

	*len = 0;
	if (!has_column(f, c))
		return true;
	if (bs_hex_decode(text, strlen(text), check, BS_CARDKEY_CHECK_MAX, len) == BS_OK &&
		*len >= BS_CARDKEY_CHECK_MIN)
		return true;
	bs_report_error(r, bs_sim_column_name(c), "needs a key check value of %d to %d octets in hexadecimal",
		BS_CARDKEY_CHECK_MIN, BS_CARDKEY_CHECK_MAX);
	return false;
}

/* One key in clear, as hexadecimal text in out. */
static bool
read_key(struct bs_simfile *f, enum bs_sim_column c, enum bs_sim_column check_column, uint8_t coding, char *out,
	struct bs_report *r)
{
	const char *text = f->value[c], *name = bs_sim_column_name(c);
	uint8_t check[BS_CARDKEY_CHECK_MAX];
	size_t check_len;

	if (text[0] == '\0' || bs_hex_decode(text, strlen(text), f->raw.data, KEY_MAX, &f->raw.len) != BS_OK) {
		bs_report_error(
			r, name, text[0] == '\0' ? "empty" : "not a value of up to %d octets in hexadecimal", KEY_MAX);
		return false;
	}
	if (!read_check(f, check_column, check, &check_len, r))
		return false;
	if (f->map->encrypted[c] && refuse_clear(f, c, coding, check, check_len, r))
		return false;
	if (!decrypt(f, c, r))
		return false;
	if (check_len > 0 && !fits(f, &f->clear, coding, check, check_len)) {
		bs_report_error(r, name,
			f->map->encrypted[c]
				? "decrypted, it does not match its key check value: another transport key or IV, or another kcv"
				: "does not match its key check value: damaged, encrypted (see [transport]), or another kcv");
		return false;
	}
	f->card.checked += check_len > 0;
	bs_hex_encode(f->clear.data, f->clear.len, out);
	return true;
}

/* ---- cards ------------------------------------------------------------------------------------------------------- */

static bool
take_values(struct bs_simfile *f, struct bs_report *r)
{
	bool good = true;

	if (f->fields == 0)
		f->fields = f->count; /* without a header the first card tells */
	if (f->count != f->fields) {
		bs_report_error(r, NULL, "has %zu fields, expected %zu", f->count, f->fields);
		return false;
	}
	for (unsigned c = 0; c < BS_SIM_COLUMNS; c++) {
		f->value[c][0] = '\0';
		if (!has_column(f, (enum bs_sim_column)c))
			continue;
		if (f->place[c] >= f->count)
			bs_report_error(
				r, bs_sim_column_name((enum bs_sim_column)c), "has no column %zu", f->place[c] + 1);
		else if (strlen(f->field[f->place[c]]) >= sizeof(f->value[c]))
			bs_report_error(r, bs_sim_column_name((enum bs_sim_column)c), "is longer than %d characters",
				2 * KEY_MAX);
		else {
			memcpy(f->value[c], f->field[f->place[c]], strlen(f->field[f->place[c]]) + 1);
			continue;
		}
		good = false;
	}
	return good;
}

static bool
read_numbers(struct bs_simfile *f, struct bs_report *r)
{
	const char *iccid = f->value[BS_SIM_COL_ICCID], *imsi = f->value[BS_SIM_COL_IMSI];
	bool good = true;

	if (has_column(f, BS_SIM_COL_ICCID) && !bs_sim_read_iccid(iccid, f->card.iccid)) {
		bs_report_error(r, "iccid", "must have 18 to 20 digits; an F at the end is padding");
		good = false;
	} else if (has_column(f, BS_SIM_COL_ICCID) && strncmp(iccid, "98", 2) == 0) {
		bs_report_error(r, "iccid", "begins with 98: the digits seem to be swapped, as stored on the card");
		good = false;
	}
	if (has_column(f, BS_SIM_COL_IMSI) && !bs_sim_read_imsi(imsi, f->card.imsi)) {
		bs_report_error(r, "imsi", "needs 6 to 15 digits");
		good = false;
	}
	return good;
}

static bool
read_keys(struct bs_simfile *f, struct bs_report *r)
{
	struct bs_sms *sms = &f->card.sms;
	struct bs_sms_text t = { .value = { "2", "", "", "", "", f->hex[0], f->hex[1] },
		.field = { "mode", "kic", "kid", "spi", "tar", "kic", "kid" } };
	unsigned long before = r->errors;
	bool good = read_key(f, BS_SIM_COL_KIC, BS_SIM_COL_KCV_KIC, sms->kic, f->hex[0], r);

	good = read_key(f, BS_SIM_COL_KID, BS_SIM_COL_KCV_KID, sms->kid, f->hex[1], r) && good;
	if (good)
		bs_sms_read_keys(r, &t, sms);
	return good && r->errors == before;
}

static void
wipe_card(struct bs_simfile *f)
{
	bs_secret_clear(&f->card.sms.kic_key);
	bs_secret_clear(&f->card.sms.kid_key);
	bs_secret_clear(&f->raw);
	bs_secret_clear(&f->clear);
	bs_wipe(f->hex, sizeof(f->hex));
	bs_wipe(f->value, sizeof(f->value));
	f->card.iccid[0] = f->card.imsi[0] = '\0';
	f->card.checked = 0;
	f->card.sms.mode = f->map->coding.mode;
	f->card.sms.kic = f->map->coding.kic;
	f->card.sms.kid = f->map->coding.kid;
	f->card.sms.spi1 = f->map->coding.spi1;
	f->card.sms.spi2 = f->map->coding.spi2;
	memcpy(f->card.sms.tar, f->map->coding.tar, sizeof(f->card.sms.tar));
}

enum bs_err
bs_simfile_next(struct bs_simfile *f, struct bs_report *r, const struct bs_sim_card **out, struct bs_diag *diag)
{
	enum bs_err err;
	bool good;

	*out = NULL;
	wipe_card(f);
	do
		err = next_row(f, &r->line, diag);
	while (err == BS_OK && is_skipped(f));
	if (err != BS_OK)
		return err;
	good = take_values(f, r) && read_numbers(f, r);
	good = good && read_keys(f, r);
	*out = good ? &f->card : NULL;
	return BS_OK;
}
