/* SPDX-License-Identifier: Apache-2.0 */
/* A Bootstrap-Discover result comes from the device: any octets, up to the size that the exchange takes in. */
#include <stdlib.h>

#include "server/content/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct bs_discovered d;
	uint16_t iid;
	enum bs_err err = bs_link_parse(data, len, &d);

	if (d.count > BS_LINKS_MAX || (err != BS_OK && d.count != 0))
		abort();
	/* What was found is there, and has no Short Server ID. */
	if (bs_discovered_bootstrap_iid(&d, &iid) && !bs_discovered_has(&d, 0, iid))
		abort();
	return 0;
}
