/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened to a device or a stranger, in words: the lines of the log and the rows of the journal. Each that they can cause
 * goes by its ration; what happened is counted all the same.
 */
#include <inttypes.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/bootstrap/tell.h"
#include "server/net/worker_internal.h"

#define BS_TRIGGERED "server-initiated" /* before the detail of an attempt that the operator asked for */

/* Every line and row that a device or a stranger can cause goes by its ration; what happened is counted all the same. */
bool
bs_record_may(struct bs_worker *w, uint64_t now_ms, const struct bs_ration_who *who, enum bs_ration_what what,
	uint64_t *left_out)
{
	*left_out = 0;
	return w->shared->ration == NULL || bs_ration_allows(w->shared->ration, now_ms, who, what, left_out);
}

/* Who stands behind an open session. */
struct bs_ration_who
bs_link_who(const struct link *l)
{
	return (struct bs_ration_who){ l->client.device_id, bs_peer_get_remote(l->peer) };
}

static void
describe_identity(const struct bs_proof *proof, char *out, size_t max)
{
	const uint8_t *blank = memchr(proof->identity, ' ', proof->identity_len);
	size_t len = proof->identity_len;

	if (proof->kind != BS_CRED_PSK && blank != NULL) /* the digest alone: that is what explain is asked for */
		len = (size_t)(blank - proof->identity);
	bs_text_escape(out, max, proof->identity, len, BS_WITHOUT_QUOTES);
}

enum bs_mode
bs_mode_of_credential(enum bs_credential_kind kind)
{
	static const enum bs_mode modes[] = {
		[BS_CRED_PSK] = BS_MODE_PSK,
		[BS_CRED_RAW_KEY] = BS_MODE_RPK,
		[BS_CRED_CERTIFICATE] = BS_MODE_X509,
	};

	return modes[kind];
}

/* What the peer proved or showed. */
static void
fill_from_peer(struct bs_attempt *a, struct bs_peer *peer)
{
	const struct bs_proof *proof = bs_peer_get_proof(peer);
	bool shown = proof->has_device || proof->identity_len > 0;

	a->at_ms = bs_clock_wall_ms();
	a->mode = shown ? (uint8_t)bs_mode_of_credential(proof->kind) : 255;
	a->psk_slot = (uint8_t)proof->psk_slot;
	a->format = BS_NO_FORMAT;
	bs_addr_format(bs_peer_get_remote(peer), a->address);
	describe_identity(proof, a->identity, sizeof(a->identity));
	if (proof->has_device) {
		a->device_id = proof->device.device_id;
		snprintf(a->endpoint, sizeof(a->endpoint), "%s", proof->device.endpoint);
	} else if (proof->public_key_len <= sizeof(a->public_key)) {
		memcpy(a->public_key, proof->public_key, proof->public_key_len);
		a->public_key_len = (uint16_t)proof->public_key_len;
	}
	if (proof->suite != NULL)
		snprintf(a->suite, sizeof(a->suite), "%s", proof->suite);
}

/* "before: detail", cut where a character ends. */
static void
put_detail(struct bs_attempt *a, const char *before, const char *detail)
{
	a->detail[0] = '\0';
	bs_tell(a->detail, sizeof(a->detail), "%s%s%s", before, *before != '\0' && *detail != '\0' ? ": " : "", detail);
}

static const char *
mode_text(uint8_t mode)
{
	return mode == 255 ? "unknown" : bs_mode_name((enum bs_mode)mode);
}

/* A declined pack is no reason to look: the device goes on. */
static const char *
event_of(enum bs_outcome o)
{
	if (o == BS_OUT_DONE)
		return "bootstrap.done";
	return o == BS_OUT_PACK_DECLINED ? "bootstrap.pack-declined" : "bootstrap.refused";
}

static enum bs_log_level
level_of(enum bs_outcome o)
{
	return o == BS_OUT_DONE || o == BS_OUT_PACK_DECLINED ? BS_INFO : BS_WARNING;
}

static void
write_line(const struct bs_attempt *a, uint64_t left_out)
{
	struct bs_quote ep, identity, step, detail;

	bs_log(level_of(a->outcome), event_of(a->outcome),
		"outcome=%s ep=%s identity=%s mode=%s from=%s suite=%s step=%s writes=%u took_ms=%" PRIu32
		" handshake_ms=%" PRIu32 " detail=%s suppressed=%" PRIu64,
		bs_outcome_word(a->outcome), bs_log_quote(&ep, a->endpoint), bs_log_quote(&identity, a->identity),
		mode_text(a->mode), a->address, *a->suite ? a->suite : "-",
		bs_log_quote(&step, *a->step ? a->step : "handshake"), a->writes, a->took_ms, a->handshake_ms,
		bs_log_quote(&detail, a->detail), left_out);
}

/* The journal's reader learns from the next row that some are missing. */
static void
note_left_out(struct bs_attempt *a, uint64_t left_out)
{
	char detail[sizeof(a->detail)];

	if (left_out == 0)
		return;
	memcpy(detail, a->detail, sizeof(detail));
	a->detail[0] = '\0';
	bs_tell(a->detail, sizeof(a->detail), "%" PRIu64 " attempts before it were left out", left_out);
	if (*detail != '\0')
		bs_tell(a->detail, sizeof(a->detail), "%s", detail);
}

static void
record(struct bs_worker *w, uint64_t now_ms, struct bs_attempt *a, const struct bs_ration_who *who)
{
	uint64_t left_out;

	w->stats.outcomes[a->mode < BS_MODE_NOSEC ? a->mode : BS_STATS_MODES - 1][a->outcome]++;
	if (bs_log_wants(level_of(a->outcome)) && bs_record_may(w, now_ms, who, BS_RATION_LINE, &left_out))
		write_line(a, left_out);
	if (!bs_record_may(w, now_ms, who, BS_RATION_ROW, &left_out))
		return;
	note_left_out(a, left_out);
	(void)bs_recorder_post(w->shared->recorder, a); /* a drop is counted and said by the recorder */
}

/* The subject of a certificate, which follows its digest; "" for all else. */
static const char *
subject_of(const struct bs_proof *proof, struct bs_quote *q)
{
	const uint8_t *blank = proof->kind == BS_CRED_CERTIFICATE ? memchr(proof->identity, ' ', proof->identity_len)
								  : NULL;

	if (blank == NULL)
		return "";
	return bs_log_quote_n(q, blank + 1, (size_t)(proof->identity + proof->identity_len - blank - 1));
}

/* An attempt that ended in the handshake, or before its Bootstrap-Request. */
void
bs_record_peer(struct bs_worker *w, uint64_t now_ms, struct bs_peer *peer, enum bs_outcome outcome, const char *detail)
{
	struct bs_attempt a = { .outcome = outcome };
	const struct bs_proof *proof = bs_peer_get_proof(peer);
	/* A link comes with the end of the handshake; whom the operator named is no stranger before. */
	bool stranger = bs_peer_get_user(peer) == NULL && !bs_peer_is_dialled(peer);
	const struct bs_ration_who who = { stranger ? 0 : proof->device.device_id, bs_peer_get_remote(peer) };
	struct bs_quote q;
	const char *subject = subject_of(proof, &q);

	fill_from_peer(&a, peer);
	a.proven = bs_peer_get_user(peer) != NULL; /* not because the server has turned to it */
	put_detail(&a, bs_peer_is_dialled(peer) ? BS_TRIGGERED : "", detail);
	if (*subject != '\0')
		bs_tell(a.detail, sizeof(a.detail), "subject %s", subject);
	record(w, now_ms, &a, &who);
}

/* No request; but one may have come to another path. */
void
bs_record_silence(struct link *l, uint64_t now_ms, const char *detail)
{
	const char *stray = bs_session_get_stray(l->session);
	char text[256];

	snprintf(text, sizeof(text), "%s%s%s", detail, *detail != '\0' && *stray != '\0' ? "; " : "", stray);
	bs_record_peer(l->worker, now_ms, l->peer, BS_OUT_NO_REQUEST, text);
}

void
bs_record_run(
	struct link *l, uint64_t now_ms, const struct bs_run_report *r, enum bs_outcome outcome, const char *detail)
{
	struct bs_attempt a = { .outcome = outcome, .code = r->code, .version = (uint8_t)r->version, .proven = true };
	const struct bs_ration_who who = bs_link_who(l);

	fill_from_peer(&a, l->peer);
	put_detail(&a, l->trigger != NULL ? BS_TRIGGERED : "", detail);
	snprintf(a.step, sizeof(a.step), "%s", r->step);
	snprintf(a.claimed, sizeof(a.claimed), "%s", r->claimed);
	a.format = r->format;
	a.writes = (uint16_t)r->writes;
	a.took_ms = (uint32_t)r->took_ms;
	a.handshake_ms = (uint32_t)(l->opened_ms - l->created_ms);
	record(l->worker, now_ms, &a, &who);
}

/* ---- lines alone -------------------------------------------------------------------------------------------------- */

/* One credential live at two hosts at once. */
void
bs_record_clone(struct link *l, uint64_t now_ms)
{
	const struct bs_ration_who who = bs_link_who(l);
	char text[BS_ADDR_TEXT];
	uint64_t left_out;
	struct bs_quote q;

	l->worker->stats.clone_signals++;
	if (bs_record_may(l->worker, now_ms, &who, BS_RATION_LINE, &left_out))
		bs_log(BS_WARNING, "device.clone-suspected", "ep=%s from=%s suppressed=%" PRIu64,
			bs_log_quote(&q, l->client.endpoint), bs_addr_format(who.from, text), left_out);
}

/* The other worker gets no mail: what was to end goes on beside the new one. */
void
bs_record_no_mail(struct link *l, uint64_t now_ms)
{
	const struct bs_ration_who who = bs_link_who(l);
	uint64_t left_out;

	if (bs_record_may(l->worker, now_ms, &who, BS_RATION_LINE, &left_out))
		bs_log(BS_ERROR, "worker.mail-lost", "worker=%u suppressed=%" PRIu64, l->worker->index, left_out);
}

void
bs_record_send_failed(struct link *l)
{
	const struct bs_ration_who who = bs_link_who(l);
	uint64_t left_out;

	if (bs_log_wants(BS_DEBUG) && bs_record_may(l->worker, bs_clock_ms(), &who, BS_RATION_LINE, &left_out))
		bs_log(BS_DEBUG, "dtls.send-failed", "worker=%u suppressed=%" PRIu64, l->worker->index, left_out);
}
