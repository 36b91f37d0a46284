/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated LwM2M clients: see lwm2m-bootstrap-sim.1. Arguments in, one fleet run, exit status out. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/terminal.h"
#include "tools/sim/args.h"
#include "tools/sim/cpu.h"
#include "tools/sim/factory.h"
#include "tools/sim/fleet.h"
#include "tools/sim/holds.h"
#include "tools/sim/report.h"
#include "tools/sim/tally.h"

#define FILES_KEPT 64 /* file descriptors for other things than clients */
#define SETTLE_MS 300 /* the server's journal writes what happened a little later: that is part of the cost */

struct run {
	const struct sim_args *args;
	struct sim_tally tally;
	FILE *json_to; /* NULL: no line per device */
	enum bs_err err; /* the first one of reporting */
};

static void
on_say(void *arg, const struct sim_client *c, const char *text)
{
	(void)arg;
	printf("%s: %s\n", c->endpoint, text);
	fflush(stdout);
}

static void
keep_error(struct run *r, enum bs_err err)
{
	if (r->err == BS_OK)
		r->err = err;
}

static void
on_ended(void *arg, const struct sim_client *c, uint64_t took_ms)
{
	struct run *r = arg;

	keep_error(r, sim_tally_add(&r->tally, c));
	if (r->args->print)
		sim_report_print(c, stdout);
	else if (!r->args->quiet && c->result != SIM_DONE)
		fprintf(stderr, "%s: %s%s%s\n", c->endpoint, sim_result_word(c->result), *c->detail != '\0' ? ": " : "",
			c->detail);
	if (r->json_to != NULL && r->err == BS_OK)
		keep_error(r, sim_report_json(c, took_ms, r->json_to));
}

static void
on_progress(void *arg, size_t started, size_t alive, size_t ended)
{
	(void)arg;
	fprintf(bs_terminal_raw(stderr), "\r%zu started, %zu alive, %zu ended ", started, alive, ended);
}

static bool
is_chosen(const struct sim_args *a, const struct sim_row *row)
{
	return a->mode == NULL || strcmp(a->mode, row->mode) == 0;
}

/* Devices by name, in the order asked for. False: told already. */
static bool
choose_named(const struct sim_args *a, const struct sim_rows *csv, const struct sim_row **out, size_t *count)
{
	for (size_t i = 0; i < a->endpoint_count; i++) {
		out[*count] = sim_rows_find(csv, a->endpoints[i]);
		if (out[*count] == NULL) {
			fprintf(stderr, "%s: no device '%s'\n", a->csv, a->endpoints[i]);
			return false;
		}
		*count += is_chosen(a, out[*count]);
	}
	return true;
}

/* The rows to run. NULL: told already. */
static const struct sim_row **
choose(const struct sim_args *a, const struct sim_rows *csv, size_t *count)
{
	size_t most = a->devices > 0 ? a->devices : csv->count;
	const struct sim_row **out = calloc(csv->count + a->endpoint_count + 1, sizeof(*out));

	*count = 0;
	if (out == NULL)
		return NULL;
	if (!a->all && !choose_named(a, csv, out, count)) {
		free(out);
		return NULL;
	}
	for (size_t i = 0; a->all && i < csv->count && *count < most; i++)
		if (is_chosen(a, &csv->v[i]))
			out[(*count)++] = &csv->v[i];
	if (*count < a->devices)
		fprintf(stderr, "%s: %zu such devices only\n", a->csv, *count);
	return out;
}

/* Each client has a socket: no more at once than there may be open files. */
static unsigned
concurrency_of(const struct sim_args *a, size_t count)
{
	struct rlimit lim = { 0 };

	if (getrlimit(RLIMIT_NOFILE, &lim) != 0)
		return a->concurrency;
	lim.rlim_cur = lim.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &lim);
	rlim_t most = lim.rlim_cur > FILES_KEPT ? lim.rlim_cur - FILES_KEPT : 1;
	size_t wanted = a->concurrency != 0 && a->concurrency < count ? a->concurrency : count;
	if (wanted <= most)
		return a->concurrency;
	fprintf(stderr, "lwm2m-bootstrap-sim: %ju devices at once: that many files may be open\n", (uintmax_t)most);
	return (unsigned)most;
}

static void
watch_server(const struct sim_args *a, struct sim_tally *t, bool after)
{
	uint64_t ns = 0;

	if (a->server_pid == 0)
		return;
	if (sim_cpu_ns(a->server_pid, &ns) != BS_OK ||
		sim_cpu_rss(a->server_pid, after ? &t->rss_after : &t->rss_before) != BS_OK) {
		fprintf(stderr, "--server-pid: no process %d\n", (int)a->server_pid);
		t->has_cpu = false;
		return;
	}
	t->cpu_ns = after ? ns - t->cpu_ns : ns;
	t->has_cpu = true;
}

static enum bs_err
run_fleet(struct run *r, const struct sim_row *const *rows, size_t count, struct sim_fleet_result *result)
{
	const struct sim_args *a = r->args;
	bool talk = isatty(STDERR_FILENO) && !a->quiet && !a->print;
	struct sim_fleet_conf fleet = { .client = &a->conf,
		.key_dir = a->key_dir,
		.concurrency = concurrency_of(a, count),
		.rate = a->rate,
		.ended = on_ended,
		.progress = talk ? on_progress : NULL,
		.arg = r };
	struct timespec settle = { .tv_nsec = SETTLE_MS * 1000000 };
	uint64_t start = bs_clock_ms();

	watch_server(a, &r->tally, false);
	enum bs_err err = sim_fleet_run(&fleet, rows, count, result);
	r->tally.wall_ms = bs_clock_ms() - start;
	if (talk)
		fputc('\n', stderr);
	if (r->tally.has_cpu) {
		nanosleep(&settle, NULL);
		watch_server(a, &r->tally, true);
	}
	return err == BS_OK ? r->err : err;
}

/* For people, a line; for a fleet, a page. */
static enum bs_err
summarize(struct run *r, const struct sim_fleet_result *result)
{
	const struct sim_args *a = r->args;
	FILE *to = stdout;

	if (a->summary != NULL) {
		if (strcmp(a->summary, "-") != 0)
			to = fopen(a->summary, "w");
		enum bs_err err = to != NULL ? sim_tally_json(&r->tally, to) : BS_EIO;
		if (to != NULL && to != stdout && fclose(to) != 0)
			err = BS_EIO;
		return err;
	}
	if (a->quiet || r->json_to != NULL)
		return BS_OK;
	printf("%zu done, %zu failed\n", result->done, result->failed);
	if (result->done + result->failed > 1 || a->server_pid != 0)
		sim_tally_print(&r->tally, stdout);
	return BS_OK;
}

/* One device, and no network. */
static int
run_factory(struct run *r, const struct sim_row *row)
{
	struct sim_client *c = sim_client_new(&r->args->conf, row, r->args->key_dir, 0);
	struct sim_verdict v = { 0 };
	enum sim_result result;

	if (c == NULL) {
		fprintf(stderr, "lwm2m-bootstrap-sim: %s\n", bs_strerror(BS_ENOMEM));
		return 1;
	}
	if (c->result != SIM_NO_CREDENTIAL) {
		c->result = sim_factory_take(&c->device, r->args->factory, &c->expectation, &v) ? SIM_DONE
												: SIM_WRONG_CONTENT;
		snprintf(c->detail, sizeof(c->detail), "%s", v.text);
	}
	on_ended(r, c, 0);
	result = c->result;
	sim_client_free(c);
	return result == SIM_DONE && r->err == BS_OK ? 0 : 1;
}

static int
run(struct run *r, const struct sim_rows *csv)
{
	struct sim_fleet_result result = { 0 };
	size_t count = 0;
	const struct sim_row **chosen = choose(r->args, csv, &count);

	if (chosen == NULL)
		return 2;
	if (r->args->factory != NULL) {
		int status = count == 1 ? run_factory(r, chosen[0]) : 2;

		free(chosen);
		return status;
	}
	enum bs_err err = run_fleet(r, chosen, count, &result);
	free(chosen);
	if (err == BS_OK)
		err = summarize(r, &result);
	if (err != BS_OK)
		fprintf(stderr, "lwm2m-bootstrap-sim: %s\n", bs_strerror(err));
	return err == BS_OK && result.failed == 0 && result.done == count && count > 0 ? 0 : 1;
}

/* Where the lines per device go. */
static bool
open_output(const struct sim_args *a, FILE **out)
{
	int fd;

	*out = a->json ? stdout : NULL;
	if (a->output == NULL)
		return true;
	fd = open(a->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	*out = fd >= 0 && fchmod(fd, 0600) == 0 ? fdopen(fd, "w") : NULL;
	if (*out == NULL)
		fprintf(stderr, "%s: %s\n", a->output, strerror(errno));
	return *out != NULL;
}

static int
load_and_run(struct sim_args *a)
{
	struct run r = { .args = a };
	struct sim_rows csv = { .v = NULL };
	struct sim_dtls dtls = { .server_key = NULL };
	struct sim_store holds = { .v = NULL };
	struct bs_diag diag = { 0 };
	int status = 2;

	a->conf.say = a->print ? on_say : NULL;
	a->conf.dtls = &dtls;
	a->conf.holds = &holds;
	if (sim_csv_load(a->csv, &csv, &diag) != BS_OK)
		fprintf(stderr, "%s: line %u: %s\n", a->csv, diag.line, diag.text);
	else if (a->holds != NULL && sim_holds_load(a->holds, a->conf.bs_iid, &holds, &diag) != BS_OK)
		fprintf(stderr, "%s: line %u: %s\n", a->holds, diag.line, diag.text);
	else if (sim_dtls_init(&dtls, &a->dtls, &diag) != BS_OK)
		fprintf(stderr, "lwm2m-bootstrap-sim: %s\n", diag.text);
	else if (open_output(a, &r.json_to))
		status = run(&r, &csv);
	if (r.json_to != NULL && r.json_to != stdout && fclose(r.json_to) != 0 && status == 0)
		status = 1;
	sim_tally_clear(&r.tally);
	sim_store_clear(&holds);
	sim_dtls_clear(&dtls);
	sim_rows_clear(&csv);
	return status;
}

int
main(int argc, char **argv)
{
	struct sim_args a;
	int status;

	if (bs_terminal_guard() != BS_OK) {
		fprintf(stderr, "lwm2m-bootstrap-sim: %s\n", bs_strerror(BS_ENOMEM));
		return EXIT_FAILURE;
	}
	status = sim_args_parse(argc, argv, &a);
	status = status == 0 ? load_and_run(&a) : status - 1;
	sim_args_clear(&a);
	return status;
}
