/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "tests/scenario/device.h"
#include "tests/scenario/wire.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/base/clock.h"
#include "server/content/decode.h"
#include "server/content/format.h"

#define SEEN_MAX 256
#define TURNS_MAX 20000
#define TRANSMISSIONS 5
#define MAX_AGE_S 3

struct world {
	const struct device *d;
	struct device_end *end;
	struct bs_exchange *ex;
	struct bs_session *session;
	uint64_t now_ms, load_at_ms, random, chance;
	bool reported;
	struct wire wire;
	/* its own request */
	uint8_t request[WIRE_MAX];
	size_t request_len;
	uint16_t next_id;
	unsigned sent;
	uint64_t again_at_ms;
	/* requests of the server */
	struct {
		uint16_t id;
		uint8_t data[WIRE_MAX];
		size_t len;
	} seen[SEEN_MAX];
	size_t seen_count;
	unsigned discover_requests, discover_answers;
	uint16_t discover_id;
	unsigned requests;
	unsigned finish_406;
	/* Block1, and the pack */
	uint8_t body[BS_REQUEST_PAYLOAD_MAX];
	size_t body_len;
	bool assembling;
	struct bs_token token;
};

/* ---- the wire ------------------------------------------------------------------------------------------------- */

static bool
is_lost_by_chance(struct world *w)
{
	uint32_t n;

	test_random(&w->chance, &n, sizeof(n));
	return n % 100 < w->d->loss_percent;
}

static void
fly(struct world *w, bool to_server, const uint8_t *data, size_t len)
{
	if (!is_lost_by_chance(w) && !wire_fly(&w->wire, to_server, w->now_ms + LATENCY_MS, data, len))
		fail_msg("too many datagrams in flight");
}

static bool
is_discover(const struct bs_msg *m)
{
	return m->code == BS_GET && m->path_count == 0 && m->accept == BS_CF_LINK;
}

static bool
loses(enum device_loss one, enum device_loss all, enum device_loss loss, unsigned nth)
{
	return loss == all || (loss == one && nth == 1);
}

static void
on_send(void *arg, const uint8_t *data, size_t len)
{
	struct world *w = arg;
	enum bs_malformed what;
	struct bs_msg m;

	assert_int_equal(bs_msg_parse(data, len, &m, &what), BS_OK);
	if (is_discover(&m) && loses(LOSE_REQUEST, LOSE_REQUESTS, w->d->loss, ++w->discover_requests))
		return;
	fly(w, false, data, len);
}

static void
send_msg(struct world *w, const struct bs_msg *m)
{
	bool of_discover = w->discover_id == m->id && (m->type == BS_ACK || m->type == BS_RST);
	uint8_t wire[WIRE_MAX];
	size_t len;

	assert_int_equal(bs_msg_write(m, wire, sizeof(wire), &len), BS_OK);
	/* Max-Age: libcoap's number for it is 14, and no other option of an answer with it comes after. */
	if (m->code == BS_UNAVAILABLE && w->d->repeated == REPEATED_503_MAX_AGE) {
		wire[len++] = 0xd1;
		wire[len++] = 14 - 13;
		wire[len++] = MAX_AGE_S;
	}
	if (w->seen_count > 0 && w->seen[w->seen_count - 1].id == m->id) {
		memcpy(w->seen[w->seen_count - 1].data, wire, len);
		w->seen[w->seen_count - 1].len = len;
	}
	if (of_discover && loses(LOSE_ANSWER, LOSE_ANSWERS, w->d->loss, ++w->discover_answers))
		return;
	fly(w, true, wire, len);
}

/* ---- what it holds -------------------------------------------------------------------------------------------- */

static void
is_written(struct world *w, const struct bs_path *at, uint16_t oid, uint16_t iid)
{
	(void)at;
	if (oid != BS_OBJ_SECURITY)
		return;
	if (w->end->written_count < DEVICE_WRITTEN_MAX)
		w->end->written[w->end->written_count++] = iid;
	if ((int)iid == w->d->own)
		w->end->hit = true;
}

static uint16_t
number(const struct bs_segment *s)
{
	char text[8] = "";

	assert_true(s->len > 0 && s->len < sizeof(text));
	memcpy(text, s->data, s->len);
	return (uint16_t)atoi(text);
}

static struct bs_path
path_of(const struct bs_msg *m)
{
	struct bs_path p = { .level = (enum bs_level)m->path_count };

	if (m->path_count > 0)
		p.oid = number(&m->path[0]);
	if (m->path_count > 1)
		p.iid = number(&m->path[1]);
	if (m->path_count > 2)
		p.rid = number(&m->path[2]);
	return p;
}

/* Whatever a payload holds, instance by instance. */
static void
take_payload(struct world *w, const struct bs_path *at, uint16_t format, const uint8_t *data, size_t len)
{
	struct bs_tree *tree = NULL;

	if (at->level >= BS_LEVEL_INSTANCE) {
		is_written(w, at, at->oid, at->iid);
		return;
	}
	assert_int_equal(bs_decode(format, at, data, len, NULL, &tree), BS_OK);
	for (size_t i = 0; i < tree->count; i++)
		is_written(w, at, tree->instances[i].oid, tree->instances[i].iid);
	bs_tree_free(tree);
}

static const char *
links(const struct world *w, char *out, size_t max)
{
	int own = w->d->own;
	size_t len = 0;

	if (w->d->discover == DISCOVER_GARBAGE)
		return "<<</0/0";
	len += (size_t)snprintf(out, max, "</>;lwm2m=1.1,</0/%d>;ssid=101,</1/0>;ssid=101,</3/0>", DEVICE_SERVER_IID);
	if (own != DEVICE_NOWHERE && w->d->discover != DISCOVER_HIDES)
		len += (size_t)snprintf(out + len, max - len, ",</0/%d>", own);
	if (own != DEVICE_NOWHERE && w->d->discover == DISCOVER_TWO)
		snprintf(out + len, max - len, ",</0/%d>", own + 1);
	return out;
}

/* ---- requests of the server ----------------------------------------------------------------------------------- */

static void
answer(struct world *w, const struct bs_msg *m, uint8_t code)
{
	struct bs_msg r;

	bs_msg_init(&r, BS_ACK, code, m->id);
	r.token = m->token;
	r.block1 = m->block1;
	if (code == BS_UNAVAILABLE)
		r.block1.present = false; /* Max-Age is put behind, see send_msg */
	send_msg(w, &r);
}

static void
answer_discover(struct world *w, const struct bs_msg *m)
{
	static const uint8_t codes[DISCOVER_COUNT] = {
		[DISCOVER_404] = BS_NOT_FOUND, [DISCOVER_405] = BS_METHOD_NOT_ALLOWED
	};
	char text[200];
	struct bs_msg r;

	w->end->discovers++;
	w->discover_id = m->id;
	if (w->d->discover == DISCOVER_SILENT)
		return;
	bs_msg_init(&r, w->d->discover == DISCOVER_RESET ? BS_RST : BS_ACK, BS_EMPTY, m->id);
	if (r.type == BS_ACK) {
		r.token = m->token;
		r.code = codes[w->d->discover] != 0 ? codes[w->d->discover] : BS_CONTENT;
	}
	if (r.code == BS_CONTENT) {
		r.content_format = BS_CF_LINK;
		r.payload = (const uint8_t *)links(w, text, sizeof(text));
		r.payload_len = strlen((const char *)r.payload);
	}
	send_msg(w, &r);
}

static bool
same_token(const struct bs_token *a, const struct bs_token *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* False: it was answered, and there is nothing to carry out yet. */
static bool
assemble(struct world *w, const struct bs_msg *m)
{
	size_t at = (size_t)m->block1.num << (m->block1.szx + 4);
	bool anew = m->block1.num == 0 && (!w->assembling || !same_token(&w->token, &m->token));

	if (!m->block1.present) {
		w->assembling = false;
		return true;
	}
	if (anew) {
		w->assembling = true;
		w->token = m->token;
		w->body_len = 0;
	}
	if (!w->assembling || at != w->body_len) {
		answer(w, m, w->assembling && w->d->repeated != REPEATED_408 ? BS_UNAVAILABLE : BS_INCOMPLETE);
		return false;
	}
	assert_true(at + m->payload_len <= sizeof(w->body));
	memcpy(w->body + at, m->payload, m->payload_len);
	w->body_len = at + m->payload_len;
	if (m->block1.more)
		answer(w, m, BS_CONTINUE);
	else
		w->assembling = false;
	return !m->block1.more;
}

/* Its one Server instance, of server 101, in TLV. */
static void
answer_read(struct world *w, const struct bs_msg *m)
{
	static const uint8_t server[] = { 0x08, 0x00, 0x03, 0xc1, 0x00, 0x65 };
	struct bs_msg r;

	bs_msg_init(&r, BS_ACK, BS_CONTENT, m->id);
	r.token = m->token;
	r.content_format = BS_CF_TLV;
	r.payload = server;
	r.payload_len = sizeof(server);
	send_msg(w, &r);
}

static void
carry_out(struct world *w, const struct bs_msg *m)
{
	struct bs_path at;

	if (m->code == BS_GET) {
		answer_read(w, m);
		return;
	}

	if (m->code == BS_POST) {
		answer(w, m, w->finish_406 > 0 ? BS_NOT_ACCEPTABLE : BS_CHANGED);
		w->finish_406 -= w->finish_406 > 0;
		return;
	}
	at = path_of(m);
	if (m->code == BS_DELETE) {
		w->end->deletes++;
		if (at.level == BS_LEVEL_INSTANCE && at.oid == BS_OBJ_SECURITY && (int)at.iid == w->d->own)
			w->end->hit = true;
		answer(w, m, BS_DELETED);
		return;
	}
	assert_int_equal(m->code, BS_PUT);
	w->end->writes++;
	if (m->block1.present)
		take_payload(w, &at, m->content_format, w->body, w->body_len);
	else
		take_payload(w, &at, m->content_format, m->payload, m->payload_len);
	answer(w, m, BS_CHANGED);
}

static bool
answered_before(struct world *w, const struct bs_msg *m)
{
	for (size_t i = 0; i < w->seen_count; i++) {
		if (w->seen[i].id == m->id && w->seen[i].len > 0) {
			if (w->discover_id != m->id ||
				!loses(LOSE_ANSWER, LOSE_ANSWERS, w->d->loss, ++w->discover_answers))
				fly(w, true, w->seen[i].data, w->seen[i].len);
			return true;
		}
	}
	return false;
}

static void
take_request(struct world *w, const struct bs_msg *m)
{
	if (w->d->repeated == REPEATED_AS_BEFORE && answered_before(w, m))
		return;
	assert_true(w->seen_count < SEEN_MAX);
	w->seen[w->seen_count].len = 0;
	w->seen[w->seen_count++].id = m->id;
	w->requests++;
	if (w->d->busy_at == w->requests || (w->d->busy_for_good && w->requests > w->d->busy_at)) {
		answer(w, m, BS_UNAVAILABLE);
	} else if (is_discover(m)) {
		answer_discover(w, m);
	} else if (assemble(w, m)) {
		carry_out(w, m);
	}
}

/* ---- its own request ------------------------------------------------------------------------------------------ */

static struct bs_segment
segment(const char *text)
{
	return (struct bs_segment){ (const uint8_t *)text, strlen(text) };
}

static void
ask(struct world *w, const struct bs_block *block)
{
	char acc[24];
	struct bs_msg m;

	bs_msg_init(&m, BS_CON, w->d->pack ? BS_GET : BS_POST, w->next_id++);
	m.path[m.path_count++] = segment(w->d->pack ? "bspack" : "bs");
	m.query[m.query_count++] = segment("ep=dev-0001");
	if (w->d->acc) {
		snprintf(acc, sizeof(acc), "acc=</0/%d>", w->d->own);
		m.query[m.query_count++] = segment(acc);
	}
	m.block2 = *block;
	assert_int_equal(bs_msg_write(&m, w->request, sizeof(w->request), &w->request_len), BS_OK);
	w->sent = 0;
	w->again_at_ms = w->now_ms;
}

static void
send_again(struct world *w)
{
	w->again_at_ms = w->sent < TRANSMISSIONS ? w->now_ms + (2000u << w->sent) : BS_NEVER;
	if (w->sent++ < TRANSMISSIONS)
		fly(w, true, w->request, w->request_len);
}

static void
take_answer(struct world *w, const struct bs_msg *m)
{
	static const struct bs_path root = { .level = BS_LEVEL_ROOT };
	size_t at = m->block2.present ? (size_t)m->block2.num << (m->block2.szx + 4) : 0;
	struct bs_block next = { .present = true, .szx = m->block2.szx, .num = m->block2.num + 1 };

	if (m->type != BS_ACK || w->again_at_ms == BS_NEVER || m->id != (w->request[2] << 8 | w->request[3]))
		return;
	w->again_at_ms = BS_NEVER;
	if (m->code != BS_CONTENT)
		return;
	memcpy(w->body + at, m->payload, m->payload_len);
	if (m->block2.more)
		ask(w, &next);
	else
		take_payload(w, &root, m->content_format, w->body, at + m->payload_len);
}

/* ---- the server's side ---------------------------------------------------------------------------------------- */

static bool
on_request(void *arg, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref)
{
	return bs_session_request(((struct world *)arg)->session, now_ms, msg, ref);
}

static void
on_random(void *arg, void *out, size_t len)
{
	test_random(&((struct world *)arg)->random, out, len);
}

static enum bs_admission
on_admit(void *arg, uint64_t now_ms, const struct bs_client *client)
{
	(void)arg;
	(void)now_ms;
	(void)client;
	return BS_ADMIT;
}

static void
on_load(void *arg, int64_t device_id)
{
	struct world *w = arg;

	(void)device_id;
	w->load_at_ms = w->now_ms + 1;
}

static void
on_finished(void *arg, uint64_t now_ms, const struct bs_run_report *report)
{
	struct world *w = arg;

	(void)now_ms;
	assert_false(w->reported);
	w->reported = true;
	w->end->report = *report;
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
	struct bs_account *a = w->d->account();

	w->load_at_ms = BS_NEVER;
	if (w->d->security_iid != 0)
		a->profile.security_iid = w->d->security_iid;
	if (w->d->adjust != NULL)
		w->d->adjust(a);
	bs_session_loaded(w->session, w->now_ms, BS_OK, a);
}

/* ---- the clock ------------------------------------------------------------------------------------------------ */

static void
land(struct world *w, struct flight *f)
{
	struct flight copy = *f;
	enum bs_malformed what;
	struct bs_msg m;

	f->used = false;
	if (copy.to_server) {
		bs_exchange_input(w->ex, w->now_ms, copy.data, copy.len);
		return;
	}
	assert_int_equal(bs_msg_parse(copy.data, copy.len, &m, &what), BS_OK);
	if (m.code != BS_EMPTY && BS_CODE_CLASS(m.code) == 0)
		take_request(w, &m);
	else
		take_answer(w, &m);
}

static bool
turn(struct world *w)
{
	struct flight *f = wire_next(&w->wire);
	uint64_t ex = bs_exchange_next_deadline_ms(w->ex), session = bs_session_next_deadline_ms(w->session);
	uint64_t now = wire_least(wire_least(ex, session), wire_least(w->load_at_ms, w->again_at_ms));

	now = wire_least(now, wire_land_ms(f));
	if (now == BS_NEVER)
		return false;
	w->now_ms = now > w->now_ms ? now : w->now_ms;
	if (f != NULL && f->at_ms <= now)
		land(w, f);
	else if (w->load_at_ms <= now)
		finish_load(w);
	else if (ex <= now)
		bs_exchange_tick(w->ex, w->now_ms);
	else if (session <= now)
		bs_session_tick(w->session, w->now_ms);
	else
		send_again(w);
	return true;
}

void
device_run(const struct device *d, struct device_end *end)
{
	static const struct bs_exchange_ops exchange_ops = { on_send, on_request, on_random };
	static const struct bs_session_ops session_ops = { on_admit, on_load, on_finished, on_wall_s, on_random };
	static const struct bs_block none;
	struct bs_client client = { .device_id = 7, .endpoint = "dev-0001", .mode = BS_MODE_PSK };
	struct world *w = test_calloc(1, sizeof(*w));
	unsigned turns = 0;

	memset(end, 0, sizeof(*end));
	w->d = d;
	w->end = end;
	w->random = 7 + d->seed;
	w->chance = 0x9e3779b97f4a7c15u * (d->seed + 1);
	w->now_ms = 1000;
	w->load_at_ms = w->again_at_ms = BS_NEVER;
	w->finish_406 = d->finish_406;
	w->ex = bs_exchange_new(&exchange_ops, w, w->now_ms);
	w->session = bs_session_new(&session_ops, w, w->ex, &client);
	assert_non_null(w->session);
	ask(w, &none);
	while (!w->reported && turn(w))
		assert_true(++turns < TURNS_MAX);
	/* What was sent before the end still comes in: the last block of a pack. */
	end->took_ms = w->now_ms - 1000;
	for (struct flight *f; w->reported && (f = wire_next(&w->wire)) != NULL;) {
		w->now_ms = f->at_ms > w->now_ms ? f->at_ms : w->now_ms;
		land(w, f);
	}
	if (!w->reported) {
		end->report.outcome = BS_OUT_NO_REQUEST; /* its request was lost, or answered without a run */
		snprintf(end->report.detail, sizeof(end->report.detail), "no report");
	}
	bs_session_free(w->session);
	bs_exchange_free(w->ex);
	test_free(w);
}
