/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated LwM2M clients: see lwm2m-bootstrap-sim.1. Arguments in, one fleet run, exit status out. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "tools/sim_fleet.h"
#include "tools/sim_report.h"

enum {
	OPT_SERVER = 256,
	OPT_CSV,
	OPT_ENDPOINT,
	OPT_ALL,
	OPT_PCT,
	OPT_NO_PCT,
	OPT_SUITE,
	OPT_PUBLIC_KEY,
	OPT_CA,
	OPT_CERT,
	OPT_KEY_DIR,
	OPT_LWM2M,
	OPT_PRINT,
	OPT_JSON,
	OPT_OUTPUT,
	OPT_TIMEOUT,
	OPT_MISBEHAVE,
	OPT_QUIET,
	OPT_BS_INSTANCE,
	OPT_STALE,
	OPT_REPOSITORY,
	OPT_OBJECT,
	OPT_BLOCK,
	OPT_MAX_FRAGMENT,
	OPT_LINGER,
	OPT_ACK_TIMEOUT,
	OPT_RATE,
	OPT_CONCURRENCY,
	OPT_HELP,
	OPT_VERSION,
};

/* One row per option: feeds getopt and --help. */
static const struct row {
	const char *name;
	int id;
	const char *arg; /* NULL: takes none */
	const char *what;
} rows[] = {
	{ "server", OPT_SERVER, "HOST:PORT", "the Bootstrap-Server" },
	{ "csv", OPT_CSV, "FILE", "the import file that the devices are provisioned from" },
	{ "endpoint", OPT_ENDPOINT, "NAME", "a device of the file; may be repeated" },
	{ "all", OPT_ALL, NULL, "every device of the file" },
	{ "key-dir", OPT_KEY_DIR, "DIR", "NAME.key and NAME.pem (X.509), NAME-raw.key (raw public key)" },
	{ "server-public-key", OPT_PUBLIC_KEY, "FILE", "for raw keys: the server's public key, PEM" },
	{ "ca", OPT_CA, "FILE", "for X.509: trust anchors, PEM" },
	{ "server-cert", OPT_CERT, "FILE", "for X.509: the server's certificate itself, PEM" },
	{ "suite", OPT_SUITE, "LIST", "ciphersuites by OpenSSL's names" },
	{ "lwm2m", OPT_LWM2M, "1.0|1.1", "version the device speaks (1.1)" },
	{ "pct", OPT_PCT, "N", "preferred Content-Format (112 with 1.1)" },
	{ "no-pct", OPT_NO_PCT, NULL, "prefer none" },
	{ "bs-instance", OPT_BS_INSTANCE, "N", "instance of the device's own account in Object 0 (0)" },
	{ "stale", OPT_STALE, NULL, "begin with an outdated server account" },
	{ "repository", OPT_REPOSITORY, NULL, "a Security instance may stand without Short Server ID" },
	{ "object", OPT_OBJECT, "N", "an object the device has besides 0, 1, 2, 3 and 21; may be repeated" },
	{ "block", OPT_BLOCK, "N", "largest block, 16 to 1024 (1024)" },
	{ "max-fragment", OPT_MAX_FRAGMENT, "N", "largest DTLS record to ask for, 512 to 4096 (none)" },
	{ "timeout", OPT_TIMEOUT, "S", "seconds for a whole run (60)" },
	{ "ack-timeout", OPT_ACK_TIMEOUT, "MS", "ACK_TIMEOUT of the Bootstrap-Request (2000)" },
	{ "linger", OPT_LINGER, "MS", "wait for a repeated Finish (200)" },
	{ "rate", OPT_RATE, "N", "devices started per second (no limit)" },
	{ "concurrency", OPT_CONCURRENCY, "N", "devices alive at once (no limit)" },
	{ "misbehave", OPT_MISBEHAVE, "KIND[@STEP]", "what to do wrong: see below" },
	{ "print", OPT_PRINT, NULL, "tell the progress, and what each device received (keys masked)" },
	{ "json", OPT_JSON, NULL, "one line of JSON per device, with full values" },
	{ "output", OPT_OUTPUT, "FILE", "write the JSON there (mode 0600) instead of to standard output" },
	{ "quiet", OPT_QUIET, NULL, "no summary" },
	{ "version", OPT_VERSION, NULL, "print the version" },
	{ "help", OPT_HELP, NULL, "print this" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct args {
	const char *server, *csv, *key_dir, *output;
	const char **endpoints;
	size_t endpoint_count;
	bool all, print, json, quiet, pct_given;
	struct sim_dtls_conf dtls;
	struct sim_conf conf;
	unsigned rate, concurrency;
	FILE *json_to;
	enum bs_err report_err;
};

static void
usage(FILE *to)
{
	fputs("usage: lwm2m-bootstrap-sim --server HOST:PORT --csv FILE (--endpoint NAME.. | --all) [OPTION..]\n", to);
	for (size_t i = 0; i < ROWS; i++) {
		char left[48];
		snprintf(left, sizeof(left), "--%s %s", rows[i].name, rows[i].arg != NULL ? rows[i].arg : "");
		fprintf(to, "  %-30s %s\n", left, rows[i].what);
	}
	fputs("KIND of --misbehave:\n", to);
	sim_fault_list(to);
}

static bool
number(const char *text, unsigned long least, unsigned long most, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && *out >= least && *out <= most;
}

/* HOST:PORT by the resolver; brackets around an IPv6 address. */
static bool
resolve(const char *text, struct bs_addr *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *found = NULL;
	const char *colon = strrchr(text, ':');
	char host[256];

	if (bs_addr_parse(text, out) == BS_OK)
		return true;
	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return false;
	bs_addr_set(out, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return out->len > 0;
}

static bool
set_block(struct sim_conf *conf, unsigned long n)
{
	for (uint8_t szx = 0; szx <= 6; szx++)
		if (n == 1ul << (szx + 4)) {
			conf->block_szx = szx;
			return true;
		}
	return false;
}

static bool
add_endpoint(struct args *a, const char *name)
{
	const char **grown = realloc(a->endpoints, (a->endpoint_count + 1) * sizeof(*grown));

	if (grown == NULL)
		return false;
	a->endpoints = grown;
	a->endpoints[a->endpoint_count++] = name;
	return true;
}

static bool
take_number(struct args *a, int id, const char *text)
{
	struct sim_conf *conf = &a->conf;
	unsigned long n;

	if (!number(text, 0, 1000000, &n))
		return false;
	switch (id) {
	case OPT_PCT:
		conf->pct = (int)n;
		a->pct_given = true;
		return n <= 65535;
	case OPT_BS_INSTANCE:
		conf->bs_iid = (uint16_t)n;
		return n < SIM_NONE;
	case OPT_OBJECT:
		if (n >= SIM_NONE || conf->extra_count == SIM_EXTRA_OBJECTS)
			return false;
		conf->extra[conf->extra_count++] = (uint16_t)n;
		return true;
	case OPT_BLOCK:
		return set_block(conf, n);
	case OPT_MAX_FRAGMENT:
		while (a->dtls.max_fragment < 4 && 256ul << (a->dtls.max_fragment + 1) <= n)
			a->dtls.max_fragment++;
		return a->dtls.max_fragment > 0 && n == 256ul << a->dtls.max_fragment;
	case OPT_TIMEOUT:
		conf->timeout_ms = n * 1000;
		return n > 0;
	case OPT_ACK_TIMEOUT:
		conf->ack_timeout_ms = n;
		return n > 0;
	case OPT_LINGER:
		conf->linger_ms = n;
		return true;
	case OPT_RATE:
		a->rate = (unsigned)n;
		return true;
	case OPT_CONCURRENCY:
		a->concurrency = (unsigned)n;
		return true;
	}
	return false;
}

static bool
take_flag(struct args *a, int id)
{
	bool *flags[] = { [OPT_ALL - OPT_SERVER] = &a->all,
		[OPT_PRINT - OPT_SERVER] = &a->print,
		[OPT_JSON - OPT_SERVER] = &a->json,
		[OPT_QUIET - OPT_SERVER] = &a->quiet,
		[OPT_STALE - OPT_SERVER] = &a->conf.stale,
		[OPT_REPOSITORY - OPT_SERVER] = &a->conf.repository_ok };

	if (id == OPT_NO_PCT) {
		a->conf.pct = -1;
		a->pct_given = true;
		return true;
	}
	*flags[id - OPT_SERVER] = true;
	return true;
}

static bool
take_option(struct args *a, int id, const char *arg)
{
	const char **texts[] = { [OPT_SERVER - OPT_SERVER] = &a->server,
		[OPT_CSV - OPT_SERVER] = &a->csv,
		[OPT_KEY_DIR - OPT_SERVER] = &a->key_dir,
		[OPT_OUTPUT - OPT_SERVER] = &a->output,
		[OPT_SUITE - OPT_SERVER] = &a->dtls.suite,
		[OPT_PUBLIC_KEY - OPT_SERVER] = &a->dtls.server_public_key,
		[OPT_CA - OPT_SERVER] = &a->dtls.ca,
		[OPT_CERT - OPT_SERVER] = &a->dtls.server_cert };
	size_t i = (size_t)(id - OPT_SERVER);

	if (arg == NULL)
		return take_flag(a, id);
	if (id == OPT_ENDPOINT)
		return add_endpoint(a, arg);
	if (id == OPT_MISBEHAVE)
		return sim_fault_parse(arg, &a->conf.fault);
	if (id == OPT_LWM2M) {
		a->conf.version = strcmp(arg, "1.0") == 0 ? SIM_LWM2M_1_0 : SIM_LWM2M_1_1;
		return strcmp(arg, "1.0") == 0 || strcmp(arg, "1.1") == 0;
	}
	if (i < sizeof(texts) / sizeof(texts[0]) && texts[i] != NULL) {
		*texts[i] = arg;
		return true;
	}
	return take_number(a, id, arg);
}

/* 0: go on; otherwise exit with status - 1. */
static int
parse(int argc, char **argv, struct args *a)
{
	struct option longs[ROWS + 1] = { 0 };
	int id, at = 0;

	for (size_t i = 0; i < ROWS; i++)
		longs[i] = (struct option){ rows[i].name, rows[i].arg != NULL ? required_argument : no_argument, NULL,
			rows[i].id };
	while ((id = getopt_long(argc, argv, "", longs, &at)) != -1) {
		if (id == OPT_HELP) {
			usage(stdout);
			return 1;
		}
		if (id == OPT_VERSION) {
			printf("lwm2m-bootstrap-sim %s, %s\n", BS_VERSION, OpenSSL_version(OPENSSL_VERSION));
			return 1;
		}
		if (id == '?' || !take_option(a, id, optarg)) {
			if (id != '?')
				fprintf(stderr, "--%s: not possible: '%s'\n", longs[at].name,
					optarg != NULL ? optarg : "");
			return 3;
		}
	}
	if (optind != argc || a->server == NULL || a->csv == NULL || (a->all == (a->endpoint_count > 0))) {
		usage(stderr);
		return 3;
	}
	if (!resolve(a->server, &a->conf.server)) {
		fprintf(stderr, "--server: no address for '%s'\n", a->server);
		return 3;
	}
	return 0;
}

static void
on_say(void *arg, const struct sim_client *c, const char *text)
{
	(void)arg;
	printf("%s: %s\n", c->endpoint, text);
	fflush(stdout);
}

static void
on_ended(void *arg, const struct sim_client *c, uint64_t took_ms)
{
	struct args *a = arg;

	if (a->print)
		sim_report_print(c, stdout);
	else if (!a->quiet && c->result != SIM_DONE)
		fprintf(stderr, "%s: %s%s%s\n", c->endpoint, sim_result_word(c->result), *c->detail != '\0' ? ": " : "",
			c->detail);
	if (a->json && a->report_err == BS_OK)
		a->report_err = sim_report_json(c, took_ms, a->json_to);
}

/* The rows to run, in the order asked for. NULL: told already. */
static const struct sim_row **
choose(const struct args *a, const struct sim_rows *csv, size_t *count)
{
	*count = a->all ? csv->count : a->endpoint_count;
	const struct sim_row **rows_out = calloc(*count + 1, sizeof(*rows_out));

	for (size_t i = 0; i < *count && rows_out != NULL; i++) {
		rows_out[i] = a->all ? &csv->v[i] : sim_rows_find(csv, a->endpoints[i]);
		if (rows_out[i] == NULL) {
			fprintf(stderr, "%s: no device '%s'\n", a->csv, a->endpoints[i]);
			free(rows_out);
			return NULL;
		}
	}
	return rows_out;
}

static int
run(struct args *a, const struct sim_rows *csv, const struct sim_dtls *dtls)
{
	struct sim_fleet_conf fleet = { .client = &a->conf,
		.key_dir = a->key_dir,
		.concurrency = a->concurrency,
		.rate = a->rate,
		.ended = on_ended,
		.ended_arg = a };
	struct sim_fleet_result result;
	size_t count = 0;
	const struct sim_row **chosen = choose(a, csv, &count);

	if (chosen == NULL)
		return 2;
	a->conf.dtls = dtls;
	enum bs_err err = sim_fleet_run(&fleet, chosen, count, &result);
	free(chosen);
	if (err == BS_OK)
		err = a->report_err;
	if (err != BS_OK)
		fprintf(stderr, "lwm2m-bootstrap-sim: %s\n", bs_strerror(err));
	else if (!a->quiet && !a->json)
		printf("%zu done, %zu failed\n", result.done, result.failed);
	return err == BS_OK && result.failed == 0 && result.done == count && count > 0 ? 0 : 1;
}

static bool
open_output(struct args *a)
{
	int fd;

	a->json_to = stdout;
	if (a->output == NULL)
		return true;
	a->json = true;
	fd = open(a->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && fchmod(fd, 0600) == 0)
		a->json_to = fdopen(fd, "w");
	else
		a->json_to = NULL;
	if (a->json_to == NULL)
		fprintf(stderr, "%s: %s\n", a->output, strerror(errno));
	return a->json_to != NULL;
}

int
main(int argc, char **argv)
{
	struct args a = { .conf = { .version = SIM_LWM2M_1_1,
				  .pct = SIM_FORMAT_SENML_CBOR,
				  .block_szx = 6,
				  .timeout_ms = 60000,
				  .ack_timeout_ms = 2000,
				  .linger_ms = 200 } };
	struct sim_rows csv = { .v = NULL };
	struct sim_dtls dtls = { .server_key = NULL };
	struct bs_diag diag = { 0 };
	int status = parse(argc, argv, &a);

	if (status == 0) {
		if (!a.pct_given && a.conf.version == SIM_LWM2M_1_0)
			a.conf.pct = -1;
		a.conf.server_text = a.server;
		a.conf.say = a.print ? on_say : NULL;
		if (sim_csv_load(a.csv, &csv, &diag) != BS_OK)
			fprintf(stderr, "%s: line %u: %s\n", a.csv, diag.line, diag.text), status = 3;
		else if (sim_dtls_init(&dtls, &a.dtls, &diag) != BS_OK)
			fprintf(stderr, "lwm2m-bootstrap-sim: %s\n", diag.text), status = 3;
		else if (!open_output(&a))
			status = 3;
		else
			status = run(&a, &csv, &dtls) + 1;
	}
	if (a.json_to != NULL && a.json_to != stdout && fclose(a.json_to) != 0 && status == 1)
		status = 2;
	sim_dtls_clear(&dtls);
	sim_rows_clear(&csv);
	free(a.endpoints);
	return status - 1;
}
