/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/admin/status.h"
#include "server/base/log.h"
#include "server/net/ask.h"

#define ASK_WAIT_MS 2000
#define SESSIONS_MAX 1000
#define TRACE_SECONDS_MAX 3600
#define IDLE_S 30

struct connection {
	struct bs_control *control;
	struct bufferevent *bev;
	bool ending; /* it asks no more: to be closed when it has its answers */
	LIST_ENTRY(connection) link;
};

struct bs_control {
	struct bs_admin *admin;
	LIST_HEAD(, connection) connections;
	struct evconnlistener *listener;
	struct sockaddr_un addr;
	uint64_t triggers; /* given out so far */
};

/* ---- commands ----------------------------------------------------------------------------------------------------- */

static json_t *
refuse(const char *why)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

static const char *
text_of(const json_t *request, const char *key)
{
	const char *text = json_string_value(json_object_get(request, key));

	return text != NULL ? text : "";
}

static json_t *
do_status(struct bs_control *c, const json_t *request)
{
	(void)request;
	return json_pack("{s:b, s:o}", "ok", 1, "status", bs_status_json(c->admin));
}

static json_t *
row_json(const struct bs_session_row *r)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:b}", "endpoint", r->endpoint, "address", r->address, "mode",
		r->mode, "suite", r->suite, "age_s", (json_int_t)r->age_s, "running", r->running);
}

/* Ask every worker; fn takes each answer. NULL, or the text of what went wrong. */
static const char *
ask_all(struct bs_control *c, const struct bs_ask *question, void (*fn)(void *arg, const struct bs_ask *answer),
	void *arg)
{
	const char *trouble = NULL;

	for (unsigned i = 0; i < c->admin->shared->worker_count && trouble == NULL; i++) {
		struct bs_ask *ask = bs_ask_new(question->kind, question->filter);

		if (ask == NULL)
			return "out of memory";
		ask->max = question->max;
		ask->trace_ms = question->trace_ms;
		if (bs_worker_ask(c->admin->shared->workers[i], ask, ASK_WAIT_MS) != BS_OK)
			trouble = "a worker does not answer";
		else
			fn(arg, ask);
		bs_ask_release(ask);
	}
	return trouble;
}

static void
set_filter(struct bs_ask *question, const char *text)
{
	snprintf(question->filter, sizeof(question->filter), "%s", text);
}

static void
add_rows(void *arg, const struct bs_ask *answer)
{
	json_t *rows = arg;

	for (size_t i = 0; i < answer->count && json_array_size(rows) < SESSIONS_MAX; i++)
		json_array_append_new(rows, row_json(&answer->rows[i]));
}

static json_t *
do_sessions(struct bs_control *c, const json_t *request)
{
	struct bs_ask question = { .kind = BS_ASK_SESSIONS, .max = SESSIONS_MAX };
	json_t *rows = json_array();
	const char *trouble;

	set_filter(&question, text_of(request, "filter"));
	trouble = ask_all(c, &question, add_rows, rows);
	if (trouble != NULL) {
		json_decref(rows);
		return refuse(trouble);
	}
	return json_pack("{s:b, s:b, s:o}", "ok", 1, "more", json_array_size(rows) == SESSIONS_MAX, "sessions", rows);
}

static void
add_count(void *arg, const struct bs_ask *answer)
{
	*(size_t *)arg += answer->count;
}

static json_t *
do_kick(struct bs_control *c, const json_t *request)
{
	struct bs_ask question = { .kind = BS_ASK_KICK };
	const char *endpoint = text_of(request, "endpoint"), *trouble;
	size_t closed = 0;

	if (*endpoint == '\0')
		return refuse("kick needs an endpoint");
	set_filter(&question, endpoint);
	trouble = ask_all(c, &question, add_count, &closed);
	if (trouble != NULL)
		return refuse(trouble);
	return json_pack("{s:b, s:I}", "ok", 1, "closed", (json_int_t)closed);
}

static json_t *
do_reload(struct bs_control *c, const json_t *request)
{
	struct bs_reload_changes changes;
	struct bs_diag diag = { 0 };
	json_t *list;

	(void)request;
	if (bs_admin_reload(c->admin, &changes, &diag) != BS_OK)
		return refuse(diag.text);
	list = json_array();
	for (size_t i = 0; i < changes.count; i++)
		json_array_append_new(list, json_string(changes.items[i]));
	return json_pack("{s:b, s:o}", "ok", 1, "changed", list);
}

static void
keep_failure(void *arg, const struct bs_ask *answer)
{
	if (answer->err != BS_OK)
		*(struct bs_diag *)arg = answer->diag;
}

static json_t *
do_log(struct bs_control *c, const json_t *request)
{
	json_int_t seconds = json_integer_value(json_object_get(request, "seconds"));
	struct bs_ask question = { .kind = BS_ASK_TRACE };
	struct bs_diag diag = { 0 };
	const char *trouble;

	if (seconds < 0 || seconds > TRACE_SECONDS_MAX)
		return refuse("seconds must be 0 to 3600");
	question.trace_ms = (uint64_t)seconds * 1000;
	set_filter(&question, text_of(request, "endpoint"));
	trouble = ask_all(c, &question, keep_failure, &diag);
	if (trouble == NULL && diag.text[0] != '\0')
		trouble = diag.text;
	return trouble != NULL ? refuse(trouble) : json_pack("{s:b}", "ok", 1);
}

/* A device has its worker, so that two triggers of it meet. FNV-1a. */
static unsigned
worker_of(const struct bs_shared *shared, const char *endpoint)
{
	uint32_t hash = 2166136261u;

	for (const char *p = endpoint; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619u;
	return hash % shared->worker_count;
}

static enum bs_err
ask_trigger(struct bs_control *c, unsigned worker, const char *endpoint, const struct bs_addr *address,
	struct bs_diag *diag)
{
	struct bs_ask *ask = bs_ask_new(BS_ASK_TRIGGER, endpoint);
	enum bs_err err;

	if (ask == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	ask->address = *address;
	ask->trigger.id = c->triggers;
	err = bs_worker_ask(c->admin->shared->workers[worker], ask, ASK_WAIT_MS);
	if (err != BS_OK) {
		bs_diag_set(diag, err, 0, "a worker does not answer");
	} else {
		err = ask->err;
		*diag = ask->diag;
	}
	bs_ask_release(ask);
	return err;
}

/* A live session may be at any worker: the first that has one begins. */
static enum bs_err
ask_session(struct bs_control *c, const char *endpoint, struct bs_diag *diag)
{
	const struct bs_addr nowhere = { .len = 0 };
	enum bs_err err = BS_ESTATE;

	for (unsigned i = 0; i < c->admin->shared->worker_count && err == BS_ESTATE; i++)
		err = ask_trigger(c, i, endpoint, &nowhere, diag);
	return err;
}

static json_t *
do_trigger(struct bs_control *c, const json_t *request)
{
	const char *endpoint = text_of(request, "endpoint"), *text = text_of(request, "address");
	struct bs_addr address = { .len = 0 };
	struct bs_diag diag = { 0 };
	enum bs_err err;

	if (*endpoint == '\0' || strlen(endpoint) > BS_ENDPOINT_MAX)
		return refuse("trigger needs an endpoint");
	if (*text != '\0' && (bs_addr_parse(text, &address) != BS_OK || !bs_addr_is_host(&address)))
		return refuse("not the address of one host with a port, as in 192.0.2.1:5684 or [2001:db8::1]:5684");
	c->triggers++;
	err = address.len > 0 ? ask_trigger(c, worker_of(c->admin->shared, endpoint), endpoint, &address, &diag)
			      : ask_session(c, endpoint, &diag);
	if (err != BS_OK)
		return refuse(diag.text);
	return json_pack("{s:b, s:I}", "ok", 1, "trigger", (json_int_t)c->triggers);
}

static json_t *
triggered_json(const struct bs_triggered *t)
{
	if (!t->ended)
		return json_pack("{s:b, s:s}", "ok", 1, "state", t->in_run ? "running" : "handshake");
	return json_pack("{s:b, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "ok", 1, "state", "ended", "outcome",
		bs_outcome_word(t->outcome), "detail", t->detail, "step", t->in_run ? t->step : "handshake", "writes",
		(json_int_t)t->writes, "handshake_ms", (json_int_t)t->handshake_ms, "took_ms", (json_int_t)t->took_ms);
}

static json_t *
do_triggered(struct bs_control *c, const json_t *request)
{
	json_int_t id = json_integer_value(json_object_get(request, "trigger"));
	json_t *found = NULL;

	for (unsigned i = 0; i < c->admin->shared->worker_count && found == NULL; i++) {
		struct bs_ask *ask = bs_ask_new(BS_ASK_TRIGGERED, NULL);

		if (ask == NULL)
			return refuse("out of memory");
		ask->trigger.id = (uint64_t)id;
		if (bs_worker_ask(c->admin->shared->workers[i], ask, ASK_WAIT_MS) != BS_OK)
			found = refuse("a worker does not answer");
		else if (ask->count > 0)
			found = triggered_json(&ask->trigger);
		bs_ask_release(ask);
	}
	return found != NULL ? found : refuse("no longer known; see explain");
}

static const struct {
	const char *name;
	json_t *(*run)(struct bs_control *c, const json_t *request);
} commands[] = {
	{ "status", do_status },
	{ "sessions", do_sessions },
	{ "kick", do_kick },
	{ "reload", do_reload },
	{ "log", do_log },
	{ "trigger", do_trigger },
	{ "triggered", do_triggered },
};

static json_t *
run_command(struct bs_control *c, const char *line)
{
	json_t *request = json_loads(line, JSON_REJECT_DUPLICATES, NULL), *answer = NULL;

	if (!json_is_object(request))
		answer = refuse("not a JSON object");
	for (size_t i = 0; answer == NULL && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(text_of(request, "command"), commands[i].name) == 0)
			answer = commands[i].run(c, request);
	}
	json_decref(request);
	return answer != NULL ? answer : refuse("unknown command");
}

/* ---- connections -------------------------------------------------------------------------------------------------- */

static void
close_connection(struct connection *cn)
{
	LIST_REMOVE(cn, link);
	bufferevent_free(cn->bev);
	free(cn);
}

static void
on_readable(struct bufferevent *bev, void *arg)
{
	struct connection *cn = arg;
	struct evbuffer *in = bufferevent_get_input(bev), *out = bufferevent_get_output(bev);
	char *line;

	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF)) != NULL) {
		json_t *answer = run_command(cn->control, line);
		char *text = json_dumps(answer, JSON_COMPACT);

		if (text != NULL)
			evbuffer_add_printf(out, "%s\n", text);
		free(text);
		json_decref(answer);
		free(line);
	}
	if (evbuffer_get_length(in) > BS_CONTROL_LINE_MAX)
		close_connection(cn);
}

/* All that was to be said has left. */
static void
on_written(struct bufferevent *bev, void *arg)
{
	struct connection *cn = arg;

	(void)bev;
	if (cn->ending)
		close_connection(cn);
}

/* Failed or idle for too long: closed. Half-closed, as "printf … | nc -N" does it: closed when the answers have left. */
static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct connection *cn = arg;

	cn->ending = (what & BEV_EVENT_EOF) != 0 && evbuffer_get_length(bufferevent_get_output(bev)) > 0;
	if (cn->ending)
		bufferevent_disable(bev, EV_READ);
	else
		close_connection(cn);
}

/* The daemon's own user and root may command it; the mode of the file says so too, but a socket's mode is not honoured everywhere. */
static bool
is_welcome(evutil_socket_t fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

static void
on_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	static const struct timeval idle = { .tv_sec = IDLE_S };
	struct bs_control *c = arg;
	struct connection *cn = is_welcome(fd) ? calloc(1, sizeof(*cn)) : NULL;

	(void)sa;
	(void)len;
	if (cn != NULL)
		cn->bev = bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
	if (cn == NULL || cn->bev == NULL) {
		evutil_closesocket(fd);
		free(cn);
		return;
	}
	cn->control = c;
	LIST_INSERT_HEAD(&c->connections, cn, link);
	bufferevent_setcb(cn->bev, on_readable, on_written, on_event, cn);
	bufferevent_set_timeouts(cn->bev, &idle, &idle);
	bufferevent_enable(cn->bev, EV_READ | EV_WRITE);
}

/* ---- start and stop ----------------------------------------------------------------------------------------------- */

static bool
somebody_listens(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

static enum bs_err
open_listener(struct bs_control *c, struct event_base *base, struct bs_diag *diag)
{
	mode_t before;

	if (somebody_listens(&c->addr))
		return bs_diag_set(diag, BS_EEXIST, 0, "%.108s: another daemon serves this socket", c->addr.sun_path);
	(void)unlink(c->addr.sun_path);
	before = umask(0177);
	c->listener = evconnlistener_new_bind(base, on_connection, c, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 16,
		(struct sockaddr *)&c->addr, sizeof(c->addr));
	umask(before);
	if (c->listener == NULL)
		return bs_diag_set(diag, BS_EIO, 0, "%.108s: %s", c->addr.sun_path, strerror(errno));
	return BS_OK;
}

enum bs_err
bs_control_start(struct event_base *base, const char *path, struct bs_admin *admin, struct bs_control **out,
	struct bs_diag *diag)
{
	struct bs_control *c = calloc(1, sizeof(*c));
	enum bs_err err;

	if (c == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	c->admin = admin;
	LIST_INIT(&c->connections);
	c->addr.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(c->addr.sun_path)) {
		free(c);
		return bs_diag_set(diag, BS_ERANGE, 0, "[control] socket = %.120s: longer than %zu octets", path,
			sizeof(c->addr.sun_path) - 1);
	}
	strcpy(c->addr.sun_path, path);
	err = open_listener(c, base, diag);
	if (err != BS_OK) {
		free(c);
		return err;
	}
	*out = c;
	return BS_OK;
}

void
bs_control_stop(struct bs_control *c)
{
	if (c == NULL)
		return;
	while (!LIST_EMPTY(&c->connections))
		close_connection(LIST_FIRST(&c->connections));
	evconnlistener_free(c->listener);
	(void)unlink(c->addr.sun_path);
	free(c);
}
