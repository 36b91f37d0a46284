/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of a reader of rows share: row.c (life, header, the row), row_field.c (fields, keys and certificates from
 * their text), row_credential.c (what the device bootstraps with), row_grant.c (what it receives for its servers).
 */
#ifndef BS_TOOLS_CTL_DEVICE_ROW_INTERNAL_H
#define BS_TOOLS_CTL_DEVICE_ROW_INTERNAL_H

#include "tools/ctl/device/row.h"
#include "tools/ctl/device/sms.h"

enum bs_row_column {
	C_ENDPOINT,
	C_PROFILE,
	C_MODE,
	C_PSK_IDENTITY,
	C_PSK_KEY_HEX,
	C_PSK_KEY_B64,
	C_RPK_PUBLIC,
	C_CERT,
	C_CERT_SHA256,
	C_ENABLED,
	C_BATCH,
	C_ICCID,
	C_IMSI,
	C_NOTE,
	C_COUNT
};
extern const char *const bs_row_column_names[C_COUNT];

/* Behind the dot of NAME.suffix. */
enum bs_row_suffix {
	S_PSK_IDENTITY,
	S_PSK_KEY_HEX,
	S_PSK_KEY_B64,
	S_RPK_PRIVATE,
	S_CERT,
	S_PRIVATE,
	S_SMS_FIRST,
	S_COUNT = S_SMS_FIRST + BS_SMS_FIELDS
};

#define TITLE_MAX (BS_NAME_MAX + 24)

/* Where a key that is printable text was seen. */
struct bs_row_text_key {
	unsigned long line;
	char title[TITLE_MAX];
};

/* One account's columns, and what is read from them for the row at hand. */
struct bs_row_grant {
	const struct bs_cat_server *server;
	int column[S_COUNT]; /* index in the row; -1: not in this file */
	char title[S_COUNT][TITLE_MAX]; /* "NAME.suffix" */
	bool in_profile;
	struct bs_blob public_or_identity;
	struct bs_secret key;
	struct bs_sms sms;
};

struct bs_rows {
	const struct bs_catalog *catalog;
	const char *default_profile;
	unsigned suite_bits;
	size_t columns; /* of the header */
	int column[C_COUNT];
	struct bs_row_grant *grants; /* one for each server account of the store */
	size_t grant_count;
	size_t wide; /* columns of server accounts in this file */
	unsigned long key_count, text_key_count;
	struct bs_row_text_key text_keys[BS_REPORT_SHOWN]; /* the first of them */
	/* the row at hand */
	const struct bs_csv_row *row;
	struct bs_secret key;
	struct bs_blob spki;
	struct bs_channel channel;
	struct bs_grant_def defs[BS_SERVERS_MAX];
	struct bs_device_def device;
};

/* ---- fields: "" where the file has no such column ---- */

const char *bs_row_field(const struct bs_rows *rows, enum bs_row_column f, size_t *len);
bool bs_row_has(const struct bs_rows *rows, enum bs_row_column f);
const char *bs_row_grant_field(
	const struct bs_rows *rows, const struct bs_row_grant *g, enum bs_row_suffix f, size_t *len);
bool bs_row_grant_has(const struct bs_rows *rows, const struct bs_row_grant *g, unsigned f);

/* ---- values from their text; false after a report ---- */

struct bs_row_text {
	const char *title, *text;
	size_t len;
};

/* A key from its hexadecimal or its base64 column; exactly one of them. */
bool bs_row_read_psk(struct bs_rows *rows, struct bs_report *r, const struct bs_row_text *hex,
	const struct bs_row_text *b64, struct bs_secret *key);
bool bs_row_read_base64(struct bs_report *r, const char *title, const char *text, size_t len, uint8_t *buf, size_t max,
	size_t *out_len);
bool bs_row_read_certificate(struct bs_report *r, const char *title, const char *text, size_t len, struct bs_blob *out,
	struct bs_key_info *info);
void bs_row_report_diag(struct bs_report *r, const char *title, enum bs_err err, const struct bs_diag *diag);

/* ---- the parts of a row, into rows->device ---- */

void bs_row_read_bootstrap(struct bs_rows *rows, struct bs_report *r);
void bs_row_read_grants(struct bs_rows *rows, const struct bs_cat_profile *profile, struct bs_report *r);

#endif
