/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets of the decoders share. */
#ifndef BS_TESTS_LIB_FUZZ_DECODE_H
#define BS_TESTS_LIB_FUZZ_DECODE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decode data as the answer for each of several targets. A tree that comes out must keep its promises: ordered, under
 * the target, all octets readable; and, encoded in the same format and decoded again, must be the same. Aborts
 * otherwise.
 */
void fuzz_decode(uint16_t content_format, const uint8_t *data, size_t len);

#endif
