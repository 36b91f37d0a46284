/* SPDX-License-Identifier: Apache-2.0 */
/* DTLS clients of the target: OpenSSL over memory. What they send waits until it is taken. */
#ifndef BS_TESTS_FUZZ_SERVER_CALLERS_H
#define BS_TESTS_FUZZ_SERVER_CALLERS_H

#include <openssl/ssl.h>

#include "server/coap/msg.h"
#include "tests/fuzz/server/devices.h"

#define CALLERS 8
#define CALLER_DATAGRAM 2048

/*
 * Who it is. PSK_WRONG: a known identity with another key; NAMED_ANY: a certificate of the trusted issuer with any common
 * name; LISTEN: a device as DTLS server, which waits to be turned to.
 */
enum caller_kind { CL_PSK, CL_PSK_WRONG, CL_RAW, CL_RAW_STRANGER, CL_CERT, CL_CERT_STRANGER, CL_NAMED_ANY, CL_LISTEN };

struct caller {
	struct bs_addr addr;
	enum caller_kind kind;
	int device; /* whom its credential proves it to be; -1: nobody */
	SSL *ssl;
	BIO *wire; /* the other end of its BIO; NULL: there is no such client now */
	char identity[256];
	bool done, failed;
	/* the last request of the server that has not been answered */
	bool asked;
	struct bs_msg request; /* without what it borrows */
	struct bs_block block1;
	uint16_t next_id;
};

void callers_open(void);
struct bs_addr caller_addr(unsigned k); /* of place k, and of others beyond CALLERS where nobody is */
/* A new one at the address of place k; who was there is gone without a word. who: octets as the kind needs them. */
void caller_start(unsigned k, enum caller_kind kind, unsigned device, const void *who, size_t who_len);
void caller_forget(unsigned k);
void caller_step(unsigned k);
size_t caller_take(unsigned k, uint8_t out[CALLER_DATAGRAM]);
/* Datagram for that address; nobody may be there. */
void callers_give(const struct bs_addr *to, const uint8_t *data, size_t len);
void caller_write(unsigned k, const void *data, size_t len);
void caller_close(unsigned k);
struct caller *caller_at(unsigned k);

#endif
