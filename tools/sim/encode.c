/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/encode.h"

#include <stdlib.h>

#include "server/base/buf.h"
#include "tools/sim/decode.h"

static const struct {
	uint32_t format;
	enum bs_err (*encode)(const struct sim_view *view, struct bs_wr *w);
} formats[] = {
	{ SIM_FORMAT_TLV, sim_encode_tlv },
	{ SIM_FORMAT_SENML_JSON, sim_encode_senml_json },
	{ SIM_FORMAT_SENML_CBOR, sim_encode_senml_cbor },
	{ SIM_FORMAT_LWM2M_CBOR, sim_encode_lwm2m_cbor },
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

bool
sim_encode_knows(uint32_t format)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (formats[i].format == format)
			return true;
	return false;
}

/* A mark of an instance, whose IDs end earlier, comes before its resources. */
static uint64_t
rank(struct sim_path p)
{
	return (uint64_t)p.oid << 48 | (uint64_t)p.iid << 32 | (uint64_t)(uint16_t)(p.rid + 1u) << 16 |
	       (uint16_t)(p.riid + 1u);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = rank((*(const struct sim_value *const *)a)->path);
	uint64_t y = rank((*(const struct sim_value *const *)b)->path);

	return x < y ? -1 : x > y;
}

static enum bs_err
run(const struct sim_view *view, uint32_t format, char **out, size_t *out_len)
{
	char *data = malloc(SIM_ENCODE_MAX);
	struct bs_wr w = bs_wr_init(data, SIM_ENCODE_MAX);
	enum bs_err err = data != NULL ? BS_EUNSUPPORTED : BS_ENOMEM;

	for (size_t i = 0; i < FORMATS && data != NULL; i++)
		if (formats[i].format == format)
			err = formats[i].encode(view, &w);
	if (err == BS_OK)
		err = bs_wr_done(&w, out_len);
	if (err == BS_OK) {
		*out = data;
		data = NULL;
	}
	free(data);
	return err;
}

enum bs_err
sim_encode(const struct sim_store *s, struct sim_path target, uint32_t format, char **out, size_t *out_len)
{
	struct sim_view view = { .v = calloc(s->count + 1, sizeof(*view.v)), .target = target };
	enum bs_err err = BS_ENOMEM;

	if (view.v != NULL) {
		for (size_t i = 0; i < s->count; i++)
			if (sim_path_under(s->v[i].path, target))
				view.v[view.count++] = &s->v[i];
		qsort(view.v, view.count, sizeof(*view.v), compare);
		err = run(&view, format, out, out_len);
	}
	free(view.v);
	return err;
}
