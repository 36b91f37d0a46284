/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of decoded instances as text, to be compared; and an object whose resources have every type. */
#ifndef BS_TESTS_LIB_TREE_H
#define BS_TESTS_LIB_TREE_H

#include "server/content/decode.h"

/*
 * "/1/0 0=101 1=86400 6=true 7='U'; /2/0 2/101=15": integers plain, unsigned with u, times with t, floats with f, text
 * in quotes, links as <o:i>, CoRE links in brackets, octets as hexadecimal behind h. Returns out.
 */
char *tree_text(const struct bs_instance *instances, size_t count, char *out, size_t max);

/*
 * Object 33000: resources 0 to 8 are string, integer, unsigned, float, boolean, opaque, time, link, CoRE link; 10 to 18
 * the same, multiple. Other objects: bs_resource_find.
 */
const struct bs_resource_def *tree_find_resource(uint16_t oid, uint16_t rid);

#endif
