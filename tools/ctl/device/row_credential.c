/* SPDX-License-Identifier: Apache-2.0 */
/* What the device bootstraps with. */
#include "tools/ctl/device/row_internal.h"

#include "server/base/text.h"
#include "tools/ctl/device/strength.h"

static void
read_bootstrap_psk(struct bs_rows *rows, struct bs_report *r)
{
	struct bs_bootstrap_def *b = &rows->device.bootstrap;
	struct bs_row_text hex = { .title = bs_row_column_names[C_PSK_KEY_HEX] },
			   b64 = { .title = bs_row_column_names[C_PSK_KEY_B64] };
	size_t len;
	const char *identity = bs_row_field(rows, C_PSK_IDENTITY, &len);

	hex.text = bs_row_field(rows, C_PSK_KEY_HEX, &hex.len);
	b64.text = bs_row_field(rows, C_PSK_KEY_B64, &b64.len);
	bs_check_identity(r, bs_row_column_names[C_PSK_IDENTITY], identity, len);
	/* One fault, one message: a key that is refused says nothing of what the channel carries. */
	if (bs_row_read_psk(rows, r, &hex, &b64, &rows->key))
		rows->channel.credential = bs_strength_bits(rows->key.data, rows->key.len);
	b->identity = identity;
	b->key = &rows->key;
}

static void
read_bootstrap_rpk(struct bs_rows *rows, struct bs_report *r)
{
	struct bs_bootstrap_def *b = &rows->device.bootstrap;
	const char *title = bs_row_column_names[C_RPK_PUBLIC];
	struct bs_key_info info = { 0 };
	struct bs_diag diag = { 0 };
	uint8_t der[1024];
	size_t len, n;
	const char *text = bs_row_field(rows, C_RPK_PUBLIC, &len);
	enum bs_err err;

	if (len == 0) {
		bs_report_error(r, title,
			"missing; mode rpk needs the device's public key (SubjectPublicKeyInfo, DER, base64)");
		return;
	}
	if (!bs_row_read_base64(r, title, text, len, der, sizeof(der), &n))
		return;
	err = bs_convert_public(der, n, &rows->spki, &info, &diag);
	bs_wipe(der, sizeof(der));
	if (err != BS_OK)
		bs_row_report_diag(r, title, err, &diag);
	b->spki = rows->spki.data;
	b->spki_len = rows->spki.len;
	rows->channel.credential = info.strength;
}

static void
read_bootstrap_x509(struct bs_rows *rows, struct bs_report *r)
{
	struct bs_bootstrap_def *b = &rows->device.bootstrap;
	const char *title = bs_row_column_names[C_CERT];
	struct bs_blob certificate = { 0 };
	struct bs_key_info info = { 0 };
	size_t len, n = 0;
	const char *text;

	if (bs_row_has(rows, C_CERT) && bs_row_has(rows, C_CERT_SHA256)) {
		bs_report_error(r, title, "cert_sha256 is filled in, too; fill in one of them");
	} else if (bs_row_has(rows, C_CERT)) {
		text = bs_row_field(rows, C_CERT, &len);
		if (bs_row_read_certificate(r, title, text, len, &certificate, &info) &&
			bs_convert_sha256(certificate.data, certificate.len, b->certificate_sha256) != BS_OK)
			bs_report_error(r, title, "%s", bs_strerror(BS_ECRYPTO));
		b->has_certificate = true;
		rows->channel.credential = info.strength;
	} else if (bs_row_has(rows, C_CERT_SHA256)) {
		text = bs_row_field(rows, C_CERT_SHA256, &len);
		if (bs_hex_decode(text, len, b->certificate_sha256, sizeof(b->certificate_sha256), &n) != BS_OK ||
			n != 32)
			bs_report_error(r, bs_row_column_names[C_CERT_SHA256],
				"needs 64 hexadecimal digits: SHA-256 of the certificate (DER)");
		b->has_certificate = true;
	}
	bs_blob_clear(&certificate);
}

/* Which columns a mode may fill in, and how they are read. */
static const struct {
	enum bs_mode mode;
	enum bs_row_column first, last;
	void (*read)(struct bs_rows *rows, struct bs_report *r);
} bootstrap_modes[] = {
	{ BS_MODE_PSK, C_PSK_IDENTITY, C_PSK_KEY_B64, read_bootstrap_psk },
	{ BS_MODE_RPK, C_RPK_PUBLIC, C_RPK_PUBLIC, read_bootstrap_rpk },
	{ BS_MODE_X509, C_CERT, C_CERT_SHA256, read_bootstrap_x509 },
};

void
bs_row_read_bootstrap(struct bs_rows *rows, struct bs_report *r)
{
	size_t len;
	const char *text = bs_row_field(rows, C_MODE, &len);
	enum bs_mode mode;

	if (bs_mode_parse(text, &mode) != BS_OK || mode > BS_MODE_X509) {
		bs_report_error(r, "mode", "psk, rpk or x509: what the device bootstraps with");
		return;
	}
	rows->device.bootstrap.mode = mode;
	rows->channel.mode = mode;
	for (size_t i = 0; i < sizeof(bootstrap_modes) / sizeof(bootstrap_modes[0]); i++) {
		if (bootstrap_modes[i].mode == mode) {
			bootstrap_modes[i].read(rows, r);
			continue;
		}
		for (unsigned f = bootstrap_modes[i].first; f <= bootstrap_modes[i].last; f++)
			if (bs_row_has(rows, (enum bs_row_column)f))
				bs_report_error(r, bs_row_column_names[f], "does not belong to mode %s; leave it empty",
					bs_mode_name(mode));
	}
}
