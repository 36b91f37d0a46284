/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a worker, shared by its files alone. All of it belongs to the worker's thread. */
#ifndef BS_NET_WORKER_INTERNAL_H
#define BS_NET_WORKER_INTERNAL_H

#include <event2/event.h>
#include <pthread.h>
#include <sys/queue.h>

#include "db/lookup.h"
#include "server/base/hash.h"
#include "server/bootstrap/session.h"
#include "server/net/ask.h"
#include "server/net/mailbox.h"
#include "server/net/worker.h"

struct link;

/* A bootstrap that the operator asked for (trigger.c): first a handshake of this server as client, or none; then a run. */
struct trigger {
	int64_t device_id;
	unsigned psk_slot; /* which of the device's keys the handshake uses */
	struct bs_peer *peer; /* the handshake is on */
	struct link *link; /* the run is on */
	bool admitted; /* its run has the claim: the next one on that link counts as the device's */
	struct bs_triggered told;
	TAILQ_ENTRY(trigger) link_in_all; /* oldest first */
};

/* The links of one device at this worker. */
struct device_links {
	int64_t device_id;
	LIST_HEAD(, link) links;
	UT_hash_handle hh;
};

/* One DTLS association that is open: its exchange and its session. */
struct link {
	struct bs_worker *worker;
	struct bs_peer *peer;
	struct bs_exchange *exchange;
	struct bs_session *session;
	struct bs_client client;
	struct event *timer;
	uint64_t created_ms, opened_ms;
	uint64_t number; /* of this session in the device table; 0: not entered */
	struct bs_exchange_counters counted; /* what of the exchange is in the worker's sum already */
	uint64_t run; /* of the run that has the claim; 0: none */
	int64_t profile_id, revision; /* of the account that was read last; 0: none was */
	bool stale; /* in worker->stale */
	bool loading; /* in worker->loads */
	bool silence_noted; /* "no-request" was recorded */
	bool close_after_run; /* credential or profile changed: policy close-after-run */
	struct trigger *trigger; /* of the run that is on; NULL: none, or the device asked */
	uint64_t generation; /* under which it was found good */
	bool held_back; /* a message was not sent, as the store could not tell whether it may be */
	bool lost; /* it is as good no more: nothing is said to it, and it is closed with what follows */
	enum bs_outcome lost_outcome;
	char lost_detail[160];
	struct device_links *device;
	LIST_ENTRY(link) same_device;
	TAILQ_ENTRY(link) link; /* in worker->links, then in worker->dead */
	TAILQ_ENTRY(link) load, in_stale;
	UT_hash_handle hh_run; /* in worker->runs, while run != 0 */
};

struct socket_event {
	struct bs_worker *worker;
	struct bs_udp *udp;
	struct event *event;
	uint32_t timeout_ms; /* first handshake timer of who comes in here */
};

#define BS_STALE_ANY 0 /* any profile may have changed */
#define BS_STALE_IDS_MAX 32

/* Profiles that changed since the links were looked through. */
struct stale_profiles {
	int64_t ids[BS_STALE_IDS_MAX];
	size_t count;
	bool any; /* there were more */
};

struct bs_worker {
	unsigned index;
	const struct bs_shared *shared;
	pthread_t thread;
	bool started;
	struct event_base *base;
	struct socket_event *sockets;
	size_t socket_count;
	struct bs_store *store;
	bool reading; /* a read transaction is open: look-ups of one burst share it */
	struct bs_dtls_ctx *dtls;
	struct bs_peer_table *peers;
	struct bs_mailbox *mailbox;
	struct event *mail_event, *peer_timer, *load_event, *watch_timer, *stop_timer, *review_timer, *stale_timer;
	TAILQ_HEAD(, link) links;
	TAILQ_HEAD(, link) dead; /* freed at the end of the turn */
	TAILQ_HEAD(, link) loads; /* accounts to load when the stack has unwound */
	TAILQ_HEAD(, link) stale; /* their profile has changed: to be looked at (stale.c) */
	struct stale_profiles stale_profiles;
	uint64_t stale_credit, stale_paced_ms; /* for close-rate */
	struct link *runs; /* by run number */
	struct device_links *by_device;
	struct socket_event
		dials[2]; /* where devices answer that were turned to, IPv4 and IPv6; udp NULL: not opened yet */
	TAILQ_HEAD(, trigger) triggers;
	unsigned trigger_count;
	int64_t change_seq; /* of the changes that were told */
	int64_t seen_seq, seen_version; /* of those that are in the generation, and of the store's data then */
	struct bs_reload *reload; /* whose decision is awaited; NULL: none */
	struct bs_dtls_prepared *prepared; /* what it would take up */
	struct link *review_next; /* after a reload: who is verified next; NULL: none */
	bool stopping, store_failing, record_tampered;
	int64_t tampered_id; /* a device whose rows were changed by somebody without the keys; 0: none that is known of */
	uint64_t store_failed_ms; /* when a look-up met a damaged file or disk last; 0: never, in this file */
	uint64_t stop_by_ms, store_said_ms, tampered_said_ms;
	char trace[BS_ENDPOINT_MAX + 1]; /* endpoint whose messages are logged until trace_until_ms; "": none */
	uint64_t trace_until_ms;
	struct bs_stats stats;
	pthread_mutex_t published_lock;
	struct bs_stats published;
};

/* ---- worker.c */
/* The store for a look-up, within the read transaction of the current turn; NULL when it cannot be read now. */
struct bs_store *bs_worker_read(struct bs_worker *w);
void bs_worker_read_done(struct bs_worker *w);
/* A read failed for another reason than "not found": count it, say it now and then. */
void bs_worker_store_failed(struct bs_worker *w, const char *what, enum bs_err err);
/*
 * The same of what concerns one device. BS_ETAMPERED is told as that, and the device is looked at every second, until it is good
 * again or gone.
 */
void bs_worker_store_refused(
	struct bs_worker *w, const char *what, enum bs_err err, int64_t device_id, const char *endpoint);
void bs_worker_arm(struct event *timer, uint64_t deadline_ms);
/* After any callback: send what is queued, free what died, arm the peers' timer. */
void bs_worker_end_turn(struct bs_worker *w);

/* Make ready certificates, keys, anchors and CRLs; takes a reference. On error nothing is. */
BS_MUST_USE enum bs_err bs_worker_prepare(struct bs_worker *w, struct bs_reload *reload, struct bs_diag *diag);
/* Act on the decision on what was prepared, if it has been made. Ends no session: it may be called from anywhere. */
void bs_worker_take_up(struct bs_worker *w);
/* The same, and whoever is revoked by it is out at once. */
void bs_worker_commit(struct bs_worker *w);

/* ---- ask.c */
void bs_ask_answer(struct bs_worker *w, struct bs_ask *ask);

/* ---- trigger.c */
/* Begin what ask wants. BS_OK: it is under way. Else ask->diag says why not, and nothing was sent. */
BS_MUST_USE enum bs_err bs_trigger_start(struct bs_worker *w, struct bs_ask *ask, uint64_t now_ms);
/* Fill in told by its id. */
bool bs_trigger_find(struct bs_worker *w, struct bs_triggered *told);
/* The one whose handshake that peer is in; NULL: none. */
struct trigger *bs_trigger_of(struct bs_worker *w, const struct bs_peer *peer);
/* The handshake is done: begin the run. */
void bs_trigger_opened(struct trigger *t, struct link *l, uint64_t now_ms);
void bs_trigger_end(struct trigger *t, enum bs_outcome outcome, const char *detail);
/* End the handshakes that are on. */
void bs_trigger_stop_all(struct bs_worker *w, uint64_t now_ms);
void bs_trigger_close(struct bs_worker *w);

/* ---- standing.c */
/*
 * Is the device of this link, with the credential it has shown, as good as at a new handshake? A comparison of numbers,
 * unless the state has moved since it was found good. For LOST the link is marked, and its owner closes it by bs_link_fall.
 */
enum bs_moment {
	BS_AT_OPEN, /* the handshake is done */
	BS_AT_REQUEST, /* a run begins */
	BS_AT_KEY, /* a message that may hold a key */
	BS_AT_MESSAGE, /* any other; the store is not looked at for it */
};
enum bs_standing bs_standing_check(struct link *l, enum bs_moment moment);
/* What the store says of the device alone. */
enum bs_standing bs_standing_of_device(
	const struct link *l, enum bs_err err, const struct bs_found *found, const char **detail);
/*
 * What the profile says of a changed credential: it is no reason to strand a device half way, unless the profile says so.
 * Nothing is marked but that the link is to be closed after its run.
 */
enum bs_standing bs_standing_of_change(struct link *l, enum bs_on_change on_change, enum bs_moment moment);
/* May this message go to the device? False: it is left out, as if lost on the way. */
bool bs_standing_may_send(struct link *l, const uint8_t *data, size_t len);
/* Verify some of the links whose certificates a reload may have touched. */
void bs_standing_review(struct bs_worker *w);

/* ---- record.c */
/* May that line or row be written? left_out: how many were not since the last one that was. */
bool bs_record_may(struct bs_worker *w, uint64_t now_ms, const struct bs_ration_who *who, enum bs_ration_what what,
	uint64_t *left_out);
/* Who stands behind an open session. */
struct bs_ration_who bs_link_who(const struct link *l);
enum bs_mode bs_mode_of_credential(enum bs_credential_kind kind);
/* How a run ended. */
void bs_record_run(
	struct link *l, uint64_t now_ms, const struct bs_run_report *r, enum bs_outcome outcome, const char *detail);
/* How an association ended that came to no run: in its handshake, or before its Bootstrap-Request. */
void bs_record_peer(
	struct bs_worker *w, uint64_t now_ms, struct bs_peer *peer, enum bs_outcome outcome, const char *detail);
void bs_record_silence(struct link *l, uint64_t now_ms, const char *detail);
void bs_record_clone(struct link *l, uint64_t now_ms);
void bs_record_no_mail(struct link *l, uint64_t now_ms);
void bs_record_send_failed(struct link *l);

/* ---- trace.c */
void bs_trace(struct link *l, const char *event, const uint8_t *data, size_t len);

/* ---- callbacks.c */
extern const struct bs_session_ops bs_link_session_ops;
extern const struct bs_exchange_ops bs_link_exchange_ops;
extern const struct bs_peer_ops bs_link_peer_ops;
/* Those asked for since the last turn. */
void bs_link_load_all(struct bs_worker *w);

/* ---- link.c */
/* A good handshake becomes a session, which all workers know of. BS_ELIMIT: the device has had too many. */
BS_MUST_USE enum bs_err bs_link_open(struct bs_worker *w, struct bs_peer *peer, uint64_t now_ms, struct link **out);
void bs_link_arm(struct link *l);
/* Give back the claim of the run that is on, if any. */
void bs_link_end_run(struct link *l);
void bs_link_count_exchange(struct link *l);
/* No further use of it; it is freed by the sweep at the end of the turn. */
void bs_link_bury(struct link *l);
void bs_link_sweep(struct bs_worker *w);
/* End the run of a link, if any, and close its peer. */
void bs_link_close(struct link *l, uint64_t now_ms, enum bs_outcome outcome, const char *detail);
/* The end of a link that is lost, with that outcome. */
void bs_link_fall(struct link *l, uint64_t now_ms);
/* Mail: that run is superseded; that session must go for a newer one. */
void bs_link_supersede(struct bs_worker *w, uint64_t run);
void bs_link_outnumbered(struct bs_worker *w, int64_t device_id, uint64_t number);

/* ---- lookup.c */
extern const struct bs_credential_lookup bs_worker_lookup; /* arg is to be set to the worker */

/* ---- stale.c */
/* That profile has changed; BS_STALE_ANY: any may have. */
void bs_stale_note(struct bs_worker *w, int64_t profile_id);
/* All that was noted: find the links that have read one of them. Once for many changes. */
void bs_stale_find(struct bs_worker *w, uint64_t now_ms);
/* Look at some of them, and close who must go, as fast as close-rate allows. */
void bs_stale_turn(struct bs_worker *w, uint64_t now_ms);
void bs_stale_forget(struct link *l);

/* ---- watch.c */
/* Once a second: what changed in the store, and is it still the same file? */
void bs_watch_tick(struct bs_worker *w, uint64_t now_ms);

#endif
