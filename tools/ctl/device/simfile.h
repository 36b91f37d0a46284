/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SIM vendor's file as its map describes it, one card at a time: numbers in normal form, keys in clear and checked.
 * The store is not needed here.
 *
 * Numbers: an ICCID is 18 to 20 digits, an F at its end is padding; the last digit may be the check digit (ITU-T E.118:
 * Luhn) or may be missing, so that a card has up to three spellings. An IMSI is 6 to 15 digits.
 */
#ifndef BS_TOOLS_CTL_DEVICE_SIMFILE_H
#define BS_TOOLS_CTL_DEVICE_SIMFILE_H

#include "tools/ctl/device/simmap.h"

struct bs_simfile;

/* fd and map are borrowed. NULL without memory. */
struct bs_simfile *bs_simfile_new(int fd, const struct bs_simmap *map);
void bs_simfile_free(struct bs_simfile *f); /* wipes; NULL is fine */

/* Titles and the names of the columns. False after errors. */
bool bs_simfile_start(struct bs_simfile *f, struct bs_report *r);

struct bs_sim_card {
	char iccid[24], imsi[20]; /* "": the map has no such column */
	struct bs_sms sms; /* whole: coding octets of the map and this card's keys */
	unsigned checked; /* key check values that were compared */
};
/*
 * The next card, lent until the next call; r->line is set. BS_OK: *out is the card, or NULL after errors in it, which
 * were reported. BS_ENOTFOUND at the end; other errors end the reading, diag tells why.
 */
BS_MUST_USE enum bs_err bs_simfile_next(
	struct bs_simfile *f, struct bs_report *r, const struct bs_sim_card **out, struct bs_diag *diag);

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* Digits of a number as a file has it into out; false: it is none. */
bool bs_sim_read_iccid(const char *text, char out[24]);
bool bs_sim_read_imsi(const char *text, char out[20]);
/* Luhn's check digit of digits, as a character. */
char bs_sim_check_digit(const char *digits, size_t len);

#define BS_SIM_SPELLINGS 3
struct bs_sim_spellings {
	char text[BS_SIM_SPELLINGS][24]; /* as it stands; without its check digit if it has one; with one behind it */
	const char *list[BS_SIM_SPELLINGS]; /* those that exist, else NULL */
};
void bs_sim_spell_iccid(const char *iccid, struct bs_sim_spellings *out);
/* Are two ICCIDs, in normal form or as stored, those of one card? */
bool bs_sim_same_iccid(const char *a, const char *b);

#endif
