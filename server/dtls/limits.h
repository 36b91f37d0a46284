/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far one key of a session may be used, by suite (RFC 9325, 4.4; RFC 9147, 4.5.3).
 *
 *          records each way   that fail to decrypt   why
 * GCM      2^24.5             2^36                   as the RFCs say
 * CCM      2^23               2^23.5                 as the RFCs say
 * CCM_8    2^23               2^20                   a tag of 64 bits: a stranger who tries all of them gets one forgery in
 *                                                    2^44; RFC 9147 leaves the number to us
 * CBC      2^32               2^20                   its MAC of 160 bits or more sets no limit; each failure is a question to
 *                                                    a padding oracle that must not answer, and the attacks known need 2^23
 *
 * No count of failures may close a session, as anybody can send them under the device's address. What keeps the limit is
 * that records are no longer opened: of the failures that a session may have, a 256th at once and the rest spread over a
 * day, which is longer than a session lives. A device that is not heard for that makes a new handshake.
 */
#ifndef BS_DTLS_LIMITS_H
#define BS_DTLS_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

struct bs_record_limits {
	uint64_t records; /* in each direction */
	uint64_t failures;
	size_t least; /* octets of a protected record: explicit nonce or IV, tag or MAC; without header */
	size_t block; /* 0: any length from there on; else a multiple of it */
};

/* NULL: no suite is chosen yet, the loosest. */
struct bs_record_limits bs_record_limits_of(const SSL_CIPHER *suite);
/* May a protected record be so long, without its header? */
bool bs_record_limits_fit(const struct bs_record_limits *l, size_t len);
/* Failures that a key in use for age_ms may have had. */
uint64_t bs_record_limits_failures(const struct bs_record_limits *l, uint64_t age_ms);

#endif
