/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "tests/scenario/scenario.h"
#include "tests/scenario/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/base/clock.h"
#include "server/base/text.h"
#include "server/bootstrap/session.h"
#include "tests/scenario/script.h"

#define LATE_MS 700
#define NOTHING_MS 500
#define THINKING_MS 500 /* before a separate response */
#define PENDING_MAX 8
#define SEEN_MAX 512
#define TRACE_MAX 65536
#define STEPS_MAX 200000
#define DEVICE_BLOCK 1024

enum fault { FAULT_NONE, FAULT_LOSE, FAULT_LOSE_TWO, FAULT_DOUBLE, FAULT_LATE, FAULT_COUNT };
static const char *const fault_names[] = { "as it stands", "lost", "lost with the next", "doubled", "late" };

/* A Confirmable message of the device that is not acknowledged yet. */
struct pending {
	bool used, is_request;
	uint16_t id;
	unsigned sent;
	uint64_t due_ms, timeout_ms;
	uint8_t data[WIRE_MAX];
	size_t len;
};

/* A request of the server that the device has seen, and what it answered at once (len 0: nothing). */
struct seen {
	uint16_t id;
	uint8_t data[WIRE_MAX];
	size_t len;
};

struct world {
	const struct scenario *scenario;
	struct script script;
	size_t at; /* the current line */
	uint64_t now_ms, last_ms; /* last_ms: when the line before was over */
	enum fault fault;
	unsigned fault_at, datagrams, steps;
	uint64_t random;
	struct bs_exchange *ex;
	struct bs_session *session;
	/* store and admission */
	uint64_t load_at_ms;
	unsigned busy, drop, too_many;
	struct bs_run_report reports[ENDS_MAX];
	size_t report_count;
	/* the wire */
	struct wire wire;
	/* the device */
	struct pending pending[PENDING_MAX];
	struct seen seen[SEEN_MAX];
	size_t seen_count;
	uint16_t next_id;
	uint64_t send_at_ms; /* when the current line of the device is due; BS_NEVER: not, or sent */
	uint64_t quiet_until_ms; /* "expect nothing" */
	bool waiting, acknowledged;
	uint16_t request_id;
	struct bs_token token;
	uint16_t last_server_id;
	uint8_t last_wire[WIRE_MAX];
	size_t last_wire_len;
	uint8_t assembled[BS_REQUEST_PAYLOAD_MAX + 64]; /* Block1 */
	size_t assembled_len;
	bool assembling;
	uint8_t fetched[BS_RESPONSE_MAX], etag[8]; /* of answers in blocks */
	size_t fetched_len, etag_len;
	const struct octets *blockwise; /* Block2: what is being handed out, with its code */
	uint8_t blockwise_code;
	char *trace;
	size_t trace_len;
};

static void BS_PRINTF(2, 3) trace(struct world *w, const char *fmt, ...)
{
	va_list args;
	int n;

	if (w->trace_len > TRACE_MAX - 512)
		return;
	w->trace_len += (size_t)sprintf(w->trace + w->trace_len, "%9.3f  ", (double)w->now_ms / 1000);
	va_start(args, fmt);
	n = vsnprintf(w->trace + w->trace_len, TRACE_MAX - w->trace_len - 2, fmt, args);
	va_end(args);
	w->trace_len += (size_t)n;
	if (w->trace_len > TRACE_MAX - 2)
		w->trace_len = TRACE_MAX - 2;
	w->trace[w->trace_len++] = '\n';
	w->trace[w->trace_len] = '\0';
}

static void BS_PRINTF(2, 3) wrong(struct world *w, const char *fmt, ...)
{
	const char *line = w->at < w->script.count ? w->script.lines[w->at].text : "(end of the script)";
	char what[600];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	for (const char *p = w->trace; *p != '\0'; p += strcspn(p, "\n") + 1)
		print_message("%.*s\n", (int)strcspn(p, "\n"), p);
	fail_msg("%s, datagram %u %s: %s\n  at line: %.*s", w->scenario->name, w->fault_at, fault_names[w->fault], what,
		(int)strcspn(line, "\n"), line);
}

static void
trace_msg(struct world *w, const char *arrow, const char *what, const uint8_t *data, size_t len)
{
	static const char *const types[] = { "CON", "NON", "ACK", "RST" };
	char code[BS_CODE_TEXT], uri[256] = "", payload[41];
	enum bs_malformed malformed;
	struct bs_msg m;

	if (bs_msg_parse(data, len, &m, &malformed) != BS_OK) {
		trace(w, "%s %s malformed, %zu octets", arrow, what, len);
		return;
	}
	for (size_t i = 0; i < m.path_count; i++)
		snprintf(uri + strlen(uri), sizeof(uri) - strlen(uri), "/%.*s", (int)m.path[i].len, m.path[i].data);
	trace(w, "%s %s %s %s id %04x %s payload %zu %s", arrow, what, types[m.type], bs_code_format(m.code, code),
		m.id, uri, m.payload_len, bs_hex_encode(m.payload, m.payload_len < 20 ? m.payload_len : 20, payload));
}

/* The wire. */

static void
fly(struct world *w, bool to_server, uint64_t at_ms, const uint8_t *data, size_t len)
{
	if (!wire_fly(&w->wire, to_server, at_ms, data, len))
		wrong(w, "too many datagrams in flight");
}

static void
transmit(struct world *w, bool to_server, uint64_t delay_ms, const uint8_t *data, size_t len)
{
	unsigned n = ++w->datagrams;
	bool hit = w->fault != FAULT_NONE && (n == w->fault_at || (w->fault == FAULT_LOSE_TWO && n == w->fault_at + 1));
	uint64_t at_ms = w->now_ms + LATENCY_MS + delay_ms;

	trace_msg(w, to_server ? "dev >" : "dev <", hit ? fault_names[w->fault] : "", data, len);
	if (hit && w->fault <= FAULT_LOSE_TWO)
		return;
	fly(w, to_server, at_ms + (hit && w->fault == FAULT_LATE ? LATE_MS : 0), data, len);
	if (hit && w->fault == FAULT_DOUBLE)
		fly(w, to_server, at_ms + LATE_MS, data, len);
}

/* The server's side. */

static void
on_send(void *arg, const uint8_t *data, size_t len)
{
	transmit(arg, false, 0, data, len);
}

static bool
on_request(void *arg, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref)
{
	struct world *w = arg;

	return bs_session_request(w->session, now_ms, msg, ref);
}

static void
on_random(void *arg, void *out, size_t len)
{
	struct world *w = arg;

	test_random(&w->random, out, len);
}

static enum bs_admission
on_admit(void *arg, uint64_t now_ms, const struct bs_client *client)
{
	struct world *w = arg;

	(void)now_ms;
	assert_string_equal(client->endpoint, "dev-0001");
	if (w->drop > 0) {
		w->drop--;
		return BS_ADMIT_DROP;
	}
	if (w->too_many > 0) {
		w->too_many--;
		return BS_ADMIT_TOO_MANY;
	}
	return BS_ADMIT;
}

static void
on_load(void *arg, int64_t device_id)
{
	struct world *w = arg;

	assert_int_equal(device_id, 7);
	w->load_at_ms = w->now_ms + 1 + w->script.store_slow_ms;
}

static void
on_finished(void *arg, uint64_t now_ms, const struct bs_run_report *report)
{
	struct world *w = arg;

	(void)now_ms;
	trace(w, "       %s at \"%s\": %s", bs_outcome_word(report->outcome), report->step, report->detail);
	if (w->report_count == ENDS_MAX)
		wrong(w, "too many reports");
	w->reports[w->report_count++] = *report;
	if (strstr(report->detail, "0001020304") != NULL || strstr(report->detail, "AAECAwQF") != NULL)
		wrong(w, "the report shows a key");
}

static int64_t
on_wall_s(void *arg)
{
	(void)arg;
	return 1772330584;
}

static void
finish_load(struct world *w)
{
	struct bs_account *a = NULL;
	enum bs_err err = BS_ENOTFOUND;

	w->load_at_ms = BS_NEVER;
	if (w->busy > 0) {
		w->busy--;
		err = BS_EBUSY;
	} else if (w->scenario->account != NULL) {
		a = w->scenario->account();
		err = BS_OK;
	}
	bs_session_loaded(w->session, w->now_ms, err, a);
}

/* The device: sending. */

static void
advance(struct world *w)
{
	const struct line *l = &w->script.lines[++w->at];

	w->last_ms = w->now_ms;
	w->send_at_ms = BS_NEVER;
	if (w->at < w->script.count && l->kind == DEVICE_SENDS) {
		w->send_at_ms = l->absolute ? l->wait_ms : w->now_ms + l->wait_ms;
		if (w->send_at_ms < w->now_ms)
			w->send_at_ms = w->now_ms;
	}
}

static void
send_msg(struct world *w, uint64_t delay_ms, const struct bs_msg *m, struct seen *remember)
{
	uint8_t wire[WIRE_MAX];
	size_t len;

	assert_int_equal(bs_msg_write(m, wire, sizeof(wire), &len), BS_OK);
	if (remember != NULL) {
		memcpy(remember->data, wire, len);
		remember->len = len;
	}
	transmit(w, true, delay_ms, wire, len);
}

static void
send_confirmable(struct world *w, const uint8_t *data, size_t len, uint64_t delay_ms, bool is_request)
{
	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct pending *p = &w->pending[i];

		if (p->used)
			continue;
		assert_true(len >= 4 && len <= WIRE_MAX);
		*p = (struct pending){ .used = true, .is_request = is_request, .len = len, .timeout_ms = 2000 };
		p->id = (uint16_t)(data[2] << 8 | data[3]);
		p->due_ms = w->now_ms + delay_ms;
		memcpy(p->data, data, len);
		return;
	}
	wrong(w, "too many messages of the device wait for an acknowledgement");
}

/* Uri-Path and Uri-Query of "/a/b?c=d&e=%FF"; text is overwritten and borrowed. */
static void
set_uri(struct bs_msg *m, char *text)
{
	char *query = strchr(text, '?'), *part, *save = NULL;

	if (query != NULL)
		*query++ = '\0';
	for (part = strtok_r(text, "/", &save); part != NULL; part = strtok_r(NULL, "/", &save))
		m->path[m->path_count++] = (struct bs_segment){ (uint8_t *)part, strlen(part) };
	for (part = query != NULL ? strtok_r(query, "&", &save) : NULL; part != NULL;
		part = strtok_r(NULL, "&", &save)) {
		size_t n = 0;

		for (size_t i = 0; part[i] != '\0'; i++, n++) {
			unsigned octet;

			if (part[i] == '%' && sscanf(part + i + 1, "%2x", &octet) == 1) {
				part[n] = (char)octet;
				i += 2;
			} else {
				part[n] = part[i];
			}
		}
		m->query[m->query_count++] = (struct bs_segment){ (uint8_t *)part, n };
	}
}

static size_t
build_request(struct world *w, const struct line *l, const struct bs_block *block, uint8_t *wire)
{
	char uri[sizeof(l->uri)];
	struct bs_msg m;
	size_t len = 0;

	bs_msg_init(&m, l->non ? BS_NON : BS_CON, l->method, w->next_id++);
	w->token = (struct bs_token){ .len = 4, .data = { 0xab, 0xcd, (uint8_t)(m.id >> 8), (uint8_t)m.id } };
	m.token = w->token;
	strcpy(uri, l->uri);
	set_uri(&m, uri);
	m.payload = l->payload.data;
	m.payload_len = l->payload.len;
	m.accept = l->accept >= 0 ? (uint16_t)l->accept : BS_NO_FORMAT;
	m.block2 = *block;
	if (bs_msg_write(&m, wire, WIRE_MAX, &len) != BS_OK)
		wrong(w, "the request cannot be written");
	return len;
}

static void
send_line(struct world *w)
{
	const struct line *l = &w->script.lines[w->at];
	struct bs_block block = { .present = l->has_block, .num = l->block, .szx = l->szx };
	uint8_t ping[] = { 0x40, 0x00, (uint8_t)(w->next_id >> 8), (uint8_t)w->next_id };

	w->send_at_ms = BS_NEVER;
	w->waiting = true;
	w->acknowledged = false;
	if (l->what == SEND_PING) {
		memcpy(w->last_wire, ping, w->last_wire_len = sizeof(ping));
		w->next_id++;
	} else if (l->what == SEND_RAW) {
		memcpy(w->last_wire, l->payload.data, w->last_wire_len = l->payload.len);
		w->token.len = l->payload.data[0] & 15;
		if (w->token.len <= BS_TOKEN_MAX && l->payload.len >= 4u + w->token.len)
			memcpy(w->token.data, l->payload.data + 4, w->token.len);
	} else if (l->what == SEND_REQUEST) {
		w->last_wire_len = build_request(w, l, &block, w->last_wire);
		w->fetched_len = (size_t)l->block << (l->szx + 4);
		w->etag_len = 0;
	}
	w->request_id = (uint16_t)(w->last_wire[2] << 8 | w->last_wire[3]);
	if (l->non || l->answer == ANSWER_NOTHING)
		transmit(w, true, 0, w->last_wire, w->last_wire_len);
	else
		send_confirmable(w, w->last_wire, w->last_wire_len, 0, true);
	if (l->answer == ANSWER_NOTHING)
		w->quiet_until_ms = w->now_ms + NOTHING_MS;
}

static void
repeat(struct world *w, struct pending *p)
{
	if (p->sent == 5) {
		p->used = false;
		if (p->is_request && w->waiting && w->script.lines[w->at].answer == ANSWER_SILENCE) {
			w->waiting = false;
			advance(w);
		} else {
			wrong(w, "the device got no acknowledgement of %04x", p->id);
		}
		return;
	}
	if (p->sent > 0 && !p->is_request && w->fault == FAULT_NONE)
		wrong(w, "the server did not acknowledge a response");
	p->due_ms = w->now_ms + (p->timeout_ms << p->sent);
	p->sent++;
	transmit(w, true, 0, p->data, p->len);
}

/* The device: answers to its requests. */

static void
forget_pending(struct world *w, uint16_t id)
{
	for (size_t i = 0; i < PENDING_MAX; i++) {
		if (w->pending[i].used && w->pending[i].id == id)
			w->pending[i].used = false;
	}
}

static bool
is_pending_response(const struct world *w, uint16_t id)
{
	for (size_t i = 0; i < PENDING_MAX; i++) {
		if (w->pending[i].used && w->pending[i].id == id)
			return !w->pending[i].is_request;
	}
	return false;
}

static void
answered(struct world *w, bool reset, uint8_t code)
{
	const struct line *l = &w->script.lines[w->at];
	char text[BS_CODE_TEXT];

	if (reset != (l->answer == ANSWER_RESET) || (!reset && l->answer > ANSWER_SEPARATE))
		wrong(w, "answered with %s", reset ? "a reset" : bs_code_format(code, text));
	if (!reset && code != l->code)
		wrong(w, "answered %s", bs_code_format(code, text));
	if (l->answer == ANSWER_SEPARATE && !w->acknowledged && w->fault == FAULT_NONE)
		wrong(w, "no empty ACK before the response");
	w->waiting = false;
	advance(w);
}

/* A block of an answer: keep it, and ask for the next one where there is one and the line says so. */
static bool
fetch_more(struct world *w, const struct bs_msg *m)
{
	const struct line *l = &w->script.lines[w->at];
	size_t at = m->block2.present ? (size_t)m->block2.num << (m->block2.szx + 4) : 0;
	struct bs_block next = { .present = true, .szx = m->block2.szx };

	if (at != w->fetched_len || at + m->payload_len > sizeof(w->fetched))
		wrong(w, "block %u is not the one asked for", m->block2.num);
	if (w->etag_len > 0 && (m->etag.len != w->etag_len || memcmp(m->etag.data, w->etag, w->etag_len) != 0))
		wrong(w, "another ETag");
	if (m->code != BS_CONTENT)
		return false;
	memcpy(w->fetched + at, m->payload, m->payload_len);
	w->fetched_len = at + m->payload_len;
	memcpy(w->etag, m->etag.data, m->etag.len);
	w->etag_len = m->etag.len;
	if (!l->fetch || !m->block2.more)
		return false;
	next.num = (uint32_t)(w->fetched_len >> (next.szx + 4));
	w->last_wire_len = build_request(w, l, &next, w->last_wire);
	w->request_id = (uint16_t)(w->last_wire[2] << 8 | w->last_wire[3]);
	send_confirmable(w, w->last_wire, w->last_wire_len, 0, true);
	return true;
}

static void
check_content(struct world *w, const struct bs_msg *m)
{
	const struct line *l = &w->script.lines[w->at];
	size_t from = (size_t)l->block << (l->szx + 4), len = w->fetched_len - from;
	char *text;

	if (l->format >= 0 && m->content_format != l->format)
		wrong(w, "Content-Format %u in the answer", m->content_format);
	if (!l->has_expected || (len == l->expected.len && memcmp(w->fetched + from, l->expected.data, len) == 0))
		return;
	text = malloc(2 * len + 1);
	assert_non_null(text);
	trace(w, "answer: %s", bs_hex_encode(w->fetched + from, len, text));
	free(text);
	wrong(w, "another content (%zu octets, expected %zu)", len, l->expected.len);
}

static void
acknowledge(struct world *w, uint16_t id)
{
	struct bs_msg m;

	bs_msg_init(&m, BS_ACK, BS_EMPTY, id);
	send_msg(w, 0, &m, NULL);
}

static void
take_answer(struct world *w, const struct bs_msg *m)
{
	bool mine = w->waiting && m->id == w->request_id;
	bool token = w->waiting && m->token.len == w->token.len &&
		     memcmp(m->token.data, w->token.data, w->token.len) == 0;

	if (m->type == BS_CON)
		acknowledge(w, m->id);
	if (m->type == BS_RST && is_pending_response(w, m->id))
		wrong(w, "a reset to a response of the device");
	if (m->type == BS_ACK || m->type == BS_RST)
		forget_pending(w, m->id);
	if (m->type == BS_RST && mine)
		answered(w, true, 0);
	else if (m->type == BS_ACK && m->code == BS_EMPTY && mine)
		w->acknowledged = true;
	else if ((m->type == BS_ACK && mine) || (m->type <= BS_NON && token)) {
		if (!token)
			wrong(w, "another token in the response");
		forget_pending(w, w->request_id);
		if (m->code == BS_CONTENT && fetch_more(w, m))
			return;
		if (m->code == BS_CONTENT)
			check_content(w, m);
		answered(w, false, m->code);
	}
}

/* The device: requests of the server. */

static struct seen *
remember(struct world *w, uint16_t id)
{
	struct seen *s = &w->seen[w->seen_count];

	if (w->seen_count == SEEN_MAX)
		wrong(w, "too many requests");
	w->seen_count++;
	s->id = id;
	s->len = 0;
	return s;
}

static const struct seen *
find_seen(const struct world *w, uint16_t id)
{
	for (size_t i = 0; i < w->seen_count; i++) {
		if (w->seen[i].id == id)
			return &w->seen[i];
	}
	return NULL;
}

/* A response to m, its payload cut into a block where it is long or where m asks for one. */
static void
fill_response(struct world *w, const struct bs_msg *m, struct bs_msg *r, const struct octets *body)
{
	size_t size = m->block2.present ? (size_t)16 << m->block2.szx : DEVICE_BLOCK;
	size_t from;

	if (size > DEVICE_BLOCK)
		size = DEVICE_BLOCK;
	from = m->block2.present ? m->block2.num * size : 0;
	r->token = m->token;
	r->payload = body->len > 0 ? body->data : NULL;
	r->payload_len = body->len;
	if (body->has_format)
		r->content_format = body->format;
	if (m->block1.present) {
		r->block1 = m->block1;
	}
	if (body->len <= size && !m->block2.present)
		return;
	if (from > body->len)
		wrong(w, "asks for a block behind the end");
	r->block2 = (struct bs_block){ .present = true, .num = (uint32_t)(from / size) };
	while ((16u << r->block2.szx) < size)
		r->block2.szx++;
	r->payload = body->data + from;
	r->payload_len = body->len - from;
	r->block2.more = r->payload_len > size;
	if (r->block2.more)
		r->payload_len = size;
}

static void
reply_now(struct world *w, const struct bs_msg *m, uint8_t code, const struct octets *body)
{
	struct bs_msg r;

	bs_msg_init(&r, BS_ACK, code, m->id);
	fill_response(w, m, &r, body);
	send_msg(w, 0, &r, remember(w, m->id));
}

static void
reply_separately(struct world *w, const struct bs_msg *m, const struct line *l)
{
	bool overtake = l->reaction == REACT_OVERTAKE;
	uint8_t wire[WIRE_MAX];
	struct bs_msg r, ack;
	size_t len;

	bs_msg_init(&r, l->reaction == REACT_UNRELIABLE ? BS_NON : BS_CON, l->code, w->next_id++);
	fill_response(w, m, &r, &l->reply);
	assert_int_equal(bs_msg_write(&r, wire, sizeof(wire), &len), BS_OK);
	bs_msg_init(&ack, BS_ACK, BS_EMPTY, m->id);
	send_msg(w, overtake ? 200 : 0, &ack, remember(w, m->id));
	if (r.type == BS_CON)
		send_confirmable(w, wire, len, overtake ? 0 : THINKING_MS, false);
	else
		transmit(w, true, THINKING_MS, wire, len);
}

static void
check_payload(struct world *w, const struct line *l, const struct bs_msg *m)
{
	const uint8_t *data = w->assembling ? w->assembled : m->payload;
	size_t len = w->assembling ? w->assembled_len : m->payload_len;
	char *text;

	if (!l->has_payload || (len == l->payload.len && (len == 0 || memcmp(data, l->payload.data, len) == 0)))
		return;
	text = malloc(2 * len + 1);
	assert_non_null(text);
	trace(w, "payload: %s", bs_hex_encode(data, len, text));
	free(text);
	wrong(w, "another payload (%zu octets, expected %zu)", len, l->payload.len);
}

static void
check_wait(struct world *w, const struct line *l)
{
	uint64_t waited = w->now_ms - w->last_ms;

	if (l->has_wait && w->fault == FAULT_NONE && (waited < l->wait_ms || waited > 2 * l->wait_ms))
		wrong(w, "came after %" PRIu64 " ms", waited);
}

static void
check_request(struct world *w, const struct line *l, const struct bs_msg *m)
{
	char uri[sizeof(l->uri)] = "";

	for (size_t i = 0; i < m->path_count; i++)
		snprintf(uri + strlen(uri), sizeof(uri) - strlen(uri), "/%.*s", (int)m->path[i].len, m->path[i].data);
	if (m->type != BS_CON || m->code != l->method || strcmp(m->path_count > 0 ? uri : "/", l->uri) != 0 ||
		m->query_count != 0)
		wrong(w, "another request: code 0.%02u, %s", m->code, uri);
	if (m->accept != (l->accept >= 0 ? l->accept : BS_NO_FORMAT))
		wrong(w, "Accept %u", m->accept);
	if (l->format >= 0 ? m->content_format != l->format : m->payload_len == 0 && m->content_format != BS_NO_FORMAT)
		wrong(w, "Content-Format %u", m->content_format);
	if (l->same && m->id != w->last_server_id)
		wrong(w, "another Message ID");
}

static void
react(struct world *w, const struct line *l, const struct bs_msg *m)
{
	struct bs_msg r;

	check_payload(w, l, m);
	w->assembling = false;
	w->last_server_id = m->id;
	switch (l->reaction) {
	case REACT_REPLY:
		w->blockwise = &l->reply;
		w->blockwise_code = l->code;
		reply_now(w, m, l->code, &l->reply);
		break;
	case REACT_SEPARATE:
	case REACT_OVERTAKE:
	case REACT_UNRELIABLE:
		reply_separately(w, m, l);
		break;
	case REACT_RESET:
		bs_msg_init(&r, BS_RST, BS_EMPTY, m->id);
		send_msg(w, 0, &r, remember(w, m->id));
		break;
	case REACT_SILENT:
		remember(w, m->id);
		break;
	case REACT_DROP:
		break;
	}
	advance(w);
}

/* Block1: true when the request is complete with m. */
static bool
assemble(struct world *w, const struct bs_msg *m)
{
	static const struct octets none;
	size_t at = (size_t)m->block1.num << (m->block1.szx + 4);

	if (!m->block1.present)
		return true;
	if (m->block1.num == 0) {
		w->assembling = true;
		w->assembled_len = 0;
	}
	if (!w->assembling || at != w->assembled_len || at + m->payload_len > sizeof(w->assembled))
		wrong(w, "block %u does not fit", m->block1.num);
	memcpy(w->assembled + at, m->payload, m->payload_len);
	w->assembled_len += m->payload_len;
	if (m->block1.more)
		reply_now(w, m, BS_CONTINUE, &none);
	return !m->block1.more;
}

static void
take_request(struct world *w, const struct bs_msg *m)
{
	const struct line *l = &w->script.lines[w->at];
	const struct seen *s = find_seen(w, m->id);

	if (s != NULL) {
		if (s->len > 0)
			transmit(w, true, 0, s->data, s->len);
		return;
	}
	if (m->code == BS_GET && m->block2.present && m->block2.num > 0 && w->blockwise != NULL) {
		reply_now(w, m, w->blockwise_code, w->blockwise);
		return;
	}
	if (w->at < w->script.count && l->kind == DEVICE_SENDS)
		return; /* busy with a request of its own */
	if (w->at == w->script.count)
		wrong(w, "a request after the end of the script");
	check_request(w, l, m);
	if (!m->block1.present || m->block1.num == 0)
		check_wait(w, l);
	if (assemble(w, m))
		react(w, l, m);
}

static void
device_receives(struct world *w, const uint8_t *data, size_t len)
{
	enum bs_malformed what;
	struct bs_msg m;

	if (bs_msg_parse(data, len, &m, &what) != BS_OK)
		wrong(w, "the server sent no message");
	if (m.type <= BS_NON && m.code != BS_EMPTY && BS_CODE_CLASS(m.code) == 0)
		take_request(w, &m);
	else
		take_answer(w, &m);
}

/* The clock. */

static struct pending *
next_pending(struct world *w)
{
	struct pending *best = NULL;

	for (size_t i = 0; i < PENDING_MAX; i++) {
		if (w->pending[i].used && (best == NULL || w->pending[i].due_ms < best->due_ms))
			best = &w->pending[i];
	}
	return best;
}

static void
land(struct world *w, struct flight *f)
{
	struct flight copy = *f;

	f->used = false;
	if (copy.to_server)
		bs_exchange_input(w->ex, w->now_ms, copy.data, copy.len);
	else
		device_receives(w, copy.data, copy.len);
}

/* Whatever is due next happens; false: nothing ever will. */
static bool
turn(struct world *w)
{
	struct flight *f = wire_next(&w->wire);
	struct pending *p = next_pending(w);
	uint64_t ex = bs_exchange_next_deadline_ms(w->ex), session = bs_session_next_deadline_ms(w->session);
	uint64_t now = wire_least(
		wire_least(ex, session), wire_least(w->load_at_ms, wire_least(w->send_at_ms, w->quiet_until_ms)));

	now = wire_least(now, wire_least(wire_land_ms(f), p != NULL ? p->due_ms : BS_NEVER));
	if (now == BS_NEVER)
		return false;
	if (now > w->now_ms)
		w->now_ms = now;
	if (f != NULL && f->at_ms <= now)
		land(w, f);
	else if (w->load_at_ms <= now)
		finish_load(w);
	else if (ex <= now)
		bs_exchange_tick(w->ex, w->now_ms);
	else if (session <= now)
		bs_session_tick(w->session, w->now_ms);
	else if (p != NULL && p->due_ms <= now)
		repeat(w, p);
	else if (w->send_at_ms <= now)
		send_line(w);
	else {
		w->quiet_until_ms = BS_NEVER;
		w->waiting = false;
		advance(w);
	}
	return true;
}

static bool
is_over(struct world *w)
{
	return w->at == w->script.count && !bs_session_is_running(w->session) && wire_next(&w->wire) == NULL &&
	       next_pending(w) == NULL;
}

static void
check_end(struct world *w, size_t i)
{
	const struct bs_run_report *got = &w->reports[i];
	const struct end *want = &w->script.ends[i];

	if (got->outcome != want->outcome)
		wrong(w, "end %zu is %s, not %s", i + 1, bs_outcome_word(got->outcome), bs_outcome_word(want->outcome));
	if (want->step[0] != '\0' && strcmp(want->step, got->step) != 0)
		wrong(w, "ended at \"%s\"", got->step);
	if (want->has_detail && strcmp(want->detail, got->detail) != 0)
		wrong(w, "ended because \"%s\"", got->detail);
	if (want->code >= 0 && want->code != got->code)
		wrong(w, "ended with code %u.%02u", got->code >> 5, got->code & 31);
	if (want->writes >= 0 && want->writes != (int)got->writes)
		wrong(w, "ended after %u writes", got->writes);
	if (want->format >= 0 && want->format != got->format)
		wrong(w, "ended with format %u", got->format);
	if (want->version >= 0 && want->version != (int)got->version)
		wrong(w, "ended with version %d", (int)got->version);
}

/* The life of a world. */

static const struct bs_session_ops session_ops = { on_admit, on_load, on_finished, on_wall_s, on_random };

static void
world_init(struct world *w, const struct scenario *s, enum fault fault, unsigned fault_at)
{
	static const struct bs_exchange_ops exchange_ops = { on_send, on_request, on_random };
	static struct bs_roots roots;
	struct bs_client client = { .device_id = 7, .endpoint = "dev-0001", .mode = BS_MODE_PSK };

	w->scenario = s;
	roots.count = 0;
	assert_int_equal(bs_roots_add(&roots, "/t7", NULL), BS_OK);
	w->fault = fault;
	w->fault_at = fault_at;
	w->random = 0x9e3779b97f4a7c15u + fault_at;
	w->next_id = 0x1234;
	w->now_ms = 1000;
	w->load_at_ms = w->send_at_ms = w->quiet_until_ms = BS_NEVER;
	w->trace = test_calloc(1, TRACE_MAX);
	script_read(&w->script, s->name, s->text);
	w->busy = w->script.store_busy;
	w->drop = w->script.drop;
	w->too_many = w->script.too_many;
	w->ex = bs_exchange_new(&exchange_ops, w, w->now_ms);
	w->session = bs_session_new(&session_ops, w, w->ex, &client);
	bs_session_set_roots(w->session, &roots);
	assert_non_null(w->ex);
	assert_non_null(w->session);
	w->at = (size_t)-1; /* advance() brings the first line */
	advance(w);
	if (w->script.no_request &&
		bs_session_begin(w->session, w->now_ms) != (w->script.too_many + w->script.drop == 0))
		wrong(w, "admission");
}

static unsigned
play_once(const struct scenario *s, enum fault fault, unsigned fault_at, bool *once)
{
	struct world *w = test_calloc(1, sizeof(*w));
	unsigned datagrams;

	world_init(w, s, fault, fault_at);
	while (!is_over(w) && turn(w)) {
		if (++w->steps > STEPS_MAX)
			wrong(w, "there is no end of it");
	}
	if (w->at != w->script.count)
		wrong(w, "nothing happens any more");
	if (w->report_count != w->script.end_count)
		wrong(w, "%zu reports, not %zu", w->report_count, w->script.end_count);
	for (size_t i = 0; i < w->report_count; i++)
		check_end(w, i);
	if (bs_exchange_is_busy(w->ex))
		wrong(w, "a request is still outstanding");
	datagrams = w->datagrams;
	*once = w->script.once;
	bs_session_free(w->session);
	bs_exchange_free(w->ex);
	script_clear(&w->script);
	test_free(w->trace);
	test_free(w);
	return datagrams;
}

void
scenario_play(const struct scenario *s)
{
	bool once;
	unsigned datagrams = play_once(s, FAULT_NONE, 0, &once);

	for (enum fault fault = FAULT_LOSE; fault < FAULT_COUNT && !once; fault++) {
		for (unsigned n = 1; n <= datagrams; n++)
			play_once(s, fault, n, &once);
	}
}
