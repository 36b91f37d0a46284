/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a bootstrap runs: one row of the store's table profile, and one row here for each of its options. That row is what the
 * command line, profile show (text and JSON), the store's SQL and the check of its range know of the option, so that a new one is a
 * row, a member, a column in the schema and the line that uses it. Its parts (servers, access control entries, extra writes, trust
 * anchor) have tables of their own in the store and stand in no row.
 */
#ifndef BS_MODEL_PROFILE_H
#define BS_MODEL_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"
#include "server/model/object.h"
#include "server/model/order.h"
#include "server/model/tolerance.h"

#define BS_NAME_MAX 63 /* names of server accounts, profiles, batches */

enum bs_access_control { BS_AC_NONE, BS_AC_DERIVED, BS_AC_EXPLICIT };
enum bs_on_change { BS_CHANGE_KEEP, BS_CHANGE_CLOSE, BS_CHANGE_CLOSE_AFTER_RUN };
/* /0 /1 (/2 /21); /; nothing; of these objects each instance that Discover shows */
enum bs_delete_policy { BS_DELETE_OBJECTS, BS_DELETE_ROOT, BS_DELETE_NONE, BS_DELETE_INSTANCES };
/* What becomes of the /1 and /2 instances that the device holds: deleted and written anew, or read and gone on with */
enum bs_on_existing { BS_EXISTING_OVERWRITE, BS_EXISTING_MERGE };
/* What a merging run does when the device does not let it read what it holds */
enum bs_on_unreadable { BS_UNREADABLE_STOP, BS_UNREADABLE_OVERWRITE };

/* Defaults and ranges: see the rows in profile.c. */
struct bs_profile {
	int64_t id;
	char name[BS_NAME_MAX + 1];
	enum bs_access_control access_control;
	enum bs_on_change on_change;
	bool discover; /* send Bootstrap-Discover first */
	bool pack; /* give a Bootstrap-Pack to clients that ask for one */
	enum bs_delete_policy delete_policy;
	enum bs_level write_level; /* OBJECT, INSTANCE or RESOURCE */
	uint16_t format; /* Content-Format to use whatever the client prefers; 0: the client's choice */
	bool omit_unused_keys; /* leave resources 3, 4, 5 out where the mode does not use them */
	uint8_t sms_parameters_len; /* resource 7: 6 or 7 octets (with the second octet of SPI) */
	enum bs_lwm2m unknown_version; /* what to send when the client's version is not known */
	uint32_t ack_timeout_ms; /* ACK_TIMEOUT */
	uint32_t max_retransmit; /* MAX_RETRANSMIT */
	uint32_t first_delay_ms; /* pause between the 2.04 and the first command */
	uint16_t security_iid; /* first of /0 where nothing shows the client's bootstrap account */
	uint16_t block_size; /* Block1 size */
	enum bs_lwm2m max_version; /* the newest whose resources are sent; UNKNOWN: the client's own */
	enum bs_on_existing on_existing; /* OVERWRITE is also done for a client of 1.0 or without Discover */
	enum bs_on_unreadable on_unreadable;
	int64_t retry_id; /* the profile that the run is repeated with, once, when Finish is answered 4.06; 0: none */
	char retry_as[BS_NAME_MAX + 1]; /* its name; "": none */
	struct bs_order write_order; /* objects that are written first (empty: 21, 0, 1, 2, others) */
	struct bs_tolerances tolerances; /* answers that are taken as success */
};

/* The defaults of the rows; name and id stay empty. */
void bs_profile_init(struct bs_profile *p);
/* Total time of one step in the worst case: RFC 7252 4.8, 1.5 x ACK_TIMEOUT x (2^(MAX_RETRANSMIT+1) - 1). */
uint64_t bs_profile_step_ms(const struct bs_profile *p);
#define BS_STEP_MAX_MS 230000 /* clients give up 247 s after the last command (EXCHANGE_LIFETIME, RFC 7252, 4.8.2) */

/* ---- one row per option ------------------------------------------------------------------------------------------ */

enum bs_field_type {
	BS_FIELD_WORD, /* an enum, or a number that has a word */
	BS_FIELD_YES, /* bool: yes, no */
	BS_FIELD_FLAG, /* bool: yes, no in what is shown; on the command line its name alone means yes */
	BS_FIELD_NUMBER,
	BS_FIELD_ORDER, /* struct bs_order */
	BS_FIELD_TOLERATE, /* list: what of struct bs_tolerances has a code */
	BS_FIELD_OPTIONAL, /* list: what of it is any refusal; the same column */
	BS_FIELD_PROFILE, /* name of another profile, or "" */
};

struct bs_word {
	const char *word; /* NULL: the end */
	int64_t value;
};

struct bs_field {
	const char *name; /* --name */
	const char *column; /* in the store; NULL: written apart (retry_as), or with the row before */
	const char *json; /* key; NULL: the name with _ in place of - */
	enum bs_field_type type;
	size_t offset, size; /* of the member in struct bs_profile */
	int64_t fallback; /* as the member has it */
	int64_t min, max; /* of NUMBER, as the member has it */
	int64_t scale; /* of NUMBER: the command line's unit in that of the member, 1000 for s and ms */
	const char *unit; /* of NUMBER, as shown; NULL: none */
	const struct bs_word *words; /* of WORD; of NUMBER: those that are good, or NULL */
	const char *arg; /* in --help; NULL: the words, or none */
	const char *needs; /* LwM2M version, or NULL: any */
	const char *help; /* one line */
};

extern const struct bs_field bs_profile_fields[];
extern const size_t bs_profile_field_count;

#define BS_FIELD_TEXT 640
/* NULL: none of that name. */
const struct bs_field *bs_field_find(const char *name);
/* May it be given several times? */
bool bs_field_is_list(const struct bs_field *f);
/* Has its column text? Else it is a number. */
bool bs_field_is_text(const struct bs_field *f);
/* Value of a member that is a number, an enum or a bool. */
int64_t bs_field_get(const struct bs_field *f, const struct bs_profile *p);
void bs_field_set(const struct bs_field *f, struct bs_profile *p, int64_t value);
void bs_field_reset(const struct bs_field *f, struct bs_profile *p); /* to the default */
/* As on the command line; a list gets one more. BS_EFORMAT, BS_ERANGE, BS_EEXIST, BS_ELIMIT; diag says what is good. */
BS_MUST_USE enum bs_err bs_field_read(
	const struct bs_field *f, struct bs_profile *p, const char *text, struct bs_diag *diag);
/* Is a member that is a number good? diag as above. */
BS_MUST_USE enum bs_err bs_field_check(const struct bs_field *f, const struct bs_profile *p, struct bs_diag *diag);
/* The value at index as bs_field_read takes it; false: there is none (a list's end, an order or a name that is empty). */
bool bs_field_text(const struct bs_field *f, const struct bs_profile *p, size_t index, char out[BS_FIELD_TEXT]);
/* "overwrite|merge", "S"; NULL: a flag. */
const char *bs_field_arg(const struct bs_field *f, char out[BS_FIELD_TEXT]);
/* One line with range, version and default. Returns out. */
const char *bs_field_help(const struct bs_field *f, char out[BS_FIELD_TEXT]);
/* A column of text, and back; what cannot be read is empty. */
const char *bs_field_to_column(const struct bs_field *f, const struct bs_profile *p, char out[BS_FIELD_TEXT]);
void bs_field_from_column(const struct bs_field *f, struct bs_profile *p, const char *text);

#endif
