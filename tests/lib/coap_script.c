/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"
#include "tests/lib/coap_script.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/base/clock.h"
#include "server/coap/exchange.h"

#define SENT_MAX 32
#define HEX_MAX 20000

struct run {
	const struct coap_script *script;
	unsigned line;
	struct bs_exchange *ex;
	uint64_t seed, now_ms;
	struct {
		uint8_t data[BS_DATAGRAM_MAX];
		size_t len;
	} sent[SENT_MAX];
	size_t sent_count, sent_read;
	char react[32];
	struct bs_request_ref refs[32];
	size_t requests;
	unsigned done_count;
	enum bs_err done_err;
	uint8_t done_code;
	uint8_t body[BS_RESPONSE_MAX];
	size_t body_len;
	char id[5], id_before[5], id_other[5], token[17], token_before[17];
};

#define FAIL(r, ...) \
	do { \
		print_message("%s, line %u: ", (r)->script->name, (r)->line + 1); \
		print_message(__VA_ARGS__); \
		fail_msg(" (%s)", (r)->script->lines[(r)->line]); \
	} while (0)

static uint8_t
code_of(const char *text)
{
	return BS_CODE(text[0] - '0', (text[2] - '0') * 10 + (text[3] - '0'));
}

/* What the exchange sees of the world. */

static void
on_send(void *arg, const uint8_t *data, size_t len)
{
	struct run *r = arg;

	if (r->sent_count == SENT_MAX || len > BS_DATAGRAM_MAX)
		FAIL(r, "too much was sent");
	memcpy(r->sent[r->sent_count].data, data, len);
	r->sent[r->sent_count++].len = len;
}

static bool
on_request(void *arg, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref)
{
	struct run *r = arg;

	(void)msg;
	if (r->requests == 32)
		FAIL(r, "too many requests");
	r->refs[r->requests++] = *ref;
	if (strncmp(r->react, "answer", 6) == 0)
		return bs_exchange_respond(r->ex, now_ms, ref, code_of(r->react + 7)) == BS_OK;
	return strcmp(r->react, "later") == 0;
}

static void
on_random(void *arg, void *out, size_t len)
{
	test_random(&((struct run *)arg)->seed, out, len);
}

static void
on_done(void *arg, uint64_t now_ms, enum bs_err err, const struct bs_msg *response)
{
	struct run *r = arg;

	(void)now_ms;
	r->done_count++;
	r->done_err = err;
	r->done_code = response != NULL ? response->code : 0;
	r->body_len = response != NULL ? response->payload_len : 0;
	if (r->body_len > 0)
		memcpy(r->body, response->payload, r->body_len);
	if ((err == BS_OK) != (response != NULL))
		FAIL(r, "a response comes with success and only then");
}

/* Hexadecimal text. */

static void
take_id(const struct run *r, char id[5])
{
	const uint8_t *wire = r->sent[r->sent_read].data;

	snprintf(id, 5, "%02x%02x", wire[2], wire[3]);
}

static void
take_token(const struct run *r, char token[17])
{
	for (size_t i = 0; i < 8; i++)
		snprintf(token + 2 * i, 3, "%02x", r->sent[r->sent_read].data[4 + i]);
}

static void
append_payload(const struct run *r, const char *word, char *out)
{
	unsigned from, n;

	(void)r;
	if (sscanf(word, "P%u,%u", &from, &n) != 2)
		fail_msg("bad word %s", word);
	for (out += strlen(out); n > 0; n--, from++, out += 2)
		snprintf(out, 3, "%02x", from & 0xff);
}

static void
append_word(struct run *r, const char *word, char *out)
{
	switch (word[0]) {
	case 'M':
		if (word[1] == '?') {
			memcpy(r->id_before, r->id, sizeof(r->id));
			take_id(r, r->id);
			if (strcmp(r->id, r->id_before) == 0)
				FAIL(r, "Message ID used again");
		}
		strcat(out, r->id);
		break;
	case 'T':
		if (word[1] == '?') {
			memcpy(r->token_before, r->token, sizeof(r->token));
			take_token(r, r->token);
			if (strcmp(r->token, r->token_before) == 0)
				FAIL(r, "token used again");
		}
		strcat(out, r->token);
		break;
	case 'S':
		if (word[1] == '?')
			take_id(r, r->id_other);
		strcat(out, r->id_other);
		break;
	case 'm':
		strcat(out, r->id_before);
		break;
	case 't':
		strcat(out, r->token_before);
		break;
	case 'P':
		append_payload(r, word, out);
		break;
	default:
		strcat(out, word);
	}
}

static size_t
expand(struct run *r, const char *text, uint8_t *out, size_t max)
{
	static char line[HEX_MAX], copy[HEX_MAX];
	char *save = NULL;

	line[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
		append_word(r, word, line);
	return hex(line, out, max);
}

/* One function a command; text is what follows its name. */

static void
request(struct run *r, uint8_t code, const char *path, size_t payload_len, int szx)
{
	static uint8_t payload[BS_REQUEST_PAYLOAD_MAX];
	struct bs_msg m;

	bs_msg_init(&m, BS_CON, code, 0);
	for (size_t i = 0; i < payload_len; i++)
		payload[i] = (uint8_t)i;
	if (path != NULL)
		m.path[m.path_count++] = (struct bs_segment){ (const uint8_t *)path, strlen(path) };
	m.payload = payload_len > 0 ? payload : NULL;
	m.payload_len = payload_len;
	if (code == BS_GET)
		m.accept = 40;
	else
		m.content_format = 112;
	if (szx >= 0)
		m.block2 = (struct bs_block){ .present = true, .szx = (uint8_t)szx };
	if (bs_exchange_request(r->ex, r->now_ms, &m, on_done, r) != BS_OK)
		FAIL(r, "request refused");
	memset(payload, 0xee, sizeof(payload)); /* it was copied */
}

static void
do_get(struct run *r, const char *text)
{
	(void)text;
	request(r, BS_GET, NULL, 0, -1);
}

static void
do_get_block(struct run *r, const char *text)
{
	request(r, BS_GET, NULL, 0, atoi(text));
}

static void
do_put(struct run *r, const char *text)
{
	request(r, BS_PUT, "0", (size_t)atoi(text), -1);
}

static void
do_post(struct run *r, const char *text)
{
	request(r, BS_POST, "bs", (size_t)atoi(text), -1);
}

static void
do_cancel(struct run *r, const char *text)
{
	(void)text;
	bs_exchange_cancel(r->ex);
	if (bs_exchange_is_busy(r->ex))
		FAIL(r, "still busy");
}

static void
do_in(struct run *r, const char *text)
{
	uint8_t wire[2048];
	size_t len = expand(r, text, wire, sizeof(wire));
	uint8_t *exact = exact_copy(wire, len);

	bs_exchange_input(r->ex, r->now_ms, exact, len);
	free(exact);
}

static void
do_out(struct run *r, const char *text)
{
	uint8_t want[BS_DATAGRAM_MAX];
	size_t len;

	if (r->sent_read == r->sent_count)
		FAIL(r, "nothing was sent");
	len = expand(r, text, want, sizeof(want));
	if (len != r->sent[r->sent_read].len || memcmp(want, r->sent[r->sent_read].data, len) != 0) {
		print_message("sent: ");
		for (size_t i = 0; i < r->sent[r->sent_read].len; i++)
			print_message("%02x", r->sent[r->sent_read].data[i]);
		print_message("\n");
		FAIL(r, "another datagram was sent");
	}
	if (++r->sent_read == r->sent_count)
		r->sent_read = r->sent_count = 0;
}

static void
do_quiet(struct run *r, const char *text)
{
	(void)text;
	if (r->sent_count != 0)
		FAIL(r, "%zu more sent, the first with code %02x", r->sent_count - r->sent_read,
			r->sent[r->sent_read].data[1]);
}

static void
do_open(struct run *r, const char *text)
{
	(void)text;
	if (r->done_count != 0 || !bs_exchange_is_busy(r->ex))
		FAIL(r, "ended");
}

static enum bs_err
err_of(struct run *r, const char *word)
{
	static const struct {
		const char *word;
		enum bs_err err;
	} words[] = { { "ok", BS_OK }, { "timeout", BS_ETIMEOUT }, { "reset", BS_ERESET }, { "format", BS_EFORMAT },
		{ "limit", BS_ELIMIT } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].err;
	FAIL(r, "bad word");
	return BS_EINTERNAL;
}

static void
do_done(struct run *r, const char *text)
{
	static uint8_t want[BS_RESPONSE_MAX];
	char word[16] = "", code[8] = "0.00";
	int used = 0;
	size_t len;

	if (sscanf(text, "%15s %7s %n", word, code, &used) < 1)
		FAIL(r, "bad line");
	if (r->done_count != 1)
		FAIL(r, "ended %u times", r->done_count);
	if (r->done_err != err_of(r, word) || r->done_code != code_of(code))
		FAIL(r, "ended with \"%s\", code %02x", bs_strerror(r->done_err), r->done_code);
	len = expand(r, used > 0 ? text + used : "", want, sizeof(want));
	if (len != r->body_len || memcmp(want, r->body, len) != 0)
		FAIL(r, "another body, of %zu octets", r->body_len);
	r->done_count = 0;
}

static void
do_react(struct run *r, const char *text)
{
	snprintf(r->react, sizeof(r->react), "%s", text);
}

static void
do_requests(struct run *r, const char *text)
{
	if (r->requests != (size_t)atoi(text))
		FAIL(r, "%zu requests", r->requests);
}

static void
do_ack(struct run *r, const char *text)
{
	bs_exchange_ack_empty(r->ex, r->now_ms, &r->refs[atoi(text) - 1]);
}

static void
do_respond(struct run *r, const char *text)
{
	if (bs_exchange_respond(r->ex, r->now_ms, &r->refs[atoi(text) - 1], code_of(strchr(text, ' ') + 1)) != BS_OK)
		FAIL(r, "refused");
}

static void
do_respond_refused(struct run *r, const char *text)
{
	if (bs_exchange_respond(r->ex, r->now_ms, &r->refs[atoi(text) - 1], code_of(strchr(text, ' ') + 1)) !=
		BS_ESTATE)
		FAIL(r, "not refused");
}

/* "I N [NUM MORE SZX]": 2.05 with ETag ABCD, Content-Format 112 and N octets of payload, counted from 0. */
static void
do_content(struct run *r, const char *text)
{
	uint8_t payload[BS_DATAGRAM_MAX];
	unsigned i, len, num = 0, more = 0, szx = 0;
	int words = sscanf(text, "%u %u %u %u %u", &i, &len, &num, &more, &szx);
	struct bs_msg m;
	enum bs_err err;

	bs_msg_init(&m, BS_ACK, BS_CONTENT, 0);
	for (unsigned k = 0; k < len && k < sizeof(payload); k++)
		payload[k] = (uint8_t)k;
	m.etag = (struct bs_segment){ (const uint8_t *)"\xab\xcd", 2 };
	m.content_format = 112;
	m.block2 = (struct bs_block){ .present = words == 5, .more = more != 0, .num = num, .szx = (uint8_t)szx };
	m.payload = payload;
	m.payload_len = len;
	err = bs_exchange_respond_with(r->ex, r->now_ms, &r->refs[i - 1], &m);
	memset(payload, 0xee, sizeof(payload)); /* it was copied */
	if (err != BS_OK)
		FAIL(r, "ended with \"%s\"", bs_strerror(err));
}

static void
do_wait(struct run *r, const char *text)
{
	r->now_ms += (uint64_t)atoi(text);
	bs_exchange_tick(r->ex, r->now_ms);
}

static void
do_tick(struct run *r, const char *text)
{
	uint64_t at = bs_exchange_next_deadline_ms(r->ex);

	(void)text;
	if (at == BS_NEVER || at <= r->now_ms)
		FAIL(r, "no deadline");
	bs_exchange_tick(r->ex, at - 1); /* too early: nothing may happen */
	do_quiet(r, "");
	r->now_ms = at;
	bs_exchange_tick(r->ex, at);
}

static void
do_deadline(struct run *r, const char *text)
{
	if (strcmp(text, "none") != 0 || bs_exchange_next_deadline_ms(r->ex) != BS_NEVER)
		FAIL(r, "a timer runs");
}

static void
do_params(struct run *r, const char *text)
{
	unsigned ack_ms, retransmit, block;

	if (sscanf(text, "%u %u %u", &ack_ms, &retransmit, &block) != 3)
		FAIL(r, "bad line");
	bs_exchange_set_params(
		r->ex, &(struct bs_exchange_params){
			       .ack_timeout_ms = ack_ms, .max_retransmit = retransmit, .block_size = (uint16_t)block });
}

static void
do_count(struct run *r, const char *text)
{
	const struct bs_exchange_counters *c = bs_exchange_get_counters(r->ex);
	const struct {
		const char *name;
		uint64_t value;
	} all[] = { { "retransmissions ", c->retransmissions }, { "duplicates ", c->duplicates },
		{ "ignored ", c->ignored }, { "malformed ", c->malformed }, { "resets ", c->resets_sent } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strncmp(text, all[i].name, strlen(all[i].name)) != 0)
			continue;
		if (all[i].value != (uint64_t)atoi(text + strlen(all[i].name)))
			FAIL(r, "counted %u", (unsigned)all[i].value);
		return;
	}
	FAIL(r, "bad word");
}

static const struct {
	const char *name;
	void (*run)(struct run *r, const char *text);
} commands[] = {
	{ "<", do_in },
	{ ">", do_out },
	{ "get", do_get },
	{ "get-block", do_get_block },
	{ "put", do_put },
	{ "post", do_post },
	{ "cancel", do_cancel },
	{ "quiet", do_quiet },
	{ "open", do_open },
	{ "done", do_done },
	{ "react", do_react },
	{ "requests", do_requests },
	{ "ack", do_ack },
	{ "respond", do_respond },
	{ "respond!", do_respond_refused },
	{ "content", do_content },
	{ "wait", do_wait },
	{ "tick", do_tick },
	{ "deadline", do_deadline },
	{ "params", do_params },
	{ "count", do_count },
};

static void
run_line(struct run *r, const char *line)
{
	char copy[HEX_MAX];
	char *end, *text;

	snprintf(copy, sizeof(copy), "%s", line);
	end = strchr(copy, '#');
	end = end != NULL ? end : copy + strlen(copy);
	while (end > copy && end[-1] == ' ')
		end--;
	*end = '\0';
	text = copy + strcspn(copy, " ");
	if (*text != '\0')
		*text++ = '\0';
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, copy) == 0) {
			commands[i].run(r, text);
			return;
		}
	}
	FAIL(r, "no such command");
}

static void
run_script(void **state)
{
	static const struct bs_exchange_ops ops = { on_send, on_request, on_random };
	static struct run r;

	memset(&r, 0, sizeof(r));
	r.script = *state;
	r.seed = 4711;
	r.now_ms = 1000;
	snprintf(r.react, sizeof(r.react), "answer 2.04");
	r.ex = bs_exchange_new(&ops, &r, r.now_ms);
	assert_non_null(r.ex);
	for (r.line = 0; r.script->lines[r.line] != NULL; r.line++)
		run_line(&r, r.script->lines[r.line]);
	r.line--;
	do_quiet(&r, "");
	if (r.done_count != 0)
		FAIL(&r, "an end that the script does not tell");
	bs_exchange_free(r.ex);
}

int
coap_scripts_run(const char *group, const struct coap_script *scripts, size_t count)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	int failed;

	assert_non_null(tests);
	for (size_t i = 0; i < count; i++) {
		tests[i].name = scripts[i].name;
		tests[i].test_func = run_script;
		tests[i].initial_state = (void *)(uintptr_t)&scripts[i];
	}
	failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
	free(tests);
	return failed;
}
