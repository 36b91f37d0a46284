/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "tools/sim/csv.h"

#define MAX_RETRANSMIT 4 /* RFC 7252 section 4.8 */
#define SEPARATE_WAIT_MS 93000 /* MAX_TRANSMIT_WAIT: how long to wait after an empty ACK */
#define BURST 32 /* datagrams read in one go */

#define OPT_URI_PATH 11
#define OPT_URI_QUERY 15

static const char *const result_words[] = {
#define X(name, word) [name] = word,
	SIM_RESULTS(X)
#undef X
};

const char *
sim_result_word(enum sim_result r)
{
	return result_words[r];
}

struct sim_client *
sim_client_new(const struct sim_conf *conf, const struct sim_row *row, const char *key_dir, size_t index)
{
	struct sim_client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->conf = conf;
	c->link.fd = -1;
	c->device.version = conf->version;
	c->device.bs_iid = conf->bs_iid;
	c->device.repository_ok = conf->repository_ok;
	c->device.lacks_access_control = conf->lacks_access_control;
	memcpy(c->device.extra, conf->extra, sizeof(conf->extra));
	c->device.extra_count = conf->extra_count;
	c->from = sim_source_nth(&conf->source, index);
	c->index = index;
	if (!conf->unchecked)
		c->expectation = (struct sim_expectation){ row->expected, row->expected_count, conf->uri };
	c->endpoint = strdup(row->endpoint);
	c->psk_identity = strdup(row->psk_identity);
	if (c->endpoint == NULL || c->psk_identity == NULL) {
		sim_client_free(c);
		return NULL;
	}
	if (sim_client_load(c, row, key_dir) != BS_OK)
		c->result = SIM_NO_CREDENTIAL;
	return c;
}

static void
forget_exchanges(struct sim_client *c)
{
	for (size_t i = 0; i < SIM_SEEN_MAX; i++) {
		free(c->seen[i].answer);
		c->seen[i] = (struct sim_seen){ .used = false };
	}
	sim_pack_clear(c);
	c->con.active = false;
	c->late.active = false;
}

void
sim_client_free(struct sim_client *c)
{
	if (c == NULL)
		return;
	sim_link_close(&c->link, false);
	forget_exchanges(c);
	sim_device_clear(&c->device);
	EVP_PKEY_free(c->identity.key);
	X509_free(c->identity.cert);
	bs_secret_clear(&c->psk);
	free(c->psk_identity);
	free(c->endpoint);
	free(c);
}

void
sim_client_say(const struct sim_client *c, const char *fmt, ...)
{
	char text[320];
	va_list ap;

	if (c->conf->say == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->conf->say(c->conf->say_arg, c, text);
}

void
sim_client_end(struct sim_client *c, enum sim_result r, const char *fmt, ...)
{
	char text[sizeof(c->detail)];
	va_list ap;

	if (c->state == SIM_ST_ENDED)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (*text != '\0') /* else what the device found first says more */
		memcpy(c->detail, text, sizeof(text));
	if (r != SIM_DONE && sim_device_roll_back(&c->device) != BS_OK)
		r = SIM_ERROR;
	c->state = SIM_ST_ENDED;
	c->result = r;
	sim_link_close(&c->link, !c->silent);
	forget_exchanges(c);
	if (r == SIM_DONE)
		sim_client_say(c, "done");
	else
		sim_client_say(c, "ended: %s%s%s", sim_result_word(r), *c->detail != '\0' ? ": " : "", c->detail);
}

void
sim_client_send(struct sim_client *c, const struct sim_out *o)
{
	if (o->full)
		sim_client_end(c, SIM_ERROR, "a message grew too long");
	else if (sim_link_write(&c->link, o->data, o->len) == SIM_IO_FAILED)
		sim_client_end(c, SIM_CLOSED_BY_SERVER, "%s", c->link.why);
}

/* First transmission of c->con.msg. The first time-out lies between ACK_TIMEOUT and 1.5 times that. */
void
sim_client_send_con(struct sim_client *c, uint64_t now_ms)
{
	uint16_t jitter;

	bs_random_system(NULL, &jitter, sizeof(jitter));
	c->con.active = true;
	c->con.acked = false;
	c->con.sent = 1;
	c->con.wait_ms = c->conf->ack_timeout_ms + c->conf->ack_timeout_ms * jitter / UINT16_MAX / 2;
	c->con.due_ms = now_ms + c->con.wait_ms;
	sim_client_send(c, &c->con.msg);
}

static void
send_oddities(struct sim_client *c)
{
	static const uint8_t rubbish[] = { 0x4f, 0x02, 0x00, 0x01, 0xff };
	struct sim_out o;

	if (c->conf->fault.kind == SIM_FAULT_GARBAGE &&
		sim_link_write(&c->link, rubbish, sizeof(rubbish)) == SIM_IO_DONE)
		(void)sim_link_write(&c->link, rubbish, 2);
	if (c->conf->fault.kind == SIM_FAULT_PING) {
		sim_coap_start(&o, SIM_CON, SIM_EMPTY, c->next_mid++, NULL, 0);
		sim_client_send(c, &o);
	}
}

/* What stands between separators, as it is, behind the first octet of text (its own separator) and within max. */
static void
put_parts(struct sim_out *o, uint16_t option, const char *text, const char *separator, size_t max)
{
	const char *end = text + (strlen(text) < max ? strlen(text) : max);

	for (const char *at = text; at < end;) {
		size_t n = strcspn(at + 1, separator);

		if (at + 1 + n > end)
			n = (size_t)(end - at) - 1;
		sim_coap_option(o, option, at + 1, n);
		at += 1 + n;
	}
}

void
sim_client_start_request(struct sim_client *c, uint8_t method, const char *path)
{
	const struct sim_fault *fault = &c->conf->fault;
	struct sim_out *o = &c->con.msg;
	const char *root = c->conf->path != NULL ? c->conf->path : "";
	char query[300];

	bs_random_system(NULL, c->token, sizeof(c->token));
	c->con.mid = c->next_mid++;
	sim_coap_start(o, SIM_CON, method, c->con.mid, c->token, sizeof(c->token));
	put_parts(o, OPT_URI_PATH, root, "/", strcspn(root, "?"));
	sim_coap_option(o, OPT_URI_PATH, path, strlen(path));
	if (strchr(root, '?') != NULL)
		put_parts(o, OPT_URI_QUERY, strchr(root, '?'), "&", SIZE_MAX);
	if (fault->kind != SIM_FAULT_NO_EP) {
		snprintf(query, sizeof(query), "ep=%s", fault->kind == SIM_FAULT_WRONG_EP ? fault->text : c->endpoint);
		sim_coap_option(o, OPT_URI_QUERY, query, strlen(query));
	}
}

/* POST /bs?ep=NAME&pct=N (LwM2M Core 1.1 section 6.1.7.1). */
static void
post_request(struct sim_client *c, uint64_t now_ms)
{
	struct sim_out *o = &c->con.msg;
	char query[16];

	sim_client_start_request(c, SIM_POST, "bs");
	if (c->conf->pct >= 0) {
		snprintf(query, sizeof(query), "pct=%d", c->conf->pct);
		sim_coap_option(o, OPT_URI_QUERY, query, strlen(query));
	}
	sim_client_say(c, "> POST /bs");
	sim_client_send_con(c, now_ms);
}

void
sim_client_send_request(struct sim_client *c, uint64_t now_ms)
{
	const struct sim_fault *fault = &c->conf->fault;

	if (sim_device_begin(&c->device) != BS_OK) {
		sim_client_end(c, SIM_ERROR, "out of memory");
		return;
	}
	c->state = SIM_ST_REQUESTED;
	if (sim_fault_is_at(fault, SIM_FAULT_SILENT, SIM_AT_REQUEST))
		return;
	send_oddities(c);
	if (c->conf->pack && c->pack.result == SIM_PACK_NONE)
		sim_pack_begin(c, now_ms);
	else
		post_request(c, now_ms);
	if (fault->kind == SIM_FAULT_DUPLICATE && c->state == SIM_ST_REQUESTED)
		sim_client_send(c, &c->con.msg);
}

static void
arm_handshake(struct sim_client *c, uint64_t now_ms)
{
	uint64_t left = sim_link_timeout_ms(&c->link);

	c->dtls_due_ms = left == BS_NEVER ? BS_NEVER : now_ms + left;
}

/* On loopback a whole handshake may end inside one call: look at the result each time. */
static void
drive_handshake(struct sim_client *c, uint64_t now_ms)
{
	bool waits = c->link.waits != NULL;
	enum sim_io io = waits && c->link.ssl == NULL ? sim_link_accept(&c->link, now_ms) : SIM_IO_DONE;

	if (io == SIM_IO_DONE)
		io = sim_link_handshake(&c->link);
	if (io == SIM_IO_FAILED) {
		sim_client_end(c, SIM_HANDSHAKE_FAILED, "%s", c->link.why);
	} else if (io == SIM_IO_DONE) {
		c->dtls_due_ms = BS_NEVER;
		snprintf(c->suite, sizeof(c->suite), "%s", sim_link_suite(&c->link));
		sim_client_say(c, "handshake done %s", c->suite);
		if (waits)
			c->state = SIM_ST_ACCEPTED; /* the server is at the wheel from the start */
		else
			sim_client_send_request(c, now_ms);
	} else {
		arm_handshake(c, now_ms);
	}
}

/* Devices of one process take ports in a row. */
static enum bs_err
wait_for_server(struct sim_client *c)
{
	struct bs_addr at = c->conf->listen, bound;
	char text[BS_ADDR_TEXT];
	uint16_t port = bs_addr_port(&at);
	enum bs_err err;

	if (port != 0)
		*(at.sa.sa_family == AF_INET ? &at.in4.sin_port : &at.in6.sin6_port) = htons(
			(uint16_t)(port + c->index));
	err = sim_link_listen(&c->link, c->conf->dtls, &at, c->conf->mishaps, &c->identity, &bound);
	if (err == BS_OK)
		sim_client_say(c, "listens on %s", bs_addr_format(&bound, text));
	return err;
}

static void
connect_to_server(struct sim_client *c, uint64_t now_ms)
{
	struct sim_route route = { &c->conf->server, &c->from, c->conf->mishaps };

	bs_random_system(NULL, &c->next_mid, sizeof(c->next_mid));
	c->sockets++;
	c->pack.result = SIM_PACK_NONE;
	c->state = SIM_ST_HANDSHAKE;
	c->dtls_due_ms = BS_NEVER;
	if ((c->conf->listen.len > 0 ? wait_for_server(c)
				     : sim_link_open(&c->link, c->conf->dtls, &route, &c->identity, now_ms)) != BS_OK)
		sim_client_end(c, SIM_ERROR, "%s", c->link.why);
	else
		drive_handshake(c, now_ms);
}

void
sim_client_start(struct sim_client *c, uint64_t now_ms)
{
	bool lost = c->result == SIM_NO_CREDENTIAL;

	c->start_ms = now_ms;
	c->end_ms = now_ms + c->conf->timeout_ms;
	if (sim_device_begin(&c->device) != BS_OK)
		sim_client_end(c, SIM_ERROR, "out of memory");
	else if (lost)
		sim_client_end(c, SIM_NO_CREDENTIAL, "key or certificate not found or not usable");
	else
		connect_to_server(c, now_ms);
}

void
sim_client_reboot(struct sim_client *c, uint64_t now_ms)
{
	sim_client_say(c, "starts anew from another port");
	sim_link_close(&c->link, false);
	forget_exchanges(c);
	if (sim_device_roll_back(&c->device) != BS_OK)
		sim_client_end(c, SIM_ERROR, "out of memory");
	else
		connect_to_server(c, now_ms);
}

void
sim_client_linger(struct sim_client *c, enum sim_result as, uint64_t now_ms)
{
	c->state = SIM_ST_LINGER;
	c->finished_ms = now_ms;
	c->linger_due_ms = now_ms + c->conf->linger_ms;
	c->end_ms += c->conf->linger_ms;
	c->end_as = as;
}

/* The answer to the Bootstrap-Request, or to that for a pack. */
static void
take_response(struct sim_client *c, const struct sim_msg *m, uint64_t now_ms)
{
	char code[8];

	c->con.active = false;
	if (c->pack.result == SIM_PACK_ASKED) {
		sim_pack_take(c, m, now_ms);
		return;
	}
	sim_client_say(c, "< %s", sim_coap_code_text(m->code, code));
	if (m->code == SIM_CHANGED)
		c->state = SIM_ST_ACCEPTED;
	else
		sim_client_end(c, SIM_REQUEST_REFUSED, "%s", code);
}

static void
send_empty(struct sim_client *c, enum sim_type type, uint16_t mid)
{
	struct sim_out o;

	sim_coap_start(&o, type, SIM_EMPTY, mid, NULL, 0);
	sim_client_send(c, &o);
}

static void
on_acknowledged(struct sim_client *c, uint64_t now_ms)
{
	if (c->state == SIM_ST_REQUESTED) {
		c->con.acked = true; /* the answer follows in a message of its own */
		c->con.due_ms = now_ms + SEPARATE_WAIT_MS;
	} else {
		c->con.active = false;
	}
}

static bool
is_ours(const struct sim_client *c, const struct sim_msg *m)
{
	return c->state == SIM_ST_REQUESTED && c->con.active && m->token_len == sizeof(c->token) &&
	       memcmp(m->token, c->token, sizeof(c->token)) == 0;
}

static void
take_message(struct sim_client *c, const struct sim_msg *m, uint64_t now_ms)
{
	bool for_con = c->con.active && m->mid == c->con.mid;

	if (m->type == SIM_RST) {
		if (for_con)
			sim_client_end(c, SIM_RESET_BY_SERVER, "the server reset our message");
	} else if (m->code == SIM_EMPTY) {
		if (m->type == SIM_ACK && for_con)
			on_acknowledged(c, now_ms);
		else if (m->type == SIM_CON)
			send_empty(c, SIM_RST, m->mid); /* a ping */
	} else if (m->code >> 5 == 0) {
		if (m->type == SIM_CON)
			sim_client_answer(c, m, now_ms);
	} else if (is_ours(c, m) && (m->type != SIM_ACK || for_con)) {
		if (m->type == SIM_CON)
			send_empty(c, SIM_ACK, m->mid);
		take_response(c, m, now_ms);
	} else if (m->type == SIM_CON) {
		/* A separate response that we had already: its ACK was lost. Anything else is not for us. */
		bool again = m->token_len == sizeof(c->token) && memcmp(m->token, c->token, sizeof(c->token)) == 0;
		send_empty(c, again ? SIM_ACK : SIM_RST, m->mid);
	}
}

static void
take_datagram(struct sim_client *c, const uint8_t *data, size_t len, uint64_t now_ms)
{
	struct sim_msg m;
	enum bs_err err = sim_coap_read(data, len, &m);

	if (c->silent)
		return;
	if (err == BS_OK)
		take_message(c, &m, now_ms);
	else if (err == BS_EFORMAT && m.type == SIM_CON)
		send_empty(c, SIM_RST, m.mid);
}

static void
on_broken(struct sim_client *c)
{
	if (c->state == SIM_ST_LINGER)
		sim_client_end(c, c->end_as, "%s", "");
	else
		sim_client_end(c, SIM_CLOSED_BY_SERVER, "%s", c->link.why);
}

void
sim_client_on_readable(struct sim_client *c, uint64_t now_ms)
{
	uint8_t buf[SIM_DATAGRAM_MAX + 600];
	size_t len = 0;
	enum sim_io io = SIM_IO_DONE;

	sim_link_set_now(&c->link, now_ms);
	if (c->state == SIM_ST_HANDSHAKE)
		drive_handshake(c, now_ms);
	for (int i = 0; i < BURST && io == SIM_IO_DONE && c->state > SIM_ST_HANDSHAKE && c->state < SIM_ST_ENDED; i++) {
		io = sim_link_read(&c->link, buf, sizeof(buf), &len);
		if (io == SIM_IO_DONE)
			take_datagram(c, buf, len, now_ms);
		else if (io == SIM_IO_FAILED)
			on_broken(c);
	}
	bs_wipe(buf, sizeof(buf));
}

static void
on_con_due(struct sim_client *c, uint64_t now_ms)
{
	if (c->con.acked || c->con.sent > MAX_RETRANSMIT) {
		sim_client_end(c, SIM_NO_ANSWER, "after %u transmissions", c->con.sent);
		return;
	}
	c->con.sent++;
	c->again_coap++;
	c->con.wait_ms *= 2;
	c->con.due_ms = now_ms + c->con.wait_ms;
	sim_client_say(c, "> again (%u)", c->con.sent);
	sim_client_send(c, &c->con.msg);
}

static void
on_time_up(struct sim_client *c)
{
	if (c->state == SIM_ST_HANDSHAKE)
		sim_client_end(c, SIM_HANDSHAKE_TIMEOUT, "the server does not answer, or not to this credential");
	else if (c->silent || sim_fault_is_at(&c->conf->fault, SIM_FAULT_SILENT, SIM_AT_REQUEST))
		sim_client_end(c, SIM_MISBEHAVED, "silent");
	else if (c->state == SIM_ST_REQUESTED)
		sim_client_end(c, SIM_NO_ANSWER, "to the Bootstrap-Request");
	else
		sim_client_end(c, SIM_TIMEOUT, "no Finish in time");
}

void
sim_client_on_timer(struct sim_client *c, uint64_t now_ms)
{
	if (now_ms >= sim_link_due_ms(&c->link))
		sim_client_on_readable(c, now_ms);
	if (c->state == SIM_ST_HANDSHAKE && now_ms >= c->dtls_due_ms) {
		c->again_dtls++;
		if (sim_link_on_timeout(&c->link) == SIM_IO_FAILED)
			sim_client_end(c, SIM_HANDSHAKE_TIMEOUT, "%s", c->link.why);
		else
			arm_handshake(c, now_ms);
	}
	if (c->state > SIM_ST_HANDSHAKE && c->state < SIM_ST_ENDED && c->con.active && !c->silent &&
		now_ms >= c->con.due_ms)
		on_con_due(c, now_ms);
	if (c->late.active && now_ms >= c->late.due_ms)
		sim_client_answer_late(c, now_ms);
	if (c->state == SIM_ST_LINGER && !c->con.active && now_ms >= c->linger_due_ms)
		sim_client_end(c, c->end_as, "%s", "");
	if (c->state != SIM_ST_NEW && c->state < SIM_ST_ENDED && now_ms >= c->end_ms)
		on_time_up(c);
}

uint64_t
sim_client_deadline_ms(const struct sim_client *c)
{
	uint64_t due = c->end_ms, road = sim_link_due_ms(&c->link);

	if (c->state == SIM_ST_NEW || c->state == SIM_ST_ENDED)
		return BS_NEVER;
	if (road < due)
		due = road;
	if (c->state == SIM_ST_HANDSHAKE && c->dtls_due_ms < due)
		due = c->dtls_due_ms;
	if (c->state > SIM_ST_HANDSHAKE && c->con.active && !c->silent && c->con.due_ms < due)
		due = c->con.due_ms;
	if (c->late.active && c->late.due_ms < due)
		due = c->late.due_ms;
	if (c->state == SIM_ST_LINGER && !c->con.active && c->linger_due_ms < due)
		due = c->linger_due_ms;
	return due;
}
