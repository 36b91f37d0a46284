/* SPDX-License-Identifier: Apache-2.0 */
/* explain: the last attempts of a device, an identity or an address, in words */
#include <stdio.h>
#include <string.h>

#include "server/base/log.h"
#include "server/model/advice.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/number.h"
#include "tools/ctl/show.h"

#define SHOWN_DEFAULT 5
#define NO_FORMAT 0xffff /* of struct bs_attempt */

enum { O_LAST };

static const struct bs_ctl_option options[] = {
	[O_LAST] = { "last", "N", "number of attempts, newest first (5)" },
	{ 0 },
};

/* "1.1", or "" when the device said nothing that tells. */
static const char *
version_text(const struct bs_attempt *a, char out[8])
{
	out[0] = '\0';
	if (a->version != BS_LWM2M_UNKNOWN)
		snprintf(out, 8, "%u.%u", a->version / 10u, a->version % 10u);
	return out;
}

static json_t *
attempt_json(const struct bs_attempt *a)
{
	char when[32], version[8];
	json_t *o = json_object();

	bs_show_time(a->at_ms, when);
	json_object_set_new(o, "at", json_string(when));
	json_object_set_new(o, "endpoint", json_string(a->endpoint));
	json_object_set_new(o, "identity", json_string(a->identity));
	json_object_set_new(o, "address", json_string(a->address));
	json_object_set_new(o, "outcome", json_string(bs_outcome_word(a->outcome)));
	json_object_set_new(o, "what", json_string(bs_outcome_what(a->outcome)));
	json_object_set_new(o, "todo", json_string(bs_advice(a->outcome)));
	json_object_set_new(o, "detail", json_string(a->detail));
	json_object_set_new(o, "step", json_string(a->step));
	json_object_set_new(o, "code", json_integer(a->code));
	json_object_set_new(o, "claimed", json_string(a->claimed));
	json_object_set_new(o, "suite", json_string(a->suite));
	json_object_set_new(o, "version", json_string(version_text(a, version)));
	json_object_set_new(o, "format", a->format != NO_FORMAT ? json_integer(a->format) : json_null());
	json_object_set_new(o, "writes", json_integer(a->writes));
	json_object_set_new(o, "handshake_ms", json_integer(a->handshake_ms));
	json_object_set_new(o, "took_ms", json_integer(a->took_ms));
	return o;
}

static void
print_field(const char *name, const char *text)
{
	struct bs_quote q;

	if (text[0] != '\0')
		bs_ctl_line(name, "%s", bs_log_quote(&q, text));
}

static void
print_attempt(void *arg, const struct bs_attempt *a)
{
	struct bs_ctl *ctl = arg;
	char when[32], version[8];

	if (ctl->json) {
		bs_ctl_list_item(ctl, attempt_json(a));
		return;
	}
	bs_show_time(a->at_ms, when);
	printf("%s  %s  from %s\n", when, bs_outcome_word(a->outcome), a->address);
	bs_ctl_line("  what", "%s", bs_outcome_what(a->outcome));
	bs_ctl_line("  to do", "%s", bs_advice(a->outcome));
	print_field("  endpoint", a->endpoint);
	print_field("  named itself", a->claimed);
	print_field("  identity", a->identity);
	print_field("  step", a->step);
	if (a->code != 0)
		bs_ctl_line("  code", "%u.%02u", a->code >> 5, a->code & 31);
	print_field("  detail", a->detail);
	if (a->suite[0] != '\0')
		bs_ctl_line("  dtls", "%s, handshake %u ms", a->suite, a->handshake_ms);
	if (version_text(a, version)[0] != '\0')
		bs_ctl_line("  lwm2m", "%s", version);
	if (a->writes > 0)
		bs_ctl_line("  writes", "%u in %u ms, Content-Format %u", a->writes, a->took_ms, a->format);
	putchar('\n');
}

static void
say_device(void *arg, const struct bs_device_info *d)
{
	(void)arg;
	bs_ctl_say("%s is a device of profile %s, mode %s, %s%s", d->endpoint, d->profile, bs_mode_name(d->mode),
		d->enabled ? "enabled" : "DISABLED", d->has_next ? "; a next credential has not been used yet" : "");
}

/* What the store knows of it: a device, an identity of one, or nothing. Returns whether something was found. */
static bool
say_what_is_known(struct bs_ctl *ctl, const char *what)
{
	char endpoint[BS_ENDPOINT_MAX + 1];

	if (bs_store_each_device(ctl->store, what, say_device, NULL) == BS_OK)
		return true;
	if (bs_store_endpoint_of(ctl->store, what, endpoint) != BS_OK)
		return false;
	bs_ctl_say("%s is the credential of device %s", what, endpoint);
	return bs_store_each_device(ctl->store, endpoint, say_device, NULL) == BS_OK;
}

static bool
looks_like_address(const char *what)
{
	return strspn(what, "0123456789.:") == strlen(what) || (what[0] == '[' && strchr(what, ']') != NULL) ||
	       (strchr(what, ':') != NULL && strspn(what, "0123456789abcdefABCDEF:.%") == strlen(what));
}

static int
explain_from(struct bs_ctl *ctl, struct bs_journal *journal, const char *what, size_t max)
{
	bool known = say_what_is_known(ctl, what);
	char identity[BS_IDENTITY_MAX + 1];
	size_t found = 0;
	enum bs_err err = BS_OK;

	bs_ctl_list_begin(ctl);
	if (journal != NULL)
		err = bs_journal_find(journal, what, max, print_attempt, ctl, &found);
	if (journal != NULL && found == 0 && strcmp(bs_ctl_journal_identity(what, identity), what) != 0)
		err = bs_journal_find(journal, identity, max, print_attempt, ctl, &found);
	bs_ctl_list_end(ctl);
	if (err != BS_OK && err != BS_ENOTFOUND)
		return bs_ctl_fail_at(BS_JOURNAL_FILE, err);
	if (found > 0)
		return BS_EXIT_DONE;
	if (known || looks_like_address(what)) {
		bs_ctl_say("the journal has no attempt by %s%s", what,
			journal == NULL ? ": there is no journal yet; the daemon creates it"
					: "; it never reached this server, or the attempts are too old");
		return known ? BS_EXIT_DONE : BS_EXIT_FAILED;
	}
	bs_ctl_say("neither store nor journal knows %s", what);
	return bs_ctl_no_device(ctl, what);
}

static int
explain(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	const char *last = bs_ctl_get(args, O_LAST);
	struct bs_journal *journal = NULL;
	uint64_t max = SHOWN_DEFAULT;
	int status;

	if (last != NULL && !bs_number_read(last, 1, 10000, &max))
		return bs_ctl_usage("--last is a number from 1 to 10000");
	status = (int)bs_ctl_open(ctl);
	if (status == BS_EXIT_DONE)
		status = (int)bs_ctl_open_journal(ctl, &journal);
	if (status == BS_EXIT_DONE)
		status = explain_from(ctl, journal, args->words[0], (size_t)max);
	bs_journal_close(journal);
	return status;
}

const struct bs_ctl_command bs_cmd_explain = {
	.name = "explain",
	.synopsis = "EP|IDENTITY|ADDRESS [--last N]",
	.summary = "explain the last attempts, and what to do",
	.min_words = 1,
	.max_words = 1,
	.options = options,
	.run = explain,
};
