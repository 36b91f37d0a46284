/* SPDX-License-Identifier: Apache-2.0 */
/* Object models come from makers of devices: any octets. What is read is bounded, in order and UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"
#include "server/model/ddf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_resource(const struct bs_model_resource *r)
{
	struct bs_value v = { .type = r->type };

	if (r->rid == 65535 || r->name[0] == '\0' || !bs_utf8_valid(r->name, strlen(r->name)) ||
		!bs_utf8_valid(r->range, strlen(r->range)) || !bs_utf8_valid(r->units, strlen(r->units)))
		abort();
	/* What is not known is not enforced. */
	if (bs_model_check(1, r, &v, NULL) != BS_OK && !bs_model_range_known(r))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bs_model m;
	struct bs_diag diag = { 0 };

	if (bs_ddf_parse(data, len, &m, &diag) != BS_OK) {
		if (m.resources != NULL || m.count != 0 || diag.text[0] == '\0')
			abort();
		return 0;
	}
	if (m.oid == 65535 || m.name[0] == '\0' || m.count > BS_DDF_RESOURCES_MAX)
		abort();
	for (size_t i = 0; i < m.count; i++) {
		check_resource(&m.resources[i]);
		if (i > 0 && m.resources[i - 1].rid >= m.resources[i].rid)
			abort();
	}
	bs_model_clear(&m);
	return 0;
}
