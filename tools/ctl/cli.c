/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/cli.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/near.h"
#include "server/base/terminal.h"
#include "server/model/advice.h"
#include "server/conf/conf.h"

const char *
bs_ctl_get(const struct bs_ctl_args *args, size_t index)
{
	for (size_t i = args->given_count; i > 0; i--)
		if (args->given[i - 1].index == index)
			return args->given[i - 1].value;
	return NULL;
}

bool
bs_ctl_option_at(const struct bs_ctl_command *c, size_t index, struct bs_ctl_shown *out)
{
	const struct bs_field *f;

	for (const struct bs_ctl_option *o = c->options; o != NULL && o->name != NULL; o++)
		if (index-- == 0) {
			out->option = *o;
			return true;
		}
	if (!c->has_fields || index >= bs_profile_field_count)
		return false;
	f = &bs_profile_fields[index];
	out->option = (struct bs_ctl_option){ f->name, bs_field_arg(f, out->arg), bs_field_help(f, out->help) };
	return true;
}

/* ---- talk -------------------------------------------------------------------------------------------------------- */

static void say(const char *fmt, va_list args) BS_PRINTF(1, 0);

static void
say(const char *fmt, va_list args)
{
	fputs("lwm2m-bootstrapctl: ", stderr);
	bs_terminal_vprint(stderr, fmt, args);
	fputc('\n', stderr);
}

void
bs_ctl_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

int
bs_ctl_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	return BS_EXIT_USAGE;
}

enum bs_exit
bs_ctl_read_version(const char *text, enum bs_lwm2m *out)
{
	static const struct {
		const char *text;
		enum bs_lwm2m version;
	} versions[] = { { "1.0", BS_LWM2M_1_0 }, { "1.1", BS_LWM2M_1_1 }, { "1.2", BS_LWM2M_1_2 } };

	*out = BS_LWM2M_UNKNOWN;
	for (size_t i = 0; text != NULL && i < sizeof(versions) / sizeof(versions[0]); i++)
		if (strcmp(text, versions[i].text) == 0)
			*out = versions[i].version;
	if (text != NULL && *out == BS_LWM2M_UNKNOWN)
		return (enum bs_exit)bs_ctl_usage("--lwm2m must be 1.0, 1.1 or 1.2");
	return BS_EXIT_DONE;
}

int
bs_ctl_fail(enum bs_err err, const struct bs_diag *diag)
{
	if (diag != NULL && diag->text[0] != '\0')
		bs_ctl_say("%s", diag->text);
	else
		bs_ctl_say("%s%s", bs_strerror(err), bs_advice_on_error(err));
	return BS_EXIT_FAILED;
}

int
bs_ctl_fail_at(const char *what, enum bs_err err)
{
	bs_ctl_say("%s: %s%s", what, bs_strerror(err), bs_advice_on_error(err));
	return BS_EXIT_FAILED;
}

/* ---- store ------------------------------------------------------------------------------------------------------- */

static enum bs_exit
locate_by_conf(struct bs_ctl *ctl)
{
	const char *file = ctl->conf_file != NULL ? ctl->conf_file : BS_CTL_DEFAULT_CONF;
	struct bs_conf conf;
	struct bs_diag diag = { 0 };
	enum bs_err err;

	if (ctl->conf_file == NULL && access(file, F_OK) != 0)
		return (enum bs_exit)bs_ctl_usage(
			"name the store: -c CONF, or -s STORE_DIR -k MASTER_KEY_FILE (there is no %s)", file);
	err = bs_conf_read_places(file, &conf, &diag);
	if (err != BS_OK)
		return (enum bs_exit)bs_ctl_fail(err, &diag);
	if (ctl->dir == NULL && conf.store_directory != NULL)
		ctl->dir = strdup(conf.store_directory);
	if (ctl->key_file == NULL && conf.master_key != NULL)
		ctl->key_file = strdup(conf.master_key);
	bs_conf_clear(&conf);
	return BS_EXIT_DONE;
}

enum bs_exit
bs_ctl_locate(struct bs_ctl *ctl)
{
	enum bs_exit exit_status = BS_EXIT_DONE;

	/* A command may look more than once. */
	if (ctl->dir == NULL && ctl->dir_arg != NULL)
		ctl->dir = strdup(ctl->dir_arg);
	if (ctl->key_file == NULL && ctl->key_arg != NULL)
		ctl->key_file = strdup(ctl->key_arg);
	if (ctl->dir == NULL || ctl->key_file == NULL)
		exit_status = locate_by_conf(ctl);
	if (exit_status == BS_EXIT_DONE && (ctl->dir == NULL || ctl->key_file == NULL))
		exit_status = (enum bs_exit)bs_ctl_usage(
			"directory and master key of the store are required: -s STORE_DIR -k FILE");
	return exit_status;
}

enum bs_err
bs_ctl_become_owner(struct bs_ctl *ctl, const char *path, struct bs_diag *diag)
{
	struct stat st;
	const struct passwd *pw;

	if (geteuid() != 0)
		return BS_OK;
	if (stat(path, &st) != 0)
		return bs_diag_set(diag, BS_EIO, 0, "%s: %s", path, strerror(errno));
	if (st.st_uid == 0)
		return BS_OK;
	pw = getpwuid(st.st_uid);
	if ((pw != NULL ? initgroups(pw->pw_name, pw->pw_gid) : setgroups(0, NULL)) != 0 ||
		setgid(pw != NULL ? pw->pw_gid : st.st_gid) != 0 || setuid(st.st_uid) != 0)
		return bs_diag_set(diag, BS_EPERM, 0, "cannot become the owner of %s: %s", path, strerror(errno));
	ctl->became_owner = true;
	return BS_OK;
}

int
bs_ctl_fail_as_owner(const struct bs_ctl *ctl, enum bs_err err, const struct bs_diag *diag)
{
	const struct passwd *pw = ctl->became_owner ? getpwuid(geteuid()) : NULL;

	bs_ctl_fail(err, diag);
	if (ctl->became_owner)
		bs_ctl_say("this ran as %s, the owner of %s; store and master key must belong to that user",
			pw != NULL ? pw->pw_name : "another user", ctl->dir);
	return BS_EXIT_FAILED;
}

/* A folder that cannot be looked into is another matter. */
static bool
is_missing(const struct bs_ctl *ctl)
{
	char *path = NULL;
	bool missing = asprintf(&path, "%s/%s", ctl->dir, BS_STORE_FILE) >= 0 && access(path, F_OK) != 0 &&
		       errno == ENOENT;

	free(path);
	return missing;
}

enum bs_exit
bs_ctl_open(struct bs_ctl *ctl)
{
	struct bs_diag diag = { 0 };
	enum bs_exit status = bs_ctl_locate(ctl);
	enum bs_err err;

	if (status != BS_EXIT_DONE)
		return status;
	if (is_missing(ctl)) {
		bs_ctl_say("there is no store in %s; lwm2m-bootstrapctl init creates it", ctl->dir);
		return BS_EXIT_FAILED;
	}
	err = bs_ctl_become_owner(ctl, ctl->dir, &diag);
	if (err == BS_OK)
		err = bs_store_open(ctl->dir, ctl->key_file, BS_STORE_WRITE, &ctl->store, &diag);
	return err == BS_OK ? BS_EXIT_DONE : (enum bs_exit)bs_ctl_fail_as_owner(ctl, err, &diag);
}

enum bs_exit
bs_ctl_open_journal(struct bs_ctl *ctl, struct bs_journal **out)
{
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_journal_open(ctl->dir, BS_JOURNAL_READ, out, &diag);

	if (err == BS_OK)
		return BS_EXIT_DONE;
	*out = NULL;
	return err == BS_ENOTFOUND ? BS_EXIT_DONE : (enum bs_exit)bs_ctl_fail(err, &diag);
}

const char *
bs_ctl_journal_identity(const char *identity, char out[BS_IDENTITY_MAX + 1])
{
	struct bs_quote q;
	size_t len;

	bs_log_quote(&q, identity);
	len = strlen(q.text) - 2; /* without its quotes */
	len = len < BS_IDENTITY_MAX ? len : BS_IDENTITY_MAX;
	memcpy(out, q.text + 1, len);
	out[len] = '\0';
	return out;
}

void
bs_ctl_say_kept(const struct bs_ctl *ctl)
{
	if (bs_store_log_is_kept(ctl->store))
		bs_ctl_say("what was removed is still in %s/%s-wal, which somebody reads; the next removal, "
			   "or the end of the last program that has the store open, clears it",
			ctl->dir, BS_STORE_FILE);
}

int
bs_ctl_commit(struct bs_ctl *ctl)
{
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_store_commit(ctl->store, &diag);

	if (err == BS_OK) {
		bs_ctl_say_kept(ctl);
		return BS_EXIT_DONE;
	}
	bs_store_rollback(ctl->store);
	return bs_ctl_fail(err, &diag);
}

int
bs_ctl_commit_import(struct bs_ctl *ctl, uint64_t rows)
{
	enum bs_err err = bs_store_note_import(ctl->store, bs_clock_wall_ms() / 1000, rows);

	if (err == BS_OK)
		return bs_ctl_commit(ctl);
	bs_store_rollback(ctl->store);
	return bs_ctl_fail(err, NULL);
}

int
bs_ctl_remove(struct bs_ctl *ctl, const char *name, bs_ctl_remove_fn *remove)
{
	struct bs_diag diag = { 0 };
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err;

	if (status != BS_EXIT_DONE)
		return status;
	err = bs_store_begin(ctl->store, &diag);
	if (err == BS_OK)
		err = remove(ctl->store, name, &diag);
	if (err == BS_OK)
		return bs_ctl_commit(ctl);
	bs_store_rollback(ctl->store);
	return diag.text[0] != '\0' ? bs_ctl_fail(err, &diag) : bs_ctl_fail_at(name, err);
}

int
bs_ctl_none(const char *kind, const char *name, const struct bs_near *near)
{
	char hint[340];

	bs_ctl_say(
		"there is no %s %s%s", kind, name, near->name[0] != '\0' ? bs_near_text(near, hint, sizeof(hint)) : "");
	return BS_EXIT_FAILED;
}

static void
offer_device(void *arg, const struct bs_device_info *info)
{
	bs_near_offer(arg, info->endpoint);
}

static void
offer_profile(void *arg, const struct bs_profile_def *def)
{
	bs_near_offer(arg, def->profile.name);
}

static void
offer_server(void *arg, const struct bs_server_def *def)
{
	bs_near_offer(arg, def->name);
}

/* err: of the walk that offered the names; of a part of them nobody knows whether it was the nearest. */
static int
say_none(const char *kind, const char *name, struct bs_near *near, enum bs_err err)
{
	if (err != BS_OK)
		near->name[0] = '\0';
	return bs_ctl_none(kind, name, near);
}

int
bs_ctl_no_device(struct bs_ctl *ctl, const char *endpoint)
{
	struct bs_near near;

	bs_near_init(&near, endpoint);
	return say_none("device", endpoint, &near, bs_store_each_device(ctl->store, NULL, offer_device, &near));
}

int
bs_ctl_no_profile(struct bs_ctl *ctl, const char *name)
{
	struct bs_near near;

	bs_near_init(&near, name);
	return say_none("profile", name, &near, bs_store_each_profile(ctl->store, NULL, offer_profile, &near));
}

int
bs_ctl_no_server(struct bs_ctl *ctl, const char *name)
{
	struct bs_near near;

	bs_near_init(&near, name);
	return say_none("server account", name, &near, bs_store_each_server(ctl->store, NULL, offer_server, &near));
}

static void
keep_device(void *arg, const struct bs_device_info *info)
{
	*(struct bs_device_info *)arg = *info;
}

enum bs_exit
bs_ctl_find_device(struct bs_ctl *ctl, const char *endpoint, struct bs_device_info *out)
{
	enum bs_err err = bs_store_each_device(ctl->store, endpoint, keep_device, out);

	if (err == BS_OK)
		return BS_EXIT_DONE;
	return (enum bs_exit)(err == BS_ENOTFOUND ? bs_ctl_no_device(ctl, endpoint) : bs_ctl_fail_at(endpoint, err));
}

void
bs_ctl_say_tampered(const struct bs_ctl *ctl, const char *kind, int64_t id, const char *name)
{
	struct bs_quote q;

	if (!bs_store_is_good(ctl->store, kind, id))
		bs_ctl_say(
			"%s %s was changed by somebody who does not have the keys of the store: put a backup back, or, "
			"if what is shown here is right, say verify --accept %s NAME",
			kind, bs_log_quote(&q, name), kind);
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

#define JSON_FLAGS JSON_COMPACT

void
bs_ctl_list_begin(struct bs_ctl *ctl)
{
	ctl->first_item = true;
	if (ctl->json)
		fputc('[', stdout);
}

void
bs_ctl_list_item(struct bs_ctl *ctl, json_t *item)
{
	fputs(ctl->first_item ? "\n" : ",\n", stdout);
	ctl->first_item = false;
	json_dumpf(item, stdout, JSON_FLAGS);
	json_decref(item);
}

void
bs_ctl_list_end(struct bs_ctl *ctl)
{
	if (ctl->json)
		fputs(ctl->first_item ? "]\n" : "\n]\n", stdout);
}

int
bs_ctl_list(struct bs_ctl *ctl, bs_ctl_each_fn *each)
{
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err;

	if (status != BS_EXIT_DONE)
		return status;
	bs_ctl_list_begin(ctl);
	err = each(ctl);
	bs_ctl_list_end(ctl);
	return err == BS_OK ? BS_EXIT_DONE : bs_ctl_fail(err, NULL);
}

void
bs_ctl_print_json(json_t *item)
{
	json_dumpf(item, stdout, JSON_INDENT(2));
	fputc('\n', stdout);
	json_decref(item);
}

void
bs_ctl_line(const char *name, const char *fmt, ...)
{
	va_list args;

	printf("%-22s ", name);
	va_start(args, fmt);
	bs_terminal_vprint(stdout, fmt, args);
	va_end(args);
	putchar('\n');
}

int
bs_ctl_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return BS_EXIT_DONE;
	bs_ctl_say("standard output: %s", strerror(errno));
	return BS_EXIT_FAILED;
}
