/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/prefix.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define KEY_LEN (8 + 32)

struct bs_prefix {
	uint8_t key[KEY_LEN];
	uint32_t count;
	UT_hash_handle hh;
};

static struct bs_prefix *
find(const struct bs_prefixes *p, const struct bs_addr *a, uint8_t key[KEY_LEN])
{
	struct bs_prefix *found = NULL;

	memcpy(key, p->seed, sizeof(p->seed));
	bs_addr_prefix_key(a, key + sizeof(p->seed));
	HASH_FIND(hh, p->hash, key, KEY_LEN, found);
	return found;
}

uint32_t
bs_prefixes_count(const struct bs_prefixes *p, const struct bs_addr *a)
{
	uint8_t key[KEY_LEN];
	const struct bs_prefix *prefix = find(p, a, key);

	return prefix != NULL ? prefix->count : 0;
}

uint32_t
bs_prefixes_most(const struct bs_prefixes *p)
{
	uint32_t most = 0;

	/* cppcheck-suppress uninitvar ; it does not look into the macros of uthash */
	for (const struct bs_prefix *prefix = p->hash; prefix != NULL; prefix = prefix->hh.next)
		most = prefix->count > most ? prefix->count : most;
	return most;
}

struct bs_prefix *
bs_prefixes_enter(struct bs_prefixes *p, const struct bs_addr *a)
{
	uint8_t key[KEY_LEN];
	struct bs_prefix *prefix = find(p, a, key);

	if (prefix == NULL) {
		prefix = calloc(1, sizeof(*prefix));
		if (prefix == NULL)
			return NULL;
		memcpy(prefix->key, key, KEY_LEN);
		HASH_ADD(hh, p->hash, key, KEY_LEN, prefix);
		if (prefix->hh.tbl == NULL) { /* no memory for the table */
			free(prefix);
			return NULL;
		}
	}
	prefix->count++;
	return prefix;
}

void
bs_prefixes_leave(struct bs_prefixes *p, struct bs_prefix *prefix)
{
	if (--prefix->count > 0)
		return;
	HASH_DEL(p->hash, prefix);
	free(prefix);
}

void
bs_prefixes_clear(struct bs_prefixes *p)
{
	struct bs_prefix *prefix, *next;

	HASH_ITER (hh, p->hash, prefix, next) {
		HASH_DEL(p->hash, prefix);
		free(prefix);
	}
}
