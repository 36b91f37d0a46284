/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may make a line in the log or a row in the journal now: everybody has a ration, and nobody's use takes from another's.
 *
 *   a device that proved itself    a bucket for each device
 *   a stranger                     a bucket for each network (IPv4 /24, IPv6 /56), and one for all strangers together
 *
 * Who merely names a device, as a PSK identity does, is a stranger until the handshake is done. Lines and rows are counted apart.
 * Shared by all workers, locked, bounded: of each kind the latest BS_RATION_SOURCES devices and networks are known.
 */
#ifndef BS_NET_RATION_H
#define BS_NET_RATION_H

#include "server/base/addr.h"
#include "server/net/bucket.h"

#define BS_RATION_SOURCES 8192
#define BS_RATION_TRACE 600 /* lines in a minute about a device that the operator watches, beside its ration */
#define BS_RATION_TELL_MS 10000 /* pause between two lines about what was left out */

enum bs_ration_what { BS_RATION_LINE, BS_RATION_ROW, BS_RATION_WATCHED, BS_RATION_WHATS };
enum bs_ration_per { BS_RATION_DEVICE, BS_RATION_PREFIX, BS_RATION_STRANGERS, BS_RATION_PERS };

struct bs_ration_limits {
	unsigned per_device; /* in a minute, at once too */
	unsigned per_prefix; /* in a minute, a quarter of them at once; never more than a quarter of strangers */
	unsigned strangers; /* in a second, all together */
};

struct bs_ration_who {
	int64_t device_id; /* proven; 0: a stranger */
	const struct bs_addr *from;
};

struct bs_ration_counters {
	uint64_t left_out[BS_RATION_PERS][BS_RATION_WHATS]; /* since the start */
	unsigned device_most, prefix_most,
		strangers_most; /* the greatest use of a bucket of lines, in this minute or the one before */
};

struct bs_ration;

BS_MUST_USE enum bs_err bs_ration_new(const struct bs_ration_limits *limits, struct bs_ration **out);
void bs_ration_free(struct bs_ration *r); /* NULL is fine */
/*
 * Any thread. May it? *left_out (may be NULL; set on true): how much of the same was refused to the same device since the last
 * time; to a stranger: to its network, and to all for want of enough for all. Without memory the answer is no.
 */
bool bs_ration_allows(struct bs_ration *r, uint64_t now_ms, const struct bs_ration_who *who, enum bs_ration_what what,
	uint64_t *left_out);
void bs_ration_get(struct bs_ration *r, uint64_t now_ms, struct bs_ration_counters *out);
/* Is a line due about what was left out? Then out is how much since the last one, and the next is due a pause later. */
bool bs_ration_due(struct bs_ration *r, uint64_t now_ms, struct bs_ration_counters *out);

#endif
