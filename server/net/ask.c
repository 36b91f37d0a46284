/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/base/clock.h"
#include "server/base/condition.h"
#include "server/net/worker_internal.h"

struct bs_ask *
bs_ask_new(enum bs_ask_kind kind, const char *filter)
{
	struct bs_ask *ask = calloc(1, sizeof(*ask));

	if (ask == NULL || bs_condition_init(&ask->answered) != BS_OK) {
		free(ask);
		return NULL;
	}
	ask->kind = kind;
	snprintf(ask->filter, sizeof(ask->filter), "%s", filter != NULL ? filter : "");
	atomic_init(&ask->references, 1);
	pthread_mutex_init(&ask->lock, NULL);
	return ask;
}

void
bs_ask_release(struct bs_ask *ask)
{
	if (ask == NULL || atomic_fetch_sub(&ask->references, 1) > 1)
		return;
	pthread_cond_destroy(&ask->answered);
	pthread_mutex_destroy(&ask->lock);
	bs_reload_release(ask->reload);
	free(ask->rows);
	free(ask);
}

enum bs_err
bs_worker_put(struct bs_worker *w, struct bs_ask *ask)
{
	struct bs_mail mail = { .kind = BS_MAIL_ASK, .ask = ask };
	enum bs_err err;

	atomic_fetch_add(&ask->references, 1);
	err = bs_mailbox_post(w->mailbox, &mail);
	if (err != BS_OK)
		bs_ask_release(ask);
	return err;
}

enum bs_err
bs_ask_wait(struct bs_ask *ask, uint64_t until_ms)
{
	bool answered;

	pthread_mutex_lock(&ask->lock);
	/* The clock alone says that the time is over: a wait may end early, as it does under faketime. */
	while (!ask->is_answered && bs_clock_ms() < until_ms)
		bs_condition_wait(&ask->answered, &ask->lock, until_ms);
	answered = ask->is_answered;
	pthread_mutex_unlock(&ask->lock);
	return answered ? BS_OK : BS_ETIMEOUT;
}

enum bs_err
bs_worker_ask(struct bs_worker *w, struct bs_ask *ask, unsigned wait_ms)
{
	enum bs_err err = bs_worker_put(w, ask);

	return err == BS_OK ? bs_ask_wait(ask, bs_clock_ms() + wait_ms) : err;
}

/* ---- in the worker's thread --------------------------------------------------------------------------------------- */

static bool
matches(const struct link *l, const char *filter)
{
	const struct bs_addr *remote = bs_peer_get_remote(l->peer);
	char text[BS_ADDR_TEXT];

	return *filter == '\0' || strcmp(l->client.endpoint, filter) == 0 ||
	       strcmp(bs_addr_format(remote, text), filter) == 0 ||
	       strcmp(bs_addr_format_host(remote, text), filter) == 0;
}

static void
fill_row(const struct link *l, uint64_t now_ms, struct bs_session_row *row)
{
	const struct bs_proof *proof = bs_peer_get_proof(l->peer);

	snprintf(row->endpoint, sizeof(row->endpoint), "%s", l->client.endpoint);
	bs_addr_format(bs_peer_get_remote(l->peer), row->address);
	snprintf(row->mode, sizeof(row->mode), "%s", bs_mode_name(l->client.mode));
	snprintf(row->suite, sizeof(row->suite), "%s", proof->suite != NULL ? proof->suite : "");
	row->age_s = (now_ms - l->opened_ms) / 1000;
	row->running = l->run != 0;
}

static void
answer_sessions(struct bs_worker *w, struct bs_ask *ask)
{
	uint64_t now_ms = bs_clock_ms();
	struct link *l;

	ask->rows = calloc(ask->max + 1, sizeof(*ask->rows));
	if (ask->rows == NULL) {
		ask->err = BS_ENOMEM;
		return;
	}
	TAILQ_FOREACH (l, &w->links, link) {
		if (ask->count < ask->max && matches(l, ask->filter))
			fill_row(l, now_ms, &ask->rows[ask->count++]);
	}
}

static void
answer_kick(struct bs_worker *w, struct bs_ask *ask)
{
	struct link *l, *next;

	for (l = TAILQ_FIRST(&w->links); l != NULL; l = next) {
		next = TAILQ_NEXT(l, link);
		if (strcmp(l->client.endpoint, ask->filter) == 0) {
			bs_link_close(l, bs_clock_ms(), BS_OUT_SUPERSEDED, "the operator closed the session");
			ask->count++;
		}
	}
}

/* A store that cannot be read now is no reason not to look at a device. */
static bool
is_no_device(struct bs_worker *w, const char *endpoint)
{
	struct bs_own_credential own = { .count = 0 };
	struct bs_store *store = bs_worker_read(w);
	bool none = store != NULL && bs_store_find_own(store, endpoint, &own) == BS_ENOTFOUND;

	bs_own_credential_clear(&own);
	return none;
}

static void
answer_trace(struct bs_worker *w, struct bs_ask *ask)
{
	if (*ask->filter != '\0' && is_no_device(w, ask->filter)) {
		ask->err = bs_diag_set(&ask->diag, BS_ENOTFOUND, 0, "there is no device %s", ask->filter);
		return;
	}
	memcpy(w->trace, ask->filter, sizeof(w->trace));
	w->trace_until_ms = bs_clock_ms() + ask->trace_ms;
}

static void
answer_prepare(struct bs_worker *w, struct bs_ask *ask)
{
	ask->err = bs_worker_prepare(w, ask->reload, &ask->diag);
}

static void
answer_commit(struct bs_worker *w, struct bs_ask *ask)
{
	(void)ask;
	bs_worker_commit(w);
}

static void
answer_trigger(struct bs_worker *w, struct bs_ask *ask)
{
	ask->err = bs_trigger_start(w, ask, bs_clock_ms());
}

static void
answer_triggered(struct bs_worker *w, struct bs_ask *ask)
{
	ask->count = bs_trigger_find(w, &ask->trigger) ? 1 : 0;
}

void
bs_ask_answer(struct bs_worker *w, struct bs_ask *ask)
{
	static void (*const answers[])(struct bs_worker *, struct bs_ask *) = {
		[BS_ASK_SESSIONS] = answer_sessions,
		[BS_ASK_KICK] = answer_kick,
		[BS_ASK_PREPARE] = answer_prepare,
		[BS_ASK_COMMIT] = answer_commit,
		[BS_ASK_TRIGGER] = answer_trigger,
		[BS_ASK_TRIGGERED] = answer_triggered,
		[BS_ASK_TRACE] = answer_trace,
	};

	answers[ask->kind](w, ask);
	pthread_mutex_lock(&ask->lock);
	ask->is_answered = true;
	pthread_cond_signal(&ask->answered);
	pthread_mutex_unlock(&ask->lock);
	bs_ask_release(ask);
}
