/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake's questions, answered from the store. */
#include <string.h>

#include "server/base/clock.h"
#include "server/net/worker_internal.h"

/*
 * BS_ELIMIT for one that came too often: that costs it the handshake before the costly part. One that is disabled is turned
 * away anyway, in its own words.
 */
static enum bs_err
limit(struct bs_worker *w, const struct bs_found *found)
{
	bool over = found->enabled && bs_device_table_is_over(w->shared->devices, bs_clock_ms(), found->device_id);

	return over ? BS_ELIMIT : BS_OK;
}

/* Anything but an answer is a passing problem to the handshake; it is counted here, where the reason is known. */
static enum bs_err
settle(struct bs_worker *w, uint64_t began_us, enum bs_err err, const struct bs_found *found, struct bs_found *out)
{
	bs_histogram_add_us(&w->stats.look_up, bs_clock_us() - began_us);
	if (err == BS_OK) {
		*out = *found;
		return limit(w, found);
	}
	if (err == BS_ENOTFOUND)
		return err;
	bs_worker_store_refused(w, "look-up", err, found->device_id, found->endpoint);
	return BS_EBUSY;
}

static enum bs_err
look_up_psk(void *arg, const struct bs_addr *from, const uint8_t *identity, size_t len, struct bs_psk_match *out)
{
	struct bs_worker *w = arg;
	uint64_t began_us = bs_clock_us();
	struct bs_store *store = bs_worker_read(w);
	struct bs_found found = { 0 };
	enum bs_err err = BS_EBUSY;

	memset(out, 0, sizeof(*out));
	if (store != NULL)
		err = bs_store_find_psk(store, identity, len, &found, out->keys);
	err = settle(w, began_us, err, &found, &out->device);
	if (err == BS_OK && out->keys[1].len > 0)
		out->first = bs_device_table_psk_first(w->shared->devices, found.device_id, from);
	return err;
}

static enum bs_err
look_up_raw_key(void *arg, const uint8_t *spki, size_t len, struct bs_found *out)
{
	struct bs_worker *w = arg;
	uint64_t began_us = bs_clock_us();
	struct bs_store *store = bs_worker_read(w);
	struct bs_found found = { .device_id = 0 };

	return settle(
		w, began_us, store != NULL ? bs_store_find_raw_key(store, spki, len, &found) : BS_EBUSY, &found, out);
}

static enum bs_err
look_up_certificate(void *arg, const uint8_t *der, size_t len, struct bs_found *out)
{
	struct bs_worker *w = arg;
	uint64_t began_us = bs_clock_us();
	struct bs_store *store = bs_worker_read(w);
	struct bs_found found = { .device_id = 0 };

	return settle(w, began_us, store != NULL ? bs_store_find_certificate(store, der, len, &found) : BS_EBUSY,
		&found, out);
}

static enum bs_err
look_up_name(void *arg, const char *name, const uint8_t anchor_sha256[32], struct bs_found *out)
{
	struct bs_worker *w = arg;
	uint64_t began_us = bs_clock_us();
	struct bs_store *store = bs_worker_read(w);
	struct bs_found found = { .device_id = 0 };

	return settle(w, began_us, store != NULL ? bs_store_find_name(store, name, anchor_sha256, &found) : BS_EBUSY,
		&found, out);
}

const struct bs_credential_lookup bs_worker_lookup = {
	.psk = look_up_psk,
	.raw_key = look_up_raw_key,
	.certificate = look_up_certificate,
	.name = look_up_name,
};
