/* SPDX-License-Identifier: Apache-2.0 */
#include "server/coap/dedup.h"

#include <stdlib.h>

#include "server/base/clock.h"
#include "server/base/secret.h"

void
bs_dedup_init(struct bs_dedup *d)
{
	STAILQ_INIT(&d->entries);
	d->count = 0;
}

void
bs_dedup_remove(struct bs_dedup *d, struct bs_dedup_entry *e)
{
	STAILQ_REMOVE(&d->entries, e, bs_dedup_entry, link);
	d->count--;
	if (e->answer != NULL)
		bs_wipe(e->answer, e->answer_len);
	free(e->answer);
	free(e);
}

void
bs_dedup_clear(struct bs_dedup *d)
{
	while (!STAILQ_EMPTY(&d->entries))
		bs_dedup_remove(d, STAILQ_FIRST(&d->entries));
}

void
bs_dedup_expire(struct bs_dedup *d, uint64_t now_ms)
{
	struct bs_dedup_entry *e = STAILQ_FIRST(&d->entries);

	/* The lifetimes of CON and NON differ, so the oldest need not be the first to go. */
	while (e != NULL) {
		struct bs_dedup_entry *next = STAILQ_NEXT(e, link);

		if (now_ms >= e->expires_ms)
			bs_dedup_remove(d, e);
		e = next;
	}
}

struct bs_dedup_entry *
bs_dedup_find(struct bs_dedup *d, uint64_t now_ms, uint16_t id)
{
	struct bs_dedup_entry *e;

	bs_dedup_expire(d, now_ms);
	STAILQ_FOREACH (e, &d->entries, link)
		if (e->ref.id == id)
			return e;
	return NULL;
}

struct bs_dedup_entry *
bs_dedup_add(struct bs_dedup *d, uint64_t now_ms, const struct bs_request_ref *ref)
{
	struct bs_dedup_entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	if (d->count == BS_DEDUP_MAX)
		bs_dedup_remove(d, STAILQ_FIRST(&d->entries));
	e->ref = *ref;
	e->expires_ms = now_ms + (ref->type == BS_CON ? BS_EXCHANGE_LIFETIME_MS : BS_NON_LIFETIME_MS);
	STAILQ_INSERT_TAIL(&d->entries, e, link);
	d->count++;
	return e;
}

uint64_t
bs_dedup_next_wipe_ms(const struct bs_dedup *d)
{
	const struct bs_dedup_entry *e;
	uint64_t next = BS_NEVER;

	STAILQ_FOREACH (e, &d->entries, link)
		if (e->has_payload && e->answer != NULL && e->expires_ms < next)
			next = e->expires_ms;
	return next;
}
