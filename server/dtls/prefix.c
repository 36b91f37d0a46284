/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/prefix.h"

#include <stdlib.h>
#include <string.h>

#include "server/base/hash.h"

#define KEY_LEN (8 + BS_PREFIX_KEY_LEN)

struct bs_prefix {
	uint8_t key[KEY_LEN];
	enum bs_prefix_level level;
	uint32_t count;
	bool known;
	struct bs_bag bag;
	UT_hash_handle hh;
};

void
bs_prefix_key(const struct bs_addr *a, enum bs_prefix_level level, uint8_t key[BS_PREFIX_KEY_LEN])
{
	static const size_t octets4[] = { 2, 3, 4 }, octets6[] = { 4, 7, 8 };
	uint8_t host[16];
	size_t len = bs_addr_host_key(a, host);

	memset(key, 0, BS_PREFIX_KEY_LEN);
	key[0] = (uint8_t)level;
	key[1] = (uint8_t)len;
	if (len > 0)
		memcpy(key + 2, host, len == 4 ? octets4[level] : octets6[level]);
}

static struct bs_prefix *
find(const struct bs_prefixes *p, const struct bs_addr *a, enum bs_prefix_level level, uint8_t key[KEY_LEN])
{
	struct bs_prefix *found = NULL;

	memcpy(key, p->seed, sizeof(p->seed));
	bs_prefix_key(a, level, key + sizeof(p->seed));
	HASH_FIND(hh, p->hash, key, KEY_LEN, found);
	return found;
}

void
bs_prefixes_find(const struct bs_prefixes *p, const struct bs_addr *a, struct bs_prefix_path *out)
{
	uint8_t key[KEY_LEN];

	for (unsigned i = 0; i < BS_PREFIX_LEVELS; i++)
		out->at[i] = find(p, a, (enum bs_prefix_level)i, key);
}

uint32_t
bs_prefix_count(const struct bs_prefix *prefix)
{
	return prefix != NULL ? prefix->count : 0;
}

struct bs_bag *
bs_prefix_bag(struct bs_prefix *prefix)
{
	return &prefix->bag;
}

void
bs_prefix_set_known(struct bs_prefix *prefix)
{
	prefix->known = true;
}

bool
bs_prefix_is_known(const struct bs_prefix *prefix)
{
	return prefix->known;
}

uint32_t
bs_prefixes_most(const struct bs_prefixes *p)
{
	uint32_t most = 0;

	/* cppcheck-suppress uninitvar ; it does not look into the macros of uthash */
	for (const struct bs_prefix *prefix = p->hash; prefix != NULL; prefix = prefix->hh.next)
		if (prefix->level == BS_PREFIX_NETWORK && prefix->count > most)
			most = prefix->count;
	return most;
}

static struct bs_prefix *
enter_level(struct bs_prefixes *p, const struct bs_addr *a, enum bs_prefix_level level)
{
	uint8_t key[KEY_LEN];
	struct bs_prefix *prefix = find(p, a, level, key);

	if (prefix == NULL) {
		prefix = calloc(1, sizeof(*prefix));
		if (prefix == NULL)
			return NULL;
		memcpy(prefix->key, key, KEY_LEN);
		prefix->level = level;
		HASH_ADD(hh, p->hash, key, KEY_LEN, prefix);
		if (!bs_hash_added(hh, prefix)) {
			free(prefix);
			return NULL;
		}
	}
	prefix->count++;
	return prefix;
}

enum bs_err
bs_prefixes_enter(struct bs_prefixes *p, const struct bs_addr *a, struct bs_prefix_path *out)
{
	*out = (struct bs_prefix_path){ 0 };
	for (unsigned i = 0; i < BS_PREFIX_LEVELS; i++) {
		out->at[i] = enter_level(p, a, (enum bs_prefix_level)i);
		if (out->at[i] == NULL) {
			bs_prefixes_leave(p, out);
			return BS_ENOMEM;
		}
	}
	return BS_OK;
}

static void
remove_prefix(struct bs_prefixes *p, struct bs_prefix *prefix)
{
	HASH_DEL(p->hash, prefix);
	bs_bag_clear(&prefix->bag);
	free(prefix);
}

void
bs_prefixes_leave(struct bs_prefixes *p, struct bs_prefix_path *standing)
{
	for (unsigned i = 0; i < BS_PREFIX_LEVELS; i++)
		if (standing->at[i] != NULL && --standing->at[i]->count == 0)
			remove_prefix(p, standing->at[i]);
	*standing = (struct bs_prefix_path){ 0 };
}

void
bs_prefixes_clear(struct bs_prefixes *p)
{
	struct bs_prefix *prefix, *next;

	HASH_ITER (hh, p->hash, prefix, next)
		remove_prefix(p, prefix);
}
