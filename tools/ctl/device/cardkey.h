/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Card keys of a SIM vendor's file: transport decryption (AES-CBC, NIST SP 800-38A) and key check values.
 *
 * A key check value is the first octets (3 as a rule) of one encrypted block: of zeros (AES and triple DES), of octets
 * of 01 (AES, GlobalPlatform Card Specification 2.3, B.6), or the CMAC of a block of zeros (AES, ANSI X9.24-1).
 */
#ifndef BS_TOOLS_CTL_DEVICE_CARDKEY_H
#define BS_TOOLS_CTL_DEVICE_CARDKEY_H

#include "server/base/secret.h"

enum bs_cardkey_padding { BS_CARDKEY_UNPADDED, BS_CARDKEY_PKCS7 };
enum bs_cardkey_check { BS_CARDKEY_ZEROS, BS_CARDKEY_ONES, BS_CARDKEY_CMAC };

#define BS_CARDKEY_BLOCK 16 /* octets of an AES block */
#define BS_CARDKEY_CHECK_MIN 3
#define BS_CARDKEY_CHECK_MAX 8

/* key: 16, 24 or 32 octets. BS_ERANGE: not whole blocks; BS_EFORMAT: the padding is none; BS_ECRYPTO. */
BS_MUST_USE enum bs_err bs_cardkey_decrypt(const struct bs_secret *key, const uint8_t iv[BS_CARDKEY_BLOCK],
	enum bs_cardkey_padding padding, const struct bs_secret *in, struct bs_secret *out);
/* Check value of a key of 16, 24 or 32 octets; triple_des: of 16 or 24, ZEROS alone. BS_EUNSUPPORTED, BS_ECRYPTO. */
BS_MUST_USE enum bs_err bs_cardkey_check_value(
	const struct bs_secret *key, bool triple_des, enum bs_cardkey_check kind, uint8_t out[BS_CARDKEY_CHECK_MAX]);

#endif
