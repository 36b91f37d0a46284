/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of all tests: include this first, it brings cmocka with what cmocka needs. */
#ifndef BS_TESTS_LIB_TEST_H
#define BS_TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/*
 * Octets from hexadecimal text; blanks group as the format does: "c8 03 08 6465762d". Fails the test on anything else.
 * Returns the number of octets.
 */
size_t hex(const char *text, uint8_t *out, size_t max);

/* A heap copy of exactly len octets: the sanitizer sees a read one octet too far. The caller frees it. */
uint8_t *exact_copy(const void *data, size_t len);

/* Compare octets with hexadecimal text; the message names the row. */
void assert_hex(const char *row, const uint8_t *data, size_t len, const char *expected);

/* A repeatable random source: arg points at a uint64_t state (a seed, not 0). */
void test_random(void *arg, void *out, size_t len);

#endif
