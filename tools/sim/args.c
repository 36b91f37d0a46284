/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/args.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

enum {
	OPT_SERVER = 256,
	OPT_LISTEN,
	OPT_CSV,
	OPT_ENDPOINT,
	OPT_ALL,
	OPT_PCT,
	OPT_NO_PCT,
	OPT_PACK,
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
	OPT_FACTORY,
	OPT_HOLDS,
	OPT_NO_ACCESS_CONTROL,
	OPT_PATIENT,
	OPT_NO_BLOCK1,
	OPT_BLOCK,
	OPT_MAX_FRAGMENT,
	OPT_LINGER,
	OPT_ACK_TIMEOUT,
	OPT_RATE,
	OPT_CONCURRENCY,
	OPT_DEVICES,
	OPT_MODE,
	OPT_SOURCE,
	OPT_LOSS,
	OPT_DUPLICATE,
	OPT_REORDER,
	OPT_DELAY,
	OPT_SEED,
	OPT_URI,
	OPT_PATH,
	OPT_NO_CHECK,
	OPT_LEGACY_SERVER,
	OPT_SERVER_PID,
	OPT_SUMMARY,
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
	{ "listen", OPT_LISTEN, "ADDRESS:PORT",
		"wait here for the server to make contact; each further device takes the next port" },
	{ "csv", OPT_CSV, "FILE", "the import file that the devices are provisioned from" },
	{ "endpoint", OPT_ENDPOINT, "NAME", "a device of the file; may be repeated" },
	{ "all", OPT_ALL, NULL, "every device of the file" },
	{ "devices", OPT_DEVICES, "N", "the first N devices of the file" },
	{ "mode", OPT_MODE, "psk|rpk|x509", "only devices with this kind of credential" },
	{ "key-dir", OPT_KEY_DIR, "DIR", "NAME.key and NAME.pem (X.509), NAME-raw.key (raw public key)" },
	{ "server-public-key", OPT_PUBLIC_KEY, "FILE", "for raw keys: the server's public key, PEM" },
	{ "ca", OPT_CA, "FILE", "for X.509: trust anchors, PEM" },
	{ "server-cert", OPT_CERT, "FILE", "for X.509: the server's certificate itself, PEM" },
	{ "suite", OPT_SUITE, "LIST", "cipher suites, by their OpenSSL names" },
	{ "lwm2m", OPT_LWM2M, "1.0|1.1|1.2", "version the device speaks (1.1)" },
	{ "pct", OPT_PCT, "N", "preferred Content-Format: 110, 112, 11542, 11544 (112 from 1.1 on)" },
	{ "no-pct", OPT_NO_PCT, NULL, "prefer none" },
	{ "pack", OPT_PACK, NULL, "ask for a Bootstrap-Pack first, in the preferred Content-Format (LwM2M 1.2)" },
	{ "bs-instance", OPT_BS_INSTANCE, "N", "instance of the device's own account in Object 0 (0)" },
	{ "stale", OPT_STALE, NULL, "begin with an outdated server account" },
	{ "repository", OPT_REPOSITORY, NULL, "accept a Security instance without Short Server ID" },
	{ "object", OPT_OBJECT, "N", "an object the device has besides 0, 1, 2, 3 and 21; may be repeated" },
	{ "factory", OPT_FACTORY, "FILE", "no server: read and check this smartcard or factory file; one device" },
	{ "holds", OPT_HOLDS, "FILE", "instances the device starts with: objects as --json shows them" },
	{ "no-access-control", OPT_NO_ACCESS_CONTROL, NULL, "a device without Object 2" },
	{ "patient", OPT_PATIENT, NULL, "wait for more after a Finish that it does not accept" },
	{ "no-block1", OPT_NO_BLOCK1, "4.02|4.13|silent", "a device without Block1: how it answers it" },
	{ "block", OPT_BLOCK, "N", "largest block, 16 to 1024 (1024)" },
	{ "max-fragment", OPT_MAX_FRAGMENT, "N", "largest DTLS record to ask for, 512 to 4096 (none)" },
	{ "timeout", OPT_TIMEOUT, "S", "seconds for a run up to Finish (60)" },
	{ "ack-timeout", OPT_ACK_TIMEOUT, "MS", "ACK_TIMEOUT of the Bootstrap-Request (2000)" },
	{ "linger", OPT_LINGER, "MS", "wait for a repeated Finish (200)" },
	{ "rate", OPT_RATE, "N", "devices started per second (no limit)" },
	{ "concurrency", OPT_CONCURRENCY, "N", "devices alive at once (no limit)" },
	{ "misbehave", OPT_MISBEHAVE, "KIND[@STEP]", "what to do wrong: see below" },
	{ "source", OPT_SOURCE, "NET/BITS", "addresses to send from, in turns, such as 127.0.0.0/16" },
	{ "loss", OPT_LOSS, "PERCENT", "share of datagrams lost, in each direction" },
	{ "duplicate", OPT_DUPLICATE, "PERCENT", "share of datagrams that arrive twice" },
	{ "reorder", OPT_REORDER, "PERCENT", "share of datagrams held back, so that others overtake them" },
	{ "delay", OPT_DELAY, "MS", "one-way delay of each datagram" },
	{ "seed", OPT_SEED, "N", "seed of these faults, to repeat them (1)" },
	{ "path", OPT_PATH, "/PATH[?QUERY]", "of the device's bootstrap URI: both go into its request" },
	{ "uri", OPT_URI, "URI", "what the URI of each server account must be" },
	{ "no-check", OPT_NO_CHECK, NULL, "do not compare credentials received with the file" },
	{ "legacy-server", OPT_LEGACY_SERVER, NULL, "speak also to a server without renegotiation_info (RFC 5746)" },
	{ "server-pid", OPT_SERVER_PID, "PID", "a server process whose CPU and memory are read before and after" },
	{ "summary", OPT_SUMMARY, "FILE", "write the summary there as JSON (-: standard output)" },
	{ "print", OPT_PRINT, NULL, "print progress, and what each device received (keys masked)" },
	{ "json", OPT_JSON, NULL, "one line of JSON per device, with full values" },
	{ "output", OPT_OUTPUT, "FILE", "write the JSON there (mode 0600) instead of to standard output" },
	{ "quiet", OPT_QUIET, NULL, "no summary" },
	{ "version", OPT_VERSION, NULL, "print the version" },
	{ "help", OPT_HELP, NULL, "print this" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void
usage(FILE *to)
{
	fputs("usage: lwm2m-bootstrap-sim (--server HOST:PORT | --listen ADDRESS:PORT | --factory FILE) --csv FILE "
	      "(--endpoint NAME.. | --all | --devices N) [OPTION..]\n",
		to);
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
add_endpoint(struct sim_args *a, const char *name)
{
	const char **grown = realloc(a->endpoints, (a->endpoint_count + 1) * sizeof(*grown));

	if (grown == NULL)
		return false;
	a->endpoints = grown;
	a->endpoints[a->endpoint_count++] = name;
	return true;
}

/* How many, how fast, through what. */
static bool
take_fleet_number(struct sim_args *a, int id, unsigned long n)
{
	switch (id) {
	case OPT_DEVICES:
		a->devices = n;
		return n > 0;
	case OPT_RATE:
		a->rate = (unsigned)n;
		return true;
	case OPT_CONCURRENCY:
		a->concurrency = (unsigned)n;
		return true;
	case OPT_LOSS:
		a->mishaps.loss = (unsigned)n;
		return n <= 100;
	case OPT_DUPLICATE:
		a->mishaps.duplicate = (unsigned)n;
		return n <= 100;
	case OPT_REORDER:
		a->mishaps.reorder = (unsigned)n;
		return n <= 100;
	case OPT_DELAY:
		a->mishaps.delay_ms = n;
		return n <= 60000;
	case OPT_SEED:
		a->seed = n;
		return true;
	case OPT_SERVER_PID:
		a->server_pid = (pid_t)n;
		return n > 0 && n <= INT32_MAX;
	}
	return false;
}

static bool
take_number(struct sim_args *a, int id, const char *text)
{
	struct sim_conf *conf = &a->conf;
	unsigned long n;

	if (!number(text, 0, UINT32_MAX, &n))
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
	}
	return take_fleet_number(a, id, n);
}

static bool
take_flag(struct sim_args *a, int id)
{
	bool *flags[] = { [OPT_ALL - OPT_SERVER] = &a->all,
		[OPT_PRINT - OPT_SERVER] = &a->print,
		[OPT_JSON - OPT_SERVER] = &a->json,
		[OPT_QUIET - OPT_SERVER] = &a->quiet,
		[OPT_NO_CHECK - OPT_SERVER] = &a->conf.unchecked,
		[OPT_LEGACY_SERVER - OPT_SERVER] = &a->dtls.legacy_server,
		[OPT_STALE - OPT_SERVER] = &a->conf.stale,
		[OPT_PACK - OPT_SERVER] = &a->conf.pack,
		[OPT_NO_ACCESS_CONTROL - OPT_SERVER] = &a->conf.lacks_access_control,
		[OPT_PATIENT - OPT_SERVER] = &a->conf.patient,
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
take_version(struct sim_args *a, const char *arg)
{
	static const char *const versions[] = {
		[SIM_LWM2M_1_0] = "1.0",
		[SIM_LWM2M_1_1] = "1.1",
		[SIM_LWM2M_1_2] = "1.2",
	};

	a->version_given = true;
	for (int v = SIM_LWM2M_1_0; v <= SIM_LWM2M_1_2; v++)
		if (strcmp(arg, versions[v]) == 0) {
			a->conf.version = (enum sim_version)v;
			return true;
		}
	return false;
}

static bool
take_no_block1(struct sim_conf *conf, const char *arg)
{
	static const struct {
		const char *word;
		uint8_t code;
	} answers[] = { { "4.02", SIM_BAD_OPTION }, { "4.13", SIM_TOO_LARGE }, { "silent", 0 } };

	conf->no_block1 = true;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcmp(arg, answers[i].word) == 0) {
			conf->block1_code = answers[i].code;
			return true;
		}
	return false;
}

static bool
take_option(struct sim_args *a, int id, const char *arg)
{
	const char **texts[] = { [OPT_SERVER - OPT_SERVER] = &a->server,
		[OPT_LISTEN - OPT_SERVER] = &a->listen,
		[OPT_CSV - OPT_SERVER] = &a->csv,
		[OPT_KEY_DIR - OPT_SERVER] = &a->key_dir,
		[OPT_OUTPUT - OPT_SERVER] = &a->output,
		[OPT_SUMMARY - OPT_SERVER] = &a->summary,
		[OPT_URI - OPT_SERVER] = &a->conf.uri,
		[OPT_FACTORY - OPT_SERVER] = &a->factory,
		[OPT_HOLDS - OPT_SERVER] = &a->holds,
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
	if (id == OPT_LWM2M)
		return take_version(a, arg);
	if (id == OPT_NO_BLOCK1)
		return take_no_block1(&a->conf, arg);
	if (id == OPT_SOURCE)
		return sim_source_parse(arg, &a->conf.source);
	if (id == OPT_MODE) {
		a->mode = arg;
		return strcmp(arg, "psk") == 0 || strcmp(arg, "rpk") == 0 || strcmp(arg, "x509") == 0;
	}
	if (id == OPT_PATH) {
		a->conf.path = arg;
		return *arg == '/' && strlen(arg) <= 200;
	}
	if (i < sizeof(texts) / sizeof(texts[0]) && texts[i] != NULL) {
		*texts[i] = arg;
		return true;
	}
	return take_number(a, id, arg);
}

static bool
is_complete(const struct sim_args *a)
{
	if (a->factory != NULL && (a->server != NULL || a->endpoint_count != 1))
		return false;
	return (a->server != NULL) + (a->listen != NULL) + (a->factory != NULL) == 1 && a->csv != NULL &&
	       (int)a->all + (a->devices > 0) + (a->endpoint_count > 0) == 1;
}

/* What follows from several options. */
static bool
settle(struct sim_args *a)
{
	const struct sim_mishaps *m = &a->mishaps;

	if (!a->pct_given && a->conf.version == SIM_LWM2M_1_0)
		a->conf.pct = -1;
	if ((a->conf.pct == SIM_FORMAT_LWM2M_CBOR || a->conf.pack) && !a->version_given)
		a->conf.version = SIM_LWM2M_1_2;
	a->conf.server_text = a->server != NULL ? a->server : a->listen != NULL ? a->listen : "";
	a->all = a->all || a->devices > 0;
	a->mishaps.dice = &a->seed;
	if (m->loss + m->duplicate + m->reorder > 0 || m->delay_ms > 0)
		a->conf.mishaps = m;
	if (a->conf.pack && (a->conf.version < SIM_LWM2M_1_2 || a->listen != NULL)) {
		fputs("--pack: for devices of LwM2M 1.2 that begin themselves\n", stderr);
		return false;
	}
	if (a->listen != NULL && bs_addr_parse(a->listen, &a->conf.listen) != BS_OK) {
		fprintf(stderr, "--listen: not a numeric address and port: '%s'\n", a->listen);
		return false;
	}
	if (a->server != NULL && !resolve(a->server, &a->conf.server)) {
		fprintf(stderr, "--server: no address for '%s'\n", a->server);
		return false;
	}
	if (a->conf.source.base.len > 0 && a->server != NULL && a->conf.server.sa.sa_family != AF_INET) {
		fputs("--source: IPv4 only\n", stderr);
		return false;
	}
	return true;
}

static int
parse_options(int argc, char **argv, struct sim_args *a)
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
				fprintf(stderr, "--%s: not possible: '%s'%s\n", longs[at].name,
					optarg != NULL ? optarg : "",
					id == OPT_MISBEHAVE ? "; --help lists the kinds" : "");
			return 3;
		}
	}
	return 0;
}

int
sim_args_parse(int argc, char **argv, struct sim_args *a)
{
	*a = (struct sim_args){ .seed = 1,
		.conf = { .version = SIM_LWM2M_1_1,
			.pct = SIM_FORMAT_SENML_CBOR,
			.block_szx = 6,
			.timeout_ms = 60000,
			.ack_timeout_ms = 2000,
			.linger_ms = 200 } };
	int status = parse_options(argc, argv, a);

	if (status != 0)
		return status;
	if (optind != argc || !is_complete(a)) {
		usage(stderr);
		return 3;
	}
	return settle(a) ? 0 : 3;
}

void
sim_args_clear(struct sim_args *a)
{
	free(a->endpoints);
	a->endpoints = NULL;
}
