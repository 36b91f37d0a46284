/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/page.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <string.h>
#include <time.h>

#include "db/journal.h"
#include "server/admin/certificates.h"
#include "server/admin/limits.h"
#include "server/base/text.h"

#define REFUSALS_SHOWN 12
#define EXPIRY_WARNING_DAYS 30
#define DAY_S 86400
#define CHART_WIDTH 600
#define CHART_HEIGHT 80

static const char style[] =
	":root{color-scheme:light "
	"dark;--bg:#fff;--fg:#1b1f24;--dim:#5b6470;--line:#d8dee4;--good:#1a7f37;--bad:#b3261e;--warn:#8a5a00}"
	"@media(prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e6e9ec;--dim:#9aa4ae;--line:#30363d;--good:#4ac26b;"
	"--bad:#ff7b72;"
	"--warn:#e3b341}}"
	"body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--bg);color:var(--fg);font:16px/1.45 "
	"system-ui,sans-serif}"
	"h1{font-size:1.25rem;margin:0 0 .5rem}h2{font-size:1rem;margin:1.5rem 0 .4rem}"
	".state{font-size:1.4rem;font-weight:600;margin:.2rem "
	"0}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}"
	".dim{color:var(--dim)}svg{width:100%;height:auto;display:block;border-bottom:1px solid var(--line)}"
	".done{fill:var(--good)}.refused{fill:var(--bad)}"
	"table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem "
	"0;"
	"border-bottom:1px solid "
	"var(--line)}th{font-weight:600}.wide{overflow-x:auto}.n{text-align:right;white-space:nowrap}"
	"td.id{overflow-wrap:anywhere;min-width:9rem}";

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

/* Text from a device or a file, as HTML. */
static void
put_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
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
			fputc(*text, out);
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

static void
put_state(FILE *out, const struct bs_admin *admin, const struct bs_snapshot *s)
{
	const char *trouble = bs_snapshot_trouble(s);
	struct bs_minute hour = bs_history_sum(&admin->history, BS_HISTORY_MINUTES),
			 five = bs_history_sum(&admin->history, 5);

	fprintf(out, "<p class=\"state %s\">%s</p>\n", trouble == NULL ? "good" : "bad",
		trouble == NULL ? "All is well" : trouble);
	if (admin->reload_failure.err != BS_OK) {
		fputs("<p class=\"warn\">The last reload was refused, the old configuration goes on: ", out);
		put_text(out, admin->reload_failure.text);
		fputs("</p>\n", out);
	}
	fprintf(out,
		"<p>Last hour: <b class=\"good\">%" PRIu64 " done</b>, <b class=\"%s\">%" PRIu64 " refused</b>. "
		"Last five minutes: %" PRIu64 " done, %" PRIu64 " refused. Running now: %" PRIu64 ".</p>\n",
		hour.done, hour.refused > 0 ? "bad" : "dim", hour.refused, five.done, five.refused, s->total.runs);
}

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
		"<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Attempts of the last hour, a bar a minute, at "
		"most %" PRIu64 " in a minute\">\n",
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
		"</svg>\n<p class=\"dim\">One bar a minute, an hour in all; the highest is %" PRIu64
		". Green: done. Red: refused.</p>\n",
		most);
}

struct refusals {
	FILE *out;
	bool masked;
	size_t count;
};

static void
put_refusal(void *arg, const struct bs_attempt *a)
{
	struct refusals *r = arg;
	time_t at = (time_t)(a->at_ms / 1000);
	struct tm tm;
	char when[32];

	gmtime_r(&at, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%SZ", &tm);
	if (r->count++ == 0)
		fputs("<div class=\"wide\"><table><tr><th>When</th><th>Who</th><th>Why</th><th>What to do</th></tr>\n",
			r->out);
	fprintf(r->out, "<tr><td>%s</td><td class=\"id\">", when);
	put_identity(r->out, a->endpoint[0] != '\0' ? a->endpoint : a->identity, r->masked);
	fputs("<br><span class=\"dim\">", r->out);
	put_text(r->out, a->address);
	fputs("</span></td><td>", r->out);
	put_text(r->out, bs_outcome_what(a->outcome));
	fputs("</td><td>", r->out);
	put_text(r->out, bs_outcome_todo(a->outcome));
	fputs("</td></tr>\n", r->out);
}

static void
put_refusals(FILE *out, const struct bs_admin *admin)
{
	struct refusals r = { .out = out, .masked = admin->conf.http_masked };
	struct bs_journal *journal = NULL;
	enum bs_err err = bs_journal_open(admin->shared->conf->store_directory, BS_JOURNAL_READ, &journal, NULL);

	fputs("<h2>Latest refusals</h2>\n", out);
	if (err == BS_OK)
		err = bs_journal_recent(journal, REFUSALS_SHOWN, put_refusal, &r);
	bs_journal_close(journal);
	if (r.count > 0)
		fputs("</table></div>\n", out);
	if (err != BS_OK && err != BS_ENOTFOUND)
		fprintf(out, "<p class=\"bad\">The journal cannot be read: %s.</p>\n", bs_strerror(err));
	else if (r.count == 0)
		fputs("<p class=\"dim\">None.</p>\n", out);
	else
		fputs("<p class=\"dim\">More of one device: lwm2m-bootstrapctl explain ENDPOINT</p>\n", out);
}

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
	uint64_t percent = l->cap > 0 ? l->value * 100 / l->cap : 0;

	fprintf(out,
		"<tr><td>%s<br><span class=\"dim\">%s</span></td><td class=\"n %s\">%" PRIu64 " of %" PRIu64
		"%s</td><td class=\"n %s\">%" PRIu64 "</td></tr>\n",
		l->option, l->what,
		percent >= 95   ? "bad"
		: percent >= 80 ? "warn"
				: "",
		l->value, l->cap, l->unit, l->hits > 0 ? "warn" : "", l->hits);
}

static void
put_limits(FILE *out, const struct bs_snapshot *s)
{
	struct bs_limit limits[BS_LIMIT_COUNT];

	bs_limits_get(s, limits);
	fputs("<h2>Limits</h2>\n<table><tr><th>Limit</th><th class=\"n\">Now</th><th class=\"n\">Times hit</th></tr>\n",
		out);
	for (size_t i = 0; i < BS_LIMIT_COUNT; i++)
		put_limit(out, &limits[i]);
	fputs("</table>\n", out);
	if (s->recorder.dropped > 0)
		fprintf(out, "<p class=\"bad\">The journal lost %" PRIu64 " attempts.</p>\n", s->recorder.dropped);
	if (s->total.clone_signals > 0)
		fprintf(out,
			"<p class=\"warn\">%" PRIu64
			" times one credential was live at two hosts: look for device.clone-suspected in the log."
			"</p>\n",
			s->total.clone_signals);
}

void
bs_page_write(const struct bs_admin *admin, const struct bs_snapshot *s, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>LwM2M Bootstrap-Server</title>"
	      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"refresh\" "
	      "content=\"30\">"
	      "<style>",
		out);
	fputs(style, out);
	fputs("</style></head><body>\n<h1>LwM2M Bootstrap-Server</h1>\n", out);
	put_state(out, admin, s);
	put_chart(out, &admin->history);
	put_refusals(out, admin);
	put_certificates(out, &admin->conf, s->wall_s);
	put_limits(out, s);
	fprintf(out,
		"<p class=\"dim\">Version " BS_VERSION ", %s, %u workers, up %" PRIu64 " min.</p>\n</body></html>\n",
		s->library, s->workers, (s->now_ms - s->started_ms) / 60000);
}
