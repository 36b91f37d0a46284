/* SPDX-License-Identifier: Apache-2.0 */
/* How a client answers the Bootstrap-Server: retransmissions, blocks, the device's verdict, and misbehaviour. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"
#include "tools/sim/client.h"

#define EXCHANGE_LIFETIME_MS 247000 /* RFC 7252 section 4.8.2 */
#define PLAIN_MAX 1024 /* a payload beyond it must come in blocks */

#define OPT_ETAG 4
#define OPT_FORMAT 12
#define OPT_BLOCK2 23
#define OPT_BLOCK1 27

/* One request on its way through. */
struct turn {
	struct sim_client *c;
	const struct sim_msg *m;
	uint64_t now_ms;
	enum sim_step step;
	struct sim_path path;
	struct sim_verdict verdict;
	char *body; /* of a Discover or Read, owned */
	size_t body_len;
	uint32_t body_format;
	struct sim_block block1; /* to be echoed */
	bool lose;
	uint32_t delay_ms; /* before it is answered */
	bool wrong; /* at Finish: not what the operator's file says */
};

static struct sim_seen *
find_seen(struct sim_client *c, uint16_t mid, uint64_t now_ms)
{
	for (size_t i = 0; i < SIM_SEEN_MAX; i++)
		if (c->seen[i].used && c->seen[i].mid == mid && now_ms - c->seen[i].at_ms < EXCHANGE_LIFETIME_MS)
			return &c->seen[i];
	return NULL;
}

/* Keep an answer, in place of the oldest one. */
static void
remember(struct sim_client *c, uint16_t mid, uint64_t now_ms, const struct sim_out *o)
{
	struct sim_seen *s = &c->seen[c->next_seen++ % SIM_SEEN_MAX];

	free(s->answer);
	*s = (struct sim_seen){ .used = true, .mid = mid, .at_ms = now_ms };
	s->answer = malloc(o->len);
	if (s->answer != NULL) {
		memcpy(s->answer, o->data, o->len);
		s->len = o->len;
	}
}

/* "/o/i/r" as numbers. False: no path of objects. */
static bool
parse_path(const struct sim_msg *m, struct sim_path *p)
{
	uint16_t *id[] = { &p->oid, &p->iid, &p->rid, &p->riid };

	*p = (struct sim_path){ SIM_NONE, SIM_NONE, SIM_NONE, SIM_NONE };
	for (size_t i = 0; i < m->path_len; i++) {
		char *end;
		unsigned long v = strtoul(m->path[i], &end, 10);
		if (i == 4 || *end != '\0' || m->path[i][0] < '0' || m->path[i][0] > '9' || v >= SIM_NONE)
			return false;
		*id[i] = (uint16_t)v;
	}
	return true;
}

static bool
is_bs(const struct sim_msg *m)
{
	return m->path_len == 1 && strcmp(m->path[0], "bs") == 0;
}

static enum sim_step
step_of(const struct sim_msg *m)
{
	static const enum sim_step steps[] = {
		[SIM_GET] = SIM_AT_READ,
		[SIM_POST] = SIM_AT_FINISH,
		[SIM_PUT] = SIM_AT_WRITE,
		[SIM_DELETE] = SIM_AT_DELETE,
	};

	if (m->code == SIM_GET && m->accept == SIM_FORMAT_LINK)
		return SIM_AT_DISCOVER;
	return m->code <= SIM_DELETE ? steps[m->code] : SIM_AT_ANY;
}

/* Blocks in order, of one request, into one payload (RFC 7959 section 2.5). True when data is complete. */
static bool
assemble(struct turn *t, const uint8_t **data, size_t *len)
{
	const struct sim_msg *m = t->m;
	struct sim_assembly *a = &t->c->assembly;
	size_t size = (size_t)1 << (m->block1.szx + 4);

	t->block1 = m->block1;
	if (t->block1.szx > t->c->conf->block_szx)
		t->block1.szx = t->c->conf->block_szx;
	if (m->block1.num == 0) {
		if (a->data == NULL)
			a->data = calloc(1, SIM_BLOCKWISE_MAX);
		a->len = 0;
		a->path = t->path;
		a->format = m->format;
	}
	if (a->data == NULL || memcmp(&a->path, &t->path, sizeof(a->path)) != 0 || a->format != m->format ||
		m->block1.num * size != a->len)
		return sim_refuse(
			&t->verdict, SIM_INCOMPLETE, "block %u does not follow what came before", m->block1.num);
	if (m->payload_len > size || (m->block1.more && m->payload_len != size))
		return sim_refuse(&t->verdict, SIM_BAD_REQUEST, "a block of another size than it says");
	if (m->payload_len > SIM_BLOCKWISE_MAX - a->len)
		return sim_refuse(&t->verdict, SIM_TOO_LARGE, "more than the device can hold");
	memcpy(a->data + a->len, m->payload, m->payload_len);
	a->len += m->payload_len;
	*data = a->data;
	*len = a->len;
	return !m->block1.more || sim_refuse(&t->verdict, SIM_CONTINUE, "continue");
}

static void
on_write(struct turn *t)
{
	const uint8_t *data = t->m->payload;
	size_t len = t->m->payload_len;

	if (!t->m->block1.present && len > PLAIN_MAX && !t->c->conf->no_block1)
		sim_refuse(&t->verdict, SIM_TOO_LARGE, "%zu octets without Block1", len);
	else if (!t->m->block1.present || assemble(t, &data, &len))
		sim_device_write(&t->c->device, t->path, t->m->format, data, len, &t->verdict);
	if (t->verdict.code != SIM_CONTINUE && t->c->assembly.data != NULL) {
		bs_wipe(t->c->assembly.data, t->c->assembly.len);
		t->c->assembly.len = 0;
	}
}

static void
on_delete(struct turn *t)
{
	if (t->m->payload_len > 0)
		sim_refuse(&t->verdict, SIM_BAD_REQUEST, "a Bootstrap-Delete with a payload");
	else
		sim_device_delete(&t->c->device, t->path, &t->verdict);
}

static size_t
fill_discover_fault(enum sim_fault_kind kind, char *out)
{
	static const char nonsense[] = "\xff<<<;;;=,,\"</0/0;ssid=\"</99999>;\x01,</0/1>;ssid=99999999999";
	static const char entry[] = ",</5/00001>;ssid=101";

	if (kind == SIM_FAULT_DISCOVER_NONSENSE) {
		memcpy(out, nonsense, sizeof(nonsense) - 1);
		return sizeof(nonsense) - 1;
	}
	size_t len = 12;
	memcpy(out, "</>;lwm2m=1.", len);
	out[len++] = '1';
	while (len + sizeof(entry) < SIM_DISCOVER_MAX) {
		memcpy(out + len, entry, sizeof(entry) - 1);
		len += sizeof(entry) - 1;
	}
	return len;
}

static void
on_discover(struct turn *t)
{
	enum sim_fault_kind kind = t->c->conf->fault.kind;

	t->body_format = SIM_FORMAT_LINK;
	t->body = malloc(SIM_DISCOVER_MAX);
	if (t->body == NULL) {
		sim_refuse(&t->verdict, SIM_SERVER_ERROR, "out of memory");
		return;
	}
	sim_device_discover(&t->c->device, t->path, t->body, SIM_DISCOVER_MAX, &t->verdict);
	t->body_len = t->verdict.code == SIM_CONTENT ? strlen(t->body) : 0;
	if (kind == SIM_FAULT_DISCOVER_NONSENSE || kind == SIM_FAULT_DISCOVER_64K)
		t->body_len = fill_discover_fault(kind, t->body);
}

/* Without Accept a device answers as it likes: in the format that it prefers. */
static void
on_read(struct turn *t)
{
	int pct = t->c->conf->pct;

	t->body_format = t->m->accept != SIM_NO_FORMAT ? t->m->accept : pct >= 0 ? (uint32_t)pct : SIM_FORMAT_TLV;
	sim_device_read(&t->c->device, t->path, t->body_format, &t->body, &t->body_len, &t->verdict);
}

static void
on_finish(struct turn *t)
{
	if (!is_bs(t->m))
		sim_refuse(
			&t->verdict, t->m->path_len == 0 ? SIM_NOT_ALLOWED : SIM_NOT_FOUND, "a POST on another path");
	else if (t->m->payload_len > 0)
		sim_refuse(&t->verdict, SIM_BAD_REQUEST, "a Bootstrap-Finish with a payload");
	else
		sim_device_finish(&t->c->device, &t->verdict);
	/* A configuration that would work, but not the one that the operator meant for this device. */
	if (t->verdict.code == SIM_CHANGED) {
		t->verdict.code = 0;
		t->wrong = !sim_expect_check(&t->c->expectation, &t->c->device, &t->verdict);
		if (!t->wrong)
			t->verdict.code = SIM_CHANGED;
	}
}

/* What every request of a Bootstrap-Server must be like. */
static bool
is_proper(struct turn *t)
{
	const struct sim_msg *m = t->m;

	if (t->c->state == SIM_ST_LINGER)
		return sim_refuse(&t->verdict, SIM_SERVER_ERROR, "a request after Finish");
	if (m->bad_option != 0)
		return sim_refuse(&t->verdict, SIM_BAD_OPTION, "critical option %u", m->bad_option);
	if (m->block1.present && t->c->conf->no_block1)
		return sim_refuse(&t->verdict, t->c->conf->block1_code, "Block1, which this device does not know");
	if (m->block1.present && m->code != SIM_PUT)
		return sim_refuse(&t->verdict, SIM_BAD_OPTION, "Block1 on other than a Write");
	if (m->query_count > 0)
		return sim_refuse(&t->verdict, SIM_BAD_REQUEST, "a query");
	if (!parse_path(m, &t->path) && !is_bs(m))
		return sim_refuse(&t->verdict, SIM_NOT_FOUND, "no such path");
	if (is_bs(m) && m->code != SIM_POST)
		return sim_refuse(&t->verdict, SIM_NOT_ALLOWED, "other than POST on /bs");
	return true;
}

static void
decide(struct turn *t)
{
	static void (*const handlers[])(struct turn *) = {
		[SIM_AT_DISCOVER] = on_discover,
		[SIM_AT_READ] = on_read,
		[SIM_AT_DELETE] = on_delete,
		[SIM_AT_WRITE] = on_write,
		[SIM_AT_FINISH] = on_finish,
	};

	if (!is_proper(t))
		return;
	if (t->step == SIM_AT_ANY)
		sim_refuse(&t->verdict, SIM_NOT_ALLOWED, "an unknown method");
	else
		handlers[t->step](t);
}

/* Faults in place of an answer. True: nothing more to do. */
static bool
misbehave_before(struct turn *t)
{
	struct sim_client *c = t->c;
	const struct sim_fault *f = &c->conf->fault;
	struct sim_out o;

	if (t->m->block1.present && c->conf->no_block1 && c->conf->block1_code == 0)
		return true; /* a stack that drops what it does not know */
	if (f->kind == SIM_FAULT_NONE || (f->step != t->step && f->step != SIM_AT_ANY))
		return false;
	if (f->kind == SIM_FAULT_SILENT) {
		c->silent = true;
		return true;
	}
	if (f->kind == SIM_FAULT_RESET) {
		sim_coap_start(&o, SIM_RST, SIM_EMPTY, t->m->mid, NULL, 0);
		sim_client_send(c, &o);
		sim_client_end(c, SIM_MISBEHAVED, "reset");
		return true;
	}
	if (f->kind == SIM_FAULT_CLOSE) {
		sim_client_end(c, SIM_MISBEHAVED, "closed");
		return true;
	}
	if ((f->kind != SIM_FAULT_RESTART && f->kind != SIM_FAULT_REBOOT) || c->fault_spent)
		return false;
	c->fault_spent = true;
	if (f->kind == SIM_FAULT_REBOOT)
		sim_client_reboot(c, t->now_ms);
	else if (sim_device_roll_back(&c->device) == BS_OK)
		sim_client_send_request(c, t->now_ms);
	return true;
}

/* Faults in the answer. */
static void
misbehave_after(struct turn *t)
{
	const struct sim_fault *f = &t->c->conf->fault;
	const struct {
		enum sim_fault_kind kind;
		enum sim_step step;
		uint8_t code;
	} codes[] = {
		{ SIM_FAULT_REFUSE, SIM_AT_ANY, SIM_BAD_REQUEST },
		{ SIM_FAULT_ANSWER, SIM_AT_ANY, f->code },
		{ SIM_FAULT_REFUSE_WRITE, SIM_AT_WRITE, SIM_BAD_REQUEST },
		{ SIM_FAULT_REFUSE_DELETE, SIM_AT_DELETE, SIM_BAD_REQUEST },
		{ SIM_FAULT_REFUSE_FINISH, SIM_AT_FINISH, SIM_NOT_ACCEPTABLE },
		{ SIM_FAULT_CREATED, SIM_AT_WRITE, SIM_CREATED },
		{ SIM_FAULT_DISCOVER_405, SIM_AT_DISCOVER, SIM_NOT_ALLOWED },
	};

	t->lose = sim_fault_is_at(f, SIM_FAULT_LOSE, t->step);
	if (sim_fault_is_at(f, SIM_FAULT_SLOW, t->step))
		t->delay_ms = f->delay_ms;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		bool here = codes[i].step == t->step || (codes[i].step == SIM_AT_ANY && f->step == t->step);
		bool fits = f->kind != SIM_FAULT_CREATED || t->verdict.code == SIM_CHANGED;
		if (f->kind == codes[i].kind && here && fits) {
			t->verdict.code = codes[i].code;
			snprintf(t->verdict.text, sizeof(t->verdict.text), "as told");
			t->body_len = 0;
		}
	}
}

/* The body, or the block of it that was asked for. */
static void
put_body(const struct turn *t, struct sim_out *o)
{
	struct sim_block b = t->m->block2;
	uint8_t most = t->c->conf->block_szx;

	if (!b.present || b.szx > most)
		b.szx = most;
	size_t size = (size_t)1 << (b.szx + 4);
	size_t from = b.num * size, left = from < t->body_len ? t->body_len - from : 0;
	bool whole = !b.present && left <= size;
	b.more = left > size;
	sim_coap_option_uint(o, OPT_ETAG, (uint32_t)t->body_len);
	sim_coap_option_uint(o, OPT_FORMAT, t->body_format);
	if (!whole)
		sim_coap_option_block(o, OPT_BLOCK2, &b);
	if (left > 0)
		sim_coap_payload(o, t->body + from, b.more ? size : left);
}

static void
put_answer(const struct turn *t, struct sim_out *o, enum sim_type type, uint16_t mid)
{
	sim_coap_start(o, type, t->verdict.code, mid, t->m->token, t->m->token_len);
	if (t->verdict.code == SIM_CONTENT && t->body != NULL)
		put_body(t, o);
	if (t->block1.present)
		sim_coap_option_block(o, OPT_BLOCK1, &t->block1);
	if (t->c->conf->fault.kind == SIM_FAULT_PAYLOAD && t->verdict.code != SIM_CONTENT)
		sim_coap_payload(o, "a word of explanation", 21);
}

static void
send_answer(struct turn *t)
{
	struct sim_client *c = t->c;
	struct sim_out o;

	if (sim_fault_is_at(&c->conf->fault, SIM_FAULT_SEPARATE, t->step)) {
		sim_coap_start(&o, SIM_ACK, SIM_EMPTY, t->m->mid, NULL, 0);
		remember(c, t->m->mid, t->now_ms, &o);
		sim_client_send(c, &o);
		if (c->state == SIM_ST_ENDED)
			return;
		c->con.mid = c->next_mid++;
		put_answer(t, &c->con.msg, SIM_CON, c->con.mid);
		sim_client_send_con(c, t->now_ms);
		return;
	}
	put_answer(t, &o, SIM_ACK, t->m->mid);
	remember(c, t->m->mid, t->now_ms, &o);
	if (t->delay_ms > 0) {
		c->late.active = true;
		c->late.mid = t->m->mid;
		c->late.due_ms = t->now_ms + t->delay_ms;
	} else if (!t->lose)
		sim_client_send(c, &o);
}

static void
tell(const struct turn *t)
{
	static const char *const methods[] = { "?", "GET", "POST", "PUT", "DELETE" };
	char code[8], path[SIM_SEGMENTS_MAX * 12] = "";
	const struct sim_msg *m = t->m;
	struct bs_tw w = bs_tw_init(path, sizeof(path));

	for (size_t i = 0; i < m->path_len; i++)
		bs_tw_printf(&w, "/%.10s", m->path[i]);
	sim_coap_code_text(t->verdict.code, code);
	bool success = t->verdict.code >> 5 == 2;
	sim_client_say(t->c, "< %s %s (%zu octets) -> %s%s%s", methods[m->code <= SIM_DELETE ? m->code : 0],
		w.len > 0 ? path : "/", m->payload_len, code, success ? "" : " ", success ? "" : t->verdict.text);
}

/* What an answer means for the client itself. */
static void
settle(struct turn *t)
{
	struct sim_client *c = t->c;
	bool success = t->verdict.code >> 5 == 2;

	if (!success && *c->detail == '\0')
		snprintf(c->detail, sizeof(c->detail), "%s", t->verdict.text);
	if (t->step != SIM_AT_ANY && t->verdict.code != SIM_CONTINUE)
		c->count[t->step]++;
	if (t->step != SIM_AT_FINISH || !is_bs(t->m) || c->state != SIM_ST_ACCEPTED)
		return;
	if (!success && c->conf->patient)
		return;
	sim_client_linger(c,
		success    ? SIM_DONE
		: t->wrong ? SIM_WRONG_CONTENT
			   : SIM_FINISH_REFUSED,
		t->now_ms + t->delay_ms);
}

static void
send_again(struct sim_client *c, const struct sim_seen *seen)
{
	if (seen->answer != NULL && sim_link_write(&c->link, seen->answer, seen->len) == SIM_IO_FAILED)
		sim_client_end(c, SIM_CLOSED_BY_SERVER, "%s", c->link.why);
}

void
sim_client_answer_late(struct sim_client *c, uint64_t now_ms)
{
	const struct sim_seen *seen = c->late.active ? find_seen(c, c->late.mid, now_ms) : NULL;

	c->late.active = false;
	if (seen != NULL)
		send_again(c, seen);
}

void
sim_client_answer(struct sim_client *c, const struct sim_msg *m, uint64_t now_ms)
{
	struct sim_seen *seen = find_seen(c, m->mid, now_ms);
	struct turn t = { .c = c, .m = m, .now_ms = now_ms, .step = step_of(m) };

	if (seen != NULL) {
		c->again_server++;
		if (!c->late.active || c->late.mid != m->mid)
			send_again(c, seen);
		return;
	}
	sim_client_answer_late(c, now_ms); /* the server went on without it */
	if (c->state == SIM_ST_REQUESTED) /* it overtook the 2.04: the server will send it again */
		return;
	if (misbehave_before(&t))
		return;
	decide(&t);
	misbehave_after(&t);
	tell(&t);
	settle(&t);
	send_answer(&t);
	free(t.body);
}
