/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash tables (uthash) whose additions can fail: by itself uthash ends the process when it gets no memory. After each HASH_ADD ask
 * bs_hash_added; where it is false the element is in no table, and still the caller's.
 */
#ifndef BS_BASE_HASH_H
#define BS_BASE_HASH_H

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
/* A test sets this to see what happens without memory: so many allocations of tables are good, the others fail. -1: all are good. */
extern int bs_hash_good_allocations;
void *bs_hash_malloc(size_t size);
#define uthash_malloc(size) bs_hash_malloc(size)

#include <uthash.h>

#define bs_hash_added(hh, element) ((element)->hh.tbl != NULL)

#endif
