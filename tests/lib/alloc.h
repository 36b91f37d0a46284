/* SPDX-License-Identifier: Apache-2.0 */
/* Octets on the heap, also under AddressSanitizer. */
#ifndef BS_TESTS_LIB_ALLOC_H
#define BS_TESTS_LIB_ALLOC_H

#include <stddef.h>

size_t test_allocated(void);

#endif
