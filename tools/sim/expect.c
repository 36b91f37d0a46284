/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/expect.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define REFUSE(v, ...) sim_refuse(v, SIM_NOT_ACCEPTABLE, __VA_ARGS__)

void
sim_expected_clear(struct sim_expected *e)
{
	free(e->psk_identity);
	bs_secret_clear(&e->psk);
	bs_secret_clear(&e->private_key);
	bs_blob_clear(&e->cert);
	e->psk_identity = NULL;
	e->server = NULL;
}

static bool
holds(const struct sim_device *d, uint16_t iid, uint16_t rid, const void *data, size_t len)
{
	const struct sim_value *got = sim_store_res(&d->store, 0, iid, rid);

	return got != NULL && got->len == len && (len == 0 || CRYPTO_memcmp(got->data, data, len) == 0);
}

/* The public half of a raw key is derived by the server: check.c sees that it belongs to the private one. */
static bool
matches(const struct sim_expected *e, const struct sim_device *d, uint16_t iid)
{
	int64_t mode = sim_store_number(&d->store, 0, iid, 2, -1);

	if (e->psk.len > 0) {
		const char *identity = e->psk_identity != NULL ? e->psk_identity : "";
		return mode == SIM_MODE_PSK && holds(d, iid, 5, e->psk.data, e->psk.len) &&
		       (*identity == '\0' || holds(d, iid, 3, identity, strlen(identity)));
	}
	if (e->cert.len > 0 && (mode != SIM_MODE_X509 || !holds(d, iid, 3, e->cert.data, e->cert.len)))
		return false;
	return e->private_key.len == 0 || holds(d, iid, 5, e->private_key.data, e->private_key.len);
}

static bool
is_server_account(const struct sim_device *d, uint16_t iid)
{
	return sim_store_number(&d->store, 0, iid, 1, 0) == 0;
}

/* Exactly one instance bears it. */
static bool
check_one(const struct sim_expected *e, const struct sim_device *d, struct sim_verdict *v)
{
	unsigned found = 0;

	for (uint16_t i = sim_store_next_instance(&d->store, 0, 0); i != SIM_NONE;
		i = sim_store_next_instance(&d->store, 0, i + 1u))
		found += is_server_account(d, i) && matches(e, d, i);
	return found == 1 || REFUSE(v, "%s: %u Security instances with the credential of the file", e->server, found);
}

static bool
check_uris(const char *uri, const struct sim_device *d, struct sim_verdict *v)
{
	for (uint16_t i = sim_store_next_instance(&d->store, 0, 0); i != SIM_NONE;
		i = sim_store_next_instance(&d->store, 0, i + 1u))
		if (is_server_account(d, i) && !holds(d, i, 0, uri, strlen(uri)))
			return REFUSE(v, "/0/%u: another server URI than expected", i);
	return true;
}

bool
sim_expect_check(const struct sim_expectation *x, const struct sim_device *d, struct sim_verdict *v)
{
	for (size_t i = 0; i < x->count; i++)
		if (!check_one(&x->v[i], d, v))
			return false;
	return x->uri == NULL || check_uris(x->uri, d, v);
}
