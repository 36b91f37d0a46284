/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stateless part of DTLS (RFC 6347, 4.2.1): look at a first ClientHello, answer HelloVerifyRequest, check the cookie of
 * the second. No allocation, no log line, and no reply longer than the request.
 *
 * Cookie = first 16 octets of HMAC-SHA256(secret, peer address | client_version | random | session_id): all that a
 * fragmented hello shows in its first fragment. The secret rotates; the one before is still accepted.
 */
#ifndef BS_DTLS_COOKIE_H
#define BS_DTLS_COOKIE_H

#include "server/base/addr.h"
#include "server/base/random.h"

#define BS_COOKIE_LEN 16
#define BS_COOKIE_ROTATE_MS 60000
#define BS_HVR_MAX 64 /* room for a HelloVerifyRequest record with its cookie */

struct bs_cookie_jar; /* secrets and kept MAC contexts */

/*
 * Draws a seed of 32 octets, from which the secrets of all periods follow. Each worker has a jar and a seed of its own, as
 * the kernel keeps an address on one worker's socket.
 */
struct bs_cookie_jar *bs_cookie_jar_new(bs_random_fn *random, void *arg, uint64_t now_ms);
void bs_cookie_jar_free(struct bs_cookie_jar *jar);

/* First fragment of a ClientHello as far as the cookie needs it; borrows from the datagram. */
struct bs_hello {
	uint64_t record_seq; /* 48 bits, echoed in the HelloVerifyRequest record */
	uint16_t message_seq;
	uint16_t version; /* client_version: 0xfefd is DTLS 1.2, 0xfeff DTLS 1.0 */
	const uint8_t *random; /* 32 octets */
	const uint8_t *session_id;
	uint8_t session_id_len;
	const uint8_t *cookie;
	uint8_t cookie_len;
};

/* BS_EFORMAT, BS_ESHORT: not the start of a ClientHello in the clear. */
BS_MUST_USE enum bs_err bs_hello_parse(const uint8_t *datagram, size_t len, struct bs_hello *out);

enum bs_cookie_verdict { BS_COOKIE_NONE, BS_COOKIE_GOOD, BS_COOKIE_BAD };
enum bs_cookie_verdict bs_cookie_check(
	struct bs_cookie_jar *jar, uint64_t now_ms, const struct bs_addr *from, const struct bs_hello *hello);

/* Write a HelloVerifyRequest (record version and server_version FEFF) for hello. Returns its length, at most max. */
size_t bs_cookie_answer(struct bs_cookie_jar *jar, uint64_t now_ms, const struct bs_addr *from,
	const struct bs_hello *hello, uint8_t *out, size_t max);

#endif
