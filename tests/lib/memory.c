/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/memory.h"

#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "server/base/secret.h"

#define MAPPING_MAX ((uint64_t)256 << 20) /* larger ones are the sanitizer's own */

uint8_t
memory_canary_octet(size_t i)
{
	return (uint8_t)(0xa5 ^ i * 37);
}

unsigned
memory_count_canaries(const uint8_t *data, size_t len)
{
	unsigned found = 0;

	for (size_t at = 0; at + MEMORY_CANARY_LEN <= len; at++) {
		size_t i = 0;

		while (i < MEMORY_CANARY_LEN && data[at + i] == memory_canary_octet(i))
			i++;
		found += i == MEMORY_CANARY_LEN;
	}
	return found;
}

static uint8_t window[65536 + MEMORY_CANARY_LEN];

static unsigned
search_mapping(int mem, uint64_t from, uint64_t to)
{
	unsigned found = 0;

	while (from < to) {
		size_t want = to - from < sizeof(window) ? (size_t)(to - from) : sizeof(window);
		ssize_t n = pread(mem, window, want, (off_t)from);

		if (n <= 0)
			break;
		found += memory_count_canaries(window, (size_t)n);
		if ((size_t)n < want || want < sizeof(window))
			break;
		from += sizeof(window) - MEMORY_CANARY_LEN; /* overlap: counted twice at worst */
	}
	bs_wipe(window, sizeof(window)); /* what was found must not be found here next time */
	return found;
}

unsigned
memory_search(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int mem = open("/proc/self/mem", O_RDONLY);
	char line[512];
	unsigned found = 0;

	assert_non_null(maps);
	assert_true(mem >= 0);
	while (fgets(line, sizeof(line), maps) != NULL) {
		uint64_t from, to, own = (uint64_t)(uintptr_t)window;
		char mode[8];

		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[1] != 'w' || to - from > MAPPING_MAX)
			continue;
		if (own >= from && own < to) {
			found += search_mapping(mem, from, own);
			found += search_mapping(mem, own + sizeof(window), to);
		} else {
			found += search_mapping(mem, from, to);
		}
	}
	close(mem);
	fclose(maps);
	return found;
}
