/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be known of a device across workers: its sessions, who runs a bootstrap of it, how often it came lately, which of
 * two pre-shared keys to try. Small, locked, bounded: when it is full the device that was quiet for longest is forgotten, one
 * without a session first.
 *
 * A device that reboots comes with another port and may land on another worker: its new run takes the claim, and the
 * caller tells the old run's worker that it is superseded. Its old session stays until it has one more than it may.
 */
#ifndef BS_NET_DEVICE_TABLE_H
#define BS_NET_DEVICE_TABLE_H

#include "server/base/addr.h"

struct bs_device_table;

/* A session: of which worker, and its number, which is never 0. */
struct bs_device_session {
	unsigned worker;
	uint64_t number;
};

struct bs_device_limits {
	size_t devices; /* that are known */
	unsigned attempts_per_minute, handshakes_per_minute; /* of one device */
	unsigned sessions; /* of one device at the same time; at least 1 */
};

struct bs_device_claim {
	bool too_many; /* the limit of attempts is reached: the claim was not made */
	bool superseded; /* another run was active ... */
	unsigned worker; /* ... at this worker ... */
	uint64_t run; /* ... under this number */
	bool other_address; /* and from another host: maybe one credential in two devices */
};

BS_MUST_USE enum bs_err bs_device_table_new(const struct bs_device_limits *limits, struct bs_device_table **out);
void bs_device_table_free(struct bs_device_table *t); /* NULL is fine */

/*
 * A handshake proved that the device is there, and a session begins; asked: this server turned to it, which is no handshake of
 * the device's. BS_ELIMIT: it made one too many in this minute, and shall have no session. BS_ENOMEM. On BS_OK *out is the
 * session that must go for it, forgotten here already; number 0: none. Of those without a run the oldest from the same host
 * goes, else the oldest; one with a run only when there is no other.
 */
BS_MUST_USE enum bs_err bs_device_table_enter(struct bs_device_table *t, uint64_t now_ms, int64_t device_id,
	const struct bs_device_session *session, const struct bs_addr *from, bool asked, struct bs_device_session *out);
/* The session ended. */
void bs_device_table_leave(struct bs_device_table *t, int64_t device_id, uint64_t number);
/*
 * Did it reach the limit of handshakes in this minute? To be asked when a credential leads to the device, before the costly
 * steps. Handshakes that prove nothing never count here: anybody can begin one in a device's name.
 */
bool bs_device_table_is_over(struct bs_device_table *t, uint64_t now_ms, int64_t device_id);

/* A Bootstrap-Request came in that session. BS_ENOMEM. */
BS_MUST_USE enum bs_err bs_device_table_claim(struct bs_device_table *t, uint64_t now_ms, int64_t device_id,
	const struct bs_device_session *session, uint64_t run, const struct bs_addr *from, struct bs_device_claim *out);
/*
 * The two halves of a claim, for a run that begins some time after its attempt: count it (BS_ELIMIT: one too many; BS_ENOMEM),
 * then make the claim without counting.
 */
BS_MUST_USE enum bs_err bs_device_table_attempt(struct bs_device_table *t, uint64_t now_ms, int64_t device_id);
BS_MUST_USE enum bs_err bs_device_table_take(struct bs_device_table *t, uint64_t now_ms, int64_t device_id,
	const struct bs_device_session *session, uint64_t run, const struct bs_addr *from, struct bs_device_claim *out);
/* An attempt that another one follows by rule, a Bootstrap-Pack declined: it counts not, once a minute. */
void bs_device_table_give_back(struct bs_device_table *t, int64_t device_id);
/* The run ended; no effect when another run holds the claim. */
void bs_device_table_release(struct bs_device_table *t, int64_t device_id, uint64_t run);

/*
 * Two keys under one identity: which to use first (0 or 1) for one that comes from there, and what came of it. The key that a
 * handshake proved is first for all. A failure proves nothing, anybody can fail in a device's name: it turns the order for the
 * host it came from. The last BS_PSK_HINTS hosts that failed since then are remembered for each device; while there are
 * any, hosts that are neither among them nor the one of the proof take turns, as a device may have another address each time.
 */
#define BS_PSK_HINTS 4
unsigned bs_device_table_psk_first(struct bs_device_table *t, int64_t device_id, const struct bs_addr *from);
void bs_device_table_psk_proven(
	struct bs_device_table *t, uint64_t now_ms, int64_t device_id, unsigned slot, const struct bs_addr *from);
void bs_device_table_psk_failed(
	struct bs_device_table *t, uint64_t now_ms, int64_t device_id, unsigned slot, const struct bs_addr *from);

/* The most that one device made within a minute, of the devices that came in this minute or the one before; sessions: has now. */
struct bs_device_busiest {
	unsigned attempts, handshakes, sessions;
};
void bs_device_table_busiest(struct bs_device_table *t, uint64_t now_ms, struct bs_device_busiest *out);

size_t bs_device_table_count(struct bs_device_table *t);

#endif
