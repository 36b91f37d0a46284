/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a device that has proven itself still may have what it comes for: at its Bootstrap-Request, and before each message
 * that is sent to it. Certificates, anchors and lists (a reload) and the store have one number in this worker; what was found
 * good under the present one is not looked at again.
 *
 * Every message passes here, repetitions and later blocks too, so that no key leaves to who lost the right to it. Those with
 * a payload that holds keys (a Write of Object 0 or 21, a block of a pack) also look whether the store has changed; for all
 * else it is enough that each worker does so once a second (watch.c).
 */
#include <string.h>

#include "server/base/buf.h"
#include "server/base/clock.h"
#include "server/coap/msg.h"
#include "server/net/worker_internal.h"

#define REVIEW_BURST 16 /* links verified in one turn: some milliseconds */

/* What was committed to the store of late moves the generation. False: the store cannot be read now. */
static bool
look(struct bs_worker *w)
{
	int64_t version = 0, seq = w->seen_seq;
	enum bs_err err;

	if (w->store_failing)
		return false;
	/* Outside a transaction, unless there is one: to begin and end it would be most of the cost. */
	err = bs_store_data_version(w->store, &version);
	if (err == BS_OK && version != w->seen_version)
		err = bs_store_change_seq(w->store, &seq);
	if (err != BS_OK) {
		bs_worker_store_failed(w, "change", err);
		return false;
	}
	if (seq != w->seen_seq)
		bs_dtls_ctx_move_generation(w->dtls);
	w->seen_version = version;
	w->seen_seq = seq;
	return true;
}

enum bs_standing
bs_standing_of_device(const struct link *l, enum bs_err err, const struct bs_found *found, const char **detail)
{
	if (err != BS_OK && err != BS_ENOTFOUND)
		return BS_STANDING_UNKNOWN;
	/* The number may be another device's, in another store. */
	if (err == BS_ENOTFOUND || strcmp(found->endpoint, l->client.endpoint) != 0) {
		*detail = "the device was deleted from the store";
		return BS_STANDING_LOST;
	}
	*detail = "the device was disabled during its session";
	return found->enabled ? BS_STANDING_GOOD : BS_STANDING_LOST;
}

static enum bs_standing
lose(struct link *l, enum bs_outcome outcome, const char *detail)
{
	l->lost = true;
	l->worker->stats.lost++;
	l->lost_outcome = outcome;
	snprintf(l->lost_detail, sizeof(l->lost_detail), "%s", detail);
	return BS_STANDING_LOST;
}

enum bs_standing
bs_standing_of_change(struct link *l, enum bs_on_change on_change, enum bs_moment moment)
{
	if (moment == BS_AT_OPEN) /* what it opens with is nobody's */
		return BS_STANDING_LOST;
	if (on_change == BS_CHANGE_KEEP)
		return BS_STANDING_GOOD;
	if (on_change == BS_CHANGE_CLOSE || moment == BS_AT_REQUEST || !bs_session_is_running(l->session))
		return BS_STANDING_LOST;
	l->close_after_run = true;
	return BS_STANDING_GOOD;
}

/* The whole question, asked anew. */
static enum bs_standing
verify(struct link *l, enum bs_moment moment)
{
	struct bs_worker *w = l->worker;
	struct bs_store *store = bs_worker_read(w);
	struct bs_found found;
	enum bs_err err = store != NULL ? bs_store_find_id(store, l->client.device_id, &found) : BS_EBUSY;
	const char *why = "";
	char detail[sizeof(l->lost_detail)] = "";
	enum bs_outcome outcome = BS_OUT_DEVICE_DISABLED;
	enum bs_standing standing = bs_standing_of_device(l, err, &found, &why);

	if (standing == BS_STANDING_LOST)
		return lose(l, outcome, why);
	if (standing == BS_STANDING_UNKNOWN) {
		if (store != NULL)
			bs_worker_store_refused(w, "session", err, l->client.device_id, l->client.endpoint);
		return standing;
	}
	standing = bs_peer_verify(l->peer, &outcome, detail, sizeof(detail));
	if (standing == BS_STANDING_CHANGED)
		standing = bs_standing_of_change(l, found.on_change, moment);
	return standing == BS_STANDING_LOST ? lose(l, outcome, detail) : standing;
}

enum bs_standing
bs_standing_check(struct link *l, enum bs_moment moment)
{
	struct bs_worker *w = l->worker;
	uint64_t generation;
	enum bs_standing standing;

	if (l->lost)
		return BS_STANDING_LOST;
	bs_worker_take_up(w);
	if (moment != BS_AT_MESSAGE && !look(w))
		return BS_STANDING_UNKNOWN;
	generation = bs_dtls_ctx_get_generation(w->dtls);
	/* What a run that is on was let go on with is not good for the next one. */
	if (l->generation == generation && !(moment == BS_AT_REQUEST && l->close_after_run))
		return BS_STANDING_GOOD;
	w->stats.verified_again++;
	standing = verify(l, moment);
	if (standing == BS_STANDING_GOOD)
		l->generation = generation;
	return standing;
}

/* A Write of Object 0 or 21, or a block of a pack. Uri-Path is the first option of a Write. */
static bool
may_hold_key(const uint8_t *data, size_t len)
{
	struct bs_rd r = bs_rd_init(data, len);
	uint8_t token_len = bs_rd_u8(&r) & 15, code = bs_rd_u8(&r), first, second;

	bs_rd_u16(&r);
	bs_rd_bytes(&r, token_len);
	first = bs_rd_u8(&r);
	second = bs_rd_u8(&r);
	if (code == BS_PUT)
		return (first == 0xb1 && second == '0') || (first == 0xb2 && second == '2' && bs_rd_u8(&r) == '1');
	return code == BS_CONTENT;
}

bool
bs_standing_may_send(struct link *l, const uint8_t *data, size_t len)
{
	enum bs_standing standing = bs_standing_check(l, may_hold_key(data, len) ? BS_AT_KEY : BS_AT_MESSAGE);

	l->held_back = l->held_back || standing == BS_STANDING_UNKNOWN;
	return standing == BS_STANDING_GOOD;
}

void
bs_standing_review(struct bs_worker *w)
{
	uint64_t now_ms = bs_clock_ms();

	for (int left = REVIEW_BURST; left > 0 && w->review_next != NULL; left--) {
		struct link *l = w->review_next;

		w->review_next = TAILQ_NEXT(l, link);
		if (l->client.mode == BS_MODE_X509 && bs_standing_check(l, BS_AT_MESSAGE) == BS_STANDING_LOST)
			bs_link_fall(l, now_ms);
	}
	if (w->review_next != NULL)
		bs_worker_arm(w->review_timer, now_ms);
}
