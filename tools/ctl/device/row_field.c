/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of a row, and keys and certificates from their text. */
#include "tools/ctl/device/row_internal.h"

#include <stdio.h>
#include <string.h>

#include "server/base/text.h"
#include "tools/ctl/device/strength.h"

static const char *
at_index(const struct bs_rows *rows, int index, size_t *len)
{
	*len = index >= 0 ? rows->row->lens[index] : 0;
	return index >= 0 ? rows->row->fields[index] : "";
}

const char *
bs_row_field(const struct bs_rows *rows, enum bs_row_column f, size_t *len)
{
	return at_index(rows, rows->column[f], len);
}

bool
bs_row_has(const struct bs_rows *rows, enum bs_row_column f)
{
	return rows->column[f] >= 0 && rows->row->lens[rows->column[f]] > 0;
}

const char *
bs_row_grant_field(const struct bs_rows *rows, const struct bs_row_grant *g, enum bs_row_suffix f, size_t *len)
{
	return at_index(rows, g->column[f], len);
}

bool
bs_row_grant_has(const struct bs_rows *rows, const struct bs_row_grant *g, unsigned f)
{
	return g->column[f] >= 0 && rows->row->lens[g->column[f]] > 0;
}

/* The rules for a key; one that is printable text is noted, and judged when all keys are known. */
static void
check_key(struct bs_rows *rows, struct bs_report *r, const char *title, const struct bs_secret *key)
{
	rows->key_count++;
	if (!bs_strength_is_text(key->data, key->len)) {
		bs_check_psk(r, title, key);
		return;
	}
	if (rows->text_key_count < BS_REPORT_SHOWN) {
		struct bs_row_text_key *t = &rows->text_keys[rows->text_key_count];

		t->line = r->line;
		snprintf(t->title, sizeof(t->title), "%s", title);
	}
	rows->text_key_count++;
}

bool
bs_row_read_psk(struct bs_rows *rows, struct bs_report *r, const struct bs_row_text *hex, const struct bs_row_text *b64,
	struct bs_secret *key)
{
	const char *title = hex->len > 0 ? hex->title : b64->title;
	unsigned long before = r->errors;
	enum bs_err err;

	if (hex->len > 0 && b64->len > 0) {
		bs_report_error(r, hex->title, "the key is also in %s; fill in one of them", b64->title);
		return false;
	}
	if (hex->len == 0 && b64->len == 0) {
		bs_report_error(r, hex->title, "missing; the key of the PSK identity, here or in %s", b64->title);
		return false;
	}
	if (hex->len > 0)
		err = bs_hex_decode(hex->text, hex->len, key->data, 256, &key->len);
	else
		err = bs_base64_decode(b64->text, b64->len, key->data, 256, &key->len);
	if (err == BS_ESPACE)
		bs_report_error(r, title, "longer than 256 octets");
	else if (err != BS_OK)
		bs_report_error(r, title,
			hex->len > 0 ? "not hexadecimal (an even number of 0-9, a-f)"
				     : "not base64 (standard alphabet, with padding)");
	else
		check_key(rows, r, title, key);
	if (err != BS_OK)
		key->len = 0;
	return r->errors == before;
}

bool
bs_row_read_base64(
	struct bs_report *r, const char *title, const char *text, size_t len, uint8_t *buf, size_t max, size_t *out_len)
{
	enum bs_err err;

	*out_len = 0;
	if (len > 11 && strncmp(text, "-----BEGIN ", 11) == 0) {
		bs_report_error(r, title, "this is PEM; give the base64 lines between BEGIN and END, joined into one");
		return false;
	}
	err = bs_base64_decode(text, len, buf, max, out_len);
	if (err != BS_OK)
		bs_report_error(
			r, title, err == BS_ESPACE ? "too long" : "not base64 (standard alphabet, with padding)");
	return err == BS_OK;
}

void
bs_row_report_diag(struct bs_report *r, const char *title, enum bs_err err, const struct bs_diag *diag)
{
	bs_report_error(r, title, "%s", diag->text[0] != '\0' ? diag->text : bs_strerror(err));
}

bool
bs_row_read_certificate(struct bs_report *r, const char *title, const char *text, size_t len, struct bs_blob *out,
	struct bs_key_info *info)
{
	uint8_t der[BS_CERTIFICATE_MAX];
	struct bs_diag diag = { 0 };
	size_t n;
	enum bs_err err;

	if (!bs_row_read_base64(r, title, text, len, der, sizeof(der), &n))
		return false;
	err = bs_convert_certificate(der, n, out, info, &diag);
	bs_wipe(der, n); /* a private key by mistake */
	if (err != BS_OK) {
		bs_row_report_diag(r, title, err, &diag);
		return false;
	}
	if (info->expired)
		bs_report_warn(r, title, "the certificate is not valid today; look at its dates");
	if (info->ca)
		bs_report_warn(r, title, "this is a CA certificate; a device should have one of its own");
	return true;
}
