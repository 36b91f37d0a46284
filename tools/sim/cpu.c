/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/cpu.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The start of a small file of /proc, as text. */
static bool
read_text(char *out, size_t max, const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n = f != NULL ? fread(out, 1, max - 1, f) : 0;

	out[n] = '\0';
	if (f != NULL)
		fclose(f);
	return n > 0;
}

static uint64_t
thread_ns(pid_t pid, const char *tid)
{
	char path[320], text[128];
	uint64_t ns = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, tid);
	if (!read_text(text, sizeof(text), path) || sscanf(text, "%" SCNu64, &ns) != 1)
		return 0;
	return ns;
}

/* Fields 14 and 15 of stat, behind a name that may hold anything but ends with the last parenthesis. */
static bool
ticks_ns(pid_t pid, uint64_t *out)
{
	char path[64], text[1024];
	unsigned long user = 0, kernel = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (!read_text(text, sizeof(text), path))
		return false;
	const char *at = strrchr(text, ')');
	if (at == NULL || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
		return false;
	*out = (uint64_t)(user + kernel) * 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	return true;
}

enum bs_err
sim_cpu_ns(pid_t pid, uint64_t *out)
{
	char path[64];
	const struct dirent *e;

	*out = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *d = opendir(path);
	if (d == NULL)
		return BS_EIO;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			*out += thread_ns(pid, e->d_name);
	closedir(d);
	return *out > 0 || ticks_ns(pid, out) ? BS_OK : BS_EIO;
}

enum bs_err
sim_cpu_rss(pid_t pid, uint64_t *out)
{
	char path[64], text[128];
	uint64_t pages;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	if (!read_text(text, sizeof(text), path) || sscanf(text, "%*u %" SCNu64, &pages) != 1)
		return BS_EIO;
	*out = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return BS_OK;
}
