/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key: pre-shared key, private key (PKCS#8 DER), SMS key. Fixed size, so nothing is reallocated and left behind; lent
 * by pointer; wiped by bs_secret_clear on every path; compared in constant time; never printed.
 */
#ifndef BS_BASE_SECRET_H
#define BS_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

#define BS_SECRET_MAX 2560 /* PKCS#8 DER of RSA 4096 is about 2,375 octets */

struct bs_secret {
	size_t len; /* 0: no key */
	uint8_t data[BS_SECRET_MAX];
};

/* BS_ERANGE when len is above BS_SECRET_MAX; the secret is then empty. */
BS_MUST_USE enum bs_err bs_secret_set(struct bs_secret *s, const void *data, size_t len);
bool bs_secret_equal(const struct bs_secret *a, const struct bs_secret *b);
void bs_secret_clear(struct bs_secret *s);
/* Wipe any memory that held a key. */
void bs_wipe(void *data, size_t len);

#endif
