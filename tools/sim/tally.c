/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/tally.h"

#include <inttypes.h>
#include <stdlib.h>

#include <jansson.h>

static const unsigned percents[] = { 50, 90, 99, 100 };
static const char *const percent_names[] = { "p50", "p90", "p99", "max" };

#define PERCENTS (sizeof(percents) / sizeof(percents[0]))

enum bs_err
sim_tally_add(struct sim_tally *t, const struct sim_client *c)
{
	t->by_result[c->result]++;
	t->again_dtls += c->again_dtls;
	t->again_coap += c->again_coap;
	t->again_server += c->again_server;
	if (c->result != SIM_DONE)
		return BS_OK;
	if (t->done == t->room) {
		size_t room = t->room == 0 ? 64 : t->room * 2;
		uint32_t *grown = realloc(t->took_ms, room * sizeof(*grown));
		if (grown == NULL)
			return BS_ENOMEM;
		t->took_ms = grown;
		t->room = room;
	}
	t->took_ms[t->done++] = (uint32_t)(c->finished_ms - c->start_ms);
	return BS_OK;
}

void
sim_tally_clear(struct sim_tally *t)
{
	free(t->took_ms);
	*t = (struct sim_tally){ .took_ms = NULL };
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The nearest rank. */
uint32_t
sim_tally_percentile_ms(struct sim_tally *t, unsigned percent)
{
	if (t->done == 0)
		return 0;
	qsort(t->took_ms, t->done, sizeof(*t->took_ms), compare);
	size_t rank = (t->done * percent + 99) / 100;
	return t->took_ms[rank > 0 ? rank - 1 : 0];
}

static double
us_each(const struct sim_tally *t)
{
	return t->done > 0 ? (double)t->cpu_ns / 1e3 / (double)t->done : 0;
}

void
sim_tally_print(struct sim_tally *t, FILE *to)
{
	double seconds = (double)t->wall_ms / 1e3;

	fprintf(to, "%.1f s", seconds);
	if (seconds > 0)
		fprintf(to, ", %.0f done per second", (double)t->done / seconds);
	for (int r = 0; r < SIM_RESULT_COUNT; r++)
		if (t->by_result[r] > 0)
			fprintf(to, "; %s %zu", sim_result_word((enum sim_result)r), t->by_result[r]);
	fprintf(to, "\nfrom first datagram to Finish:");
	for (size_t i = 0; i < PERCENTS; i++)
		fprintf(to, " %s %" PRIu32 " ms", percent_names[i], sim_tally_percentile_ms(t, percents[i]));
	fprintf(to,
		"\nrepeated: %" PRIu64 " handshake flights, %" PRIu64 " requests of devices, %" PRIu64
		" requests of the server\n",
		t->again_dtls, t->again_coap, t->again_server);
	if (t->has_cpu)
		fprintf(to, "server: %.1f us of CPU per device done, resident %.1f MiB before and %.1f MiB after\n",
			us_each(t), (double)t->rss_before / 1048576, (double)t->rss_after / 1048576);
}

static json_t *
pack(struct sim_tally *t)
{
	json_t *results = json_object(), *took = json_object();

	for (int r = 0; r < SIM_RESULT_COUNT; r++)
		if (t->by_result[r] > 0)
			json_object_set_new(results, sim_result_word((enum sim_result)r),
				json_integer((json_int_t)t->by_result[r]));
	for (size_t i = 0; i < PERCENTS; i++)
		json_object_set_new(took, percent_names[i], json_integer(sim_tally_percentile_ms(t, percents[i])));
	json_t *j = json_pack("{s:I, s:o, s:o, s:{s:I, s:I, s:I}}", "wall_ms", (json_int_t)t->wall_ms, "results",
		results, "took_ms", took, "repeated", "handshake_flights", (json_int_t)t->again_dtls, "device_requests",
		(json_int_t)t->again_coap, "server_requests", (json_int_t)t->again_server);
	if (j != NULL && t->has_cpu)
		json_object_set_new(j, "server",
			json_pack("{s:f, s:I, s:I}", "cpu_us_per_done", us_each(t), "rss_before",
				(json_int_t)t->rss_before, "rss_after", (json_int_t)t->rss_after));
	return j;
}

enum bs_err
sim_tally_json(struct sim_tally *t, FILE *to)
{
	json_t *j = pack(t);
	enum bs_err err = j == NULL ? BS_ENOMEM : BS_OK;

	if (err == BS_OK && (json_dumpf(j, to, JSON_COMPACT | JSON_REAL_PRECISION(6)) != 0 || fputc('\n', to) == EOF ||
				    fflush(to) != 0))
		err = BS_EIO;
	json_decref(j);
	return err;
}
