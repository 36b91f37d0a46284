/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors over memory that somebody else owns. A cursor remembers its first error and then does nothing more, so a
 * parser or encoder checks once, at its end. Integers are in network order.
 */
#ifndef BS_BASE_BUF_H
#define BS_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

/* Reader. Past the end it returns zeroes and holds BS_ESHORT. */
struct bs_rd {
	const uint8_t *data;
	size_t len;
	size_t pos;
	enum bs_err err;
};

struct bs_rd bs_rd_init(const void *data, size_t len);
uint8_t bs_rd_u8(struct bs_rd *r);
uint16_t bs_rd_u16(struct bs_rd *r);
uint32_t bs_rd_u24(struct bs_rd *r);
uint32_t bs_rd_u32(struct bs_rd *r);
uint64_t bs_rd_u64(struct bs_rd *r);
/* Borrow n octets; NULL past the end. */
const uint8_t *bs_rd_bytes(struct bs_rd *r, size_t n);
size_t bs_rd_left(const struct bs_rd *r);
/* Record an error of the caller's own; the first one stays. */
void bs_rd_fail(struct bs_rd *r, enum bs_err err);

/* Writer. Past the end it writes nothing and holds BS_ESPACE. */
struct bs_wr {
	uint8_t *data;
	size_t max;
	size_t len;
	enum bs_err err;
};

struct bs_wr bs_wr_init(void *data, size_t max);
void bs_wr_u8(struct bs_wr *w, uint8_t v);
void bs_wr_u16(struct bs_wr *w, uint16_t v);
void bs_wr_u24(struct bs_wr *w, uint32_t v);
void bs_wr_u32(struct bs_wr *w, uint32_t v);
void bs_wr_u64(struct bs_wr *w, uint64_t v);
void bs_wr_bytes(struct bs_wr *w, const void *data, size_t len);
/* Reserve n octets to be filled in by the caller; NULL when there is no room. */
uint8_t *bs_wr_reserve(struct bs_wr *w, size_t n);
void bs_wr_fail(struct bs_wr *w, enum bs_err err);
/* BS_OK or the first error; *len is set only on BS_OK. */
BS_MUST_USE enum bs_err bs_wr_done(const struct bs_wr *w, size_t *len);

#endif
