/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A datagram BIO of our own: reads give the datagram that is being handled, once; each write is one datagram that leaves
 * through a callback. All peers share one socket, which this layer never sees.
 *
 * A read gives one record, as if each had come in a datagram of its own. OpenSSL makes its buffer no larger than one
 * record when the client asked for a max_fragment_length, and would lose the rest of a flight that came in one piece.
 */
#ifndef BS_DTLS_BIO_H
#define BS_DTLS_BIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bio.h>

/* Headers of IPv6 and UDP below a record. */
#define BS_BIO_OVERHEAD 48

struct bs_bio {
	const uint8_t *in; /* NULL: nothing to read */
	size_t in_len;
	bool peek; /* a read leaves the record where it is */
	bool muted; /* nothing leaves any more */
	/*
	 * Nothing leaves but the flight that ends the handshake, which begins with a ChangeCipherSpec: once a credential was
	 * seen, no alert and no retransmission shall tell a known one from an unknown one.
	 */
	bool hushed;
	uint64_t written; /* datagrams that left */
	/*
	 * Records of epoch 0 are numbered anew as they are read. Their numbers are anybody's, and OpenSSL would take none from
	 * the device any more once it saw a high one.
	 */
	uint64_t seq_in;
	/*
	 * Added to the record sequence number of what leaves in epoch 0. RFC 6347, 4.2.1: the ServerHello has the number of
	 * the ClientHello, so that it differs from those of all HelloVerifyRequests; OpenSSL 3.2 and later begin with 1, and
	 * clients that check for replays drop it after a HelloVerifyRequest that was asked for twice.
	 */
	uint64_t seq_offset;
	void (*send)(void *arg, const uint8_t *data, size_t len);
	void *arg;
};

/* NULL: out of memory. One for all peers of a worker. */
BIO_METHOD *bs_bio_method_new(void);
/* A BIO over b, which the caller keeps for as long as the BIO lives. */
BIO *bs_bio_new(const BIO_METHOD *method, struct bs_bio *b);

#endif
