/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	struct bs_conf conf;
	struct bs_diag diag;

	if (text == NULL)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	if (bs_conf_read_text("fuzz", text, &conf, &diag) == BS_OK)
		bs_conf_clear(&conf);
	free(text);
	return 0;
}
