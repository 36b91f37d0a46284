/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules for what an operator configures, checked before anything is stored: names, endpoints, identities, URIs,
 * bindings, server accounts and profiles as a whole, and what a bootstrap channel may carry. Errors and warnings go to
 * a report.
 */
#ifndef BS_TOOLS_CTL_CHECK_H
#define BS_TOOLS_CTL_CHECK_H

#include "db/provision.h"
#include "tools/ctl/catalog.h"
#include "tools/ctl/device/convert.h"
#include "tools/ctl/report.h"

/* Names of accounts, profiles: 1..63 of A-Z a-z 0-9 _ - (a dot would end the name in a CSV column). */
void bs_check_name(struct bs_report *r, const char *field, const char *name);
/* Endpoint name: UTF-8, 1..252 octets, no control characters. */
void bs_check_endpoint(struct bs_report *r, const char *field, const char *endpoint, size_t len);
/* PSK identity: UTF-8, 1..255 octets, no NUL; beyond 64 a warning. */
void bs_check_identity(struct bs_report *r, const char *field, const char *identity, size_t len);
/* PSK: rules of device/strength.h; beyond 32 octets a warning. */
void bs_check_psk(struct bs_report *r, const char *field, const struct bs_secret *key);
/* A line of free text: UTF-8, at most max octets, no control characters. */
void bs_check_text(struct bs_report *r, const char *field, const char *text, size_t len, size_t max);

/* Does the scheme fit the mode, is host and port there? Path, query and a missing port are warnings. */
void bs_check_uri(struct bs_report *r, const char *field, const char *uri, enum bs_mode mode, bool allow_nosec);
/* Resource 7 of Object 1: letters of "UTSNMHQ", each once (LwM2M Core 1.1, 6.2.1.2; 1.0 has U, UQ, S, SQ, US, UQS). */
void bs_check_binding(struct bs_report *r, const char *field, const char *binding, bool needs_sms);

struct bs_server_check {
	bool allow_nosec;
	const char *binding; /* NULL: not given */
	bool has_usage; /* /0/15 is set */
	unsigned usage, matching_type; /* /0/15, /0/13 */
	struct bs_key_info key; /* of the server's key or certificate */
	bool kept; /* it is stored as it was: checked then, and where 0/13 made a digest of it nothing can be seen any more */
};
void bs_check_server(struct bs_report *r, const struct bs_server_def *def, const struct bs_server_check *c);

struct bs_profile_check {
	const struct bs_server_def *const *servers; /* in the profile's order */
	size_t count;
	bool access_control_given;
	const struct bs_cat_profile *retry; /* --retry-as; NULL: none */
};
void bs_check_profile(struct bs_report *r, const struct bs_profile_def *def, const struct bs_profile_check *c);

/* ---- what a bootstrap channel may carry -------------------------------------------------------------------------- */

/*
 * Security-mode matrix (LwM2M Core 1.0, chapter 7: the channel must be as strong as what it carries). Strengths are
 * bits.
 *
 * channel    mode of the bootstrap channel; NoSec carries no secret at all
 * suite      strength of the channel's cipher: 128 with the AES-128 suites
 * credential strength of the bootstrap credential; 0: not known
 */
struct bs_channel {
	enum bs_mode mode;
	unsigned suite, credential;
};
enum bs_cargo { BS_CARGO_PSK, BS_CARGO_PRIVATE_KEY, BS_CARGO_SMS_KEY };
void bs_check_cargo(struct bs_report *r, const char *field, const struct bs_channel *channel, enum bs_cargo cargo,
	unsigned strength);

#endif
