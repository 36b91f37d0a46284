/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that talk to the running daemon: one JSON line out, one back, over its control socket. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "server/base/addr.h"
#include "server/model/advice.h"
#include "server/conf/conf.h"
#include "tools/ctl/cli.h"

#define TRACE_SECONDS 600

/* ---- the connection ----------------------------------------------------------------------------------------------- */

/* [control] socket of the configuration, else control.sock in the store's folder. */
static enum bs_exit
find_socket(struct bs_ctl *ctl, struct sockaddr_un *addr)
{
	struct bs_conf conf = { 0 };
	int n;

	if (bs_ctl_locate(ctl) != BS_EXIT_DONE)
		return BS_EXIT_FAILED;
	addr->sun_family = AF_UNIX;
	if (ctl->conf_file != NULL && bs_conf_read_places(ctl->conf_file, &conf, NULL) == BS_OK &&
		conf.control_socket != NULL)
		n = snprintf(addr->sun_path, sizeof(addr->sun_path), "%s", conf.control_socket);
	else
		n = snprintf(addr->sun_path, sizeof(addr->sun_path), "%s/control.sock", ctl->dir);
	bs_conf_clear(&conf);
	if (n >= (int)sizeof(addr->sun_path)) {
		bs_ctl_say("the path of the control socket is too long; set [control] socket");
		return BS_EXIT_FAILED;
	}
	return BS_EXIT_DONE;
}

static FILE *
connect_daemon(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *f = NULL;

	if (fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
		f = fdopen(fd, "r+");
	if (f == NULL) {
		bs_ctl_say("%s: %s; is the daemon running?", addr->sun_path, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	return f;
}

static json_t *
exchange_lines(FILE *f, json_t *request)
{
	json_t *answer = NULL;
	char *line = NULL;
	size_t room = 0;

	if (json_dumpf(request, f, JSON_COMPACT) == 0 && fputc('\n', f) != EOF && fflush(f) == 0 &&
		getline(&line, &room, f) > 0)
		answer = json_loads(line, 0, NULL);
	free(line);
	if (answer == NULL)
		bs_ctl_say("no answer from the daemon");
	return answer;
}

/* Takes request. NULL: it was said why not. */
static json_t *
ask_daemon(struct bs_ctl *ctl, json_t *request)
{
	struct sockaddr_un addr = { 0 };
	json_t *answer = NULL;
	FILE *f = NULL;

	if (find_socket(ctl, &addr) == BS_EXIT_DONE)
		f = connect_daemon(&addr);
	if (f != NULL) {
		answer = exchange_lines(f, request);
		fclose(f);
	}
	json_decref(request);
	if (answer != NULL && !json_is_true(json_object_get(answer, "ok"))) {
		const char *why = json_string_value(json_object_get(answer, "error"));

		bs_ctl_say("the daemon refused: %s", why != NULL ? why : "it did not say why");
		json_decref(answer);
		answer = NULL;
	}
	return answer;
}

/* ---- status ------------------------------------------------------------------------------------------------------- */

static json_int_t
number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void
print_days(const char *file, const json_t *days)
{
	if (json_is_integer(days))
		bs_ctl_line("certificate", "%s ends in %lld days", file, (long long)json_integer_value(days));
	else
		bs_ctl_line("certificate", "%s cannot be read", file);
}

static void
print_minutes(const json_t *s, const char *key, const char *name)
{
	const json_t *m = json_object_get(s, key);

	bs_ctl_line(name, "%lld done, %lld refused", (long long)number(m, "done"), (long long)number(m, "refused"));
}

static void
print_rate(const json_t *m)
{
	bs_ctl_line("rate", "%.1f attempts per second", (double)(number(m, "done") + number(m, "refused")) / 60);
}

/* "3 min", "2 h", "5 days" ago: of the unit that leaves a number people can use. */
static void
print_import(const json_t *s)
{
	static const struct {
		const char *name;
		long long s;
	} units[] = { { "days", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
	long long age = (long long)number(s, "import_age_s");
	size_t i = 0;

	if (!json_is_integer(json_object_get(s, "import_s"))) {
		bs_ctl_line("last import", "none recorded in the store");
		return;
	}
	while (i < 3 && age < 2 * units[i].s)
		i++;
	bs_ctl_line("last import", "%lld %s ago, %lld devices", age / units[i].s, units[i].name,
		(long long)number(s, "import_rows"));
}

static void
print_file(const json_t *s, const char *name, const char *octets, const char *schema)
{
	const json_t *version = json_object_get(s, schema);

	if (json_is_integer(version))
		bs_ctl_line(name, "%lld octets, schema %lld", (long long)number(s, octets),
			(long long)json_integer_value(version));
	else
		bs_ctl_line(name, "%lld octets, cannot be read", (long long)number(s, octets));
}

static void
print_limits(const json_t *s)
{
	const json_t *l;
	size_t i;

	json_array_foreach(json_object_get(s, "limits"), i, l)
	{
		const char *unit = json_string_value(json_object_get(l, "unit"));

		bs_ctl_line(json_string_value(json_object_get(l, "limit")), "%lld of %lld%s, hit %lld times: %s",
			(long long)number(l, "value"), (long long)number(l, "cap"), unit != NULL ? unit : "",
			(long long)number(l, "hits"), json_string_value(json_object_get(l, "what")));
	}
}

static void
print_status(const json_t *s)
{
	const char *trouble = json_string_value(json_object_get(s, "trouble"));
	const char *failure = json_string_value(json_object_get(s, "reload_failure"));
	json_t *outcomes = json_object_get(s, "outcomes"), *v;
	const char *word;

	bs_ctl_line("well", "%s", trouble == NULL ? "yes" : trouble);
	if (failure != NULL)
		bs_ctl_line("last reload refused", "%s", failure);
	bs_ctl_line("version", "%s, %s", json_string_value(json_object_get(s, "version")),
		json_string_value(json_object_get(s, "openssl")));
	bs_ctl_line("up", "%lld s, %lld workers", (long long)number(s, "uptime_s"), (long long)number(s, "workers"));
	bs_ctl_line("sessions", "%lld, %lld handshakes in progress", (long long)number(s, "peers"),
		(long long)number(s, "half_open"));
	bs_ctl_line("bootstraps", "%lld running, %lld started", (long long)number(s, "runs"),
		(long long)number(s, "runs_started"));
	print_minutes(s, "last_minute", "last minute");
	print_minutes(s, "last_hour", "last hour");
	print_rate(json_object_get(s, "last_minute"));
	json_object_foreach(outcomes, word, v) bs_ctl_line(word, "%lld", (long long)json_integer_value(v));
	bs_ctl_line("retransmissions", "%lld", (long long)number(s, "retransmissions"));
	bs_ctl_line("clone signals", "%lld", (long long)number(s, "clone_signals"));
	print_limits(s);
	print_import(s);
	print_file(s, "store", "store_octets", "store_schema");
	bs_ctl_line("generation", "%lld%s", (long long)number(s, "store_generation"),
		json_is_true(json_object_get(s, "store_older")) ? ", older than the one seen, or another store" : "");
	print_file(s, "journal", "journal_octets", "journal_schema");
	json_object_foreach(json_object_get(s, "certificate_days"), word, v) print_days(word, v);
}

static int
run_status(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	json_t *answer = ask_daemon(ctl, json_pack("{s:s}", "command", "status")), *status;

	(void)args;
	if (answer == NULL)
		return BS_EXIT_FAILED;
	status = json_object_get(answer, "status");
	if (ctl->json)
		bs_ctl_print_json(json_incref(status));
	else
		print_status(status);
	json_decref(answer);
	return bs_ctl_flush();
}

/* ---- sessions ----------------------------------------------------------------------------------------------------- */

static void
print_session(const json_t *s)
{
	printf("%-32s %-8s %-24s %-28s %8lld s%s\n", json_string_value(json_object_get(s, "endpoint")),
		json_string_value(json_object_get(s, "mode")), json_string_value(json_object_get(s, "address")),
		json_string_value(json_object_get(s, "suite")), (long long)number(s, "age_s"),
		json_is_true(json_object_get(s, "running")) ? "  running" : "");
}

static int
run_sessions(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	const char *filter = args->word_count > 0 ? args->words[0] : "";
	json_t *answer = ask_daemon(ctl, json_pack("{s:s, s:s}", "command", "sessions", "filter", filter)), *list, *s;
	size_t i;

	if (answer == NULL)
		return BS_EXIT_FAILED;
	list = json_object_get(answer, "sessions");
	if (ctl->json) {
		bs_ctl_print_json(json_incref(list));
	} else {
		if (json_array_size(list) > 0)
			printf("%-32s %-8s %-24s %-28s %10s\n", "ENDPOINT", "MODE", "ADDRESS", "CIPHERSUITE", "AGE");
		json_array_foreach(list, i, s) print_session(s);
	}
	if (json_array_size(list) == 0)
		bs_ctl_say("no session%s%s", *filter != '\0' ? " of " : "", filter);
	if (json_is_true(json_object_get(answer, "more")))
		bs_ctl_say("there are more; name an endpoint or an address");
	json_decref(answer);
	return bs_ctl_flush();
}

/* ---- kick, reload, log -------------------------------------------------------------------------------------------- */

static int
run_kick(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	json_t *answer = ask_daemon(ctl, json_pack("{s:s, s:s}", "command", "kick", "endpoint", args->words[0]));
	json_int_t closed;

	if (answer == NULL)
		return BS_EXIT_FAILED;
	closed = number(answer, "closed");
	json_decref(answer);
	if (ctl->json)
		bs_ctl_print_json(json_pack("{s:I}", "closed", closed));
	if (closed == 0)
		bs_ctl_say("%s has no session", args->words[0]);
	else
		bs_ctl_say("closed %lld", (long long)closed);
	return closed > 0 ? bs_ctl_flush() : BS_EXIT_FAILED;
}

static int
run_reload(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	json_t *answer = ask_daemon(ctl, json_pack("{s:s}", "command", "reload")), *changed, *v;
	size_t i;

	(void)args;
	if (answer == NULL)
		return BS_EXIT_FAILED;
	changed = json_object_get(answer, "changed");
	bs_ctl_say("certificates, keys, trust anchors and revocation lists were read again");
	json_array_foreach(changed, i, v) bs_ctl_say("changed: %s", json_string_value(v));
	if (ctl->json)
		bs_ctl_print_json(json_incref(changed));
	json_decref(answer);
	return bs_ctl_flush();
}

static const struct bs_ctl_option log_options[] = {
	{ "seconds", "N", "how long, 1 to 3600 (600)" },
	{ 0 },
};

static int
run_log(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	const char *given = bs_ctl_get(args, 0), *endpoint = args->words[0];
	long seconds = given != NULL ? strtol(given, NULL, 10) : TRACE_SECONDS;
	bool off = strcmp(endpoint, "off") == 0;
	json_t *answer;

	if (seconds < 1 || seconds > 3600)
		return bs_ctl_usage("--seconds takes 1 to 3600");
	answer = ask_daemon(ctl, json_pack("{s:s, s:s, s:I}", "command", "log", "endpoint", off ? "" : endpoint,
					 "seconds", (json_int_t)(off ? 0 : seconds)));
	if (answer == NULL)
		return BS_EXIT_FAILED;
	json_decref(answer);
	if (ctl->json)
		bs_ctl_print_json(json_pack(
			"{s:s, s:I}", "endpoint", off ? "" : endpoint, "seconds", (json_int_t)(off ? 0 : seconds)));
	if (off)
		bs_ctl_say("no device is traced");
	else
		bs_ctl_say("the daemon logs each message of %s for %ld s (event=trace.sent, trace.received)", endpoint,
			seconds);
	return bs_ctl_flush();
}

/* ---- trigger ------------------------------------------------------------------------------------------------------ */

#define COAPS_PORT "5684"
#define TRIGGER_WAIT_S 120
#define TRIGGER_POLL_MS 200

enum { TRIGGER_ADDRESS, TRIGGER_NO_WAIT, TRIGGER_WAIT };
static const struct bs_ctl_option trigger_options[] = {
	{ "address", "A[:PORT]", "where the device listens (port 5684); omitted: use its live session" },
	{ "no-wait", NULL, "do not wait for the outcome" },
	{ "wait", "S", "wait at most this long, 1 to 3600 seconds (120)" },
	{ 0 },
};

/* "192.0.2.1", "192.0.2.1:1", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:1" as host:port. */
static bool
complete_address(const char *text, char out[BS_ADDR_TEXT])
{
	struct bs_addr addr;
	char try[BS_ADDR_TEXT];
	bool bare = strchr(text, ':') != strrchr(text, ':') && *text != '[';

	if (strlen(text) > BS_ADDR_TEXT - 10)
		return false;
	for (size_t i = bare ? 2 : 0; i < 3; i++) {
		snprintf(try, sizeof(try), i == 0 ? "%s" : i == 1 ? "%s:" COAPS_PORT : "[%s]:" COAPS_PORT, text);
		if (bs_addr_parse(try, &addr) == BS_OK && bs_addr_is_host(&addr)) {
			bs_addr_format(&addr, out);
			return true;
		}
	}
	return false;
}

/* NULL: it was said why not. */
static json_t *
wait_for_end(struct bs_ctl *ctl, json_int_t id, const char *endpoint, long seconds)
{
	struct timespec pause = { .tv_nsec = TRIGGER_POLL_MS * 1000000L };

	for (long left_ms = seconds * 1000; left_ms > 0; left_ms -= TRIGGER_POLL_MS) {
		json_t *answer = ask_daemon(ctl, json_pack("{s:s, s:I}", "command", "triggered", "trigger", id));
		const char *state = json_string_value(json_object_get(answer, "state"));

		if (answer == NULL || (state != NULL && strcmp(state, "ended") == 0))
			return answer;
		json_decref(answer);
		nanosleep(&pause, NULL);
	}
	bs_ctl_say("no outcome within %ld s; the run continues: see explain %s", seconds, endpoint);
	return NULL;
}

static void
print_end(const json_t *end, enum bs_outcome outcome)
{
	const char *detail = json_string_value(json_object_get(end, "detail"));

	bs_ctl_line("outcome", "%s", bs_outcome_word(outcome));
	bs_ctl_line("what", "%s", bs_outcome_what(outcome));
	if (detail != NULL && *detail != '\0')
		bs_ctl_line("why", "%s", detail);
	bs_ctl_line("step", "%s", json_string_value(json_object_get(end, "step")));
	if (outcome != BS_OUT_DONE)
		bs_ctl_line("to do", "%s", bs_advice(outcome));
	bs_ctl_line("writes", "%lld", (long long)number(end, "writes"));
	bs_ctl_line("took", "%lld ms, handshake %lld ms", (long long)number(end, "took_ms"),
		(long long)number(end, "handshake_ms"));
}

static int
tell_end(struct bs_ctl *ctl, json_t *end)
{
	const char *word = json_string_value(json_object_get(end, "outcome"));
	enum bs_outcome outcome = bs_outcome_parse(word != NULL ? word : "");

	json_object_del(end, "ok");
	json_object_del(end, "state");
	if (ctl->json)
		bs_ctl_print_json(json_incref(end));
	else
		print_end(end, outcome);
	json_decref(end);
	return outcome == BS_OUT_DONE ? bs_ctl_flush() : BS_EXIT_FAILED;
}

static int
run_trigger(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	const char *given = bs_ctl_get(args, TRIGGER_ADDRESS), *wait = bs_ctl_get(args, TRIGGER_WAIT);
	const char *endpoint = args->words[0];
	long seconds = wait != NULL ? strtol(wait, NULL, 10) : TRIGGER_WAIT_S;
	char address[BS_ADDR_TEXT] = "";
	json_t *answer;
	json_int_t id;

	if (seconds < 1 || seconds > 3600)
		return bs_ctl_usage("--wait takes 1 to 3600");
	if (given != NULL && !complete_address(given, address))
		return bs_ctl_usage(
			"--address takes the numeric address of one host, as in 192.0.2.1:5684 or 2001:db8::1");
	answer = ask_daemon(
		ctl, json_pack("{s:s, s:s, s:s}", "command", "trigger", "endpoint", endpoint, "address", address));
	if (answer == NULL)
		return BS_EXIT_FAILED;
	id = number(answer, "trigger");
	json_decref(answer);
	if (bs_ctl_get(args, TRIGGER_NO_WAIT) != NULL) {
		if (ctl->json)
			bs_ctl_print_json(json_pack("{s:I}", "trigger", id));
		bs_ctl_say("%s is triggered; see explain %s", endpoint, endpoint);
		return bs_ctl_flush();
	}
	answer = wait_for_end(ctl, id, endpoint, seconds);
	return answer != NULL ? tell_end(ctl, answer) : BS_EXIT_FAILED;
}

const struct bs_ctl_command bs_cmd_trigger = {
	.name = "trigger",
	.synopsis = "ENDPOINT",
	.summary = "let the daemon bootstrap a device without its request (LwM2M 1.0)",
	.min_words = 1,
	.max_words = 1,
	.options = trigger_options,
	.run = run_trigger,
};
const struct bs_ctl_command bs_cmd_status = {
	.name = "status",
	.synopsis = "",
	.summary = "show whether the running daemon is healthy",
	.run = run_status,
};
const struct bs_ctl_command bs_cmd_sessions = {
	.name = "sessions",
	.synopsis = "[ENDPOINT|ADDRESS]",
	.summary = "live DTLS sessions of the daemon",
	.max_words = 1,
	.run = run_sessions,
};
const struct bs_ctl_command bs_cmd_kick = {
	.name = "kick",
	.synopsis = "ENDPOINT",
	.summary = "close the sessions of a device",
	.min_words = 1,
	.max_words = 1,
	.run = run_kick,
};
const struct bs_ctl_command bs_cmd_reload = {
	.name = "reload",
	.synopsis = "",
	.summary = "apply live options, certificates, keys, trust anchors and revocation lists",
	.run = run_reload,
};
const struct bs_ctl_command bs_cmd_log = {
	.name = "log",
	.synopsis = "ENDPOINT|off",
	.summary = "let the daemon log each message of one device for a while",
	.min_words = 1,
	.max_words = 1,
	.options = log_options,
	.run = run_log,
};
