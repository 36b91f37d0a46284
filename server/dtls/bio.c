/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/bio.h"

#include <string.h>

#include "server/base/err.h"
#include "server/dtls/gate.h"

#define CHANGE_CIPHER_SPEC 20
#define HANDSHAKE_DATAGRAM_MAX 4096 /* OpenSSL's buffer for a flight: no datagram of epoch 0 is longer */

/* Octets of the first record of what is left; all of it when that is no whole record. */
static size_t
first_record(const uint8_t *data, size_t len)
{
	size_t n = bs_record_len(data, len);

	return n > 0 ? n : len;
}

static void
set_seq(uint8_t *header, uint64_t seq)
{
	for (int i = 10; i >= 5; i--, seq >>= 8)
		header[i] = (uint8_t)seq;
}

static int
bio_read(BIO *bio, char *out, int max)
{
	struct bs_bio *b = BIO_get_data(bio);
	size_t record, n;

	BIO_clear_retry_flags(bio);
	/* 0 octets would pass for the end of a stream: anybody can send an empty datagram. */
	if (b->in == NULL || b->in_len == 0 || max <= 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	record = first_record(b->in, b->in_len);
	n = record < (size_t)max ? record : (size_t)max; /* as a socket does: the rest is lost */
	memcpy(out, b->in, n);
	if (n >= BS_RECORD_HEADER_LEN && bs_record_epoch(b->in) == 0)
		set_seq((uint8_t *)out, b->seq_in);
	if (!b->peek) {
		b->seq_in++;
		b->in += record;
		b->in_len -= record;
	}
	return (int)n;
}

/* Only epoch 0: there the number is not covered by any protection. */
static void
shift_seq(uint8_t *data, size_t len, uint64_t offset)
{
	while (len >= BS_RECORD_HEADER_LEN) {
		size_t record = first_record(data, len);

		if (bs_record_epoch(data) == 0)
			set_seq(data, bs_record_seq(data) + offset);
		data += record;
		len -= record;
	}
}

static int
bio_write(BIO *bio, const char *data, int len)
{
	struct bs_bio *b = BIO_get_data(bio);
	BS_UNINITIALIZED uint8_t copy[HANDSHAKE_DATAGRAM_MAX]; /* of each record that leaves */

	BIO_clear_retry_flags(bio);
	if (b->muted || len < BS_RECORD_HEADER_LEN)
		return len;
	if (b->hushed && bs_record_epoch((const uint8_t *)data) == 0 && data[0] != CHANGE_CIPHER_SPEC)
		return len;
	b->written++;
	if (b->seq_offset != 0 && (size_t)len <= sizeof(copy) && bs_record_epoch((const uint8_t *)data) == 0) {
		memcpy(copy, data, (size_t)len);
		shift_seq(copy, (size_t)len, b->seq_offset);
		b->send(b->arg, copy, (size_t)len);
	} else {
		b->send(b->arg, (const uint8_t *)data, (size_t)len);
	}
	return len;
}

static long
bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	struct bs_bio *b = BIO_get_data(bio);

	(void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_DGRAM_SET_PEEK_MODE:
		b->peek = num != 0;
		return 1;
	case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
		return BS_BIO_OVERHEAD;
	case BIO_CTRL_PENDING:
		return b->in != NULL ? (long)b->in_len : 0;
	default: /* the MTU is told by DTLS_set_link_mtu, the peer's address and timers are the owner's */
		return 0;
	}
}

BIO_METHOD *
bs_bio_method_new(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_START | BIO_TYPE_SOURCE_SINK, "bs_datagram");

	if (m != NULL) {
		BIO_meth_set_read(m, bio_read);
		BIO_meth_set_write(m, bio_write);
		BIO_meth_set_ctrl(m, bio_ctrl);
	}
	return m;
}

BIO *
bs_bio_new(const BIO_METHOD *method, struct bs_bio *b)
{
	BIO *bio = BIO_new(method);

	if (bio != NULL) {
		BIO_set_data(bio, b);
		BIO_set_init(bio, 1);
	}
	return bio;
}
