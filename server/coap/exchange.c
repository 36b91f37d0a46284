/* SPDX-License-Identifier: Apache-2.0 */
#include "server/coap/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/base/secret.h"
#include "server/coap/block.h"
#include "server/coap/dedup.h"

#define TOKEN_LEN 8
#define HEAD_MAX \
	32 /* header 4, token 8, Content-Format 3, Accept 3, Block1 4, Block2 4, Size1 5, payload marker 1; an answer: less */
#define LATE_MAX 8 /* responses remembered, to acknowledge their duplicates: a run has about so many */

/* Where a confirmable message of ours stands (RFC 7252, 4.2). */
struct repeat {
	unsigned sent; /* transmissions so far */
	uint64_t timeout_ms;
	uint64_t deadline_ms;
};

enum request_state {
	REQUEST_HELD, /* a separate response of ours is not acknowledged yet */
	REQUEST_SENT,
	REQUEST_ACKED, /* by an empty ACK: the response comes by itself */
	REQUEST_LATER, /* answered 5.03: next leaves at the deadline */
};

struct request {
	enum request_state state;
	struct repeat repeat; /* its deadline is that of the response once acknowledged */
	struct bs_msg msg; /* the message in flight; borrows from data */
	enum bs_block_step next;
	uint64_t started_ms;
	struct bs_block_out out;
	struct bs_block_in in;
	bs_response_fn *done;
	void *arg;
	size_t data_len;
	uint8_t data[]; /* path, query, payload: may carry keys */
};

/* A response of ours that is a message of its own. */
struct separate {
	uint8_t *wire; /* owned; NULL: none is on its way */
	size_t wire_len;
	uint16_t id;
	struct repeat repeat;
};

struct taken {
	uint16_t id;
	struct bs_token token;
	uint64_t until_ms; /* 0: free */
};

struct bs_exchange {
	struct bs_exchange_ops ops;
	void *arg;
	struct bs_exchange_params params;
	size_t max_message;
	struct bs_exchange_counters counters;
	/*
	 * The next Message ID. With one message outstanding at a time, 65,536 of them last longer than EXCHANGE_LIFETIME;
	 * a client that floods NON requests can only confuse itself.
	 */
	uint16_t next_id;
	struct bs_dedup dedup;
	struct request *request; /* NULL: none outstanding */
	struct separate separate;
	struct taken taken[LATE_MAX];
	size_t taken_next;
};

void
bs_exchange_params_init(struct bs_exchange_params *p)
{
	*p = (struct bs_exchange_params){ .ack_timeout_ms = 2000, .max_retransmit = 4, .block_size = 512 };
}

struct bs_exchange *
bs_exchange_new(const struct bs_exchange_ops *ops, void *arg, uint64_t now_ms)
{
	struct bs_exchange *ex = calloc(1, sizeof(*ex));

	(void)now_ms;
	if (ex == NULL)
		return NULL;
	ex->ops = *ops;
	ex->arg = arg;
	bs_exchange_params_init(&ex->params);
	ex->max_message = BS_DATAGRAM_MAX;
	bs_dedup_init(&ex->dedup);
	ops->random(arg, &ex->next_id, sizeof(ex->next_id));
	return ex;
}

static void
request_free(struct request *q)
{
	if (q == NULL)
		return;
	bs_block_in_clear(&q->in);
	bs_wipe(q->data, q->data_len);
	free(q);
}

static void
separate_clear(struct separate *s)
{
	if (s->wire != NULL)
		bs_wipe(s->wire, s->wire_len);
	free(s->wire);
	*s = (struct separate){ 0 };
}

void
bs_exchange_free(struct bs_exchange *ex)
{
	if (ex == NULL)
		return;
	request_free(ex->request);
	separate_clear(&ex->separate);
	bs_dedup_clear(&ex->dedup);
	free(ex);
}

void
bs_exchange_set_params(struct bs_exchange *ex, const struct bs_exchange_params *p)
{
	ex->params = *p;
}

void
bs_exchange_set_max_message(struct bs_exchange *ex, size_t max)
{
	ex->max_message = max < BS_DATAGRAM_MAX ? max : BS_DATAGRAM_MAX;
}

const struct bs_exchange_counters *
bs_exchange_get_counters(const struct bs_exchange *ex)
{
	return &ex->counters;
}

bool
bs_exchange_is_busy(const struct bs_exchange *ex)
{
	return ex->request != NULL;
}

/* Sending. */

static enum bs_err
send_msg(struct bs_exchange *ex, const struct bs_msg *msg)
{
	BS_UNINITIALIZED uint8_t wire[BS_DATAGRAM_MAX];
	size_t len = 0;
	enum bs_err err = bs_msg_write(msg, wire, sizeof(wire), &len);

	if (err == BS_OK)
		ex->ops.send(ex->arg, wire, len);
	bs_wipe(wire, sizeof(wire)); /* the payload may carry keys, also where it did not fit */
	return err;
}

/* A message of header and token alone: always fits. */
static void
send_short(struct bs_exchange *ex, enum bs_coap_type type, uint8_t code, uint16_t id, const struct bs_token *token)
{
	struct bs_msg m;

	bs_msg_init(&m, type, code, id);
	if (token != NULL)
		m.token = *token;
	(void)!send_msg(ex, &m);
}

static void
send_empty_ack(struct bs_exchange *ex, uint16_t id)
{
	send_short(ex, BS_ACK, BS_EMPTY, id, NULL);
}

static void
send_reset(struct bs_exchange *ex, uint16_t id)
{
	ex->counters.resets_sent++;
	send_short(ex, BS_RST, BS_EMPTY, id, NULL);
}

/* The first wait is ACK_TIMEOUT times 1 to ACK_RANDOM_FACTOR 1.5; it doubles with each retransmission. */
static void
repeat_start(struct bs_exchange *ex, struct repeat *r, uint64_t now_ms)
{
	uint32_t chance = 0;

	ex->ops.random(ex->arg, &chance, sizeof(chance));
	r->sent = 1;
	r->timeout_ms = ex->params.ack_timeout_ms + ((uint64_t)chance * (ex->params.ack_timeout_ms / 2 + 1) >> 32);
	r->deadline_ms = now_ms + r->timeout_ms;
}

/* Its deadline has come. Returns false when it was sent often enough. */
static bool
repeat_again(struct bs_exchange *ex, struct repeat *r, uint64_t now_ms)
{
	if (r->sent > ex->params.max_retransmit)
		return false;
	r->sent++;
	r->timeout_ms *= 2;
	r->deadline_ms = now_ms + r->timeout_ms;
	ex->counters.retransmissions++;
	return true;
}

/* Requests of ours. */

static void
new_token(struct bs_exchange *ex, struct bs_token *token)
{
	token->len = TOKEN_LEN;
	ex->ops.random(ex->arg, token->data, TOKEN_LEN);
}

static bool
token_equal(const struct bs_token *a, const struct bs_token *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static enum bs_err
transmit_request(struct bs_exchange *ex, uint64_t now_ms)
{
	struct request *q = ex->request;

	q->msg.id = ex->next_id++;
	q->state = REQUEST_SENT;
	repeat_start(ex, &q->repeat, now_ms);
	return send_msg(ex, &q->msg);
}

static void
end_request(struct bs_exchange *ex, uint64_t now_ms, enum bs_err err, const struct bs_msg *response)
{
	struct request *q = ex->request;

	ex->request = NULL; /* done may send the next one */
	q->done(q->arg, now_ms, err, response);
	request_free(q); /* the response may lie in it */
}

static size_t
segments_len(const struct bs_segment *s, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += s[i].len;
	return len;
}

/* Copy what segment s points to, to the end of what data holds. */
static void
own_segments(struct request *q, size_t *used, struct bs_segment *s, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (s[i].len > 0)
			memcpy(q->data + *used, s[i].data, s[i].len);
		s[i].data = q->data + *used;
		*used += s[i].len;
	}
}

/* What the profile asks for, or less: header, token and options must fit beside the block. */
static size_t
choose_block_size(const struct bs_exchange *ex, const struct bs_msg *msg)
{
	size_t head = HEAD_MAX + segments_len(msg->path, msg->path_count) + 2 * msg->path_count +
		      segments_len(msg->query, msg->query_count) + 2 * msg->query_count;
	size_t room = ex->max_message > head ? ex->max_message - head : 0;

	return room < ex->params.block_size ? room : ex->params.block_size;
}

static struct request *
request_new(const struct bs_msg *msg, size_t block_size)
{
	size_t len = segments_len(msg->path, msg->path_count) + segments_len(msg->query, msg->query_count) +
		     msg->payload_len;
	struct request *q = calloc(1, sizeof(*q) + len);
	size_t used = 0;

	if (q == NULL)
		return NULL;
	q->msg = *msg;
	q->msg.type = BS_CON;
	q->data_len = len;
	own_segments(q, &used, q->msg.path, q->msg.path_count);
	own_segments(q, &used, q->msg.query, q->msg.query_count);
	if (msg->payload_len > 0)
		memcpy(q->data + used, msg->payload, msg->payload_len);
	bs_block_out_init(&q->out, q->data + used, msg->payload_len, block_size);
	bs_block_out_fill(&q->out, &q->msg);
	return q;
}

/* What goes out later must be known to fit now. */
static enum bs_err
check_fits(const struct bs_msg *msg)
{
	BS_UNINITIALIZED uint8_t wire[BS_DATAGRAM_MAX];
	size_t len;
	enum bs_err err = bs_msg_write(msg, wire, sizeof(wire), &len);

	bs_wipe(wire, sizeof(wire));
	return err;
}

enum bs_err
bs_exchange_request(struct bs_exchange *ex, uint64_t now_ms, const struct bs_msg *msg, bs_response_fn *done, void *arg)
{
	struct request *q;
	enum bs_err err;

	if (ex->request != NULL)
		return BS_ESTATE;
	if (msg->payload_len > BS_REQUEST_PAYLOAD_MAX || msg->path_count > BS_SEGMENTS_MAX ||
		msg->query_count > BS_SEGMENTS_MAX)
		return BS_ERANGE;
	q = request_new(msg, choose_block_size(ex, msg));
	if (q == NULL)
		return BS_ENOMEM;
	q->started_ms = now_ms;
	q->done = done;
	q->arg = arg;
	new_token(ex, &q->msg.token);
	ex->request = q;
	q->state = REQUEST_HELD;
	err = ex->separate.wire != NULL ? check_fits(&q->msg) : transmit_request(ex, now_ms);
	if (err != BS_OK)
		bs_exchange_cancel(ex);
	return err;
}

void
bs_exchange_cancel(struct bs_exchange *ex)
{
	request_free(ex->request);
	ex->request = NULL;
}

/* Responses of the client. */

static bool
was_taken(const struct bs_exchange *ex, uint64_t now_ms, const struct bs_msg *m)
{
	for (size_t i = 0; i < LATE_MAX; i++) {
		const struct taken *t = &ex->taken[i];

		if (now_ms < t->until_ms && t->id == m->id && token_equal(&t->token, &m->token))
			return true;
	}
	return false;
}

static void
remember_taken(struct bs_exchange *ex, uint64_t now_ms, const struct bs_msg *m)
{
	ex->taken[ex->taken_next] = (struct taken){ m->id, m->token, now_ms + BS_EXCHANGE_LIFETIME_MS };
	ex->taken_next = (ex->taken_next + 1) % LATE_MAX;
}

/* RFC 7252 4.2, 4.3: a CON is rejected with RST, anything else by silence. */
static void
reject(struct bs_exchange *ex, const struct bs_msg *m)
{
	if (m->type == BS_CON)
		send_reset(ex, m->id);
	else
		ex->counters.ignored++;
}

static enum bs_err
send_block(struct bs_exchange *ex, uint64_t now_ms, enum bs_block_step step)
{
	struct request *q = ex->request;

	if (now_ms - q->started_ms >= BS_TRANSFER_MAX_MS)
		return BS_ETIMEOUT; /* each block in time, and no end to it */
	if (step == BS_BLOCK_RESTART)
		new_token(ex, &q->msg.token); /* late answers to the transfer before must not count */
	if (q->in.started)
		bs_block_in_fill(&q->in, &q->msg);
	else
		bs_block_out_fill(&q->out, &q->msg);
	return transmit_request(ex, now_ms);
}

/* All transmissions of a message and the wait behind the last one (RFC 7252 4.8.2, MAX_TRANSMIT_WAIT). */
static uint64_t
span_ms(const struct bs_exchange_params *p)
{
	unsigned doublings = p->max_retransmit < 32 ? p->max_retransmit + 1 : 32; /* so that the shift is defined */

	return (uint64_t)p->ack_timeout_ms * 3 / 2 * ((UINT64_C(1) << doublings) - 1);
}

static uint64_t
later_ms(const struct bs_exchange *ex, const struct bs_msg *m)
{
	uint64_t wait = m->has_max_age ? (uint64_t)m->max_age_s * 1000 : ex->params.ack_timeout_ms;
	uint64_t span = span_ms(&ex->params), room = span < BS_PAUSE_MAX_MS ? BS_PAUSE_MAX_MS - span : 0;

	if (wait > BS_LATER_MAX_MS)
		wait = BS_LATER_MAX_MS;
	return wait < room ? wait : room;
}

/*
 * The response to the message in flight. Only a GET is asked again for further blocks of its response: repeating a PUT or
 * POST without its payload could be taken for an empty one.
 */
static void
take_response(struct bs_exchange *ex, uint64_t now_ms, const struct bs_msg *m)
{
	struct request *q = ex->request;
	enum bs_block_step step = bs_block_out_answer(&q->out, m, q->repeat.sent > 1);
	enum bs_err err = step == BS_BLOCK_BROKEN ? BS_EFORMAT : BS_OK;
	struct bs_msg whole = *m;

	if (step == BS_BLOCK_FINAL && q->msg.code == BS_GET && BS_CODE_CLASS(m->code) == 2 &&
		(m->block2.present || q->in.started)) {
		err = bs_block_in_add(&q->in, m, &step);
		whole.payload = q->in.data;
		whole.payload_len = q->in.len;
	}
	if (err == BS_OK && step != BS_BLOCK_FINAL && m->code == BS_UNAVAILABLE) {
		q->state = REQUEST_LATER;
		q->next = step;
		q->repeat.deadline_ms = now_ms + later_ms(ex, m);
		return;
	}
	if (err == BS_OK && step != BS_BLOCK_FINAL) {
		err = send_block(ex, now_ms, step);
		if (err == BS_OK)
			return;
	}
	end_request(ex, now_ms, err, err == BS_OK ? &whole : NULL);
}

static void
on_response(struct bs_exchange *ex, uint64_t now_ms, const struct bs_msg *m)
{
	const struct request *q = ex->request;
	bool expected = q != NULL && q->state != REQUEST_HELD && token_equal(&q->msg.token, &m->token) &&
			(m->type != BS_ACK || m->id == q->msg.id);

	if (m->type != BS_ACK && was_taken(ex, now_ms, m)) {
		ex->counters.duplicates++;
		if (m->type == BS_CON)
			send_empty_ack(ex, m->id);
		return;
	}
	if (!expected || m->unknown_critical) {
		reject(ex, m);
		return;
	}
	if (m->type != BS_ACK)
		remember_taken(ex, now_ms, m);
	if (m->type == BS_CON)
		send_empty_ack(ex, m->id);
	if (q->state == REQUEST_LATER)
		ex->counters.ignored++; /* to an earlier transmission: what comes next holds all the same */
	else
		take_response(ex, now_ms, m);
}

/* Requests of the client. */

static void
release_held(struct bs_exchange *ex, uint64_t now_ms)
{
	enum bs_err err;

	if (ex->request == NULL || ex->request->state != REQUEST_HELD)
		return;
	err = transmit_request(ex, now_ms);
	if (err != BS_OK)
		end_request(ex, now_ms, err, NULL);
}

/* For what is sent again: a piggybacked answer to duplicates of its request, a separate one by itself, a NON never. */
static enum bs_err
keep_answer(struct bs_exchange *ex, uint64_t now_ms, struct bs_dedup_entry *e, const struct bs_msg *m,
	const uint8_t *wire, size_t len)
{
	uint8_t *copy = m->type != BS_NON ? malloc(len) : NULL;

	if (m->type == BS_NON)
		return BS_OK;
	if (copy == NULL)
		return BS_ENOMEM;
	memcpy(copy, wire, len);
	if (m->type == BS_CON) {
		separate_clear(&ex->separate);
		ex->separate = (struct separate){ .wire = copy, .wire_len = len, .id = m->id };
		repeat_start(ex, &ex->separate.repeat, now_ms);
	} else {
		e->has_payload = m->payload_len > 0;
		e->answer = copy;
		e->answer_len = len;
	}
	return BS_OK;
}

static enum bs_err
answer(struct bs_exchange *ex, uint64_t now_ms, struct bs_dedup_entry *e, const struct bs_msg *what)
{
	bool acked = e->state == BS_DEDUP_ACKED;
	struct bs_msg m = *what;
	BS_UNINITIALIZED uint8_t wire[BS_DATAGRAM_MAX];
	size_t len;
	enum bs_err err;

	m.type = e->ref.type == BS_NON ? BS_NON : acked ? BS_CON : BS_ACK;
	m.id = m.type == BS_ACK ? e->ref.id : ex->next_id++;
	m.token = e->ref.token;
	err = bs_msg_write(&m, wire, ex->max_message, &len);
	if (err == BS_OK)
		err = keep_answer(ex, now_ms, e, &m, wire, len);
	if (err == BS_OK) {
		e->state = acked ? BS_DEDUP_SEPARATE : BS_DEDUP_ANSWERED;
		ex->ops.send(ex->arg, wire, len);
	}
	bs_wipe(wire, sizeof(wire));
	return err;
}

static enum bs_err
answer_code(struct bs_exchange *ex, uint64_t now_ms, struct bs_dedup_entry *e, uint8_t code)
{
	struct bs_msg m;

	bs_msg_init(&m, BS_ACK, code, 0);
	return answer(ex, now_ms, e, &m);
}

static void
answer_duplicate(struct bs_exchange *ex, const struct bs_dedup_entry *e)
{
	ex->counters.duplicates++;
	if (e->ref.type == BS_NON || e->state == BS_DEDUP_PENDING)
		return;
	if (e->state == BS_DEDUP_ANSWERED)
		ex->ops.send(ex->arg, e->answer, e->answer_len);
	else
		send_empty_ack(ex, e->ref.id);
}

/* What this layer refuses by itself; BS_EMPTY: nothing. */
static uint8_t
refusal(const struct bs_msg *m)
{
	if (m->unknown_critical)
		return BS_BAD_OPTION;
	if (m->proxy)
		return BS_PROXYING_NOT_SUPPORTED;
	if (m->block1.szx > BS_BLOCK_SZX_MAX || m->block2.szx > BS_BLOCK_SZX_MAX)
		return BS_BAD_REQUEST; /* RFC 7959, 2.2 */
	return BS_EMPTY;
}

static void
on_request(struct bs_exchange *ex, uint64_t now_ms, const struct bs_msg *m)
{
	struct bs_request_ref ref = { m->type, m->id, m->token };
	struct bs_dedup_entry *e = bs_dedup_find(&ex->dedup, now_ms, m->id);
	uint8_t code = refusal(m);

	if (e != NULL) {
		answer_duplicate(ex, e);
		return;
	}
	if (m->type == BS_NON && m->unknown_critical) {
		ex->counters.ignored++; /* RFC 7252, 5.4.1 */
		return;
	}
	e = bs_dedup_add(&ex->dedup, now_ms, &ref);
	if (e == NULL) {
		ex->counters.ignored++; /* out of memory passes, the client repeats */
		return;
	}
	if (code != BS_EMPTY) {
		if (answer_code(ex, now_ms, e, code) != BS_OK)
			bs_dedup_remove(&ex->dedup, e);
		return;
	}
	if (ex->ops.on_request(ex->arg, now_ms, m, &ref))
		return;
	e = bs_dedup_find(&ex->dedup, now_ms, m->id);
	if (e != NULL)
		bs_dedup_remove(&ex->dedup, e);
}

static struct bs_dedup_entry *
find_open(struct bs_exchange *ex, uint64_t now_ms, const struct bs_request_ref *ref)
{
	struct bs_dedup_entry *e = bs_dedup_find(&ex->dedup, now_ms, ref->id);
	bool open = e != NULL && token_equal(&e->ref.token, &ref->token) &&
		    (e->state == BS_DEDUP_PENDING || e->state == BS_DEDUP_ACKED);

	return open ? e : NULL;
}

enum bs_err
bs_exchange_respond(struct bs_exchange *ex, uint64_t now_ms, const struct bs_request_ref *ref, uint8_t code)
{
	struct bs_dedup_entry *e = find_open(ex, now_ms, ref);

	return e != NULL ? answer_code(ex, now_ms, e, code) : BS_ESTATE;
}

enum bs_err
bs_exchange_respond_with(
	struct bs_exchange *ex, uint64_t now_ms, const struct bs_request_ref *ref, const struct bs_msg *content)
{
	struct bs_dedup_entry *e = find_open(ex, now_ms, ref);

	return e != NULL ? answer(ex, now_ms, e, content) : BS_ESTATE;
}

size_t
bs_exchange_get_block_max(const struct bs_exchange *ex)
{
	struct bs_msg m;

	bs_msg_init(&m, BS_ACK, BS_CONTENT, 0);
	return choose_block_size(ex, &m);
}

void
bs_exchange_ack_empty(struct bs_exchange *ex, uint64_t now_ms, const struct bs_request_ref *ref)
{
	struct bs_dedup_entry *e = find_open(ex, now_ms, ref);

	if (e == NULL || e->ref.type != BS_CON || e->state != BS_DEDUP_PENDING)
		return;
	e->state = BS_DEDUP_ACKED;
	send_empty_ack(ex, e->ref.id);
}

/* Empty messages. */

static void
end_separate(struct bs_exchange *ex, uint64_t now_ms)
{
	separate_clear(&ex->separate);
	release_held(ex, now_ms);
}

static void
on_empty(struct bs_exchange *ex, uint64_t now_ms, const struct bs_msg *m)
{
	struct request *q = ex->request;
	bool ours = q != NULL && q->state != REQUEST_HELD && q->msg.id == m->id;

	if (m->type == BS_CON) {
		send_reset(ex, m->id); /* a ping */
	} else if (ours && m->type == BS_RST) {
		end_request(ex, now_ms, BS_ERESET, NULL);
	} else if (ours && q->state == REQUEST_SENT) {
		q->state = REQUEST_ACKED;
		q->repeat.deadline_ms = now_ms + BS_SEPARATE_WAIT_MS;
	} else if (ex->separate.wire != NULL && ex->separate.id == m->id) {
		end_separate(ex, now_ms);
	} else {
		ex->counters.ignored++;
	}
}

void
bs_exchange_input(struct bs_exchange *ex, uint64_t now_ms, const uint8_t *data, size_t len)
{
	struct bs_msg m;
	enum bs_malformed what;

	if (bs_msg_parse(data, len, &m, &what) != BS_OK) {
		ex->counters.malformed++;
		if (what == BS_MALFORMED_RESET)
			send_reset(ex, m.id);
	} else if (m.code == BS_EMPTY) {
		on_empty(ex, now_ms, &m);
	} else if (BS_CODE_CLASS(m.code) == 0) {
		on_request(ex, now_ms, &m);
	} else {
		on_response(ex, now_ms, &m);
	}
}

/* Timers. */

uint64_t
bs_exchange_next_deadline_ms(const struct bs_exchange *ex)
{
	const struct request *q = ex->request;
	uint64_t next = bs_dedup_next_wipe_ms(&ex->dedup);

	if (q != NULL && q->state != REQUEST_HELD && q->repeat.deadline_ms < next)
		next = q->repeat.deadline_ms;
	if (ex->separate.wire != NULL && ex->separate.repeat.deadline_ms < next)
		next = ex->separate.repeat.deadline_ms;
	return next;
}

static void
tick_separate(struct bs_exchange *ex, uint64_t now_ms)
{
	struct separate *s = &ex->separate;

	if (s->wire == NULL || now_ms < s->repeat.deadline_ms)
		return;
	if (repeat_again(ex, &s->repeat, now_ms))
		ex->ops.send(ex->arg, s->wire, s->wire_len);
	else
		end_separate(ex, now_ms);
}

static void
send_later(struct bs_exchange *ex, uint64_t now_ms)
{
	enum bs_err err = send_block(ex, now_ms, ex->request->next);

	if (err != BS_OK)
		end_request(ex, now_ms, err, NULL);
}

static void
tick_request(struct bs_exchange *ex, uint64_t now_ms)
{
	struct request *q = ex->request;

	if (q == NULL || q->state == REQUEST_HELD || now_ms < q->repeat.deadline_ms)
		return;
	if (q->state == REQUEST_LATER)
		send_later(ex, now_ms);
	else if (q->state == REQUEST_SENT && repeat_again(ex, &q->repeat, now_ms))
		(void)!send_msg(ex, &q->msg);
	else
		end_request(ex, now_ms, BS_ETIMEOUT, NULL);
}

void
bs_exchange_tick(struct bs_exchange *ex, uint64_t now_ms)
{
	bs_dedup_expire(&ex->dedup, now_ms);
	tick_separate(ex, now_ms);
	tick_request(ex, now_ms);
}
