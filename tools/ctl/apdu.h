/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that write a transparent file of a card (ISO 7816-4; ETSI TS 102 221, 11.1), as text: one command a line in
 * hexadecimal, comments behind '#'. To be sent in order, each answered 9000, in a session that may update the file (ADM, or
 * a secure channel: GlobalPlatform SCP03 wraps each command and may need a smaller block).
 *
 *   SELECT by AID      00 A4 04 0C
 *   SELECT by path     00 A4 08 0C, from the application that was selected (7FFF)
 *   UPDATE BINARY      00 D6 offset (2), block by block
 */
#ifndef BS_TOOLS_CTL_APDU_H
#define BS_TOOLS_CTL_APDU_H

#include "server/base/text.h"

#define BS_APDU_AID_MAX 16
#define BS_APDU_PATH_MAX 8
#define BS_APDU_BLOCK_MAX 255

struct bs_apdu_target {
	uint8_t aid[BS_APDU_AID_MAX]; /* of the PKCS#15 application */
	size_t aid_len; /* 0: the file is below the master file */
	uint8_t path[BS_APDU_PATH_MAX]; /* file identifiers, two octets each */
	size_t path_len;
	size_t block; /* octets of an UPDATE BINARY, 1 to 255 */
};

/* PKCS#15 (ISO 7816-15), EF 6432, blocks of 200 octets, which leave room for a secure channel. */
void bs_apdu_target_init(struct bs_apdu_target *t);
/* Of hexadecimal; BS_EFORMAT. */
BS_MUST_USE enum bs_err bs_apdu_read_aid(struct bs_apdu_target *t, const char *hex);
BS_MUST_USE enum bs_err bs_apdu_read_path(struct bs_apdu_target *t, const char *hex);

/* Room for the script of so many octets in blocks of that size. */
#define BS_APDU_TEXT_MAX(len, block) (2 * (len) + 12 * ((len) / (block) + 1) + 128)
/* The script for these octets: a secret, when they are. BS_ERANGE: more than 32,767 octets; BS_ESPACE. */
BS_MUST_USE enum bs_err bs_apdu_write(struct bs_tw *w, const struct bs_apdu_target *t, const uint8_t *data, size_t len);

#endif
