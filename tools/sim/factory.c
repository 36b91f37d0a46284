/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/factory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/buf.h"
#include "server/base/secret.h"

#define FILE_MAX 65536

/* ---- formats ----------------------------------------------------------------------------------------------------- */

/* Each object of a card is TLV behind a header of its own. */
static bool
decode_card(struct sim_decoder *d, const uint8_t *data, size_t len)
{
	struct bs_rd r = bs_rd_init(data, len);
	unsigned objects = bs_rd_u16(&r);
	size_t follow = bs_rd_u16(&r), end = r.pos + follow;

	for (unsigned i = 0; i < objects; i++) {
		const uint8_t *tlv;
		size_t n;

		d->target = (struct sim_path){ bs_rd_u16(&r), SIM_NONE, SIM_NONE, SIM_NONE };
		if (bs_rd_u8(&r) != 0)
			bs_rd_u8(&r);
		n = bs_rd_u16(&r);
		tlv = bs_rd_bytes(&r, n);
		if (r.err != BS_OK)
			return sim_decode_fail(d, d->target, "the card's file ends too early");
		if (!sim_decode_tlv(d, tlv, n))
			return false;
	}
	return r.pos == end ||
	       sim_decode_fail(d, d->target, "the card's file counts other octets than its objects have");
}

static const struct {
	const char *ending;
	bool (*decode)(struct sim_decoder *d, const uint8_t *data, size_t len);
} formats[] = {
	{ ".bin", decode_card },
	{ ".senml-cbor", sim_decode_senml_cbor },
	{ ".senml-json", sim_decode_senml_json },
	{ ".lwm2m-cbor", sim_decode_lwm2m_cbor },
};

static bool
ends_with(const char *file, const char *ending)
{
	size_t len = strlen(file), n = strlen(ending);

	return len >= n && strcmp(file + len - n, ending) == 0;
}

static bool
decode(struct sim_decoder *d, const char *file, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (ends_with(file, formats[i].ending))
			return formats[i].decode(d, data, len);
	return sim_decode_fail(d, d->target, "a file ends in .bin, .senml-cbor, .senml-json or .lwm2m-cbor");
}

static bool
load(struct sim_device *d, const char *file, struct sim_store *out, struct sim_verdict *v)
{
	const struct sim_path root = { SIM_NONE, SIM_NONE, SIM_NONE, SIM_NONE };
	struct sim_decoder dec = { .target = root, .version = d->version, .out = out, .why = v };
	uint8_t *data = malloc(FILE_MAX);
	FILE *in = data != NULL ? fopen(file, "re") : NULL;
	size_t len = in != NULL ? fread(data, 1, FILE_MAX, in) : 0;
	bool ok = in != NULL ? decode(&dec, file, data, len) : sim_refuse(v, SIM_NOT_FOUND, "%s cannot be read", file);

	if (in != NULL)
		fclose(in);
	if (data != NULL)
		bs_wipe(data, FILE_MAX);
	free(data);
	return ok;
}

/* ---- the device -------------------------------------------------------------------------------------------------- */

static uint16_t
find_own(const struct sim_store *s)
{
	for (uint16_t i = sim_store_next_instance(s, 0, 0); i != SIM_NONE; i = sim_store_next_instance(s, 0, i + 1u))
		if (sim_store_number(s, 0, i, 1, 0) == 1)
			return i;
	return SIM_NONE;
}

/* A credential of the file is the one that the device proves itself with; one that is not there is added by the maker. */
static bool
settle_own(struct sim_store *held, const struct sim_store *before, uint16_t was, uint16_t is, struct sim_verdict *v)
{
	static const uint16_t resources[] = { 3, 5 };

	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		struct sim_path at = { 0, is, resources[i], SIM_NONE };
		const struct sim_value *mine = sim_store_res(before, 0, was, resources[i]);
		const struct sim_value *given = sim_store_res(held, 0, is, resources[i]);

		if (mine == NULL)
			continue;
		if (given == NULL && sim_store_put_octets(held, at, SIM_OPAQUE, mine->data, mine->len) != BS_OK)
			return sim_refuse(v, SIM_SERVER_ERROR, "out of memory");
		if (given != NULL && (given->len != mine->len || memcmp(given->data, mine->data, mine->len) != 0))
			return sim_refuse(v, SIM_BAD_REQUEST, "/0/%u/%u: not what the device proves itself with", is,
				resources[i]);
	}
	return true;
}

static bool
replace(struct sim_device *d, struct sim_store *held, struct sim_verdict *v)
{
	uint16_t own = find_own(held);

	if (own == SIM_NONE)
		return sim_refuse(v, SIM_BAD_REQUEST, "no account leads to the Bootstrap-Server");
	if (!settle_own(held, &d->store, d->bs_iid, own, v))
		return false;
	if (sim_store_put_instance(held, 3, 0) != BS_OK || sim_store_copy(&d->store, held) != BS_OK)
		return sim_refuse(v, SIM_SERVER_ERROR, "out of memory");
	d->bs_iid = own;
	return true;
}

bool
sim_factory_take(struct sim_device *d, const char *file, const struct sim_expectation *expected, struct sim_verdict *v)
{
	struct sim_store held = { 0 };
	bool ok = load(d, file, &held, v) && replace(d, &held, v) && sim_check_consistent(d, v) &&
		  sim_expect_check(expected, d, v);

	sim_store_clear(&held);
	return ok;
}
