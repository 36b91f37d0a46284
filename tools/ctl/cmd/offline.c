/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/cmd/offline.h"

#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/terminal.h"

/* ---- one device -------------------------------------------------------------------------------------------------- */

static enum bs_err
load(struct bs_store *st, const struct bs_device_info *device, struct bs_account **out, struct bs_diag *diag)
{
	enum bs_err err = bs_store_load_provisioned(st, device->device_id, out);

	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "%s: %s", device->endpoint, bs_strerror(err));
	if ((*out)->renewal != NULL)
		return BS_OK;
	return bs_diag_set(diag, BS_ENOTFOUND, 0,
		"%s: profile %s has no bootstrap account of mode %s, so the device could not find back here; add one (server add --kind bootstrap)",
		device->endpoint, device->profile, bs_mode_name(device->mode));
}

enum bs_err
bs_offline_plan(struct bs_store *st, const struct bs_device_info *device, enum bs_lwm2m version, int32_t format,
	struct bs_account **account, struct bs_plan **out, struct bs_diag *diag)
{
	struct bs_client_view view = { .version = version, .pct = format, .factory = true };
	enum bs_err err = load(st, device, account, diag);

	*out = NULL;
	if (err == BS_OK)
		err = bs_plan_build(*account, &view, bs_clock_wall_ms() / 1000, out, diag);
	if (err != BS_OK) {
		bs_account_free(*account);
		*account = NULL;
	}
	return err;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static void
show_progress(struct bs_offline *o)
{
	uint64_t now = bs_clock_ms();

	if (!o->progress || now < o->next_progress_ms)
		return;
	fprintf(bs_terminal_raw(stderr), "\r%lu devices written", o->done);
	o->next_progress_ms = now + 1000;
}

static void
end_progress(const struct bs_offline *o)
{
	if (o->progress && o->next_progress_ms > 0)
		fputs("\r\033[K", bs_terminal_raw(stderr));
}

static void
put_field(FILE *to, const char *text, char after)
{
	csv_fwrite(to, text, strlen(text));
	fputc(after, to);
}

static void
put_index(struct bs_offline *o, const struct bs_device_info *device, const char *name)
{
	char file[BS_OUTLET_NAME_MAX + 32];

	snprintf(file, sizeof(file), "%s%s%s", o->archive != NULL ? o->archive : name,
		o->archive != NULL ? "" : o->ending, o->outlet.recipient != NULL ? ".cms" : "");
	put_field(o->index, device->endpoint, ',');
	put_field(o->index, device->iccid, ',');
	put_field(o->index, file, '\n');
}

/* Noted at the end: nothing may be written while the store is read. */
static enum bs_err
keep(struct bs_offline *o, int64_t device_id)
{
	if (o->id_count == o->id_room) {
		size_t room = o->id_room == 0 ? 64 : 2 * o->id_room;
		int64_t *ids = realloc(o->ids, room * sizeof(*ids));

		if (ids == NULL)
			return BS_ENOMEM;
		o->ids = ids;
		o->id_room = room;
	}
	o->ids[o->id_count++] = device_id;
	return BS_OK;
}

static enum bs_err
write_device(struct bs_offline *o, const struct bs_device_info *device, struct bs_diag *diag)
{
	char name[BS_OUTLET_NAME_MAX + 1];
	struct bs_account *account = NULL;
	struct bs_plan *plan = NULL;
	enum bs_err err = bs_offline_plan(o->ctl->store, device, o->version, o->format, &account, &plan, diag);

	bs_outlet_name(device->endpoint, name);
	if (err == BS_OK)
		err = o->fn(o->arg, o, device, plan, name, diag);
	if (err == BS_OK) {
		put_index(o, device, name);
		err = keep(o, device->device_id);
	}
	if (err == BS_OK) {
		o->done++;
		if (account->renewal->secret_key.len == 0)
			o->without_key++;
	}
	bs_plan_free(plan);
	bs_account_free(account);
	return err;
}

static bool
is_chosen(const struct bs_offline *o, const struct bs_device_info *device)
{
	return (o->profile == NULL || strcmp(device->profile, o->profile) == 0) &&
	       (o->batch == NULL || strcmp(device->batch, o->batch) == 0);
}

static void
on_device(void *arg, const struct bs_device_info *device)
{
	struct bs_offline *o = arg;
	struct bs_diag diag = { 0 };

	if (!is_chosen(o, device))
		return;
	if (write_device(o, device, &diag) != BS_OK) {
		end_progress(o);
		bs_ctl_say("%s", diag.text[0] != '\0' ? diag.text : bs_strerror(diag.err));
		o->bad++;
	}
	show_progress(o);
}

/* All of them in one transaction. */
static int
note(const struct bs_offline *o)
{
	struct bs_diag diag = { 0 };
	int64_t now_s = bs_clock_wall_ms() / 1000;
	enum bs_err err = bs_store_begin(o->ctl->store, &diag);

	if (err != BS_OK)
		return bs_ctl_fail(err, &diag);
	for (size_t i = 0; i < o->id_count && err == BS_OK; i++)
		err = bs_store_note_provisioned(o->ctl->store, o->ids[i], now_s);
	if (err == BS_OK)
		return bs_ctl_commit(o->ctl);
	bs_store_rollback(o->ctl->store);
	return bs_ctl_fail_at("the files are good, but the store does not know of them", err);
}

static int
tell(const struct bs_offline *o)
{
	int status = o->done > 0 ? note(o) : BS_EXIT_FAILED;

	if (o->without_key > 0)
		bs_ctl_say(
			"warning: the store has no private key of %lu device%s: its bootstrap account has neither resource 3 nor 5, which the maker adds",
			o->without_key, o->without_key == 1 ? "" : "s");
	if (o->done + o->bad == 0)
		bs_ctl_say("no device fits; nothing was written");
	else
		bs_ctl_say("%lu device%s written to %s", o->done, o->done == 1 ? "" : "s", o->outlet.dir);
	if (o->bad > 0)
		bs_ctl_say("%lu device%s not written", o->bad, o->bad == 1 ? "" : "s");
	return o->bad == 0 ? status : BS_EXIT_FAILED;
}

static void
ignore_profile(void *arg, const struct bs_profile_def *def)
{
	(void)arg;
	(void)def;
}

/* A name that was mistyped is told with those that are near. */
static bool
has_profile(const struct bs_offline *o)
{
	if (o->profile == NULL || bs_store_each_profile(o->ctl->store, o->profile, ignore_profile, NULL) == BS_OK)
		return true;
	bs_ctl_no_profile(o->ctl, o->profile);
	return false;
}

static enum bs_err
begin(struct bs_offline *o, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;

	o->index = bs_outlet_open_public(&o->outlet, "index.csv");
	if (o->index == NULL)
		return bs_diag_set(diag, BS_EIO, 0, "%s/index.csv: %s", o->outlet.dir, strerror(errno));
	fputs("endpoint,iccid,file\n", o->index);
	if (o->archive != NULL)
		err = bs_outlet_stream_open(&o->outlet, o->archive, &o->stream, diag);
	if (o->stream != NULL)
		o->to = bs_outlet_stream_to(o->stream);
	return err;
}

static enum bs_err
end(struct bs_offline *o, struct bs_diag *diag)
{
	enum bs_err err = bs_outlet_stream_close(o->stream, diag);

	o->stream = NULL;
	if (o->index != NULL && fclose(o->index) != 0 && err == BS_OK)
		err = bs_diag_set(diag, BS_EIO, 0, "%s/index.csv: %s", o->outlet.dir, strerror(errno));
	return err;
}

static int
write_all(struct bs_offline *o)
{
	struct bs_diag diag = { 0 };
	enum bs_err err = BS_OK, ended;

	if (!has_profile(o))
		return BS_EXIT_FAILED;
	o->progress = isatty(STDERR_FILENO) != 0;
	ended = begin(o, &diag);
	if (ended == BS_OK)
		err = bs_store_each_device(o->ctl->store, o->endpoint, on_device, o);
	end_progress(o);
	if (ended != BS_OK)
		(void)!end(o, NULL); /* the first error is told */
	else
		ended = end(o, &diag);
	if (ended != BS_OK)
		return bs_ctl_fail(ended, &diag);
	if (err == BS_ENOTFOUND && o->endpoint != NULL)
		return bs_ctl_no_device(o->ctl, o->endpoint);
	return err == BS_OK || err == BS_ENOTFOUND ? tell(o) : bs_ctl_fail_at("devices", err);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static enum bs_exit
read_choice(struct bs_offline *o, const struct bs_ctl_args *args)
{
	o->endpoint = args->word_count > 0 ? args->words[0] : NULL;
	o->profile = bs_ctl_get(args, BS_OFFLINE_PROFILE);
	o->batch = bs_ctl_get(args, BS_OFFLINE_BATCH);
	if ((o->endpoint != NULL) == (o->profile != NULL || o->batch != NULL))
		return (enum bs_exit)bs_ctl_usage("name one device, or choose some with --profile or --batch");
	return bs_ctl_read_version(bs_ctl_get(args, BS_OFFLINE_LWM2M), &o->version);
}

int
bs_offline_run(struct bs_offline *o, struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	enum bs_exit status = read_choice(o, args);

	o->ctl = ctl;
	if (status == BS_EXIT_DONE)
		status = bs_outlet_init(&o->outlet, bs_ctl_get(args, BS_OFFLINE_RECIPIENT),
			bs_ctl_get(args, BS_OFFLINE_PLAIN) != NULL, bs_ctl_get(args, BS_OFFLINE_OUT));
	if (status != BS_EXIT_DONE)
		return (int)status;
	status = bs_ctl_locate(ctl);
	if (status == BS_EXIT_DONE)
		status = bs_outlet_make(&o->outlet, ctl);
	if (status == BS_EXIT_DONE)
		status = bs_ctl_open(ctl);
	if (status == BS_EXIT_DONE)
		status = (enum bs_exit)write_all(o);
	free(o->ids);
	bs_outlet_clear(&o->outlet);
	return (int)status;
}
