/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/recent.h"

#include <stdlib.h>
#include <string.h>

#include "server/base/hash.h"

#define KEY_LEN (8 + BS_RECENT_KEY_LEN)

/* uthash keeps them in the order in which they were added: the head is the oldest. */
struct bs_recent_entry {
	uint8_t key[KEY_LEN];
	uint8_t note[BS_RECENT_NOTE_LEN];
	uint64_t until_ms;
	UT_hash_handle hh;
};

static struct bs_recent_entry *
find(const struct bs_recent *r, const uint8_t *key, uint8_t full[KEY_LEN])
{
	struct bs_recent_entry *found = NULL;

	memcpy(full, r->seed, sizeof(r->seed));
	memcpy(full + sizeof(r->seed), key, BS_RECENT_KEY_LEN);
	HASH_FIND(hh, r->hash, full, KEY_LEN, found);
	return found;
}

static void
drop(struct bs_recent *r, struct bs_recent_entry *e)
{
	HASH_DEL(r->hash, e);
	free(e);
}

void
bs_recent_put(struct bs_recent *r, const uint8_t key[BS_RECENT_KEY_LEN], const uint8_t note[BS_RECENT_NOTE_LEN],
	uint64_t until_ms)
{
	uint8_t full[KEY_LEN];
	struct bs_recent_entry *e = find(r, key, full);

	if (e != NULL)
		HASH_DEL(r->hash, e);
	else if (r->hash != NULL && HASH_COUNT(r->hash) >= r->max)
		drop(r, r->hash);
	if (e == NULL)
		e = calloc(1, sizeof(*e));
	if (e == NULL)
		return;
	memcpy(e->key, full, KEY_LEN);
	memset(e->note, 0, sizeof(e->note));
	if (note != NULL)
		memcpy(e->note, note, sizeof(e->note));
	e->until_ms = until_ms;
	HASH_ADD(hh, r->hash, key, KEY_LEN, e);
	if (!bs_hash_added(hh, e))
		free(e);
}

const uint8_t *
bs_recent_find(struct bs_recent *r, uint64_t now_ms, const uint8_t key[BS_RECENT_KEY_LEN])
{
	uint8_t full[KEY_LEN];
	struct bs_recent_entry *e = r->hash != NULL ? find(r, key, full) : NULL;

	if (e != NULL && e->until_ms <= now_ms) {
		drop(r, e);
		e = NULL;
	}
	return e != NULL ? e->note : NULL;
}

uint32_t
bs_recent_count(const struct bs_recent *r)
{
	return r->hash != NULL ? HASH_COUNT(r->hash) : 0;
}

void
bs_recent_clear(struct bs_recent *r)
{
	while (r->hash != NULL)
		drop(r, r->hash);
}
