/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "server/admin/certificates.h"
#include "server/admin/limits.h"

#define PREFIX "lwm2m_bootstrap_"

/* One row per plain number of a snapshot. A label distinguishes rows of one name, which must stand together. */
struct row {
	const char *name, *label, *help;
	size_t offset;
	bool gauge;
};

#define AT(field) offsetof(struct bs_snapshot, field)
#define LEFT_OUT(what, per) "what=\"" what "\",limit=\"" per "\""
static const struct row rows[] = {
	{ "peers", NULL, "Open DTLS sessions.", AT(total.peers), true },
	{ "half_open", NULL, "DTLS handshakes in progress.", AT(total.half_open), true },
	{ "ignored", NULL, "Addresses that get no answer after an unknown credential.", AT(total.ignored), true },
	{ "runs", NULL, "Bootstrap runs in progress.", AT(total.runs), true },
	{ "peers_limit", NULL, "Configured limit of DTLS sessions.", AT(caps.peers), true },
	{ "half_open_limit", NULL, "Configured limit of handshakes in progress.", AT(caps.half_open), true },
	{ "journal_queue", NULL, "Attempts waiting to be written to the journal.", AT(recorder.queued), true },
	{ "runs_started_total", NULL, "Bootstrap-Requests accepted.", AT(total.runs_started), false },
	{ "datagrams_total", "direction=\"in\"", "UDP datagrams.", AT(total.udp.received), false },
	{ "datagrams_total", "direction=\"out\"", NULL, AT(total.udp.sent), false },
	{ "datagram_errors_total", "kind=\"send\"", "Datagrams that could not be sent or were truncated.",
		AT(total.udp.send_errors), false },
	{ "datagram_errors_total", "kind=\"cut\"", NULL, AT(total.udp.cut), false },
	{ "client_hellos_total", NULL, "First ClientHellos seen.", AT(total.dtls.hellos), false },
	{ "cookies_total", "kind=\"sent\"", "HelloVerifyRequests sent and bad cookies received.",
		AT(total.dtls.cookies_sent), false },
	{ "cookies_total", "kind=\"bad\"", NULL, AT(total.dtls.cookies_bad), false },
	{ "handshakes_total", "state=\"started\"", "DTLS handshakes.", AT(total.dtls.handshakes_started), false },
	{ "handshakes_total", "state=\"done\"", NULL, AT(total.dtls.handshakes_done), false },
	{ "handshakes_total", "state=\"failed\"", NULL, AT(total.dtls.handshakes_failed), false },
	{ "handshakes_given_up_total", "reason=\"half_open_limit\"", "Handshakes ended to make room for newer ones.",
		AT(total.dtls.given_up[BS_HALF_OPEN_ALL]), false },
	{ "handshakes_given_up_total", "reason=\"prefix_limit\"", NULL, AT(total.dtls.given_up[BS_HALF_OPEN_NETWORK]),
		false },
	{ "sessions_replaced_total", NULL, "Sessions replaced by a new handshake from the same address.",
		AT(total.dtls.replaced), false },
	{ "sessions_evicted_total", NULL, "Idle sessions closed to make room for others.", AT(total.dtls.evicted),
		false },
	{ "dropped_total", "reason=\"peer_limit\"", "Datagrams and requests dropped.",
		AT(total.dtls.dropped_table_full), false },
	{ "dropped_total", "reason=\"half_open_limit\"", NULL, AT(total.dtls.dropped_half_open), false },
	{ "dropped_total", "reason=\"prefix_limit\"", NULL, AT(total.dtls.dropped_prefix), false },
	{ "dropped_total", "reason=\"no_session\"", NULL, AT(total.dtls.dropped_unknown), false },
	{ "dropped_total", "reason=\"bad_record\"", NULL, AT(total.dtls.records_dropped), false },
	{ "dropped_total", "reason=\"untried_record\"", NULL, AT(total.dtls.records_untried), false },
	{ "dropped_total", "reason=\"handshake_record\"", NULL, AT(total.dtls.handshake_dropped), false },
	{ "dropped_total", "reason=\"request_not_admitted\"", NULL, AT(total.requests_dropped), false },
	{ "coap_retransmissions_total", NULL, "Confirmable messages sent again.", AT(total.exchange.retransmissions),
		false },
	{ "coap_duplicates_total", NULL, "Duplicate requests answered from memory.", AT(total.exchange.duplicates),
		false },
	{ "coap_ignored_total", NULL, "Messages ignored as RFC 7252 requires.", AT(total.exchange.ignored), false },
	{ "coap_malformed_total", NULL, "Malformed messages.", AT(total.exchange.malformed), false },
	{ "coap_resets_total", NULL, "Resets sent.", AT(total.exchange.resets_sent), false },
	{ "clone_signals_total", NULL, "One credential live at two hosts.", AT(total.clone_signals), false },
	{ "verified_again_total", NULL,
		"Sessions verified again after a change of certificates, revocation lists or the store.",
		AT(total.verified_again), false },
	{ "sessions_lost_total", NULL, "Sessions closed because a new handshake would no longer be accepted.",
		AT(total.lost), false },
	{ "handshakes_over_limit_total", NULL, "Handshakes of devices that exceeded their limit per minute.",
		AT(total.handshakes_over), false },
	{ "sessions_outnumbered_total", NULL, "Sessions closed because their device opened more than it may have.",
		AT(total.outnumbered), false },
	{ "records_suppressed_total", LEFT_OUT("line", "device"),
		"Lines left out of the log and rows left out of the journal, by whose limit was reached.",
		AT(ration.left_out[BS_RATION_DEVICE][BS_RATION_LINE]), false },
	{ "records_suppressed_total", LEFT_OUT("row", "device"), NULL,
		AT(ration.left_out[BS_RATION_DEVICE][BS_RATION_ROW]), false },
	{ "records_suppressed_total", LEFT_OUT("trace", "device"), NULL,
		AT(ration.left_out[BS_RATION_DEVICE][BS_RATION_WATCHED]), false },
	{ "records_suppressed_total", LEFT_OUT("line", "prefix"), NULL,
		AT(ration.left_out[BS_RATION_PREFIX][BS_RATION_LINE]), false },
	{ "records_suppressed_total", LEFT_OUT("row", "prefix"), NULL,
		AT(ration.left_out[BS_RATION_PREFIX][BS_RATION_ROW]), false },
	{ "records_suppressed_total", LEFT_OUT("line", "strangers"), NULL,
		AT(ration.left_out[BS_RATION_STRANGERS][BS_RATION_LINE]), false },
	{ "records_suppressed_total", LEFT_OUT("row", "strangers"), NULL,
		AT(ration.left_out[BS_RATION_STRANGERS][BS_RATION_ROW]), false },
	{ "store_errors_total", NULL, "Reads of the store that failed.", AT(total.store_errors), false },
	{ "store_tampered_total", NULL, "Reads refused because rows were changed without the keys of the store.",
		AT(total.store_tampered_reads), false },
	{ "store_tampered", NULL, "1: rows refused for that reason are still there.", AT(total.store_tampered), true },
	{ "store_generation", NULL, "Generation of the store.", AT(recorder.store_number), true },
	{ "store_generation_seen", NULL, "Latest generation of the store that was seen.", AT(recorder.store_seen),
		true },
	{ "journal_recorded_total", NULL, "Attempts written to the journal.", AT(recorder.recorded), false },
	{ "journal_dropped_total", NULL, "Attempts that the journal lost.", AT(recorder.dropped), false },
	{ "journal_errors_total", NULL, "Writes to the journal that failed.", AT(recorder.write_errors), false },
};

static void
write_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void
write_rows(const struct bs_snapshot *s, FILE *out)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		uint64_t v = *(const uint64_t *)((const char *)s + r->offset);

		if (r->help != NULL)
			write_head(out, r->name, r->gauge ? "gauge" : "counter", r->help);
		if (r->label != NULL)
			fprintf(out, PREFIX "%s{%s} %" PRIu64 "\n", r->name, r->label, v);
		else
			fprintf(out, PREFIX "%s %" PRIu64 "\n", r->name, v);
	}
}

static void
write_outcomes(const struct bs_snapshot *s, FILE *out)
{
	static const char *const modes[BS_STATS_MODES] = { "psk", "rpk", "x509", "unknown" };

	write_head(out, "attempts_total", "counter", "Attempts by mode and outcome.");
	for (size_t m = 0; m < BS_STATS_MODES; m++) {
		for (size_t o = 0; o < BS_OUTCOME_COUNT; o++)
			fprintf(out, PREFIX "attempts_total{mode=\"%s\",outcome=\"%s\"} %" PRIu64 "\n", modes[m],
				bs_outcome_word((enum bs_outcome)o), s->total.outcomes[m][o]);
	}
}

/* A histogram and where it stands among others of its name, which must stand together. */
struct histogram_row {
	const char *name, *label, *help; /* label "" or "kind=\"…\","; help NULL: another of the name before */
	size_t offset;
	const uint32_t *bounds;
	double second; /* in the unit of the bounds */
};
static const struct histogram_row histograms[] = {
	{ "handshake_seconds", "", "From the ClientHello with a good cookie to the open session.", AT(total.handshake),
		bs_histogram_bounds_ms, 1e3 },
	{ "run_seconds", "", "From the Bootstrap-Request to the outcome.", AT(total.run), bs_histogram_bounds_ms, 1e3 },
	{ "store_look_up_seconds", "kind=\"credential\",", "Reads of the store, unsealing included.", AT(total.look_up),
		bs_histogram_bounds_us, 1e6 },
	{ "store_look_up_seconds", "kind=\"account\",", NULL, AT(total.load), bs_histogram_bounds_us, 1e6 },
};

static void
write_histogram(FILE *out, const struct histogram_row *r, const struct bs_histogram *h)
{
	int bare = (int)strlen(r->label) - 1; /* the label without its comma */
	const char *open = bare > 0 ? "{" : "", *close = bare > 0 ? "}" : "";
	uint64_t sum = 0;

	if (r->help != NULL)
		write_head(out, r->name, "histogram", r->help);
	for (size_t i = 0; i < BS_HISTOGRAM_BUCKETS - 1; i++) {
		sum += h->buckets[i];
		fprintf(out, PREFIX "%s_bucket{%sle=\"%g\"} %" PRIu64 "\n", r->name, r->label, r->bounds[i] / r->second,
			sum);
	}
	fprintf(out, PREFIX "%s_bucket{%sle=\"+Inf\"} %" PRIu64 "\n", r->name, r->label, h->count);
	bare = bare > 0 ? bare : 0;
	fprintf(out, PREFIX "%s_sum%s%.*s%s %.6f\n", r->name, open, bare, r->label, close, (double)h->sum / r->second);
	fprintf(out, PREFIX "%s_count%s%.*s%s %" PRIu64 "\n", r->name, open, bare, r->label, close, h->count);
}

static void
write_histograms(const struct bs_snapshot *s, FILE *out)
{
	for (size_t i = 0; i < sizeof(histograms) / sizeof(histograms[0]); i++)
		write_histogram(
			out, &histograms[i], (const struct bs_histogram *)((const char *)s + histograms[i].offset));
}

static void
write_limits(const struct bs_snapshot *s, FILE *out)
{
	struct bs_limit limits[BS_LIMIT_COUNT];

	bs_limits_get(s, limits);
	write_head(out, "limit", "gauge", "Limits as configured, by option; seconds where it is a time.");
	for (size_t i = 0; i < BS_LIMIT_COUNT; i++)
		fprintf(out, PREFIX "limit{limit=\"%s\"} %" PRIu64 "\n", limits[i].option, limits[i].cap);
	write_head(out, "limit_value", "gauge", "Current value of what each limit bounds.");
	for (size_t i = 0; i < BS_LIMIT_COUNT; i++)
		fprintf(out, PREFIX "limit_value{limit=\"%s\"} %" PRIu64 "\n", limits[i].option, limits[i].value);
	write_head(out, "limit_hits_total", "counter", "What was dropped, ended or left out because of a limit.");
	for (size_t i = 0; i < BS_LIMIT_COUNT; i++)
		fprintf(out, PREFIX "limit_hits_total{limit=\"%s\"} %" PRIu64 "\n", limits[i].option, limits[i].hits);
}

void
bs_metrics_write(const struct bs_snapshot *s, FILE *out)
{
	write_rows(s, out);
	write_outcomes(s, out);
	write_limits(s, out);
	write_histograms(s, out);
	write_head(out, "uptime_seconds", "gauge", "Time since the start.");
	fprintf(out, PREFIX "uptime_seconds %" PRIu64 "\n", (s->now_ms - s->started_ms) / 1000);
	write_head(out, "healthy", "gauge", "1 if store, journal and workers are healthy.");
	fprintf(out, PREFIX "healthy %d\n", bs_snapshot_trouble(s) == NULL);
	write_head(out, "build_info", "gauge", "Versions.");
	fprintf(out, PREFIX "build_info{version=\"" BS_VERSION "\",openssl=\"%s\",workers=\"%u\"} 1\n", s->library,
		s->workers);
}

/* ---- certificates ------------------------------------------------------------------------------------------------- */

struct certificate_rows {
	int64_t now_s;
	FILE *out;
};

static void
put_label(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

static void
put_certificate(void *arg, const char *file, bool readable, int64_t expires_s)
{
	const struct certificate_rows *list = arg;

	if (!readable)
		return;
	fputs(PREFIX "certificate_expiry_seconds{file=\"", list->out);
	put_label(list->out, file);
	fprintf(list->out, "\"} %" PRId64 "\n", expires_s - list->now_s);
}

void
bs_metrics_write_certificates(const struct bs_conf *conf, int64_t now_s, FILE *out)
{
	struct certificate_rows to = { now_s, out };

	write_head(out, "certificate_expiry_seconds", "gauge",
		"Time until the first certificate in a file expires; negative: it has expired.");
	bs_certificates_each(conf, put_certificate, &to);
}
