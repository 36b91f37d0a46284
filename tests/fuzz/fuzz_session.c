/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile device that got through the handshake, against exchange, session, plan and codecs. The first octet chooses
 * profile, store and admission, then datagrams follow as in fuzz_coap.c: two octets of control, then the datagram.
 * Whatever comes: every admitted attempt ends in exactly one report, a key leaves in a Write or a pack alone, and no report is
 * anything but UTF-8.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/base/text.h"
#include "server/bootstrap/session.h"

enum { LEN_MASK = 0x07ff, TAKE_ID = 0x0800, TAKE_TOKEN = 0x1000, ADVANCE = 0x2000, LOAD = 0x4000 };
enum { DISCOVER = 1, SENML = 2, BUSY = 4, GONE = 8, DISABLED = 16, DROP = 32, TOO_MANY = 64, TWO_SERVERS = 128 };

static const char canary[] = "canary-canary-16";

struct world {
	struct bs_exchange *ex;
	struct bs_session *session;
	uint64_t now_ms;
	uint8_t id[2], token[8]; /* of the last request sent */
	uint8_t chance, mode;
	unsigned attempts, reports;
	bool loading;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
on_send(void *arg, const uint8_t *data, size_t len)
{
	struct world *w = arg;
	struct bs_msg m;
	enum bs_malformed what;

	require(len >= 4 && len <= BS_DATAGRAM_MAX);
	require(bs_msg_parse(data, len, &m, &what) == BS_OK);
	require(m.code == BS_PUT || (m.code == BS_CONTENT && m.etag.len > 0) || memmem(data, len, canary, 16) == NULL);
	if (m.token.len == 8 && BS_CODE_CLASS(m.code) == 0) {
		memcpy(w->id, data + 2, 2);
		memcpy(w->token, data + 4, 8);
	}
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

	memset(out, w->chance++, len);
}

static enum bs_admission
on_admit(void *arg, uint64_t now_ms, const struct bs_client *client)
{
	struct world *w = arg;

	(void)now_ms;
	(void)client;
	require(!bs_session_is_running(w->session));
	if ((w->mode & DROP) && (w->attempts & 1))
		return BS_ADMIT_DROP;
	w->attempts++;
	return (w->mode & TOO_MANY) ? BS_ADMIT_TOO_MANY : BS_ADMIT;
}

static void
on_load(void *arg, int64_t device_id)
{
	struct world *w = arg;

	(void)device_id;
	w->loading = true;
}

static void
on_finished(void *arg, uint64_t now_ms, const struct bs_run_report *report)
{
	struct world *w = arg;

	(void)now_ms;
	w->reports++;
	require(w->reports == w->attempts);
	require(bs_utf8_valid(report->detail, strlen(report->detail)));
	require(strstr(report->detail, canary) == NULL && report->step[0] != '\0');
}

static int64_t
on_wall_s(void *arg)
{
	(void)arg;
	return 1772330584;
}

static void
fill_grant(struct bs_grant *g, uint16_t ssid)
{
	g->ssid = ssid;
	g->mode = BS_MODE_PSK;
	strcpy(g->uri, "coaps://dm.example:5684");
	require(bs_blob_set(&g->public_or_identity, "dev-0001", 8) == BS_OK);
	require(bs_secret_set(&g->secret_key, canary, 16) == BS_OK);
}

static struct bs_account *
make_account(const struct world *w)
{
	struct bs_account *a = bs_account_new();

	require(a != NULL);
	bs_profile_init(&a->profile);
	a->enabled = !(w->mode & DISABLED);
	a->profile.discover = w->mode & DISCOVER;
	a->profile.format = w->mode & SENML ? 112 : 0;
	a->profile.block_size = 64;
	a->profile.max_retransmit = 1;
	a->profile.access_control = BS_AC_DERIVED;
	if ((w->mode & (DISCOVER | SENML | TWO_SERVERS)) == (DISCOVER | SENML | TWO_SERVERS))
		a->profile.on_existing = BS_EXISTING_MERGE;
	a->grant_count = w->mode & TWO_SERVERS ? 2 : 1;
	a->grants = calloc(a->grant_count, sizeof(*a->grants));
	require(a->grants != NULL);
	for (size_t i = 0; i < a->grant_count; i++)
		fill_grant(&a->grants[i], (uint16_t)(101 + i));
	return a;
}

static void
load(struct world *w)
{
	enum bs_err err = w->mode & BUSY ? BS_EBUSY : w->mode & GONE ? BS_ENOTFOUND : BS_OK;

	if (!w->loading)
		return;
	w->loading = false;
	bs_session_loaded(w->session, w->now_ms, err, err == BS_OK ? make_account(w) : NULL);
}

static void
advance(struct world *w)
{
	uint64_t ex = bs_exchange_next_deadline_ms(w->ex), session = bs_session_next_deadline_ms(w->session);
	uint64_t at = ex < session ? ex : session;

	w->now_ms = at == BS_NEVER ? w->now_ms + 1000 : at > w->now_ms ? at : w->now_ms;
	bs_exchange_tick(w->ex, w->now_ms);
	bs_session_tick(w->session, w->now_ms);
	require(bs_session_next_deadline_ms(w->session) > w->now_ms);
}

static void
datagram(struct world *w, const uint8_t *data, size_t len, unsigned control)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);

	require(exact != NULL);
	memcpy(exact, data, len);
	if ((control & TAKE_ID) && len >= 4)
		memcpy(exact + 2, w->id, 2);
	if ((control & TAKE_TOKEN) && len >= 12)
		memcpy(exact + 4, w->token, 8);
	if (len > 0)
		bs_exchange_input(w->ex, w->now_ms, exact, len);
	free(exact);
	if (control & LOAD)
		load(w);
	if (control & ADVANCE)
		advance(w);
}

static void
play(struct world *w, const uint8_t *data, size_t len)
{
	while (len >= 2) {
		unsigned control = (unsigned)(data[0] << 8 | data[1]);
		size_t n = control & LEN_MASK;

		data += 2;
		len -= 2;
		n = n < len ? n : len;
		datagram(w, data, n, control);
		data += n;
		len -= n;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct bs_exchange_ops exchange_ops = { on_send, on_request, on_random };
	static const struct bs_session_ops session_ops = { on_admit, on_load, on_finished, on_wall_s, on_random };
	static const struct bs_client client = { .device_id = 7, .endpoint = "dev-0001", .mode = BS_MODE_PSK };
	static struct bs_roots roots;
	struct world w = { .now_ms = 1 };

	if (roots.count == 0)
		require(bs_roots_add(&roots, "/t7", NULL) == BS_OK &&
			bs_roots_add(&roots, "/a/b//d/e/f/%00", NULL) == BS_OK);
	if (len == 0 || memmem(data, len, canary, 16) != NULL)
		return 0; /* the device may say what it likes: this one says the key itself */
	w.mode = data[0];
	w.ex = bs_exchange_new(&exchange_ops, &w, w.now_ms);
	require(w.ex != NULL);
	w.session = bs_session_new(&session_ops, &w, w.ex, &client);
	require(w.session != NULL);
	bs_session_set_roots(w.session, &roots);
	play(&w, data + 1, len - 1);
	bs_session_abort(w.session, w.now_ms, BS_OUT_SHUTDOWN, "");
	require(w.reports == w.attempts);
	bs_session_free(w.session);
	bs_exchange_free(w.ex);
	return 0;
}
