/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration of the daemon: an INI file (lwm2m-bootstrapd.conf(5)). options.c has one row per option; it feeds the
 * parser, the defaults, --help, and the sample in schema/, which a test compares with it.
 *
 * Refused with file and line: an unknown section or key (naming the nearest known one), a value that does not parse or is
 * out of range, a single-valued option given twice. Refused with the file: a required option that is missing.
 */
#ifndef BS_CONF_CONF_H
#define BS_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "server/base/addr.h"
#include "server/base/err.h"
#include "server/model/root.h"

/* A list of values, in the order of the file. */
struct bs_conf_list {
	char **items;
	size_t count;
};

/* [server] is the default identity; each [server NAME] adds one, chosen when the client's SNI is NAME. */
struct bs_conf_identity {
	char *sni; /* NULL: the default */
	char *certificate, *private_key, *raw_key;
};

#define BS_CONF_IDENTITIES_MAX 16

struct bs_conf {
	struct bs_conf_list listen;
	char *store_directory, *master_key;
	struct bs_conf_identity identities[BS_CONF_IDENTITIES_MAX];
	size_t identity_count; /* those with a certificate or a raw key */
	struct bs_conf_list trust_anchors, crls;
	char *user;
	char *control_socket, *http_address;
	struct bs_conf_list http_hosts; /* host names */
	bool http_masked;
	uint64_t seccomp; /* 0 yes, 1 no, 2 log (server/sandbox.h) */
	uint64_t workers; /* 0: one per CPU */
	char *ciphers, *groups, *sigalgs; /* NULL: the defaults of server/dtls/credential.h */
	bool alert_unknown, prefer_raw_key;
	uint64_t mtu, dtls_timeout_ms, handshake_ms, idle_ms;
	uint64_t request_ms, stop_ms;
	uint64_t trigger_port; /* of worker 0, the next port of worker 1, and so on; 0: any */
	struct bs_conf_list bootstrap_paths;
	struct bs_roots roots; /* bootstrap_paths, parsed */
	uint64_t peers, half_open, half_open_prefix, attempts_per_minute;
	uint64_t close_rate;
	uint64_t sessions_per_device, handshakes_per_minute; /* for the latter see bs_conf_handshakes */
	uint64_t journal_days, journal_bytes, journal_queue, unknown_max, journal_per_device;
	uint64_t log_lines, log_lines_per_device, log_lines_per_prefix;
	uint64_t log_level; /* enum bs_log_level */
	bool log_json;
};

/* Read file. On error conf is cleared, and diag says where, what is wrong and what to do. */
BS_MUST_USE enum bs_err bs_conf_read(const char *file, struct bs_conf *conf, struct bs_diag *diag);
/*
 * Only the sections [store] and [control], which say where things are: for a caller that must reach a running daemon although
 * something else in the file is wrong.
 */
BS_MUST_USE enum bs_err bs_conf_read_places(const char *file, struct bs_conf *conf, struct bs_diag *diag);
/* bs_conf_read from memory; name stands for the file in messages. */
BS_MUST_USE enum bs_err bs_conf_read_text(
	const char *name, const char *text, struct bs_conf *conf, struct bs_diag *diag);
/*
 * Listen address i, and the first handshake timer of its devices: "192.0.2.1:5684 dtls-timeout=9s". Without one *timeout_ms is 0:
 * that of the section [dtls] applies, which a reload may change. BS_EFORMAT; BS_ERANGE, also for a port that [coap] trigger-port takes.
 */
BS_MUST_USE enum bs_err bs_conf_listen(
	const struct bs_conf *conf, size_t i, struct bs_addr *addr, uint64_t *timeout_ms, struct bs_diag *diag);
/* Handshakes of one device per minute: as configured, or derived from attempts-per-minute. */
unsigned bs_conf_handshakes(const struct bs_conf *conf);
void bs_conf_clear(struct bs_conf *conf);

/*
 * Which options differ: fn is called with "[section] key" and whether a running daemon can apply the change (certificates, keys,
 * trust anchors, CRLs, [dtls] except handshake-time and idle-time, [http] host and identities, [log]); the others need a restart.
 */
typedef void bs_conf_diff_fn(void *arg, const char *option, bool live);
void bs_conf_diff(const struct bs_conf *a, const struct bs_conf *b, bs_conf_diff_fn *fn, void *arg);

/* Every option as in the sample: comment, whether it is live, then "# key = default". */
void bs_conf_print_options(FILE *out);

#endif
