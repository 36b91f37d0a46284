/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "tests/scenario/script.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/coap/msg.h"

#define WORD_MAX 8192

struct reader {
	const char *name; /* of the scenario */
	const char *line; /* start of the current line */
	const char *p;
	char word[WORD_MAX];
	enum { WORD_END, WORD_PLAIN, WORD_TEXT, WORD_HEX } kind;
};

static void
complain(const struct reader *r, const char *what)
{
	fail_msg("%s: %s at \"%s\" in: %.*s", r->name, what, r->word, (int)strcspn(r->line, "\n"), r->line);
}

/* Copy up to the closing character; \" and \\ inside a text. */
static void
read_until(struct reader *r, char close)
{
	size_t n = 0;

	for (r->p++; *r->p != close; r->p++) {
		if (*r->p == '\\' && close == '"')
			r->p++;
		if (*r->p == '\0' || n == WORD_MAX - 1)
			complain(r, "no end of text");
		r->word[n++] = *r->p;
	}
	r->p++;
	r->word[n] = '\0';
}

static void
next(struct reader *r)
{
	size_t n;

	r->p += strspn(r->p, " \t");
	r->word[0] = '\0';
	if (*r->p == '\n' || *r->p == '\0' || *r->p == '#') {
		r->kind = WORD_END;
	} else if (*r->p == '"') {
		r->kind = WORD_TEXT;
		read_until(r, '"');
	} else if (*r->p == '[') {
		r->kind = WORD_HEX;
		read_until(r, ']');
	} else {
		r->kind = WORD_PLAIN;
		n = strcspn(r->p, " \t\n");
		if (n >= WORD_MAX)
			complain(r, "word too long");
		memcpy(r->word, r->p, n);
		r->word[n] = '\0';
		r->p += n;
	}
}

static bool
is(const struct reader *r, const char *word)
{
	return r->kind == WORD_PLAIN && strcmp(r->word, word) == 0;
}

static bool
take(struct reader *r, const char *word)
{
	bool yes = is(r, word);

	if (yes)
		next(r);
	return yes;
}

/* Index in a list of words that ends in NULL. */
static unsigned
one_of(struct reader *r, const char *const *words)
{
	for (unsigned i = 0; words[i] != NULL; i++) {
		if (take(r, words[i]))
			return i;
	}
	complain(r, "unknown word");
	return 0;
}

static int
number(struct reader *r)
{
	char *end;
	long n = strtol(r->word, &end, 10);

	if (r->kind != WORD_PLAIN || *end != '\0' || end == r->word)
		complain(r, "no number");
	next(r);
	return (int)n;
}

static uint64_t
duration_ms(struct reader *r)
{
	char *end;
	unsigned long n = strtoul(r->word, &end, 10);
	bool seconds = strcmp(end, "s") == 0;

	if (end == r->word || (!seconds && strcmp(end, "ms") != 0 && n != 0))
		complain(r, "no duration");
	next(r);
	return seconds ? n * 1000 : n;
}

static uint8_t
code(struct reader *r)
{
	unsigned c, d;

	if (sscanf(r->word, "%1u.%2u", &c, &d) != 2)
		complain(r, "no code");
	next(r);
	return BS_CODE(c, d);
}

static void
add(struct octets *o, const void *data, size_t len)
{
	o->data = realloc(o->data, o->len + len + 1);
	assert_non_null(o->data);
	if (len > 0)
		memcpy(o->data + o->len, data, len);
	o->len += len;
}

/* "0A 0b0c 600*AB" */
static void
read_hex(struct reader *r, struct octets *out)
{
	uint8_t part[1024];
	char *save = NULL;

	add(out, "", 0);
	for (char *w = strtok_r(r->word, " \n\t", &save); w != NULL; w = strtok_r(NULL, " \n\t", &save)) {
		char *star = strchr(w, '*');
		long times = star != NULL ? strtol(w, NULL, 10) : 1;
		size_t n = hex(star != NULL ? star + 1 : w, part, sizeof(part));

		for (long i = 0; i < times; i++)
			add(out, part, n);
	}
	next(r);
}

/* A Discover result of exactly len octets, as a device with very many objects gives it. */
static void
make_links(struct octets *out, size_t len)
{
	char link[64] = "</>;lwm2m=1.1,</0/0>";

	add(out, link, strlen(link));
	for (unsigned iid = 0; out->len + 60 < len; iid = (iid + 1) % 400) {
		snprintf(link, sizeof(link), ",</10241/%u>;abcdefghijklmnopqrst=1", iid);
		add(out, link, strlen(link));
	}
	add(out, ",</3/0>;x=\"", 11);
	while (out->len + 1 < len)
		add(out, "y", 1);
	add(out, "\"", 1);
}

static void
read_octets(struct reader *r, struct octets *out)
{
	if (r->kind == WORD_HEX) {
		read_hex(r, out);
	} else if (r->kind == WORD_TEXT) {
		add(out, r->word, strlen(r->word));
		next(r);
	} else if (take(r, "links")) {
		make_links(out, (size_t)number(r));
	}
}

static void
read_uri(struct reader *r, struct line *l)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", NULL };

	l->method = (uint8_t)(BS_GET + one_of(r, methods));
	if (r->kind != WORD_PLAIN || r->word[0] != '/' || strlen(r->word) >= sizeof(l->uri))
		complain(r, "no URI");
	strcpy(l->uri, r->word);
	next(r);
}

static void
read_device_line(struct reader *r, struct line *l)
{
	static const char *const answers[] = { "separate", "reset", "nothing", "silence", NULL };

	l->kind = DEVICE_SENDS;
	if (take(r, "ping")) {
		l->what = SEND_PING;
	} else if (take(r, "again")) {
		l->what = SEND_AGAIN;
	} else if (take(r, "raw")) {
		l->what = SEND_RAW;
		read_octets(r, &l->payload);
	} else {
		l->what = SEND_REQUEST;
		read_uri(r, l);
	}
	if (take(r, "accept"))
		l->accept = number(r);
	l->has_block = take(r, "block");
	if (l->has_block) {
		l->block = (uint32_t)number(r);
		l->szx = (uint8_t)number(r);
	}
	l->fetch = take(r, "fetch");
	if (take(r, "payload"))
		read_octets(r, &l->payload);
	l->non = take(r, "non");
	if (!take(r, "expect"))
		complain(r, "what is expected?");
	if (r->word[0] >= '0' && r->word[0] <= '9')
		l->answer = ANSWER_CODE;
	else
		l->answer = ANSWER_SEPARATE + one_of(r, answers);
	if (l->answer <= ANSWER_SEPARATE)
		l->code = code(r);
	if (take(r, "format"))
		l->format = number(r);
	l->has_expected = r->kind == WORD_HEX;
	read_octets(r, &l->expected);
}

static void
read_server_line(struct reader *r, struct line *l)
{
	static const char *const reactions[] = { "reply", "separate", "overtake", "unreliable", "reset", "drop",
		"silent", NULL };

	l->kind = SERVER_SENDS;
	read_uri(r, l);
	if (take(r, "accept"))
		l->accept = number(r);
	if (take(r, "format"))
		l->format = number(r);
	l->same = take(r, "same");
	if (r->kind == WORD_HEX) {
		l->has_payload = true;
		read_octets(r, &l->payload);
	}
	l->reaction = (enum reaction)one_of(r, reactions);
	if (l->reaction <= REACT_UNRELIABLE) {
		l->code = code(r);
		l->reply.has_format = take(r, "format");
		if (l->reply.has_format)
			l->reply.format = (uint16_t)number(r);
		read_octets(r, &l->reply);
	}
}

static void
read_text(struct reader *r, char *out, size_t max)
{
	if (r->kind != WORD_TEXT || strlen(r->word) >= max)
		complain(r, "no text");
	strcpy(out, r->word);
	next(r);
}

static void
read_end(struct reader *r, struct end *e)
{
	e->outcome = bs_outcome_parse(r->word);
	if (e->outcome == BS_OUTCOME_COUNT)
		complain(r, "no outcome");
	next(r);
	if (take(r, "at"))
		read_text(r, e->step, sizeof(e->step));
	e->has_detail = take(r, "because");
	if (e->has_detail)
		read_text(r, e->detail, sizeof(e->detail));
	e->code = take(r, "code") ? code(r) : -1;
	e->writes = take(r, "writes") ? number(r) : -1;
	e->format = take(r, "format") ? number(r) : -1;
	e->version = take(r, "version") ? number(r) : -1;
}

static void
read_given(struct reader *r, struct script *s)
{
	if (take(r, "store")) {
		if (take(r, "slow"))
			s->store_slow_ms = duration_ms(r);
		else if (take(r, "busy"))
			s->store_busy = (unsigned)number(r);
	} else if (take(r, "admission")) {
		if (take(r, "drop"))
			s->drop = (unsigned)number(r);
		else if (take(r, "too-many"))
			s->too_many = (unsigned)number(r);
	} else if (take(r, "no")) {
		s->no_request = take(r, "request");
	}
}

static void
read_step(struct reader *r, struct script *s)
{
	struct line *l = &s->lines[s->count];

	if (s->count == LINES_MAX)
		complain(r, "too many lines");
	s->count++;
	l->text = r->line;
	l->accept = l->format = -1;
	if (is(r, "at") || is(r, "after")) {
		l->has_wait = true;
		l->absolute = is(r, "at");
		next(r);
		l->wait_ms = duration_ms(r);
	}
	if (!take(r, "dev"))
		complain(r, "who?");
	if (take(r, ">"))
		read_device_line(r, l);
	else if (take(r, "<"))
		read_server_line(r, l);
}

void
script_read(struct script *s, const char *name, const char *text)
{
	struct reader *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	memset(s, 0, sizeof(*s));
	r->name = name;
	r->p = text;
	while (*r->p != '\0') {
		r->line = r->p;
		next(r);
		if (take(r, "end") && s->end_count < ENDS_MAX)
			read_end(r, &s->ends[s->end_count++]);
		else if (take(r, "given"))
			read_given(r, s);
		else if (take(r, "once"))
			s->once = true;
		else if (r->kind != WORD_END)
			read_step(r, s);
		if (r->kind != WORD_END)
			complain(r, "not understood");
		r->p += strcspn(r->p, "\n");
		r->p += *r->p == '\n';
	}
	free(r);
}

void
script_clear(struct script *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->lines[i].payload.data);
		free(s->lines[i].expected.data);
		free(s->lines[i].reply.data);
	}
	s->count = 0;
}
