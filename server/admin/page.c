/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/page.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/journal/journal.h"
#include "server/admin/certificates.h"
#include "server/admin/limits.h"
#include "server/base/text.h"
#include "server/model/advice.h"

#define REFUSALS_SHOWN 12
#define EXPIRY_WARNING_DAYS 30
#define DAY_S 86400
#define CHART_WIDTH 600
#define CHART_HEIGHT 80

static const char style[] =
	":root{color-scheme:light dark;"
	"--bg:#fff;--fg:#1b1f24;--dim:#5b6470;--line:#d8dee4;--good:#1a7f37;--bad:#b3261e;--warn:#8a5a00}"
	"@media(prefers-color-scheme:dark){:root{"
	"--bg:#14171a;--fg:#e6e9ec;--dim:#9aa4ae;--line:#30363d;--good:#4ac26b;--bad:#ff7b72;--warn:#e3b341}}"
	"body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--bg);color:var(--fg);"
	"font:16px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}"
	"h1{font-size:1.25rem;margin:0 0 .5rem}h2{font-size:1rem;margin:1.5rem 0 .4rem}"
	".state{font-size:1.4rem;font-weight:600;margin:.2rem 0}"
	".good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.dim{color:var(--dim)}"
	"ul{margin:.4rem 0;padding-left:1.2rem}"
	"svg{width:100%;height:5rem;display:block;border-bottom:1px solid var(--line)}"
	".done{fill:var(--good)}.refused{fill:var(--bad)}"
	".axis{display:flex;justify-content:space-between;gap:1rem;margin:.2rem 0;font-size:.875rem}"
	".axis span:not(:nth-child(2)){white-space:nowrap}"
	"table{border-collapse:collapse;width:100%}th{font-weight:600}"
	"td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}"
	"td.n,th.n{text-align:right;white-space:nowrap;padding-right:0;padding-left:.6rem}"
	"td.when{white-space:nowrap}td.id{min-width:9rem}"
	/* On a phone a refusal is a block of lines; a table of four columns would run off the side. */
	"@media(max-width:40rem){.rows th{display:none}.rows td{display:block;border:0;padding:.1rem 0}"
	".rows td:first-child{padding-top:.6rem}.rows tr{display:block;border-bottom:1px solid "
	"var(--line);padding-bottom:.5rem}"
	".rows br{display:none}.rows .dim{margin-left:.4rem}.rows td.why,.rows td.todo{padding-left:.8rem}}";

const char *
bs_page_style_hash(void)
{
	static char hash[80];
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char text[48];

	if (hash[0] == '\0') {
		SHA256((const unsigned char *)style, sizeof(style) - 1, digest);
		snprintf(hash, sizeof(hash), "'sha256-%s'", bs_base64_encode(digest, sizeof(digest), text));
	}
	return hash;
}

/* Text from a device or a file, as HTML; what is not printable, such as a mark that turns text around, as \uXXXX. */
static void
put_text(FILE *out, const char *text)
{
	size_t len = strlen(text), n;

	for (; len > 0; text += n, len -= n) {
		uint32_t c;

		n = bs_utf8_next(text, len, &c);
		if (n == 0 || !bs_is_printable(c)) {
			fprintf(out, "\\u%04" PRIx32, n > 0 ? c : (uint8_t)*text);
			n = n > 0 ? n : 1;
			continue;
		}
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fwrite(text, 1, n, out);
		}
	}
}

/* An identity as configured: whole, or its ends alone. */
static void
put_identity(FILE *out, const char *text, bool masked)
{
	size_t len = strlen(text);
	char ends[16];

	if (!masked || len == 0) {
		put_text(out, text);
		return;
	}
	snprintf(ends, sizeof(ends), "%.2s…%s", text, len > 6 ? text + len - 2 : "");
	put_text(out, bs_utf8_valid(ends, strlen(ends)) ? ends : "…");
}

/*
 * How a limit near its cap is shown. A time is none of these: any stranger's handshake lasts until it is over. Nor is what
 * is usual.
 */
static const char *
nearness(const struct bs_limit *l)
{
	uint64_t percent = l->cap > 0 && *l->unit == '\0' && !l->usual ? l->value * 100 / l->cap : 0;

	return percent >= 95 ? "bad" : percent >= 80 ? "warn" : "";
}

/* ---- is it well? -------------------------------------------------------------------------------------------------- */

/* What an operator should look at while all goes on. */
struct notices {
	FILE *out;
	int64_t now_s;
	unsigned count;
};

static FILE *
notice(struct notices *n, const char *class)
{
	fprintf(n->out, "%s<li class=\"%s\">", n->count++ == 0 ? "<ul>\n" : "", class);
	return n->out;
}

static void
note_certificate(void *arg, const char *file, bool readable, int64_t expires_s)
{
	struct notices *n = arg;
	int64_t days = (expires_s - n->now_s) / DAY_S;

	if (readable && expires_s > n->now_s && days >= EXPIRY_WARNING_DAYS)
		return;
	put_text(notice(n, readable && expires_s > n->now_s ? "warn" : "bad"), file);
	if (!readable)
		fputs(" cannot be read</li>\n", n->out);
	else if (expires_s <= n->now_s)
		fputs(" has expired</li>\n", n->out);
	else
		fprintf(n->out, " expires in %" PRId64 " days</li>\n", days);
}

static void
note_limits(struct notices *n, const struct bs_snapshot *s)
{
	struct bs_limit limits[BS_LIMIT_COUNT];

	bs_limits_get(s, limits);
	for (size_t i = 0; i < BS_LIMIT_COUNT; i++) {
		const struct bs_limit *l = &limits[i];
		const char *class = nearness(l);

		if (*class != '\0')
			fprintf(notice(n, class), "limit %s: %" PRIu64 " of %" PRIu64 " %s</li>\n", l->option, l->value,
				l->cap, l->what);
	}
}

static void
note_all(struct notices *n, const struct bs_admin *admin, const struct bs_snapshot *s)
{
	if (admin->reload_failure.err != BS_OK) {
		put_text(notice(n, "warn"), "The last reload was refused; the old configuration stays in use: ");
		put_text(n->out, admin->reload_failure.text);
		fputs("</li>\n", n->out);
	}
	bs_certificates_each(&admin->conf, note_certificate, n);
	note_limits(n, s);
	if (s->recorder.dropped > 0)
		fprintf(notice(n, "bad"), "The journal has lost %" PRIu64 " attempts since the start.</li>\n",
			s->recorder.dropped);
	if (s->total.clone_signals > 0)
		fprintf(notice(n, "warn"),
			"%" PRIu64 " times since the start, one credential was live at two hosts: "
			"look for device.clone-suspected in the log.</li>\n",
			s->total.clone_signals);
	if (n->count > 0)
		fputs("</ul>\n", n->out);
}

static void
put_headline(FILE *out, const struct bs_snapshot *s, const struct notices *n)
{
	const char *trouble = bs_snapshot_trouble(s);

	if (trouble != NULL)
		fprintf(out, "<p class=\"state bad\">%c%s</p>\n", trouble[0] & ~0x20, trouble + 1);
	else if (n->count > 0)
		fputs("<p class=\"state warn\">Running, but needs attention:</p>\n", out);
	else
		fputs("<p class=\"state good\">All is well</p>\n", out);
}

static void
put_state(FILE *out, const struct bs_admin *admin, const struct bs_snapshot *s)
{
	struct bs_minute hour = bs_history_sum(&admin->history, BS_HISTORY_MINUTES),
			 five = bs_history_sum(&admin->history, 5);
	char *text = NULL;
	size_t len = 0;
	struct notices n = { .out = open_memstream(&text, &len), .now_s = s->wall_s };

	if (n.out != NULL) {
		note_all(&n, admin, s);
		fclose(n.out);
	}
	put_headline(out, s, &n);
	fwrite(text, 1, len, out);
	free(text);
	fprintf(out,
		"<p>Last hour: <b class=\"good\">%" PRIu64 " done</b>, <b class=\"%s\">%" PRIu64 " refused</b>. "
		"Last five minutes: %" PRIu64 " done, %" PRIu64 " refused. Running now: %" PRIu64 ".</p>\n",
		hour.done, hour.refused > 0 ? "bad" : "dim", hour.refused, five.done, five.refused, s->total.runs);
}

/* ---- the last hour ------------------------------------------------------------------------------------------------ */

/* A bar a minute: done below, refused above; oldest left. */
static void
put_chart(FILE *out, const struct bs_history *h)
{
	uint64_t most = 1;
	unsigned step = CHART_WIDTH / BS_HISTORY_MINUTES;

	for (unsigned age = 0; age < BS_HISTORY_MINUTES; age++) {
		const struct bs_minute *m = bs_history_get(h, age);

		most = m->done + m->refused > most ? m->done + m->refused : most;
	}
	fprintf(out,
		"<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Attempts in the last hour, "
		"one bar per minute, at most %" PRIu64 " per minute\">\n",
		CHART_WIDTH, CHART_HEIGHT, most);
	for (unsigned age = 0; age < BS_HISTORY_MINUTES; age++) {
		const struct bs_minute *m = bs_history_get(h, age);
		unsigned x = (BS_HISTORY_MINUTES - 1 - age) * step;
		unsigned done = (unsigned)(m->done * CHART_HEIGHT / most),
			 refused = (unsigned)(m->refused * CHART_HEIGHT / most);

		refused = m->refused > 0 && refused == 0 ? 1 : refused; /* one refusal among thousands must be seen */
		if (done > 0)
			fprintf(out, "<rect class=\"done\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/>", x,
				CHART_HEIGHT - done, step - 2, done);
		if (refused > 0)
			fprintf(out, "<rect class=\"refused\" x=\"%u\" y=\"%d\" width=\"%u\" height=\"%u\"/>", x,
				(int)CHART_HEIGHT - (int)done - (int)refused, step - 2, refused);
	}
	fprintf(out,
		"</svg>\n<p class=\"dim axis\"><span>1 h ago</span><span>one bar per minute, at most %" PRIu64
		"; below <b class=\"good\">done</b>, above <b class=\"bad\">refused</b></span><span>now</span></p>\n",
		most);
}

/* ---- the latest refusals ------------------------------------------------------------------------------------------ */

struct refusals {
	FILE *out;
	bool masked;
	int64_t now_s;
	size_t count;
};

static void
put_age(FILE *out, int64_t s)
{
	if (s < 60)
		fputs("just now", out);
	else if (s < 5400)
		fprintf(out, "%" PRId64 " min ago", s / 60);
	else if (s < 2 * DAY_S)
		fprintf(out, "%" PRId64 " h ago", (s + 1800) / 3600);
	else
		fprintf(out, "%" PRId64 " days ago", s / DAY_S);
}

static void
put_when(const struct refusals *r, int64_t at_ms)
{
	time_t at = (time_t)(at_ms / 1000);
	struct tm tm;
	char when[32];

	gmtime_r(&at, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%SZ", &tm);
	fputs("<td class=\"when\">", r->out);
	put_age(r->out, r->now_s - at);
	fprintf(r->out, "<br><span class=\"dim\">%s</span></td>", when);
}

static void
put_who(const struct refusals *r, const struct bs_attempt *a)
{
	const char *who = a->endpoint[0] != '\0' ? a->endpoint : a->identity;

	fputs("<td class=\"id\">", r->out);
	if (*who != '\0')
		put_identity(r->out, who, r->masked);
	else
		fputs("<span class=\"dim\">not known yet</span>", r->out);
	fprintf(r->out, "<br><span class=\"dim\">%s</span></td>", a->address);
}

/* The reason, and what a masked page may tell of the case: a detail can hold names. */
static void
put_why(const struct refusals *r, const struct bs_attempt *a)
{
	fputs("<td class=\"why\">", r->out);
	put_text(r->out, bs_outcome_what(a->outcome));
	fputs(" <span class=\"dim\">", r->out);
	if (!r->masked && a->detail[0] != '\0')
		put_text(r->out, a->detail);
	else if (a->code != 0)
		fprintf(r->out, "%s: %u.%02u", a->step, (unsigned)a->code >> 5, (unsigned)a->code & 31);
	else
		put_text(r->out, a->step);
	if (a->seen > 1)
		fprintf(r->out, " (%" PRIu32 " times)", a->seen);
	fputs("</span></td>", r->out);
}

static void
put_refusal(void *arg, const struct bs_attempt *a)
{
	struct refusals *r = arg;

	if (r->count++ == 0)
		fputs("<table class=\"rows\"><tr><th>When</th><th>Who</th><th>Why</th><th>What to do</th></tr>\n",
			r->out);
	fputs("<tr>", r->out);
	put_when(r, a->at_ms);
	put_who(r, a);
	put_why(r, a);
	fputs("<td class=\"todo\">", r->out);
	put_text(r->out, bs_advice(a->outcome));
	fputs("</td></tr>\n", r->out);
}

static void
put_refusals(FILE *out, const struct bs_admin *admin, int64_t now_s)
{
	struct refusals r = { .out = out, .masked = admin->conf.http_masked, .now_s = now_s };
	struct bs_journal *journal = NULL;
	enum bs_err err = bs_journal_open(admin->shared->conf->store_directory, BS_JOURNAL_READ, &journal, NULL);

	fputs("<h2>Latest refusals</h2>\n", out);
	if (err == BS_OK)
		err = bs_journal_recent(journal, REFUSALS_SHOWN, put_refusal, &r);
	bs_journal_close(journal);
	if (r.count > 0)
		fputs("</table>\n", out);
	if (err != BS_OK && err != BS_ENOTFOUND)
		fprintf(out, "<p class=\"bad\">The journal cannot be read: %s.</p>\n", bs_strerror(err));
	else if (r.count == 0)
		fputs("<p class=\"dim\">None.</p>\n", out);
	else
		fputs("<p class=\"dim\">More on one device: lwm2m-bootstrapctl explain ENDPOINT</p>\n", out);
}

/* ---- certificates and limits -------------------------------------------------------------------------------------- */

struct expiry_table {
	FILE *out;
	int64_t now_s;
};

static void
put_expiry(void *arg, const char *file, bool readable, int64_t expires_s)
{
	const struct expiry_table *t = arg;
	int64_t days = (expires_s - t->now_s) / DAY_S;

	fputs("<tr><td class=\"id\">", t->out);
	put_text(t->out, file);
	if (!readable) {
		fputs("</td><td class=\"n bad\">cannot be read</td></tr>\n", t->out);
		return;
	}
	fprintf(t->out, "</td><td class=\"n %s\">%" PRId64 " days</td></tr>\n",
		expires_s <= t->now_s        ? "bad"
		: days < EXPIRY_WARNING_DAYS ? "warn"
					     : "",
		days);
}

static void
put_certificates(FILE *out, const struct bs_conf *c, int64_t now_s)
{
	struct expiry_table t = { out, now_s };

	fputs("<h2>Certificates</h2>\n<table><tr><th>File</th><th class=\"n\">Ends in</th></tr>\n", out);
	bs_certificates_each(c, put_expiry, &t);
	fputs("</table>\n", out);
}

static void
put_limit(FILE *out, const struct bs_limit *l)
{
	fprintf(out,
		"<tr><td>%s<br><span class=\"dim\">%s</span></td><td class=\"n %s\">%" PRIu64 " of %" PRIu64
		"%s</td><td class=\"n %s\">%" PRIu64 "</td></tr>\n",
		l->option, l->what, nearness(l), l->value, l->cap, l->unit, l->hits > 0 && !l->usual ? "warn" : "",
		l->hits);
}

static void
put_limits(FILE *out, const struct bs_snapshot *s)
{
	struct bs_limit limits[BS_LIMIT_COUNT];

	bs_limits_get(s, limits);
	fputs("<h2>Limits</h2>\n<table><tr><th>Limit</th><th class=\"n\">Now</th><th class=\"n\">Hit since start</th></tr>\n",
		out);
	for (size_t i = 0; i < BS_LIMIT_COUNT; i++)
		put_limit(out, &limits[i]);
	fputs("</table>\n", out);
}

void
bs_page_write(const struct bs_admin *admin, const struct bs_snapshot *s, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>LwM2M Bootstrap-Server</title><meta "
	      "name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"refresh\" content=\"30\"><style>",
		out);
	fputs(style, out);
	fputs("</style></head><body>\n<h1>LwM2M Bootstrap-Server</h1>\n", out);
	put_state(out, admin, s);
	put_chart(out, &admin->history);
	put_refusals(out, admin, s->wall_s);
	put_certificates(out, &admin->conf, s->wall_s);
	put_limits(out, s);
	fprintf(out,
		"<p class=\"dim\">Version " BS_VERSION ", %s, %u workers, up %" PRIu64
		" min. This page reloads every 30 s.</p>\n</body></html>\n",
		s->library, s->workers, (s->now_ms - s->started_ms) / 60000);
}
