/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frame of lwm2m-bootstrapctl: one row per subcommand, options by table, data on stdout, talk on stderr, exit 0 done,
 * 1 refused or failed, 2 usage. Commands are in cmd/; each gets what was parsed and returns an exit status.
 */
#ifndef BS_TOOLS_CTL_CLI_H
#define BS_TOOLS_CTL_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "db/journal/journal.h"
#include "db/provision.h"
#include "server/base/near.h"
#include "server/model/profile.h"

enum bs_exit { BS_EXIT_DONE = 0, BS_EXIT_FAILED = 1, BS_EXIT_USAGE = 2 };

#define BS_CTL_DEFAULT_CONF "/etc/lwm2m-bootstrap/lwm2m-bootstrapd.conf"

struct bs_ctl_command;

struct bs_ctl {
	const struct bs_ctl_command *const *commands; /* all of them, for completion */
	size_t command_count;
	bool json;
	const char *conf_file; /* -c */
	const char *dir_arg, *key_arg; /* -s, -k */
	char *dir, *key_file; /* in effect; owned */
	struct bs_store *store; /* after bs_ctl_open */
	bool became_owner;
	bool first_item; /* of a JSON list */
};

/* An option of one command; arg NULL: a flag. */
struct bs_ctl_option {
	const char *name, *arg, *help;
};

/* One option as given; index is its place in the command's table. */
struct bs_ctl_given {
	size_t index;
	const char *value;
};
#define BS_CTL_GIVEN_MAX 512
struct bs_ctl_args {
	struct bs_ctl_given given[BS_CTL_GIVEN_MAX];
	size_t given_count;
	char **words; /* what is no option */
	size_t word_count;
};
/* Value of the last one given of an option without a list; NULL: not given (a flag's value is ""). */
const char *bs_ctl_get(const struct bs_ctl_args *args, size_t index);

struct bs_ctl_command {
	const char *name, *verb; /* verb NULL: the command has none */
	const char *alias; /* an earlier name, which is good for ever and told to nobody; NULL: none */
	const char *synopsis; /* behind the name */
	const char *summary;
	size_t min_words, max_words;
	const struct bs_ctl_option *options; /* ends with name NULL; NULL: none */
	bool has_fields; /* behind them, bs_profile_fields */
	int (*run)(struct bs_ctl *ctl, const struct bs_ctl_args *args);
};

/* The option at that place: its own, then the fields; texts lie in out. false: there are no more. */
struct bs_ctl_shown {
	struct bs_ctl_option option;
	char arg[BS_FIELD_TEXT], help[BS_FIELD_TEXT];
};
bool bs_ctl_option_at(const struct bs_ctl_command *c, size_t index, struct bs_ctl_shown *out);

/* "1.0", "1.1" or "1.2" of --lwm2m; NULL is UNKNOWN. Another word is a usage error, which is said. */
BS_MUST_USE enum bs_exit bs_ctl_read_version(const char *text, enum bs_lwm2m *out);

#define BS_CTL_LOOK_BACK 1000 /* attempts of one device; the journal keeps fewer */

/* ---- talk -------------------------------------------------------------------------------------------------------- */

void bs_ctl_say(const char *fmt, ...) BS_PRINTF(1, 2); /* "lwm2m-bootstrapctl: ...", on stderr */
/* The sentence of diag, or that of err; returns BS_EXIT_FAILED. */
int bs_ctl_fail(enum bs_err err, const struct bs_diag *diag);
/* The same, with what it was about; text of err. */
int bs_ctl_fail_at(const char *what, enum bs_err err);
int bs_ctl_usage(const char *fmt, ...) BS_PRINTF(1, 2); /* returns BS_EXIT_USAGE */

/* ---- store ------------------------------------------------------------------------------------------------------- */

/* Find folder and master key file from -s, -k, -c, once: a second call keeps them. Says what is missing. */
BS_MUST_USE enum bs_exit bs_ctl_locate(struct bs_ctl *ctl);
/*
 * As root: become the owner of path, so that no file there ever belongs to another user. Files of the operator's own are
 * opened before.
 */
BS_MUST_USE enum bs_err bs_ctl_become_owner(struct bs_ctl *ctl, const char *path, struct bs_diag *diag);
/* bs_ctl_fail for what happened after it: says as whom. */
int bs_ctl_fail_as_owner(const struct bs_ctl *ctl, enum bs_err err, const struct bs_diag *diag);
/* Locate, become the owner, open. Says what is wrong. Closed at exit. */
BS_MUST_USE enum bs_exit bs_ctl_open(struct bs_ctl *ctl);
/* After bs_ctl_open. *out NULL: there is none yet. */
BS_MUST_USE enum bs_exit bs_ctl_open_journal(struct bs_ctl *ctl, struct bs_journal **out);
/* An identity as the journal spells it: what would need quoting in a log line is escaped there. */
const char *bs_ctl_journal_identity(const char *identity, char out[BS_IDENTITY_MAX + 1]);
/* Say so when secrets that were removed could not be cleared from the write-ahead log. */
void bs_ctl_say_kept(const struct bs_ctl *ctl);
/* Commit or, on failure, roll back; returns the exit status. */
int bs_ctl_commit(struct bs_ctl *ctl);
/* The same for an import of so many devices, which status tells of. */
int bs_ctl_commit_import(struct bs_ctl *ctl, uint64_t rows);
/* Open, remove what has that name in one transaction, commit; returns the exit status. */
typedef enum bs_err bs_ctl_remove_fn(struct bs_store *st, const char *name, struct bs_diag *diag);
int bs_ctl_remove(struct bs_ctl *ctl, const char *name, bs_ctl_remove_fn *remove);
/* There is no such thing, near being what was offered of its kind. Returns BS_EXIT_FAILED. */
int bs_ctl_none(const char *kind, const char *name, const struct bs_near *near);
/* There is no such device, profile or server account: say so, with near names. Returns BS_EXIT_FAILED. */
int bs_ctl_no_device(struct bs_ctl *ctl, const char *endpoint);
int bs_ctl_no_profile(struct bs_ctl *ctl, const char *name);
int bs_ctl_no_server(struct bs_ctl *ctl, const char *name);
/* The device of that name; says what is wrong. */
BS_MUST_USE enum bs_exit bs_ctl_find_device(struct bs_ctl *ctl, const char *endpoint, struct bs_device_info *out);

#define BS_CTL_TAMPERED "CHANGED WITHOUT THE KEYS"
/* On stderr, when it is not as the tool left it: so, and what to do. kind and id as in bs_store_is_good. */
void bs_ctl_say_tampered(const struct bs_ctl *ctl, const char *kind, int64_t id, const char *name);

/* ---- output ------------------------------------------------------------------------------------------------------ */

/* A JSON list is printed item by item, so that memory does not grow with the fleet. item is taken. */
void bs_ctl_list_begin(struct bs_ctl *ctl);
void bs_ctl_list_item(struct bs_ctl *ctl, json_t *item);
void bs_ctl_list_end(struct bs_ctl *ctl);
/* A whole list command: open, and let each print its items between begin and end. Returns the exit status. */
typedef enum bs_err bs_ctl_each_fn(struct bs_ctl *ctl);
int bs_ctl_list(struct bs_ctl *ctl, bs_ctl_each_fn *each);
void bs_ctl_print_json(json_t *item); /* taken */
/* "name    value" of a show command. */
void bs_ctl_line(const char *name, const char *fmt, ...) BS_PRINTF(2, 3);
/* Was all of stdout written? Else says so; returns the exit status. */
int bs_ctl_flush(void);

/* ---- commands ---------------------------------------------------------------------------------------------------- */

extern const struct bs_ctl_command bs_cmd_init, bs_cmd_verify, bs_cmd_restore;
extern const struct bs_ctl_command bs_cmd_server_add, bs_cmd_server_set, bs_cmd_server_list, bs_cmd_server_show,
	bs_cmd_server_remove;
extern const struct bs_ctl_command bs_cmd_profile_add, bs_cmd_profile_set, bs_cmd_profile_list, bs_cmd_profile_show,
	bs_cmd_profile_remove;
extern const struct bs_ctl_command bs_cmd_model_import, bs_cmd_model_list, bs_cmd_model_show, bs_cmd_model_remove;
extern const struct bs_ctl_command bs_cmd_import;
extern const struct bs_ctl_command bs_cmd_device_list, bs_cmd_device_show, bs_cmd_device_enable, bs_cmd_device_disable,
	bs_cmd_device_delete;
extern const struct bs_ctl_command bs_cmd_completion;
/* talk to the running daemon: cmd/daemon.c */
extern const struct bs_ctl_command bs_cmd_status, bs_cmd_sessions, bs_cmd_kick, bs_cmd_reload, bs_cmd_log,
	bs_cmd_trigger;
extern const struct bs_ctl_command bs_cmd_plan, bs_cmd_smartcard, bs_cmd_factory, bs_cmd_explain, bs_cmd_rotate,
	bs_cmd_settle;
extern const struct bs_ctl_command bs_cmd_stranger_list, bs_cmd_adopt;

#endif
