/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a symmetric key good enough (design: "Low entropy"; LwM2M Core 1.1, 7.1.7: keys need enough entropy)? One row per
 * rule. A screen for the mistakes that are made in practice, no proof of randomness.
 */
#ifndef BS_TOOLS_CTL_DEVICE_STRENGTH_H
#define BS_TOOLS_CTL_DEVICE_STRENGTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BS_PSK_MIN 16 /* octets */
#define BS_PSK_WARN_ABOVE 32 /* many clients hold no more: mbed TLS's default */

/* Why the key is refused, as "the key ..." ; NULL: no rule objects. */
const char *bs_strength_refusal(const uint8_t *key, size_t len);
/* Is its being printable text all that objects? One random key of 16 octets in eight million is printable, too. */
bool bs_strength_is_text(const uint8_t *key, size_t len);
/* Bits that the key can carry: 8 an octet, 4 where all of them are hexadecimal digits as text. */
unsigned bs_strength_bits(const uint8_t *key, size_t len);

#endif
