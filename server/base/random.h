/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness is an argument, so that scenarios repeat: net/ and tools pass bs_random_system, tests a seeded one. */
#ifndef BS_BASE_RANDOM_H
#define BS_BASE_RANDOM_H

#include <stddef.h>

/* Fill out with len random octets; arg is whatever was given along with the function. */
typedef void bs_random_fn(void *arg, void *out, size_t len);

/* From the cryptographic generator of OpenSSL; aborts the program when that fails, as no key may ever be predictable. */
bs_random_fn bs_random_system;

#endif
