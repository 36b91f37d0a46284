/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoAP from the network. The first octet chooses what the server is doing, then datagrams follow: two octets of control,
 * then the datagram. Control: length (11 bits), and whether the octets of Message ID and token are replaced by those of
 * the request in flight (else no input would ever meet it), and whether the clock jumps to the next deadline after it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/coap/exchange.h"

enum { LEN_MASK = 0x07ff, TAKE_ID = 0x0800, TAKE_TOKEN = 0x1000, ADVANCE = 0x2000, ASK_AGAIN = 0x4000 };

struct world {
	struct bs_exchange *ex;
	uint64_t now_ms;
	uint8_t id[2], token[8]; /* of the last request sent */
	unsigned sent;
	uint8_t chance;
	struct bs_request_ref ref;
	uint8_t mode;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
on_send(void *arg, const uint8_t *data, size_t len)
{
	struct world *w = arg;
	struct bs_msg m;
	enum bs_malformed what;

	w->sent++;
	require(len >= 4 && len <= BS_DATAGRAM_MAX);
	require(bs_msg_parse(data, len, &m, &what) == BS_OK && !m.unknown_critical);
	if (m.token.len == 8 && BS_CODE_CLASS(m.code) == 0) {
		memcpy(w->id, data + 2, 2);
		memcpy(w->token, data + 4, 8);
	}
}

/* What the layer above does with a request depends on the mode. */
static bool
on_request(void *arg, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref)
{
	struct world *w = arg;

	require(!msg->unknown_critical && !msg->proxy);
	w->ref = *ref;
	if (w->mode & 1)
		bs_exchange_ack_empty(w->ex, now_ms, ref);
	if (w->mode & 2)
		return bs_exchange_respond(w->ex, now_ms, ref, BS_CHANGED) == BS_OK;
	return (w->mode & 4) != 0;
}

static void
on_random(void *arg, void *out, size_t len)
{
	struct world *w = arg;

	memset(out, w->chance++, len);
}

static void
on_done(void *arg, uint64_t now_ms, enum bs_err err, const struct bs_msg *response)
{
	volatile uint8_t sum = 0;

	(void)arg;
	(void)now_ms;
	require((err == BS_OK) == (response != NULL));
	if (response == NULL)
		return;
	require(response->payload_len <= BS_RESPONSE_MAX);
	for (size_t i = 0; i < response->payload_len; i++)
		sum = (uint8_t)(sum + response->payload[i]);
}

static void
ask(struct world *w)
{
	static const uint8_t payload[100];
	struct bs_msg m;

	if (bs_exchange_is_busy(w->ex))
		return;
	bs_msg_init(&m, BS_CON, w->mode & 8 ? BS_PUT : BS_GET, 0);
	m.path[m.path_count++] = (struct bs_segment){ (const uint8_t *)"0", 1 };
	if (w->mode & 8) {
		m.payload = payload;
		m.payload_len = sizeof(payload);
		m.content_format = 112;
	}
	require(bs_exchange_request(w->ex, w->now_ms, &m, on_done, w) == BS_OK);
}

static void
advance(struct world *w)
{
	uint64_t at = bs_exchange_next_deadline_ms(w->ex);

	w->now_ms = at == BS_NEVER ? w->now_ms + 1000 : at;
	bs_exchange_tick(w->ex, w->now_ms);
	require(bs_exchange_next_deadline_ms(w->ex) > w->now_ms);
}

/* What is read and written again is read the same. */
static void
check_message(const uint8_t *wire, size_t len)
{
	static uint8_t again[8192];
	struct bs_msg a, b;
	enum bs_malformed what;
	size_t n;

	if (bs_msg_parse(wire, len, &a, &what) != BS_OK || a.payload_len > 1024)
		return;
	require(bs_msg_write(&a, again, sizeof(again), &n) == BS_OK);
	require(bs_msg_parse(again, n, &b, &what) == BS_OK);
	require(a.code == b.code && a.type == b.type && a.id == b.id && a.token.len == b.token.len);
	require(a.path_count == b.path_count && a.query_count == b.query_count && a.payload_len == b.payload_len);
	require(a.accept == b.accept && a.content_format == b.content_format && a.block2.num == b.block2.num);
}

static void
datagram(struct world *w, const uint8_t *data, size_t len, unsigned control)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);
	unsigned before = w->sent;

	require(exact != NULL);
	memcpy(exact, data, len);
	if ((control & TAKE_ID) && len >= 4)
		memcpy(exact + 2, w->id, 2);
	if ((control & TAKE_TOKEN) && len >= 12)
		memcpy(exact + 4, w->token, 8);
	check_message(exact, len);
	bs_exchange_input(w->ex, w->now_ms, exact, len);
	require(w->sent - before <= 2); /* no amplification: an ACK, and the next block or request */
	free(exact);
	if (control & ADVANCE)
		advance(w);
	if (control & ASK_AGAIN) {
		(void)!bs_exchange_respond(w->ex, w->now_ms, &w->ref, BS_BAD_REQUEST);
		ask(w);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct bs_exchange_ops ops = { on_send, on_request, on_random };
	struct world w = { .now_ms = 1 };
	struct bs_exchange_params params = { .ack_timeout_ms = 2000, .max_retransmit = 1, .block_size = 32 };

	if (len == 0)
		return 0;
	w.mode = *data++;
	len--;
	w.ex = bs_exchange_new(&ops, &w, w.now_ms);
	require(w.ex != NULL);
	bs_exchange_set_params(w.ex, &params);
	ask(&w);
	while (len >= 2) {
		unsigned control = (unsigned)(data[0] << 8 | data[1]);
		size_t n = control & LEN_MASK;

		data += 2;
		len -= 2;
		n = n < len ? n : len;
		datagram(&w, data, n, control);
		data += n;
		len -= n;
	}
	bs_exchange_free(w.ex);
	return 0;
}
