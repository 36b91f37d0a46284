/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session alone, over a fake exchange and a fake plan: every state meets every event, and all that the store and the
 * owner may do. What goes over the wire is the business of tests/scenario. The sources are included, as their states and
 * events are nobody else's.
 */
#include "tests/lib/test.h"

#include "server/base/text.h"

/* The session shall call the fakes below; other objects of this program need the real ones. */
#define bs_exchange_params_init fake_exchange_params_init
#define bs_exchange_set_params fake_exchange_set_params
#define bs_exchange_respond fake_exchange_respond
#define bs_exchange_respond_with fake_exchange_respond_with
#define bs_exchange_get_block_max fake_exchange_get_block_max
#define bs_exchange_ack_empty fake_exchange_ack_empty
#define bs_exchange_request fake_exchange_request
#define bs_exchange_cancel fake_exchange_cancel
#define bs_plan_build fake_plan_build
#define bs_plan_free fake_plan_free
#define bs_plan_encode fake_plan_encode
#define bs_plan_part fake_plan_part
#define bs_plan_writes_object fake_plan_writes_object
#define bs_wipe fake_wipe
#include "server/bootstrap/plan/pack.c"
#include "server/bootstrap/run.c"
#include "server/bootstrap/run_commands.c"
#include "server/bootstrap/run_pack.c"
#include "server/bootstrap/run_read.c"
#include "server/bootstrap/run_request.c"
#include "server/bootstrap/session.c"

#define START_MS 1000

struct fixture {
	struct bs_session *session;
	struct bs_exchange *ex; /* never looked at */
	enum bs_admission admission;
	unsigned admitted, loads, reports;
	struct bs_run_report report; /* the latest */
	char sent[2048]; /* what the session told the exchange, "; " between */
	bs_response_fn *done;
	bool forget_requests; /* bs_exchange_respond fails */
	bool discover, pack; /* pack: payloads take two blocks of 16 octets */
	bool merge, overwrite_unreadable; /* as the profile has it */
	const struct bs_existing *existing; /* what the plan is made over; points to the following */
	struct bs_existing held;
	bool wrote; /* what the plan is told of the one before */
	enum bs_err plan_err, encode_err, request_err; /* what the fakes return */
	const uint8_t *payload; /* of the latest Write, or of the pack, until it is wiped */
};

static struct fixture *fx; /* the fakes below have no argument for it */

/* Fake exchange. */

static void
record(const char *fmt, ...)
{
	size_t n = strlen(fx->sent);
	va_list args;

	assert_true(n + 128 < sizeof(fx->sent));
	if (n > 0)
		n += (size_t)snprintf(fx->sent + n, sizeof(fx->sent) - n, "; ");
	va_start(args, fmt);
	vsnprintf(fx->sent + n, sizeof(fx->sent) - n, fmt, args);
	va_end(args);
}

void
bs_exchange_params_init(struct bs_exchange_params *p)
{
	*p = (struct bs_exchange_params){ 2000, 4, 512 };
}

void
bs_exchange_set_params(struct bs_exchange *ex, const struct bs_exchange_params *p)
{
	(void)ex;
	record("params %u %u %u", p->ack_timeout_ms, p->max_retransmit, p->block_size);
}

enum bs_err
bs_exchange_respond(struct bs_exchange *ex, uint64_t now_ms, const struct bs_request_ref *ref, uint8_t code)
{
	(void)ex;
	(void)now_ms;
	record("%u answered %u.%02u", ref->id, code >> 5, code & 31);
	return fx->forget_requests ? BS_ESTATE : BS_OK;
}

enum bs_err
bs_exchange_respond_with(
	struct bs_exchange *ex, uint64_t now_ms, const struct bs_request_ref *ref, const struct bs_msg *content)
{
	(void)ex;
	(void)now_ms;
	record("%u answered %u.%02u", ref->id, content->code >> 5, content->code & 31);
	if (content->payload_len > 0)
		record("format %u block %u%s \"%.*s\"", content->content_format, content->block2.num,
			content->block2.more ? "+" : "", (int)content->payload_len, (const char *)content->payload);
	if (content->payload_len > 0 && content->block2.num == 0)
		fx->payload = content->payload; /* the snapshot from its first octet on */
	return fx->forget_requests ? BS_ESTATE : BS_OK;
}

size_t
bs_exchange_get_block_max(const struct bs_exchange *ex)
{
	(void)ex;
	return 500;
}

void
bs_exchange_ack_empty(struct bs_exchange *ex, uint64_t now_ms, const struct bs_request_ref *ref)
{
	(void)ex;
	(void)now_ms;
	record("%u acknowledged", ref->id);
}

enum bs_err
bs_exchange_request(struct bs_exchange *ex, uint64_t now_ms, const struct bs_msg *msg, bs_response_fn *done, void *arg)
{
	static const char *const methods[] = { "", "GET", "POST", "PUT", "DELETE" };
	char path[64] = "";

	(void)ex;
	(void)now_ms;
	assert_ptr_equal(arg, fx->session);
	assert_null(fx->done); /* one at a time */
	for (size_t i = 0; i < msg->path_count; i++)
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%.*s", (int)msg->path[i].len,
			(const char *)msg->path[i].data);
	record("%s %s", methods[msg->code], msg->path_count > 0 ? path : "/");
	if (msg->accept != BS_NO_FORMAT)
		record("accept %u", msg->accept);
	if (msg->content_format != BS_NO_FORMAT)
		record("format %u \"%.*s\"", msg->content_format, (int)msg->payload_len, (const char *)msg->payload);
	fx->payload = msg->payload;
	if (fx->request_err == BS_OK)
		fx->done = done;
	return fx->request_err;
}

void
bs_wipe(void *data, size_t len)
{
	const uint8_t *p = data;

	if (fx->payload != NULL && p <= fx->payload && fx->payload < p + len)
		fx->payload = NULL;
}

void
bs_exchange_cancel(struct bs_exchange *ex)
{
	(void)ex;
	if (fx->done != NULL)
		record("cancel");
	fx->done = NULL;
}

/* Fake plan: one Delete, a Write that must succeed, one that need not. */

static struct bs_op ops[] = {
	{ .kind = BS_OP_DELETE, .target = { BS_LEVEL_OBJECT, 0, 0, 0 } },
	{ .kind = BS_OP_WRITE, .target = { BS_LEVEL_INSTANCE, 0, 1, 0 }, .mandatory = true },
	{ .kind = BS_OP_WRITE, .target = { BS_LEVEL_RESOURCE, 3, 0, 13 } },
	{ .kind = BS_OP_FINISH, .mandatory = true },
};

enum bs_err
bs_plan_build(const struct bs_account *account, const struct bs_client_view *view, int64_t now_s, struct bs_plan **out,
	struct bs_diag *diag)
{
	(void)account;
	assert_int_equal(now_s, 1772330584);
	assert_int_equal(view->wrote_access_control, fx->wrote);
	assert_false(view->wrote_oscore);
	fx->existing = view->existing != NULL ? &fx->held : NULL;
	if (view->existing != NULL)
		fx->held = *view->existing;
	if (fx->plan_err != BS_OK)
		return bs_diag_set(diag, fx->plan_err, 0, "resource /1/x/1 of server a");
	*out = calloc(1, sizeof(**out));
	assert_non_null(*out);
	(*out)->format = bs_format_find(view->pct >= 0 ? (uint16_t)view->pct
					: view->pack   ? BS_CF_SENML_CBOR
						       : BS_CF_TLV);
	(*out)->version = view->version != BS_LWM2M_UNKNOWN ? view->version : view->pack ? BS_LWM2M_1_2 : BS_LWM2M_1_0;
	(*out)->ops = ops;
	(*out)->op_count = sizeof(ops) / sizeof(ops[0]);
	return BS_OK;
}

/* The Write of the instance has two parts. */
bool
bs_plan_part(const struct bs_plan *plan, const struct bs_op *op, size_t n, struct bs_op *out)
{
	(void)plan;
	*out = *op;
	out->target = (struct bs_path){ BS_LEVEL_RESOURCE, op->target.oid, op->target.iid, (uint16_t)n };
	return n < 2;
}

bool
bs_plan_writes_object(const struct bs_plan *plan, uint16_t oid)
{
	(void)plan;
	return oid == BS_OBJ_ACCESS_CONTROL;
}

void
bs_plan_free(struct bs_plan *plan)
{
	free(plan);
}

enum bs_err
bs_plan_encode(const struct bs_plan *plan, const struct bs_op *op, uint8_t *out, size_t max, size_t *len)
{
	(void)plan;
	assert_true(max >= 8);
	*len = (size_t)snprintf((char *)out, max, fx->pack ? "op %u, a pack in blocks" : "op %u", (unsigned)(op - ops));
	return fx->encode_err;
}

/* The owner. */

static enum bs_admission
on_admit(void *arg, uint64_t now_ms, const struct bs_client *client)
{
	(void)arg;
	(void)now_ms;
	assert_string_equal(client->endpoint, "dev-0001");
	fx->admitted++;
	return fx->admission;
}

static void
on_load(void *arg, int64_t device_id)
{
	(void)arg;
	assert_int_equal(device_id, 7);
	fx->loads++;
}

static void
on_finished(void *arg, uint64_t now_ms, const struct bs_run_report *report)
{
	(void)arg;
	(void)now_ms;
	assert_false(bs_session_is_running(fx->session));
	fx->reports++;
	fx->report = *report;
}

static int64_t
on_wall_s(void *arg)
{
	(void)arg;
	return 1772330584;
}

static void
on_random(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 7, len);
}

static const struct bs_session_ops session_ops = { on_admit, on_load, on_finished, on_wall_s, on_random };

static int
setup(void **state)
{
	struct bs_client client = { .device_id = 7, .endpoint = "dev-0001", .mode = BS_MODE_PSK };

	fx = *state = test_calloc(1, sizeof(*fx));
	fx->discover = true;
	fx->session = bs_session_new(&session_ops, NULL, NULL, &client);
	return fx->session == NULL;
}

static int
teardown(void **state)
{
	bs_session_free(fx->session);
	test_free(*state);
	return 0;
}

static bool
request(uint64_t now_ms, uint16_t id, const char *query)
{
	struct bs_request_ref ref = { .type = BS_CON, .id = id };
	struct bs_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.code = BS_POST;
	msg.id = id;
	msg.path[msg.path_count++] = (struct bs_segment){ (const uint8_t *)"bs", 2 };
	msg.query[msg.query_count++] = (struct bs_segment){ (const uint8_t *)query, strlen(query) };
	msg.content_format = msg.accept = BS_NO_FORMAT;
	return bs_session_request(fx->session, now_ms, &msg, &ref);
}

/* GET /bspack, the block of that number, 16 octets each. */
static bool
request_block(uint64_t now_ms, uint16_t id, uint32_t num)
{
	struct bs_request_ref ref = { .type = BS_CON, .id = id };
	struct bs_msg msg;

	fx->pack = true;
	bs_msg_init(&msg, BS_CON, BS_GET, id);
	msg.path[msg.path_count++] = (struct bs_segment){ (const uint8_t *)"bspack", 6 };
	msg.block2 = (struct bs_block){ .present = true, .num = num };
	return bs_session_request(fx->session, now_ms, &msg, &ref);
}

static struct bs_account *
account(bool enabled)
{
	struct bs_account *a = bs_account_new();

	assert_non_null(a);
	strcpy(a->endpoint, "dev-0001");
	a->enabled = enabled;
	bs_profile_init(&a->profile);
	a->profile.discover = fx->discover;
	a->profile.on_existing = fx->merge ? BS_EXISTING_MERGE : BS_EXISTING_OVERWRITE;
	a->profile.on_unreadable = fx->overwrite_unreadable ? BS_UNREADABLE_OVERWRITE : BS_UNREADABLE_STOP;
	a->profile.access_control = BS_AC_DERIVED;
	return a;
}

static void
answer(uint64_t now_ms, enum bs_err err, uint8_t code, const char *payload)
{
	bs_response_fn *done = fx->done;
	struct bs_msg msg;

	assert_non_null(done);
	fx->done = NULL;
	memset(&msg, 0, sizeof(msg));
	msg.code = code;
	msg.content_format = msg.accept = BS_NO_FORMAT;
	msg.payload = (const uint8_t *)payload;
	msg.payload_len = payload != NULL ? strlen(payload) : 0;
	done(fx->session, now_ms, err, err == BS_OK ? &msg : NULL);
	assert_null(fx->payload); /* it may hold keys */
}

static void
expect_sent(const char *text)
{
	assert_string_equal(fx->sent, text);
	fx->sent[0] = '\0';
}

static void
expect_report(enum bs_outcome outcome, const char *step, const char *detail)
{
	assert_int_equal(fx->reports, 1);
	if (fx->report.outcome != outcome)
		fail_msg("outcome %s, want %s", bs_outcome_word(fx->report.outcome), bs_outcome_word(outcome));
	assert_string_equal(fx->report.step, step);
	assert_string_equal(fx->report.detail, detail);
	fx->reports = 0;
}

/* All states times all events. */

static void
reach(enum bs_run_state st)
{
	fx->merge = st == ST_READING;
	if (st == ST_IDLE)
		return;
	if (st == ST_FETCHING) {
		assert_true(bs_session_begin(fx->session, START_MS));
		return;
	}
	if (st == ST_PACKING) {
		assert_true(request_block(START_MS, 1, 0));
		bs_session_loaded(fx->session, START_MS + 1, BS_OK, account(true));
		return;
	}
	assert_true(request(START_MS, 1, "pct=112"));
	if (st == ST_LOADING)
		return;
	bs_session_loaded(fx->session, START_MS + 1, BS_OK, account(true));
	if (st == ST_ACCEPTED)
		return;
	bs_session_tick(fx->session, START_MS + 51);
	if (st == ST_DISCOVERING)
		return;
	answer(START_MS + 60, BS_OK, BS_CONTENT, "</>;lwm2m=1.1,</0/0>,</1/0>,</3/0>");
	if (st == ST_READING)
		return;
	answer(START_MS + 70, BS_OK, BS_DELETED, NULL);
	if (st == ST_RUNNING)
		return;
	answer(START_MS + 80, BS_OK, BS_CHANGED, NULL);
	answer(START_MS + 90, BS_OK, BS_CHANGED, NULL);
}

#define NO_OUTCOME BS_OUTCOME_COUNT

/* Where a pair leads when all that follows at once has happened. Pairs not listed: IDLE, internal-error. */
static const struct pair {
	enum bs_run_state from;
	enum bs_run_event event;
	enum bs_run_state to;
	enum bs_outcome outcome;
} pairs[] = {
	{ ST_IDLE, EV_REQUEST, ST_LOADING, NO_OUTCOME },
	{ ST_IDLE, EV_BAD_REQUEST, ST_IDLE, BS_OUT_BAD_REQUEST },
	{ ST_LOADING, EV_ACCOUNT, ST_ACCEPTED, NO_OUTCOME },
	{ ST_LOADING, EV_UNFIT, ST_IDLE, BS_OUT_BAD_REQUEST },
	{ ST_LOADING, EV_BUSY, ST_LOADING, NO_OUTCOME },
	{ ST_LOADING, EV_RETRY_DUE, ST_LOADING, NO_OUTCOME },
	{ ST_LOADING, EV_ACK_DUE, ST_LOADING, NO_OUTCOME },
	{ ST_LOADING, EV_GIVE_UP, ST_IDLE, BS_OUT_INTERNAL },
	{ ST_LOADING, EV_ABORT, ST_IDLE, BS_OUT_BAD_REQUEST },
	{ ST_IDLE, EV_BEGIN, ST_FETCHING, NO_OUTCOME },
	{ ST_FETCHING, EV_ACCOUNT, ST_DISCOVERING, NO_OUTCOME },
	{ ST_FETCHING, EV_UNFIT, ST_IDLE, BS_OUT_BAD_REQUEST },
	{ ST_FETCHING, EV_BUSY, ST_FETCHING, NO_OUTCOME },
	{ ST_FETCHING, EV_RETRY_DUE, ST_FETCHING, NO_OUTCOME },
	{ ST_FETCHING, EV_GIVE_UP, ST_IDLE, BS_OUT_INTERNAL },
	{ ST_FETCHING, EV_ABORT, ST_IDLE, BS_OUT_BAD_REQUEST },
	{ ST_ACCEPTED, EV_PAUSE_OVER, ST_DISCOVERING, NO_OUTCOME },
	{ ST_ACCEPTED, EV_DISCOVER, ST_DISCOVERING, NO_OUTCOME },
	{ ST_ACCEPTED, EV_MAKE_PLAN, ST_RUNNING, NO_OUTCOME },
	{ ST_ACCEPTED, EV_ABORT, ST_IDLE, BS_OUT_BAD_REQUEST },
	{ ST_DISCOVERING, EV_SUCCESS, ST_RUNNING, NO_OUTCOME },
	{ ST_DISCOVERING, EV_REFUSED, ST_RUNNING, NO_OUTCOME },
	{ ST_DISCOVERING, EV_RESET, ST_RUNNING, NO_OUTCOME },
	{ ST_DISCOVERING, EV_SILENT, ST_IDLE, BS_OUT_CLIENT_SILENT },
	{ ST_DISCOVERING, EV_READ, ST_READING, NO_OUTCOME },
	{ ST_DISCOVERING, EV_MAKE_PLAN, ST_RUNNING, NO_OUTCOME },
	{ ST_READING, EV_SUCCESS, ST_IDLE, BS_OUT_READ_REFUSED }, /* nothing readable */
	{ ST_READING, EV_READ, ST_READING, NO_OUTCOME },
	{ ST_READING, EV_OTHER_FORMAT, ST_READING, NO_OUTCOME },
	{ ST_READING, EV_MAKE_PLAN, ST_RUNNING, NO_OUTCOME },
	{ ST_READING, EV_REFUSED, ST_IDLE, BS_OUT_READ_REFUSED },
	{ ST_READING, EV_RESET, ST_IDLE, BS_OUT_READ_REFUSED },
	{ ST_READING, EV_OVERWRITE, ST_RUNNING, NO_OUTCOME },
	{ ST_READING, EV_STOP, ST_IDLE, BS_OUT_READ_REFUSED },
	{ ST_READING, EV_SILENT, ST_IDLE, BS_OUT_CLIENT_SILENT },
	{ ST_READING, EV_ABORT, ST_IDLE, BS_OUT_BAD_REQUEST },
	{ ST_DISCOVERING, EV_ABORT, ST_IDLE, BS_OUT_BAD_REQUEST },
	{ ST_RUNNING, EV_NEXT, ST_RUNNING, NO_OUTCOME },
	{ ST_RUNNING, EV_SUCCESS, ST_RUNNING, NO_OUTCOME },
	{ ST_RUNNING, EV_TOLERATED, ST_RUNNING, NO_OUTCOME },
	{ ST_RUNNING, EV_OTHER_FORMAT, ST_RUNNING, NO_OUTCOME },
	{ ST_RUNNING, EV_IN_PARTS, ST_RUNNING, NO_OUTCOME },
	{ ST_RUNNING, EV_REFUSED, ST_IDLE, BS_OUT_WRITE_REFUSED },
	{ ST_RUNNING, EV_RESET, ST_IDLE, BS_OUT_CLIENT_RESET },
	{ ST_RUNNING, EV_SILENT, ST_IDLE, BS_OUT_CLIENT_SILENT },
	{ ST_RUNNING, EV_PLAN_END, ST_FINISHING, NO_OUTCOME },
	{ ST_RUNNING, EV_ABORT, ST_IDLE, BS_OUT_BAD_REQUEST },
	{ ST_FINISHING, EV_SUCCESS, ST_IDLE, BS_OUT_DONE },
	{ ST_FINISHING, EV_TOLERATED, ST_IDLE, BS_OUT_DONE },
	{ ST_FINISHING, EV_REFUSED, ST_IDLE, BS_OUT_FINISH_REFUSED },
	{ ST_FINISHING, EV_RETRY_AS, ST_DISCOVERING, NO_OUTCOME },
	{ ST_FINISHING, EV_RESET, ST_IDLE, BS_OUT_CLIENT_RESET },
	{ ST_FINISHING, EV_SILENT, ST_IDLE, BS_OUT_CLIENT_SILENT },
	{ ST_FINISHING, EV_ABORT, ST_IDLE, BS_OUT_BAD_REQUEST },
	{ ST_LOADING, EV_MAKE_PACK, ST_IDLE, BS_OUT_DONE }, /* in one block */
	{ ST_PACKING, EV_BLOCK, ST_PACKING, NO_OUTCOME },
	{ ST_PACKING, EV_DECLINED, ST_IDLE, BS_OUT_BAD_REQUEST },
	{ ST_PACKING, EV_SUCCESS, ST_IDLE, BS_OUT_DONE },
	{ ST_PACKING, EV_GIVE_UP, ST_IDLE, BS_OUT_CLIENT_SILENT },
	{ ST_PACKING, EV_ABORT, ST_IDLE, BS_OUT_BAD_REQUEST },
};

static struct pair
expected(enum bs_run_state st, enum bs_run_event ev)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i].from == st && pairs[i].event == ev)
			return pairs[i];
	}
	return (struct pair){ st, ev, ST_IDLE, BS_OUT_INTERNAL };
}

static void
walk(enum bs_run_state st, enum bs_run_event ev)
{
	struct bs_request_ref ref = { .type = BS_CON, .id = 1 };
	struct pair want = expected(st, ev);
	struct bs_msg reply = { .code = BS_CONTENT, .content_format = BS_NO_FORMAT };
	struct bs_session *s = fx->session;
	enum bs_outcome got;

	reach(st);
	fx->wrote = ev == EV_RETRY_AS;
	assert_int_equal(s->state, st);
	fx->done = NULL;
	fx->reports = 0;
	if (st == ST_IDLE)
		s->run = bs_run_new(START_MS, &ref);
	s->run->outcome = BS_OUT_BAD_REQUEST; /* what UNFIT, BAD_REQUEST and ABORT report */
	if (st == ST_LOADING || st == ST_FETCHING)
		s->run->account = account(true);
	if (s->run->account != NULL)
		s->run->account->retry = account(true);
	s->reply = &reply;
	bs_run_fire(s, ev);
	s->reply = NULL;
	assert_int_equal(s->pack != NULL,
		s->state == ST_PACKING ||
			(s->state == ST_IDLE && want.outcome == BS_OUT_DONE && (st == ST_PACKING || st == ST_LOADING)));
	if (s->run == NULL)
		bs_session_tick(s, s->pack_until_ms);
	got = fx->reports > 0 ? fx->report.outcome : NO_OUTCOME;
	if (s->state != want.to || got != want.outcome)
		fail_msg("%s in %s: now %s, outcome %s", event_name(ev), state_name(st), state_name(s->state),
			bs_outcome_word(got));
	assert_int_equal(s->run == NULL, want.to == ST_IDLE);
	assert_int_equal(bs_session_next_deadline_ms(s) == BS_NEVER,
		want.to != ST_LOADING && want.to != ST_FETCHING && want.to != ST_ACCEPTED && want.to != ST_PACKING);
}

static void
test_all_states_and_events(void **state)
{
	for (enum bs_run_state st = 0; st < STATE_COUNT; st++) {
		for (enum bs_run_event ev = EV_NONE + 1; ev < EVENT_COUNT; ev++) {
			walk(st, ev);
			teardown(state);
			setup(state);
		}
	}
}

static void
test_every_transition_is_expected(void **state)
{
	size_t broken = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
		const struct transition *t = &transitions[i];

		assert_ptr_equal(find_transition(t->state, t->event), t); /* none twice */
		broken += t->event == EV_BROKEN;
	}
	assert_int_equal(sizeof(transitions) / sizeof(transitions[0]), sizeof(pairs) / sizeof(pairs[0]) + broken);
}

/* A run, told step by step. */

static void
test_run(void **state)
{
	(void)state;
	assert_false(bs_session_was_used(fx->session));
	assert_true(request(START_MS, 1, "ep=dev-0001"));
	assert_true(bs_session_was_used(fx->session));
	expect_sent("");
	bs_session_loaded(fx->session, START_MS + 5, BS_OK, account(true));
	expect_sent("params 2000 4 512; 1 answered 2.04");
	assert_int_equal(bs_session_next_deadline_ms(fx->session), START_MS + 55);
	bs_session_tick(fx->session, START_MS + 54);
	expect_sent("");
	bs_session_tick(fx->session, START_MS + 55);
	expect_sent("GET /; accept 40");
	answer(START_MS + 60, BS_OK, BS_CONTENT, "</>;lwm2m=1.1,</0/0>");
	expect_sent("DELETE /0");
	answer(START_MS + 70, BS_OK, BS_DELETED, NULL);
	expect_sent("PUT /0/1; format 11542 \"op 1\"");
	answer(START_MS + 80, BS_OK, BS_CREATED, NULL);
	expect_sent("PUT /3/0/13; format 11542 \"op 2\"");
	answer(START_MS + 90, BS_OK, BS_CHANGED, NULL);
	expect_sent("POST /bs");
	answer(START_MS + 100, BS_OK, BS_CHANGED, NULL);
	expect_sent("");
	expect_report(BS_OUT_DONE, "finish", "write /0/1 answered 2.01");
	assert_int_equal(fx->report.writes, 2);
	assert_int_equal(fx->report.took_ms, 100);
	assert_int_equal(fx->report.version, BS_LWM2M_1_1);
	assert_int_equal(fx->report.format, 11542);
	assert_int_equal(fx->report.code, 0);
	assert_true(bs_session_was_used(fx->session));
	assert_true(request(START_MS + 200, 2, "ep=dev-0001")); /* idle again: a new run may begin */
	assert_int_equal(fx->loads, 2);
}

static void
test_tolerated_and_told(void **state)
{
	(void)state;
	assert_true(request(START_MS, 1, "pct=112"));
	bs_session_loaded(fx->session, START_MS, BS_OK, account(true));
	bs_session_tick(fx->session, START_MS + 50);
	answer(START_MS + 60, BS_OK, BS_METHOD_NOT_ALLOWED, NULL);
	answer(START_MS + 60, BS_OK, BS_BAD_REQUEST, NULL);
	answer(START_MS + 60, BS_OK, BS_CHANGED, NULL);
	answer(START_MS + 60, BS_OK, BS_NOT_FOUND, "no clock");
	answer(START_MS + 60, BS_OK, BS_CHANGED, NULL);
	expect_report(BS_OUT_DONE, "finish",
		"discover answered 4.05; delete /0 answered 4.00; write /3/0/13 answered 4.04 \"no clock\"");
	assert_int_equal(fx->report.writes, 1);
}

/* 4.15 to SenML CBOR: the same Write again in TLV, and TLV from then on; 4.15 to TLV is the end. */
/* Success by the profile: without a word where nothing is lost by it, with one where something is. */
static void
test_let_pass(void **state)
{
	static const char list[] = "discover=4.05 delete/0=4.00 write/0=2.01 write/3/0/13=4.01 finish=4.04";
	struct bs_account *a = account(true);

	(void)state;
	ops[2].mandatory = true;
	assert_int_equal(bs_tolerances_read(list, &a->profile.tolerances), BS_OK);
	assert_true(request(START_MS, 1, "pct=112"));
	bs_session_loaded(fx->session, START_MS, BS_OK, a);
	bs_session_tick(fx->session, START_MS + 50);
	answer(START_MS + 60, BS_OK, BS_METHOD_NOT_ALLOWED, NULL);
	answer(START_MS + 60, BS_OK, BS_BAD_REQUEST, NULL);
	answer(START_MS + 60, BS_OK, BS_CREATED, NULL);
	answer(START_MS + 60, BS_OK, BS_CODE(4, 1), NULL);
	answer(START_MS + 60, BS_OK, BS_NOT_FOUND, NULL);
	ops[2].mandatory = false;
	expect_report(BS_OUT_DONE, "finish", "write /3/0/13 answered 4.01; finish answered 4.04");
	assert_int_equal(fx->report.writes, 1);
}

/* A success of another code than the specification has it is one, and told. */
static void
test_odd_success(void **state)
{
	(void)state;
	assert_true(request(START_MS, 1, "pct=112"));
	bs_session_loaded(fx->session, START_MS, BS_OK, account(true));
	bs_session_tick(fx->session, START_MS + 50);
	answer(START_MS + 60, BS_OK, BS_METHOD_NOT_ALLOWED, NULL);
	answer(START_MS + 60, BS_OK, BS_CHANGED, NULL);
	answer(START_MS + 60, BS_OK, BS_CREATED, NULL);
	answer(START_MS + 60, BS_OK, BS_CHANGED, NULL);
	answer(START_MS + 60, BS_OK, BS_CHANGED, NULL);
	expect_report(
		BS_OUT_DONE, "finish", "discover answered 4.05; delete /0 answered 2.04; write /0/1 answered 2.01");
	assert_int_equal(fx->report.writes, 2);
}

/* Another code, another step or another path than those named, is what it always was. */
static void
test_let_pass_is_narrow(void **state)
{
	static const struct {
		const char *list;
		uint8_t write, finish;
		enum bs_outcome outcome;
	} rows[] = {
		{ "write/0=4.04", BS_METHOD_NOT_ALLOWED, 0, BS_OUT_WRITE_REFUSED },
		{ "write/1=4.04", BS_NOT_FOUND, 0, BS_OUT_WRITE_REFUSED },
		{ "write/0/2=4.04", BS_NOT_FOUND, 0, BS_OUT_WRITE_REFUSED },
		{ "delete=4.04 finish=4.04", BS_NOT_FOUND, 0, BS_OUT_WRITE_REFUSED },
		{ "finish=4.04", BS_CHANGED, BS_NOT_ACCEPTABLE, BS_OUT_FINISH_REFUSED },
		{ "write=4.04", BS_CHANGED, BS_NOT_FOUND, BS_OUT_FINISH_REFUSED },
		{ "write=4.04", BS_NOT_FOUND, BS_CHANGED, BS_OUT_DONE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_account *a;

		fx->discover = false;
		a = account(true);
		assert_int_equal(bs_tolerances_read(rows[i].list, &a->profile.tolerances), BS_OK);
		assert_true(request(START_MS, 1, "pct=112"));
		bs_session_loaded(fx->session, START_MS, BS_OK, a);
		bs_session_tick(fx->session, START_MS + 50);
		answer(START_MS + 60, BS_OK, BS_DELETED, NULL);
		answer(START_MS + 60, BS_OK, rows[i].write, NULL);
		if (rows[i].finish != 0) {
			answer(START_MS + 60, BS_OK, BS_CHANGED, NULL);
			answer(START_MS + 60, BS_OK, rows[i].finish, NULL);
		}
		if (fx->report.outcome != rows[i].outcome)
			fail_msg("%s: %s", rows[i].list, fx->report.detail);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

static void
test_other_format_once(void **state)
{
	(void)state;
	fx->discover = false;
	assert_true(request(START_MS, 1, "pct=112"));
	bs_session_loaded(fx->session, START_MS, BS_OK, account(true));
	bs_session_tick(fx->session, START_MS + 50);
	answer(START_MS + 60, BS_OK, BS_DELETED, NULL);
	fx->sent[0] = '\0';
	answer(START_MS + 60, BS_OK, BS_UNSUPPORTED_FORMAT, NULL);
	expect_sent("PUT /0/1; format 11542 \"op 1\"");
	answer(START_MS + 60, BS_OK, BS_UNSUPPORTED_FORMAT, NULL);
	expect_sent("");
	expect_report(BS_OUT_FORMAT_UNSUPPORTED, "write /0/1", "write /0/1 answered 4.15; write /0/1 answered 4.15");
	assert_int_equal(fx->report.code, BS_UNSUPPORTED_FORMAT);
}

/* The payload is too much: its resources one by one, in blocks as large as can be from then on. */
static void
test_write_in_parts(void **state)
{
	(void)state;
	reach(ST_RUNNING);
	fx->sent[0] = '\0';
	answer(START_MS + 80, BS_OK, BS_TOO_LARGE, NULL);
	assert_ptr_equal(strstr(fx->sent, "params 2000 4 1024; PUT /0/1/0; "), fx->sent);
	fx->sent[0] = '\0';
	answer(START_MS + 90, BS_OK, BS_CHANGED, NULL);
	assert_ptr_equal(strstr(fx->sent, "PUT /0/1/1; "), fx->sent);
	fx->sent[0] = '\0';
	answer(START_MS + 100, BS_OK, BS_CHANGED, NULL);
	expect_sent("PUT /3/0/13; format 112 \"op 2\"");
	answer(START_MS + 110, BS_OK, BS_TOO_LARGE, NULL); /* a resource has no parts */
	expect_sent("POST /bs");
	answer(START_MS + 120, BS_OK, BS_CHANGED, NULL);
	expect_report(BS_OUT_DONE, "finish", "write /0/1 answered 4.13; write /3/0/13 answered 4.13");
	assert_int_equal(fx->report.writes, 2);
}

/* The account under the other profile, once, with its own times; what the first plan met is told no more. */
static void
test_retry_as_another_profile(void **state)
{
	struct bs_account *a;

	(void)state;
	for (unsigned again = 0; again < 2; again++) {
		a = account(true);
		a->retry = account(true);
		a->retry->profile.discover = false;
		a->retry->profile.ack_timeout_ms = 7000;
		strcpy(a->retry->profile.name, "plain");
		assert_true(request(START_MS, 1, "pct=112"));
		bs_session_loaded(fx->session, START_MS, BS_OK, a);
		bs_session_tick(fx->session, START_MS + 50);
		answer(START_MS + 60, BS_OK, BS_METHOD_NOT_ALLOWED, NULL);
		answer(START_MS + 60, BS_OK, BS_DELETED, NULL);
		answer(START_MS + 60, BS_OK, BS_TOO_LARGE, NULL);
		answer(START_MS + 60, BS_OK, BS_CHANGED, NULL);
		answer(START_MS + 60, BS_OK, BS_CHANGED, NULL);
		answer(START_MS + 60, BS_OK, BS_CHANGED, NULL);
		fx->sent[0] = '\0';
		fx->wrote = true;
		answer(START_MS + 70, BS_OK, BS_NOT_ACCEPTABLE, "Server URI");
		fx->wrote = false;
		expect_sent("params 7000 4 512; DELETE /0");
		answer(START_MS + 80, BS_OK, BS_DELETED, NULL);
		expect_sent("PUT /0/1; format 112 \"op 1\"");
		answer(START_MS + 80, BS_OK, BS_CHANGED, NULL);
		answer(START_MS + 80, BS_OK, BS_CHANGED, NULL);
		fx->sent[0] = '\0';
		answer(START_MS + 90, BS_OK, again == 0 ? BS_CHANGED : BS_NOT_ACCEPTABLE, NULL);
		expect_sent("");
		assert_int_equal(fx->report.writes, 2);
		assert_int_equal(fx->report.took_ms, 90);
		if (again == 0)
			expect_report(BS_OUT_DONE, "finish",
				"repeated as profile plain: finish answered 4.06 \"Server URI\"");
		else
			expect_report(BS_OUT_FINISH_REFUSED, "finish",
				"finish answered 4.06; repeated as profile plain: finish answered 4.06 \"Server URI\"");
		assert_int_equal(fx->report.code, again == 0 ? 0 : BS_NOT_ACCEPTABLE);
	}
}

/* Any other answer to Finish is the end. */
static void
test_retry_after_406_alone(void **state)
{
	(void)state;
	reach(ST_FINISHING);
	fx->session->run->account->retry = account(true);
	answer(START_MS + 100, BS_OK, BS_NOT_FOUND, NULL);
	expect_report(BS_OUT_FINISH_REFUSED, "finish", "finish answered 4.04");
}

/* Of every class of code 2 alone says that the device is done; whoever answers otherwise has not confirmed anything. */
static void
test_finish_is_confirmed_by_success_alone(void **state)
{
	static const struct {
		const char *name;
		uint8_t code;
		enum bs_outcome outcome;
	} rows[] = {
		{ "2.04", BS_CHANGED, BS_OUT_DONE },
		{ "2.05, which is odd", BS_CONTENT, BS_OUT_DONE },
		{ "0.02, no response at all", BS_POST, BS_OUT_FINISH_REFUSED },
		{ "3.00, of no use in CoAP", BS_CODE(3, 0), BS_OUT_FINISH_REFUSED },
		{ "4.00", BS_BAD_REQUEST, BS_OUT_FINISH_REFUSED },
		{ "4.06", BS_NOT_ACCEPTABLE, BS_OUT_FINISH_REFUSED },
		{ "5.00", BS_SERVER_ERROR, BS_OUT_FINISH_REFUSED },
		{ "5.01", BS_NOT_IMPLEMENTED, BS_OUT_FINISH_REFUSED },
		{ "5.05", BS_PROXYING_NOT_SUPPORTED, BS_OUT_FINISH_REFUSED },
		{ "7.00, of a class that is none", BS_CODE(7, 0), BS_OUT_FINISH_REFUSED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reach(ST_FINISHING);
		answer(START_MS + 100, BS_OK, rows[i].code, NULL);
		if (fx->report.outcome != rows[i].outcome)
			fail_msg("%s: %s", rows[i].name, bs_outcome_word(fx->report.outcome));
		assert_int_equal(fx->report.code, rows[i].outcome == BS_OUT_DONE ? 0 : rows[i].code);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

/* ---- reading ---- */

static void
answer_with(uint64_t now_ms, uint16_t format, const char *payload)
{
	bs_response_fn *done = fx->done;
	uint8_t data[64];
	struct bs_msg msg;

	assert_non_null(done);
	fx->done = NULL;
	memset(&msg, 0, sizeof(msg));
	msg.code = BS_CONTENT;
	msg.content_format = format;
	msg.accept = BS_NO_FORMAT;
	msg.payload = data;
	msg.payload_len = hex(payload, data, sizeof(data));
	done(fx->session, now_ms, BS_OK, &msg);
}

/* Up to the answer to Discover. */
static void
merge(const char *query, const char *links)
{
	fx->merge = true;
	assert_true(request(START_MS, 1, query));
	bs_session_loaded(fx->session, START_MS, BS_OK, account(true));
	bs_session_tick(fx->session, START_MS + 50);
	fx->sent[0] = '\0';
	answer(START_MS + 60, BS_OK, BS_CONTENT, links);
}

#define HOLDS "</>;lwm2m=1.1,</0/0>,</0/1>;ssid=9,</1/0>;ssid=9,</2/0>,</3/0>"
#define SERVER_9 "08 00 03 C10009" /* TLV: /1/0, resource 0 is 9 */

static void
test_reads_before_the_plan(void **state)
{
	(void)state;
	merge("pct=112", HOLDS);
	expect_sent("GET /1; accept 112");
	answer_with(START_MS + 70, 11542, SERVER_9); /* another format than asked for */
	expect_sent("GET /2; accept 112");
	answer_with(START_MS + 80, 11542, "08 00 06 C10001 C10100");
	expect_sent("DELETE /0"); /* the plan's business: a fake here */
	assert_non_null(fx->existing);
	assert_int_equal(fx->held.servers->count, 1);
	assert_int_equal(fx->held.servers->instances[0].oid, 1);
	assert_int_equal(fx->held.servers->instances[0].entries[0].value.integer, 9);
	assert_int_equal(fx->held.access_control->count, 1);
}

/* What Discover does not show is not read. */
static void
test_reads_what_is_there(void **state)
{
	static const struct {
		const char *links, *sent;
	} rows[] = {
		{ "</>;lwm2m=1.1,</0/0>,</1>,</2>", "DELETE /0" },
		{ "</>;lwm2m=1.1,</0/0>,</1/0>,</2>", "GET /1; accept 11542" },
		{ "</>;lwm2m=1.1,</0/0>,</1>,</2/7>", "GET /2; accept 11542" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		merge("x", rows[i].links);
		expect_sent(rows[i].sent);
		bs_session_abort(fx->session, START_MS + 70, BS_OUT_SHUTDOWN, "");
		assert_string_equal(fx->report.detail, "");
		teardown(state);
		setup(state);
	}
}

/* A lost exchange is no reason to delete what the device holds: the run ends, and it comes again. */
static void
test_silence_at_a_read_ends_the_run(void **state)
{
	(void)state;
	merge("x", HOLDS);
	answer_with(START_MS + 70, BS_NO_FORMAT, SERVER_9);
	fx->sent[0] = '\0';
	answer(START_MS + 80, BS_ETIMEOUT, 0, NULL);
	expect_sent("");
	expect_report(BS_OUT_CLIENT_SILENT, "read /2", "no answer to read /2");
}

/* Whatever comes instead of a result of "read /2". */
static const struct {
	enum bs_err err;
	uint8_t code;
	const char *payload; /* TLV */
	const char *why;
} unreadable[] = {
	{ BS_OK, BS_METHOD_NOT_ALLOWED, "", "read /2 answered 4.05" },
	{ BS_OK, BS_NOT_FOUND, "", "read /2 answered 4.04" },
	{ BS_OK, BS_CHANGED, "", "read /2 answered with an unreadable result (not well-formed)" },
	{ BS_OK, BS_CONTENT, "08 00", "read /2 answered with an unreadable result (message ends too early)" },
	{ BS_ERESET, 0, "", "read /2 answered with a reset" },
	{ BS_ELIMIT, 0, "", "read /2 answered with more than this server takes" },
};
#define UNREADABLE (sizeof(unreadable) / sizeof(unreadable[0]))

static void
answer_unreadably(size_t i)
{
	merge("x", HOLDS);
	answer_with(START_MS + 70, BS_NO_FORMAT, SERVER_9); /* no format: the one asked for */
	fx->sent[0] = '\0';
	if (unreadable[i].payload[0] != '\0')
		answer_with(START_MS + 80, 11542, unreadable[i].payload);
	else
		answer(START_MS + 80, unreadable[i].err, unreadable[i].code, NULL);
}

/* Nothing is deleted that the merge was to protect, and the outcome says why. */
static void
what_cannot_be_read_is_kept(void **state)
{
	char expected[200];

	for (size_t i = 0; i < UNREADABLE; i++) {
		answer_unreadably(i);
		expect_sent("");
		snprintf(expected, sizeof(expected),
			"what the device holds cannot be read, and is kept (--on-unreadable); %s", unreadable[i].why);
		expect_report(BS_OUT_READ_REFUSED, "read /2", expected);
		teardown(state);
		setup(state);
	}
}

/* Where the profile says so all is overwritten, and the outcome says why. */
static void
what_cannot_be_read_is_overwritten_where_the_profile_says_so(void **state)
{
	char expected[200];

	for (size_t i = 0; i < UNREADABLE; i++) {
		fx->overwrite_unreadable = true;
		answer_unreadably(i);
		expect_sent("DELETE /0");
		assert_null(fx->existing);
		bs_session_abort(fx->session, START_MS + 90, BS_OUT_SHUTDOWN, "");
		snprintf(expected, sizeof(expected), "%s; nothing merged, all overwritten", unreadable[i].why);
		assert_string_equal(fx->report.detail, expected);
		teardown(state);
		setup(state);
	}
}

static void
test_nothing_to_merge_without_discover_or_in_1_0(void **state)
{
	merge("x", "</>;lwm2m=1.0,</0/0>,</1/0>");
	expect_sent("DELETE /0");
	bs_session_abort(fx->session, START_MS + 70, BS_OUT_SHUTDOWN, "");
	assert_string_equal(fx->report.detail, "LwM2M 1.0 has no read; nothing merged, all overwritten");
	teardown(state);
	setup(state);
	merge("x", "nonsense");
	expect_sent("DELETE /0");
	bs_session_abort(fx->session, START_MS + 70, BS_OUT_SHUTDOWN, "");
	assert_string_equal(
		fx->report.detail, "discover answered with an unreadable result; nothing merged, all overwritten");
}

/* 4.06 or 4.15 to the client's own choice: once more in TLV, for both objects; to TLV that is the end. */
static void
test_reads_in_tlv(void **state)
{
	(void)state;
	fx->overwrite_unreadable = true;
	merge("pct=110", HOLDS);
	expect_sent("GET /1; accept 110");
	answer(START_MS + 70, BS_OK, BS_NOT_ACCEPTABLE, NULL);
	expect_sent("GET /1; accept 11542");
	answer_with(START_MS + 80, 11542, SERVER_9);
	expect_sent("GET /2; accept 11542");
	answer(START_MS + 90, BS_OK, BS_UNSUPPORTED_FORMAT, NULL);
	expect_sent("DELETE /0");
	assert_null(fx->existing);
}

/* What was read for the first plan is not the second's. */
static void
test_retry_reads_anew(void **state)
{
	(void)state;
	merge("x", HOLDS);
	answer_with(START_MS + 70, 11542, SERVER_9);
	answer_with(START_MS + 80, 11542, "08 00 06 C10001 C10100");
	for (unsigned i = 0; i < 3; i++)
		answer(START_MS + 90, BS_OK, BS_CHANGED, NULL);
	fx->session->run->account->retry = account(true);
	fx->wrote = true;
	fx->sent[0] = '\0';
	answer(START_MS + 100, BS_OK, BS_NOT_ACCEPTABLE, NULL);
	answer(START_MS + 110, BS_OK, BS_CONTENT, "</>;lwm2m=1.1,</0/0>,</1/0>");
	expect_sent("params 2000 4 512; GET /; accept 40; GET /1; accept 11542");
	answer_with(START_MS + 120, 11542, "08 00 03 C10007");
	assert_int_equal(fx->held.servers->instances[0].entries[0].value.integer, 7);
	assert_null(fx->held.access_control);
}

/* Diagnostic payloads are shown when they are text, and not beyond 64 octets. */
static void
test_diagnostic_payload(void **state)
{
	static const struct {
		const char *payload, *detail;
	} rows[] = {
		{ NULL, "write /0/1 answered 4.00" },
		{ "resource 3 is missing", "write /0/1 answered 4.00 \"resource 3 is missing\"" },
		{ "say \"what\"", "write /0/1 answered 4.00 \"say \\\"what\\\"\"" },
		{ "a\nb", "write /0/1 answered 4.00" },
		{ "\xff\xfe", "write /0/1 answered 4.00" },
		{ "0123456789012345678901234567890123456789012345678901234567890123456789",
			"write /0/1 answered 4.00 "
			"\"0123456789012345678901234567890123456789012345678901234567890123\"" },
		{ "012345678901234567890123456789012345678901234567890123456789012\xc3\xa4",
			"write /0/1 answered 4.00 "
			"\"012345678901234567890123456789012345678901234567890123456789012\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fx->discover = false;
		assert_true(request(START_MS, 1, "x"));
		bs_session_loaded(fx->session, START_MS, BS_OK, account(true));
		bs_session_tick(fx->session, START_MS + 50);
		answer(START_MS + 60, BS_OK, BS_DELETED, NULL);
		answer(START_MS + 60, BS_OK, BS_BAD_REQUEST, rows[i].payload);
		expect_report(BS_OUT_WRITE_REFUSED, "write /0/1", rows[i].detail);
		assert_int_equal(fx->report.code, BS_BAD_REQUEST);
	}
	(void)state;
}

static void
test_profile_reaches_the_exchange(void **state)
{
	struct bs_account *a = account(true);

	(void)state;
	a->profile.ack_timeout_ms = 10000;
	a->profile.max_retransmit = 3;
	a->profile.block_size = 256;
	a->profile.first_delay_ms = 400;
	a->profile.discover = false;
	assert_true(request(START_MS, 1, "x"));
	bs_session_loaded(fx->session, START_MS, BS_OK, a);
	expect_sent("params 10000 3 256; 1 answered 2.04");
	assert_int_equal(bs_session_next_deadline_ms(fx->session), START_MS + 400);
	bs_session_tick(fx->session, START_MS + 400);
	expect_sent("DELETE /0");
}

/* The store. */

static void
test_slow_store_is_bridged_by_an_empty_ack(void **state)
{
	(void)state;
	assert_true(request(START_MS, 5, "x"));
	assert_int_equal(bs_session_next_deadline_ms(fx->session), START_MS + 1000);
	bs_session_tick(fx->session, START_MS + 999);
	expect_sent("");
	bs_session_tick(fx->session, START_MS + 1000);
	expect_sent("5 acknowledged");
	bs_session_loaded(fx->session, START_MS + 3000, BS_OK, account(true));
	expect_sent("params 2000 4 512; 5 answered 2.04");
}

static void
test_busy_store_is_asked_again(void **state)
{
	(void)state;
	assert_true(request(START_MS, 5, "x"));
	bs_session_loaded(fx->session, START_MS + 10, BS_EBUSY, NULL);
	assert_int_equal(bs_session_next_deadline_ms(fx->session), START_MS + 510);
	assert_int_equal(fx->loads, 1);
	bs_session_tick(fx->session, START_MS + 510);
	assert_int_equal(fx->loads, 2);
	bs_session_loaded(fx->session, START_MS + 1500, BS_ENOMEM, NULL);
	bs_session_tick(fx->session, START_MS + 2000);
	assert_int_equal(fx->loads, 3);
	expect_sent(""); /* neither an error nor a promise */
	bs_session_loaded(fx->session, START_MS + 2001, BS_OK, account(true));
	expect_sent("params 2000 4 512; 5 answered 2.04");
}

static void
test_dead_store_means_silence(void **state)
{
	(void)state;
	assert_true(request(START_MS, 5, "x"));
	bs_session_loaded(fx->session, START_MS, BS_EIO, NULL);
	while (bs_session_is_running(fx->session)) {
		uint64_t now = bs_session_next_deadline_ms(fx->session);
		unsigned before = fx->loads;

		bs_session_tick(fx->session, now);
		if (fx->loads > before)
			bs_session_loaded(fx->session, now, BS_EIO, NULL);
	}
	expect_sent("");
	expect_report(BS_OUT_INTERNAL, "request", "the store gave no answer within 45 s");
	assert_int_equal(fx->report.took_ms, 45000);
	assert_in_range(fx->loads, 85, 91);
}

/* A loader that never comes back must not hold the session for ever. */
static void
test_lost_load(void **state)
{
	(void)state;
	assert_true(request(START_MS, 5, "x"));
	bs_session_tick(fx->session, START_MS + 1000);
	assert_int_equal(bs_session_next_deadline_ms(fx->session), START_MS + 45000);
	bs_session_tick(fx->session, START_MS + 45000);
	expect_report(BS_OUT_INTERNAL, "request", "the store gave no answer within 45 s");
	bs_session_loaded(fx->session, START_MS + 46000, BS_OK, account(true)); /* freed: the leak check sees it */
	expect_sent("5 acknowledged");
}

static void
test_disabled_and_deleted(void **state)
{
	(void)state;
	assert_true(request(START_MS, 1, "x"));
	bs_session_loaded(fx->session, START_MS, BS_OK, account(false));
	expect_sent("1 answered 4.00");
	expect_report(BS_OUT_DEVICE_DISABLED, "request", "");
	assert_true(request(START_MS, 2, "x"));
	bs_session_loaded(fx->session, START_MS, BS_ENOTFOUND, NULL);
	expect_sent("2 answered 4.00");
	expect_report(BS_OUT_IDENTITY_UNKNOWN, "request", "");
	assert_int_equal(fx->report.code, BS_BAD_REQUEST);
}

/* The store was replaced by one where the number is another device's: its keys must not reach this one. */
static void
test_account_of_another_device(void **state)
{
	struct bs_account *other = account(true);

	(void)state;
	strcpy(other->endpoint, "dev-0002");
	assert_true(request(START_MS, 1, "x"));
	bs_session_loaded(fx->session, START_MS, BS_OK, other);
	expect_sent(""); /* no refusal either: after a new handshake all is well */
	assert_int_equal(fx->session->state, ST_LOADING);
	bs_session_tick(fx->session, START_MS + 500);
	assert_int_equal(fx->loads, 2);
	bs_session_loaded(fx->session, START_MS + 500, BS_OK, account(true));
	assert_int_equal(fx->session->state, ST_ACCEPTED);
}

/* The owner. */

static void
test_admission(void **state)
{
	(void)state;
	fx->admission = BS_ADMIT_DROP;
	assert_false(request(START_MS, 1, "x"));
	assert_int_equal(fx->reports, 0);
	fx->admission = BS_ADMIT_TOO_MANY;
	assert_false(request(START_MS, 1, "x"));
	expect_report(BS_OUT_TOO_MANY, "request", "");
	assert_int_equal(fx->loads, 0);
	expect_sent("");
	fx->admission = BS_ADMIT;
	assert_true(request(START_MS, 1, "x"));
	assert_int_equal(fx->loads, 1);
	assert_int_equal(fx->admitted, 3);
}

static void
test_new_request_supersedes(void **state)
{
	for (enum bs_run_state st = ST_LOADING; st < STATE_COUNT; st++) {
		reach(st);
		fx->sent[0] = '\0';
		assert_true(request(START_MS + 500, 2, "x"));
		assert_int_equal(fx->session->state, ST_LOADING);
		expect_sent(st >= ST_DISCOVERING && st != ST_PACKING ? "cancel" : "");
		assert_int_equal(fx->reports, 1);
		assert_int_equal(fx->report.outcome, BS_OUT_SUPERSEDED);
		bs_session_loaded(fx->session, START_MS + 501, BS_OK, account(true));
		if (st == ST_LOADING) /* the answer to the first run's load */
			bs_session_loaded(fx->session, START_MS + 502, BS_OK, account(true));
		expect_sent("params 2000 4 512; 2 answered 2.04");
		teardown(state);
		setup(state);
	}
}

static void
test_requests_that_are_refused(void **state)
{
	(void)state;
	assert_true(request(START_MS, 1, "ep=dev-0002"));
	expect_sent("1 answered 4.00");
	assert_string_equal(fx->report.claimed, "dev-0002");
	expect_report(BS_OUT_ENDPOINT_MISMATCH, "request", "the device calls itself \"dev-0002\"");
	assert_true(request(START_MS, 2, "ep=\"\xc3\xa4\""));
	assert_string_equal(fx->report.claimed, "\"\xc3\xa4\"");
	expect_report(BS_OUT_ENDPOINT_MISMATCH, "request", "the device calls itself \"\\\"\xc3\xa4\\\"\"");
	assert_true(request(START_MS, 3, "ep="));
	assert_string_equal(fx->report.claimed, "");
	expect_report(BS_OUT_BAD_REQUEST, "request", "query \"ep=\"");
	assert_true(request(START_MS, 4, "pct=50"));
	expect_report(BS_OUT_FORMAT_UNSUPPORTED, "request", "query \"pct=50\"");
	assert_int_equal(fx->report.code, BS_UNSUPPORTED_FORMAT);
	expect_sent("2 answered 4.00; 3 answered 4.00; 4 answered 4.15");
	assert_int_equal(fx->loads, 0);
	assert_int_equal(fx->admitted, 4);
}

/* A name of 252 octets outside ASCII: the detail is cut, wherever that falls, and stays UTF-8. */
static void
test_long_claim(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 2; shift++) {
		char query[3 + BS_ENDPOINT_MAX + 1] = "ep=x";

		for (size_t i = 3 + shift; i + 2 < sizeof(query); i += 2)
			memcpy(query + i, "\xc3\xa4", 2);
		assert_true(request(START_MS, 1, query));
		assert_int_equal(fx->report.outcome, BS_OUT_ENDPOINT_MISMATCH);
		assert_int_equal(strlen(fx->report.claimed), 252 - shift);
		assert_true(strlen(fx->report.detail) > 100);
		assert_true(bs_utf8_valid(fx->report.detail, strlen(fx->report.detail)));
	}
}

static void
test_abort(void **state)
{
	bs_session_abort(fx->session, START_MS, BS_OUT_SHUTDOWN, "stop"); /* no run: nothing happens */
	assert_int_equal(fx->reports, 0);
	for (enum bs_run_state st = ST_LOADING; st < STATE_COUNT; st++) {
		reach(st);
		bs_session_abort(fx->session, START_MS + 400, BS_OUT_CLIENT_CLOSED, "close_notify");
		assert_int_equal(fx->reports, 1);
		assert_int_equal(fx->report.outcome, BS_OUT_CLIENT_CLOSED);
		assert_string_equal(fx->report.detail, "close_notify");
		assert_false(bs_session_is_running(fx->session));
		assert_null(fx->done);
		teardown(state);
		setup(state);
	}
}

static void
test_forgotten_request(void **state)
{
	(void)state;
	fx->forget_requests = true;
	assert_true(request(START_MS, 1, "x"));
	bs_session_loaded(fx->session, START_MS, BS_OK, account(true));
	expect_report(BS_OUT_INTERNAL, "request", "answer to the request: not possible in this state");
}

/* The server cannot go on: the account does not make a plan, a Write is too large, there is no memory. */
static void
test_broken(void **state)
{
	(void)state;
	fx->discover = false;
	fx->plan_err = BS_ERANGE;
	assert_true(request(START_MS, 1, "x"));
	bs_session_loaded(fx->session, START_MS, BS_OK, account(true));
	bs_session_tick(fx->session, START_MS + 50);
	expect_report(BS_OUT_INTERNAL, "request", "resource /1/x/1 of server a: value out of range");
	fx->plan_err = BS_OK;
	fx->encode_err = BS_ESPACE;
	assert_true(request(START_MS, 2, "x"));
	bs_session_loaded(fx->session, START_MS, BS_OK, account(true));
	bs_session_tick(fx->session, START_MS + 50);
	fx->sent[0] = '\0';
	answer(START_MS + 60, BS_OK, BS_DELETED, NULL);
	expect_sent(""); /* no half of a Write leaves */
	expect_report(BS_OUT_INTERNAL, "write /0/1", "write /0/1: no room in the output buffer");
	fx->request_err = BS_ENOMEM;
	assert_true(request(START_MS, 3, "x"));
	bs_session_loaded(fx->session, START_MS, BS_OK, account(true));
	bs_session_tick(fx->session, START_MS + 50);
	expect_report(BS_OUT_INTERNAL, "delete /0", "delete /0: out of memory");
}

/* Server-initiated: no answer, no acknowledgement however long it takes; the first word is a command. */
static void
test_begin(void **state)
{
	(void)state;
	fx->discover = false;
	assert_false(bs_session_was_used(fx->session));
	assert_true(bs_session_begin(fx->session, START_MS));
	assert_true(bs_session_was_used(fx->session));
	assert_int_equal(fx->admitted, 1);
	bs_session_tick(fx->session, START_MS + 2000);
	expect_sent("");
	bs_session_loaded(fx->session, START_MS + 2000, BS_OK, account(true));
	expect_sent("params 2000 4 512; DELETE /0");
	answer(START_MS + 2010, BS_OK, BS_DELETED, NULL);
	answer(START_MS + 2020, BS_OK, BS_CHANGED, NULL);
	answer(START_MS + 2030, BS_OK, BS_CHANGED, NULL);
	fx->sent[0] = '\0';
	answer(START_MS + 2040, BS_OK, BS_CHANGED, NULL);
	expect_report(BS_OUT_DONE, "finish", "");
	assert_int_equal(fx->report.took_ms, 2040);
	assert_false(bs_session_is_running(fx->session));
}

static void
test_begin_is_not_admitted(void **state)
{
	(void)state;
	fx->admission = BS_ADMIT_DROP;
	assert_false(bs_session_begin(fx->session, START_MS));
	assert_int_equal(fx->reports, 0);
	fx->admission = BS_ADMIT_TOO_MANY;
	assert_false(bs_session_begin(fx->session, START_MS));
	expect_report(BS_OUT_TOO_MANY, "request", "");
	assert_int_equal(fx->loads, 0);
	expect_sent("");
}

static void
test_begin_supersedes(void **state)
{
	(void)state;
	reach(ST_RUNNING);
	fx->sent[0] = '\0';
	assert_true(bs_session_begin(fx->session, START_MS + 100));
	expect_report(BS_OUT_SUPERSEDED, "write /0/1", "the server began a run of its own");
	expect_sent("cancel");
	assert_int_equal(fx->session->state, ST_FETCHING);
	assert_true(request(START_MS + 200, 2, "pct=112")); /* and the other way round */
	expect_report(BS_OUT_SUPERSEDED, "begin", "the device sent a new Bootstrap-Request");
	assert_int_equal(fx->session->state, ST_LOADING);
}

/* A pack, told step by step: 23 octets in blocks of 16. */
static void
test_pack(void **state)
{
	(void)state;
	assert_true(request_block(START_MS, 1, 0));
	expect_sent("");
	bs_session_loaded(fx->session, START_MS + 1, BS_OK, account(true));
	expect_sent("params 2000 4 512; 1 answered 2.05; format 112 block 0+ \"op 0, a pack in \"");
	assert_int_equal(bs_session_next_deadline_ms(fx->session), START_MS + 1 + 93000);
	assert_int_equal(fx->reports, 0);
	assert_true(request_block(START_MS + 50, 2, 1));
	expect_sent("2 answered 2.05; format 112 block 1 \"blocks\"");
	expect_report(BS_OUT_DONE, "pack", "a pack of 22 octets in 2 blocks; a device does not confirm what it takes");
	assert_int_equal(fx->report.version, BS_LWM2M_1_2);
	assert_int_equal(fx->report.format, 112);
	assert_int_equal(fx->report.writes, 0);
	/* It stays for a while, and goes without a report. */
	assert_int_equal(bs_session_next_deadline_ms(fx->session), START_MS + 50 + 93000);
	assert_true(request_block(START_MS + 60, 3, 1));
	expect_sent("3 answered 2.05; format 112 block 1 \"blocks\"");
	assert_int_equal(fx->admitted, 1);
	assert_non_null(fx->payload);
	bs_session_tick(fx->session, START_MS + 50 + 93000);
	assert_null(fx->payload); /* wiped */
	assert_int_equal(bs_session_next_deadline_ms(fx->session), BS_NEVER);
	assert_true(request_block(START_MS + 94000, 4, 1));
	expect_sent("4 answered 4.00");
	assert_int_equal(fx->reports, 0);
}

/* Whatever ends the run early, and whatever comes after it, takes the keys out of memory. */
static void
test_pack_is_wiped(void **state)
{
	(void)state;
	reach(ST_PACKING);
	assert_non_null(fx->payload);
	bs_session_tick(fx->session, START_MS + 1 + 93000);
	expect_report(BS_OUT_CLIENT_SILENT, "pack", "the device fetched 16 of 22 octets");
	assert_null(fx->payload);
	reach(ST_PACKING);
	bs_session_abort(fx->session, START_MS + 2, BS_OUT_SHUTDOWN, "");
	expect_report(BS_OUT_SHUTDOWN, "pack", "");
	assert_null(fx->payload);
	reach(ST_PACKING);
	assert_true(request_block(START_MS + 2, 2, 1));
	assert_non_null(fx->payload); /* fetched */
	fx->reports = 0;
	assert_true(request(START_MS + 3, 3, "pct=112"));
	assert_null(fx->payload);
}

/* However steadily a device asks, a transfer does not last forever. */
static void
test_pack_has_an_end(void **state)
{
	uint64_t now_ms = START_MS + 1;

	(void)state;
	reach(ST_PACKING);
	for (uint16_t id = 2; fx->reports == 0; id++) {
		fx->sent[0] = '\0';
		now_ms += 90000;
		bs_session_tick(fx->session, now_ms);
		if (fx->reports > 0)
			break;
		assert_true(now_ms < START_MS + BS_TRANSFER_MAX_MS);
		assert_true(request_block(now_ms, id, 9)); /* there is none */
		expect_sent(fx->sent);
	}
	expect_report(BS_OUT_CLIENT_SILENT, "pack", "the device fetched 16 of 22 octets");
}

static void
test_pack_meets_trouble(void **state)
{
	static const struct {
		enum bs_err plan, encode;
		enum bs_outcome outcome;
		const char *sent, *detail;
	} rows[] = {
		{ BS_ERANGE, BS_OK, BS_OUT_PACK_DECLINED, "params 2000 4 512; 1 answered 4.05",
			"resource /1/x/1 of server a: value out of range" },
		{ BS_OK, BS_ESPACE, BS_OUT_PACK_DECLINED, "params 2000 4 512; 1 answered 4.05",
			"pack: longer than 64 KiB" },
		/* What passes is no reason for an error code. */
		{ BS_ENOMEM, BS_OK, BS_OUT_INTERNAL, "params 2000 4 512", "pack: out of memory" },
		{ BS_OK, BS_ENOMEM, BS_OUT_INTERNAL, "params 2000 4 512", "pack: out of memory" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fx->plan_err = rows[i].plan;
		fx->encode_err = rows[i].encode;
		assert_true(request_block(START_MS, 1, 0));
		bs_session_loaded(fx->session, START_MS + 1, BS_OK, account(true));
		expect_sent(rows[i].sent);
		expect_report(rows[i].outcome, "pack", rows[i].detail);
		assert_false(bs_session_is_running(fx->session));
	}
}

/* What is no request of a Bootstrap-Client. */
static void
stray(uint8_t method, const char *first, const char *second)
{
	struct bs_request_ref ref = { .type = BS_CON, .id = 1 };
	struct bs_msg msg;

	bs_msg_init(&msg, BS_CON, method, 1);
	msg.path[msg.path_count++] = (struct bs_segment){ (const uint8_t *)first, strlen(first) };
	if (second != NULL)
		msg.path[msg.path_count++] = (struct bs_segment){ (const uint8_t *)second, strlen(second) };
	assert_true(bs_session_request(fx->session, START_MS, &msg, &ref));
}

static void
test_a_stray_request_is_told(void **state)
{
	(void)state;
	assert_string_equal(bs_session_get_stray(fx->session), "");
	stray(BS_POST, "t9", "bs");
	assert_string_equal(bs_session_get_stray(fx->session), "a request was answered 4.04: POST \"/t9/bs\"");
	stray(BS_GET, "bs", NULL); /* the latest one */
	assert_string_equal(bs_session_get_stray(fx->session), "a request was answered 4.05: GET \"/bs\"");
	stray(BS_PUT, "a\"b\n", NULL);
	assert_string_equal(bs_session_get_stray(fx->session), "a request was answered 4.04: PUT \"/a\\\"b\\u000a\"");
	stray(BS_POST, "0123456789012345678901234567890123456789", "234567890123456789");
	assert_string_equal(bs_session_get_stray(fx->session),
		"a request was answered 4.04: POST \"/0123456789012345678901234567890123456789/234567\" ..");
	stray(BS_POST, "\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001", NULL);
	assert_int_equal(strlen(bs_session_get_stray(fx->session)), 119); /* cut, however much quoting it takes */
	assert_false(bs_session_was_used(fx->session));
	assert_int_equal(fx->reports, 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_stray_request_is_told),
		T(test_all_states_and_events),
		T(test_every_transition_is_expected),
		T(test_run),
		T(test_tolerated_and_told),
		T(test_let_pass),
		T(test_odd_success),
		T(test_let_pass_is_narrow),
		T(test_other_format_once),
		T(test_write_in_parts),
		T(test_retry_as_another_profile),
		T(test_retry_after_406_alone),
		T(test_finish_is_confirmed_by_success_alone),
		T(test_reads_before_the_plan),
		T(test_reads_what_is_there),
		T(what_cannot_be_read_is_kept),
		T(what_cannot_be_read_is_overwritten_where_the_profile_says_so),
		T(test_silence_at_a_read_ends_the_run),
		T(test_nothing_to_merge_without_discover_or_in_1_0),
		T(test_reads_in_tlv),
		T(test_retry_reads_anew),
		T(test_diagnostic_payload),
		T(test_profile_reaches_the_exchange),
		T(test_slow_store_is_bridged_by_an_empty_ack),
		T(test_busy_store_is_asked_again),
		T(test_dead_store_means_silence),
		T(test_lost_load),
		T(test_disabled_and_deleted),
		T(test_account_of_another_device),
		T(test_admission),
		T(test_begin),
		T(test_begin_is_not_admitted),
		T(test_begin_supersedes),
		T(test_new_request_supersedes),
		T(test_requests_that_are_refused),
		T(test_long_claim),
		T(test_abort),
		T(test_forgotten_request),
		T(test_pack),
		T(test_pack_is_wiped),
		T(test_pack_has_an_end),
		T(test_pack_meets_trouble),
		T(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
