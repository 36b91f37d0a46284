/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole server in memory, from the datagram to the journal: one real worker with its event loop's callbacks, peer table,
 * sessions and store; real handshakes of clients whose keys are known here. An input is a script, one command a line:
 *
 *   s K KIND D WHO   start client K as device D; KIND p PSK, w PSK with a wrong key, r raw key, R unknown raw key, x certificate,
 *                    u untrusted certificate, n certificate of the trusted issuer, l device that waits to be turned to.
 *                    WHO: octets of the PSK identity, or of the common name; none: what D has
 *   c                carry all datagrams until nobody has any          d K    carry the next one of K
 *   2 K              the same, twice                                   l K    lose it
 *   m K POS:OCTETS   carry it with OCTETS written at POS               k K N  carry its first N octets
 *   i K OCTETS       inject a datagram from the address of K (8, 9: of strangers)
 *   a K OCTETS       application data in the session of K              t      time goes on to the next timer
 *   b K QUERY        POST /bs with these queries, & between            T N    time goes on by N ms
 *   y K CODE REST    answer the server's last request: CODE in two digits ("05" is 2.05, "44" is 4.04, "rr" Reset, "ee" empty
 *                    ACK), payload REST                             f K    answer all obligingly until nothing is asked
 *   x K              close_notify of K                                 z K    K is gone without a word
 *   D D, E D, X D, N D   disable, enable, delete device D; give it a next key
 *   L N              reload the configuration; 1: with a revocation list
 *   K D              kick device D        G D   trigger it in its session        H D K   at the address of K
 *   P D, V D         ask for its sessions; trace it      j      log as JSON from here on
 *
 * One character each for command, K, KIND and D, without blanks between; in OCTETS and WHO \n, \\ and \xHH are escapes.
 *
 * Whatever comes: every admitted run and every attempt is told once; no key leaves but in a session of the device that it is
 * for, and none to who was disabled, deleted or revoked; each log line is one line, it and each row of the journal are
 * printable UTF-8; when the time is over nothing is left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server/base/log.h"
#include "server/net/ask.h"
#include "tests/fuzz/server/callers.h"
#include "tests/fuzz/server/outside.h"
#include "tests/lib/printable.h"

#define LINES_MAX 100
#define STARTS_MAX 16
#define LINE_OCTETS 1400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A line of the script: command and what follows, escapes resolved. */
struct line {
	char command;
	uint8_t octets[LINE_OCTETS + 1]; /* closed by a NUL */
	size_t len;
};

static struct {
	bool aloud; /* FUZZ_ALOUD in the environment: log lines on standard output, for who looks into a finding */
	bool json;
	uint64_t attempts, runs_ended; /* told to the recorder */
	uint64_t told_before, runs_before; /* counters of the worker when the script began */
	uint64_t trigger_id;
	bool revoked; /* the worker has the revocation list */
} world;

/* ---- what is written down ----------------------------------------------------------------------------------------- */

static void
check_json(const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

	require(json_is_object(object), "a log line is one JSON object");
	json_decref(object);
}

static void
on_log(const char *line, size_t len)
{
	if (world.aloud)
		fwrite(line, 1, len, stdout);
	require(len > 0 && line[len - 1] == '\n', "a log line has an end");
	require(is_printable(line, len - 1), "a log line is printable UTF-8");
	require(!bed_holds_key(line, len, -1), "no key in the log");
	if (world.json)
		check_json(line, len - 1);
}

static void
check_text(const char *text, size_t max)
{
	size_t len = strnlen(text, max);

	require(len < max, "text of the journal ends within its room");
	require(is_printable(text, len), "text of the journal is printable UTF-8");
	require(!bed_holds_key(text, len, -1), "no key in the journal");
}

static void
on_attempt(const struct bs_attempt *a)
{
	check_text(a->endpoint, sizeof(a->endpoint));
	check_text(a->identity, sizeof(a->identity));
	check_text(a->address, sizeof(a->address));
	check_text(a->detail, sizeof(a->detail));
	check_text(a->step, sizeof(a->step));
	check_text(a->suite, sizeof(a->suite));
	require(is_utf8(a->claimed, strnlen(a->claimed, sizeof(a->claimed))), "a name that was claimed is UTF-8");
	require(a->outcome < BS_OUTCOME_COUNT, "an outcome");
	world.attempts++;
	world.runs_ended += a->step[0] != '\0' && a->outcome != BS_OUT_TOO_MANY;
	require(bs_journal_append(bed.journal, a, 1) == BS_OK, "the journal takes the row");
}

static void
on_send(const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	(void)local;
	callers_give(remote, data, len);
}

static uint64_t
count_told(void)
{
	const struct bs_stats *s = &bed.worker->stats;
	uint64_t sum = 0;

	for (size_t m = 0; m < BS_STATS_MODES; m++)
		for (size_t o = 0; o < BS_OUTCOME_COUNT; o++)
			sum += s->outcomes[m][o];
	return sum;
}

/* ---- datagrams ---------------------------------------------------------------------------------------------------- */

static void
deliver(unsigned k, const uint8_t *data, size_t len)
{
	struct bs_worker *w = bed.worker;
	struct socket_event *s = caller_at(k)->kind == CL_LISTEN ? &w->dials[0] : &w->sockets[0];

	if (s->udp != NULL)
		outside_deliver(s->udp, s->event, &caller_at(k)->addr, data, len);
	caller_step(k);
}

static void
carry(void)
{
	uint8_t datagram[CALLER_DATAGRAM];
	bool moved = true;
	size_t len;

	for (unsigned rounds = 0; moved && rounds < 30; rounds++) {
		moved = false;
		for (unsigned k = 0; k < CALLERS; k++) {
			caller_step(k);
			while ((len = caller_take(k, datagram)) > 0) {
				deliver(k, datagram, len);
				moved = true;
			}
		}
	}
}

static void
carry_one(unsigned k, unsigned times)
{
	uint8_t datagram[CALLER_DATAGRAM];
	size_t len = caller_take(k, datagram);

	while (len > 0 && times-- > 0)
		deliver(k, datagram, len);
}

/* POS:OCTETS */
static void
carry_changed(unsigned k, const uint8_t *how, size_t how_len)
{
	const uint8_t *colon = memchr(how, ':', how_len);
	uint8_t datagram[CALLER_DATAGRAM];
	size_t len = caller_take(k, datagram), at = strtoul((const char *)how, NULL, 10), n;

	if (colon == NULL || at >= len)
		return;
	n = how_len - (size_t)(colon + 1 - how);
	memcpy(datagram + at, colon + 1, n < len - at ? n : len - at);
	deliver(k, datagram, len);
}

static void
carry_cut(unsigned k, const uint8_t *how)
{
	uint8_t datagram[CALLER_DATAGRAM];
	size_t len = caller_take(k, datagram), n = strtoul((const char *)how, NULL, 10);

	deliver(k, datagram, n < len ? n : len);
}

static void
inject(unsigned k, const uint8_t *data, size_t len)
{
	struct socket_event *s = &bed.worker->sockets[0];
	const struct bs_addr from = caller_addr(k);

	outside_deliver(s->udp, s->event, &from, data, len);
}

/* ---- CoAP --------------------------------------------------------------------------------------------------------- */

static void
say(unsigned k, const struct bs_msg *m)
{
	uint8_t out[1152];
	size_t len;

	if (bs_msg_write(m, out, sizeof(out), &len) == BS_OK)
		caller_write(k, out, len);
}

/* POST /bs?QUERY */
static void
request(unsigned k, const uint8_t *query, size_t len)
{
	struct caller *c = caller_at(k);
	struct bs_msg m;

	bs_msg_init(&m, BS_CON, BS_POST, c->next_id++);
	m.token = (struct bs_token){ .len = 2, .data = { 'b', 's' } };
	m.path[m.path_count++] = (struct bs_segment){ (const uint8_t *)"bs", 2 };
	while (len > 0 && m.query_count < BS_SEGMENTS_MAX) {
		const uint8_t *end = memchr(query, '&', len);
		size_t n = end != NULL ? (size_t)(end - query) : len;

		m.query[m.query_count++] = (struct bs_segment){ query, n };
		query += n + (end != NULL);
		len -= n + (end != NULL);
	}
	say(k, &m);
}

static void
answer(unsigned k, uint8_t code, const uint8_t *payload, size_t len)
{
	struct caller *c = caller_at(k);
	struct bs_msg m;

	if (!c->asked)
		return;
	bs_msg_init(&m, BS_ACK, code, c->request.id);
	m.token = c->request.token;
	if (code == BS_CONTENT)
		m.content_format = 40;
	m.payload = len > 0 ? payload : NULL;
	m.payload_len = len;
	m.block1 = c->block1;
	c->asked = false;
	say(k, &m);
}

static void
answer_text(unsigned k, const uint8_t *text, size_t len)
{
	struct caller *c = caller_at(k);
	struct bs_msg m;

	if (len < 2 || !c->asked)
		return;
	bs_msg_init(&m, text[0] == 'r' ? BS_RST : BS_ACK, 0, c->request.id);
	if (text[0] == 'r' || text[0] == 'e')
		say(k, &m);
	else
		answer(k, (uint8_t)((text[0] < '2' ? 2 : text[0] - '0') << 5 | ((text[1] - '0') & 31)), text + 2,
			len - 2);
}

static void
oblige(unsigned k)
{
	static const uint8_t shown[] = "</>;lwm2m=1.1,</0/0>;ssid=0,</1>,</2>,</3/0>";
	struct caller *c = caller_at(k);

	for (unsigned i = 0; i < 40; i++) {
		carry();
		if (!c->asked && outside_next_ms(bed.worker->watch_timer) <= outside_now_ms() + 200) {
			outside_set_ms(
				outside_next_ms(bed.worker->watch_timer)); /* the pause before the first command */
			outside_turn();
			carry();
		}
		if (!c->asked)
			return;
		if (c->request.code == BS_GET)
			answer(k, BS_CONTENT, shown, sizeof(shown) - 1);
		else if (c->request.code == BS_PUT)
			answer(k, c->block1.present && c->block1.more ? BS_CONTINUE : BS_CHANGED, NULL, 0);
		else
			answer(k, c->request.code == BS_DELETE ? BS_DELETED : BS_CHANGED, NULL, 0);
	}
}

/* ---- the operator ------------------------------------------------------------------------------------------------- */

static void
ask(enum bs_ask_kind kind, unsigned device, struct bs_reload *reload, const struct bs_addr *address)
{
	struct bs_ask *a = bs_ask_new(kind, bed.devices[device].endpoint);
	const struct bs_mail mail = { .kind = BS_MAIL_ASK, .ask = a };

	require(a != NULL, "memory");
	a->reload = reload != NULL ? bs_reload_hold(reload) : NULL;
	a->max = 10;
	a->trace_ms = 60000;
	a->trigger.id = ++world.trigger_id;
	if (address != NULL)
		a->address = *address;
	require(bs_mailbox_post(bed.worker->mailbox, &mail) == BS_OK, "mail");
	outside_turn();
}

/* In one leap: what is due in between is late. */
static void
leap(uint64_t until_ms)
{
	if (until_ms != UINT64_MAX && until_ms > outside_now_ms())
		outside_set_ms(until_ms);
	outside_turn();
}

/* From timer to timer. */
static void
pass(uint64_t until_ms)
{
	while (until_ms != UINT64_MAX && outside_next_ms(NULL) < until_ms)
		leap(outside_next_ms(NULL));
	leap(until_ms);
}

/* What was on its way before the operator did something comes before it. */
static void
take_all(void)
{
	for (unsigned k = 0; k < CALLERS; k++)
		caller_step(k);
}

static void
reload(bool revoked)
{
	struct bs_reload *r = NULL;
	struct bs_diag diag;

	require(bs_reload_new(bed.conf_file[revoked], &r, &diag) == BS_OK, "a configuration");
	ask(BS_ASK_PREPARE, 0, r, NULL);
	bs_reload_decide(r, BS_RELOAD_COMMIT);
	ask(BS_ASK_COMMIT, 0, NULL, NULL);
	bs_reload_release(r);
	bed_revoke(revoked);
	world.revoked = revoked;
}

static void
trigger_at(unsigned d, const struct line *l)
{
	const struct bs_addr address = caller_addr(l->len > 1 ? l->octets[1] & 7 : 0);

	ask(BS_ASK_TRIGGER, d, NULL, &address);
}

static bool
operate(char command, unsigned d, const struct line *l)
{
	take_all();
	switch (command) {
	case 'D':
		bed_enable(d, false);
		break;
	case 'E':
		bed_enable(d, true);
		break;
	case 'X':
		bed_delete(d);
		break;
	case 'N':
		bed_set_next(d);
		break;
	case 'L':
		reload(d & 1);
		break;
	case 'K':
		ask(BS_ASK_KICK, d, NULL, NULL);
		break;
	case 'G':
		ask(BS_ASK_TRIGGER, d, NULL, NULL);
		break;
	case 'H':
		trigger_at(d, l);
		break;
	case 'P':
		ask(BS_ASK_SESSIONS, d, NULL, NULL);
		break;
	case 'V':
		ask(BS_ASK_TRACE, d, NULL, NULL);
		break;
	default:
		return false;
	}
	return true;
}

/* ---- the script --------------------------------------------------------------------------------------------------- */

static int
digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next line; returns the octets that it took. */
static size_t
read_line(const uint8_t *data, size_t len, struct line *l)
{
	const uint8_t *end = memchr(data, '\n', len);
	size_t n = end != NULL ? (size_t)(end - data) : len, took = n + (end != NULL);

	*l = (struct line){ .command = n > 0 ? (char)data[0] : '\0' };
	for (size_t i = 1; i < n && l->len < LINE_OCTETS; i++) {
		uint8_t octet = data[i];

		if (octet == '\\' && i + 1 < n && (data[i + 1] == 'n' || data[i + 1] == '\\')) {
			octet = data[++i] == 'n' ? '\n' : '\\';
		} else if (octet == '\\' && i + 3 < n && data[i + 1] == 'x' && digit(data[i + 2]) >= 0 &&
			   digit(data[i + 3]) >= 0) {
			octet = (uint8_t)(digit(data[i + 2]) << 4 | digit(data[i + 3]));
			i += 3;
		}
		l->octets[l->len++] = octet;
	}
	return took;
}

static void
start(unsigned k, const struct line *l)
{
	static const char kinds[] = "pwrRxunl";
	const char *kind = l->len > 1 && l->octets[1] != '\0' ? strchr(kinds, l->octets[1]) : NULL;

	caller_start(k, kind != NULL ? (enum caller_kind)(kind - kinds) : CL_PSK, l->len > 2 ? l->octets[2] & 7 : 0,
		l->octets + 3, l->len > 3 ? l->len - 3 : 0);
}

static void
obey(const struct line *l, unsigned *starts)
{
	unsigned k = l->len > 0 ? l->octets[0] & 7 : 0;
	const uint8_t *rest = l->octets + 1;
	size_t len = l->len > 1 ? l->len - 1 : 0;

	switch (l->command) {
	case 's':
		if ((*starts)++ < STARTS_MAX)
			start(k, l);
		break;
	case 'c':
		carry();
		break;
	case 'd':
		carry_one(k, 1);
		break;
	case '2':
		carry_one(k, 2);
		break;
	case 'l':
		carry_one(k, 0);
		break;
	case 'm':
		carry_changed(k, rest, len);
		break;
	case 'k':
		carry_cut(k, rest);
		break;
	case 'i':
		inject(l->len > 0 ? l->octets[0] & 15 : 0, rest, len);
		break;
	case 'a':
		caller_write(k, rest, len);
		break;
	case 'b':
		request(k, rest, len);
		break;
	case 'y':
		answer_text(k, rest, len);
		break;
	case 'f':
		oblige(k);
		break;
	case 't':
		pass(outside_next_ms(bed.worker->watch_timer));
		break;
	case 'T':
		pass(outside_now_ms() + strtoul((const char *)l->octets, NULL, 10) % 100000);
		break;
	case 'x':
		caller_close(k);
		break;
	case 'z':
		caller_forget(k);
		break;
	case 'j':
		world.json = true;
		bs_log_init(BS_DEBUG, true);
		break;
	default:
		(void)operate(l->command, k, l);
		break;
	}
}

static void
begin(void)
{
	static bool opened;

	if (!opened) {
		world.aloud = getenv("FUZZ_ALOUD") != NULL;
		outside_seed(1);
		outside_on_send = on_send;
		outside_on_attempt = on_attempt;
		outside_on_log = on_log;
		bed_open();
		callers_open();
		opened = true;
	}
	outside_seed(7);
	bs_log_init(BS_DEBUG, false);
	world.json = false;
	world.attempts = world.runs_ended = 0;
	world.told_before = count_told();
	world.runs_before = bed.worker->stats.runs_started;
}

/* All clients are gone; time goes by until nothing is due any more. */
static void
end(void)
{
	struct bs_worker *w = bed.worker;
	struct bs_journal_limits limits;
	struct trigger *t;

	for (unsigned k = 0; k < CALLERS; k++)
		caller_forget(k);
	for (unsigned i = 0; i < 3000 && outside_next_ms(w->watch_timer) != UINT64_MAX; i++)
		leap(outside_next_ms(w->watch_timer));
	require(outside_next_ms(w->watch_timer) == UINT64_MAX, "all timers end");
	require(bs_peer_table_count(w->peers) == 0 && bs_peer_table_half_open(w->peers) == 0, "no peer is left");
	require(TAILQ_EMPTY(&w->links) && w->by_device == NULL && w->runs == NULL && TAILQ_EMPTY(&w->loads) &&
			TAILQ_EMPTY(&w->dead),
		"no link is left");
	require(w->stats.runs_started - world.runs_before == world.runs_ended, "every run is told once");
	require(count_told() - world.told_before == world.attempts, "every attempt is told once");
	TAILQ_FOREACH (t, &w->triggers, link_in_all)
		require(t->told.ended, "every triggered bootstrap ends");
	if (world.revoked)
		reload(false);
	w->trace[0] = '\0';
	bed_restore();
	bs_journal_limits_init(&limits);
	limits.bytes = 4 << 20;
	require(bs_journal_trim(bed.journal, &limits, 0) == BS_OK, "the journal is kept small");
	if (w->stats.dtls.hellos > 0 && bs_device_table_count(bed.shared.devices) > 0)
		bed_forget_devices();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	unsigned starts = 0;

	begin();
	if (bed_holds_key(data, len, -1))
		return 0; /* who says a key may hear it again */
	for (unsigned i = 0; i < LINES_MAX && len > 0; i++) {
		struct line l;
		size_t took = read_line(data, len, &l);

		obey(&l, &starts);
		data += took;
		len -= took;
	}
	end();
	return 0;
}
