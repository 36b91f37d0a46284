/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map of a SIM vendor's file: an INI file that tells where its columns are, what the batch's coding octets are, and
 * under which transport key the keys lie. Documented in lwm2m-bootstrapctl(1); samples in schema/sim/.
 *
 * Two things of the same name are kept apart: KICn and KIDn of a SIM file are key values (resource 8 of Object 0, in
 * section [columns]); KIc and KID are coding octets (resource 7, section [sms]; ETSI TS 102 225, 5.1).
 */
#ifndef BS_TOOLS_CTL_DEVICE_SIMMAP_H
#define BS_TOOLS_CTL_DEVICE_SIMMAP_H

#include "server/model/account.h"
#include "tools/ctl/device/cardkey.h"
#include "tools/ctl/report.h"

#define BS_SIMMAP_TEXT 128

enum bs_sim_column {
	BS_SIM_COL_ICCID,
	BS_SIM_COL_IMSI,
	BS_SIM_COL_KIC,
	BS_SIM_COL_KID,
	BS_SIM_COL_KCV_KIC,
	BS_SIM_COL_KCV_KID,
	BS_SIM_COLUMNS
};

enum bs_sim_delimiter { BS_SIM_COMMA, BS_SIM_SEMICOLON, BS_SIM_TAB, BS_SIM_BLANK, BS_SIM_PIPE, BS_SIM_SLASH };

struct bs_simmap {
	/* [file] */
	unsigned delimiter, header_delimiter; /* enum bs_sim_delimiter */
	unsigned title_lines;
	unsigned header; /* 1: names stand in the file; 0: columns are numbers */
	char header_prefix[BS_SIMMAP_TEXT]; /* of the line with the names; "": it follows the title lines */
	char skip_prefix[BS_SIMMAP_TEXT]; /* of rows that are none; "": none are skipped */
	unsigned match; /* BS_SIM_COL_ICCID or BS_SIM_COL_IMSI */
	unsigned skip_unmatched; /* 1: cards without a device are passed over */
	/* [columns]: a name, or a number from 1 as text */
	char column[BS_SIM_COLUMNS][BS_SIMMAP_TEXT];
	/* [sms] */
	char server[BS_SIMMAP_TEXT];
	unsigned key_set;
	char mode[BS_SIMMAP_TEXT], kic[BS_SIMMAP_TEXT], kid[BS_SIMMAP_TEXT], spi[BS_SIMMAP_TEXT], tar[BS_SIMMAP_TEXT];
	unsigned other_tar; /* 1: allowed */
	unsigned check; /* enum bs_cardkey_check */
	/* [transport] */
	char encrypted_text[BS_SIMMAP_TEXT], key_file[BS_SIMMAP_TEXT], iv_text[BS_SIMMAP_TEXT];
	unsigned padding; /* enum bs_cardkey_padding */
	/* made of the above */
	bool encrypted[BS_SIM_COLUMNS];
	struct bs_sms coding; /* resources 6 and 7; no keys */
	bool has_iv;
	uint8_t iv[BS_CARDKEY_BLOCK];
	struct bs_secret transport_key; /* after bs_simmap_read_key */
};

/* The octet that a delimiter is. */
char bs_sim_delimiter_octet(unsigned delimiter);
/* What [columns] calls a column. */
const char *bs_sim_column_name(enum bs_sim_column c);

/* Parse and check text; r->source names the file. False after errors. Clear also then. */
bool bs_simmap_parse(struct bs_report *r, const char *text, struct bs_simmap *out);
/* Read the transport key if the map names a file; relative to the folder of map_file. */
bool bs_simmap_read_key(struct bs_report *r, const char *map_file, struct bs_simmap *map);
/* The file whole: parse, and the key. */
bool bs_simmap_read(struct bs_report *r, const char *map_file, struct bs_simmap *out);
void bs_simmap_clear(struct bs_simmap *map); /* wipes */

#endif
