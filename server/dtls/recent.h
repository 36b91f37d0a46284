/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded memory: keys, each with a note and a time at which it is forgotten. When it is full the oldest goes first. */
#ifndef BS_DTLS_RECENT_H
#define BS_DTLS_RECENT_H

#include <stdint.h>

#define BS_RECENT_KEY_LEN 32
#define BS_RECENT_NOTE_LEN 32

struct bs_recent {
	struct bs_recent_entry *hash;
	uint32_t max; /* entries; about 150 octets each */
	uint8_t seed[8]; /* before each key, so that nobody can choose keys that collide */
};

/* Becomes the newest, also when it was there. note NULL: zeros. Without memory it is not remembered. */
void bs_recent_put(struct bs_recent *r, const uint8_t key[BS_RECENT_KEY_LEN], const uint8_t note[BS_RECENT_NOTE_LEN],
	uint64_t until_ms);
/* The note, borrowed until the next call; NULL: not there, or its time is over. */
const uint8_t *bs_recent_find(struct bs_recent *r, uint64_t now_ms, const uint8_t key[BS_RECENT_KEY_LEN]);
uint32_t bs_recent_count(const struct bs_recent *r); /* with those whose time is over and that nobody asked for */
void bs_recent_clear(struct bs_recent *r);

#endif
