/* SPDX-License-Identifier: Apache-2.0 */
/* What a device answers to a Bootstrap-Read, as TLV. */
#include "server/content/format.h"
#include "tests/lib/fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_decode(BS_CF_TLV, data, len);
	return 0;
}
