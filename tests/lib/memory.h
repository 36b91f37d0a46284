/* SPDX-License-Identifier: Apache-2.0 */
/* Is a key left behind? A canary is looked for in the whole writable memory of this process, by way of /proc. */
#ifndef BS_TESTS_LIB_MEMORY_H
#define BS_TESTS_LIB_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define MEMORY_CANARY_LEN 24

/* The canary, never whole in the test's own memory: to be made octet by octet where it is needed. */
uint8_t memory_canary_octet(size_t i);
unsigned memory_count_canaries(const uint8_t *data, size_t len);
/* Copies of the canary in writable memory. */
unsigned memory_search(void);

#endif
