/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest of some names by edit distance (insert, delete, replace, swap of neighbours). */
#ifndef BS_BASE_NEAR_H
#define BS_BASE_NEAR_H

#include <stddef.h>

/* Distance of a and b, any case being the same; above most: most + 1. Names beyond 300 octets are never near. */
unsigned bs_near_distance(const char *a, const char *b, unsigned most);

/* Keeps the best candidate offered so far. */
struct bs_near {
	const char *wanted;
	unsigned best; /* its distance */
	char name[300]; /* "": nothing is near */
};
void bs_near_init(struct bs_near *n, const char *wanted);
void bs_near_offer(struct bs_near *n, const char *name);
/* "; did you mean X?" or "": to append to a message. */
const char *bs_near_text(const struct bs_near *n, char *out, size_t max);

#endif
