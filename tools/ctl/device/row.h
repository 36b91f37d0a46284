/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row of a device file: columns in, struct bs_device_def out, with every check of the provisioning model. Columns:
 *
 *   endpoint, profile, mode, psk_identity, psk_key_hex | psk_key_b64, rpk_public_b64, cert_b64 | cert_sha256, enabled,
 *   batch, iccid, imsi, note
 *   per server account NAME: NAME.psk_identity, NAME.psk_key_hex | NAME.psk_key_b64, NAME.rpk_private_b64,
 *   NAME.cert_b64, NAME.private_b64, NAME.sms_mode, NAME.sms_kic, NAME.sms_kid, NAME.sms_spi, NAME.sms_tar,
 *   NAME.sms_kic_key_hex, NAME.sms_kid_key_hex
 */
#ifndef BS_TOOLS_CTL_DEVICE_ROW_H
#define BS_TOOLS_CTL_DEVICE_ROW_H

#include "tools/ctl/catalog.h"
#include "tools/ctl/check.h"
#include "tools/ctl/device/csv.h"

struct bs_rows;

/* catalog is borrowed; default_profile: for rows that name none, or NULL. suite_bits: see struct bs_channel. */
struct bs_rows *bs_rows_new(const struct bs_catalog *catalog, const char *default_profile, unsigned suite_bits);
void bs_rows_free(struct bs_rows *rows); /* wipes; NULL is fine */

/* Learn the columns from the header. False after errors. */
bool bs_rows_header(struct bs_rows *rows, const struct bs_csv_row *row, struct bs_report *r);
/* Read one row. *out is lent until the next call. False after errors. */
bool bs_rows_read(
	struct bs_rows *rows, const struct bs_csv_row *row, struct bs_report *r, const struct bs_device_def **out);
/*
 * After the last row. Keys that are printable text were let through so far: one or two of them among a great many keys are
 * what randomness brings (one in eight million), so that they are warned of; otherwise they were typed, which is an error.
 */
void bs_rows_finish(const struct bs_rows *rows, struct bs_report *r);
/* Put a refusal by the store into words, with the column it is about. */
void bs_rows_report_conflict(const struct bs_rows *rows, const struct bs_conflict *conflict, struct bs_report *r);

#endif
