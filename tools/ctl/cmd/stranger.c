/* SPDX-License-Identifier: Apache-2.0 */
/* stranger list: strangers that came, with what they showed. adopt: one of them becomes a device. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/base/log.h"
#include "server/base/text.h"
#include "server/model/advice.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/device/convert.h"
#include "tools/ctl/number.h"
#include "tools/ctl/show.h"
#include "tools/ctl/device/row.h"

#define SHOWN_DEFAULT 100
#define SHOWN_MAX 10000
#define LOOK_BACK 100 /* attempts of one identity */

/* ---- list --------------------------------------------------------------------------------------------------------- */

enum { O_LAST };

static const struct bs_ctl_option list_options[] = {
	[O_LAST] = { "last", "N", "how many, latest first (100)" },
	{ 0 },
};

static const char *
mode_text(const struct bs_attempt *a)
{
	return a->mode <= BS_MODE_X509 ? bs_mode_name((enum bs_mode)a->mode) : "unknown";
}

/* A text that is not UTF-8, as when it was cut, is left out. */
static json_t *
stranger_json(const struct bs_attempt *a, const char *device)
{
	char first[32], last[32];
	const char *const texts[][2] = {
		{ "identity", a->identity },
		{ "mode", mode_text(a) },
		{ "outcome", bs_outcome_word(a->outcome) },
		{ "first", bs_show_time(a->first_ms, first) },
		{ "last", bs_show_time(a->at_ms, last) },
		{ "address", a->address },
		{ "named_itself", a->claimed },
		{ "detail", a->detail },
		{ "device", device },
	};
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		json_object_set_new(o, texts[i][0], json_string(texts[i][1]));
	json_object_set_new(o, "count", json_integer((json_int_t)a->seen));
	return o;
}

/* What was unknown then may be a device by now. */
static void
print_stranger(void *arg, const struct bs_attempt *a)
{
	struct bs_ctl *ctl = arg;
	char first[32], last[32], device[BS_ENDPOINT_MAX + 1] = "";
	struct bs_quote q;

	if (bs_store_endpoint_of(ctl->store, a->identity, device) != BS_OK)
		device[0] = '\0';
	if (ctl->json)
		bs_ctl_list_item(ctl, stranger_json(a, device));
	else
		printf("%s\t%s\t%s\t%u\t%s\t%s\t%s%s%s\n", bs_log_quote(&q, a->identity), mode_text(a),
			bs_outcome_word(a->outcome), a->seen, bs_show_time(a->first_ms, first),
			bs_show_time(a->at_ms, last), a->address, *device != '\0' ? "\tnow " : "", device);
}

static int
stranger_list(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	const char *last = bs_ctl_get(args, O_LAST);
	struct bs_journal *journal = NULL;
	uint64_t max = SHOWN_DEFAULT;
	enum bs_err err = BS_OK;
	int status;

	if (last != NULL && !bs_number_read(last, 1, SHOWN_MAX, &max))
		return bs_ctl_usage("--last must be a number from 1 to %d", SHOWN_MAX);
	status = (int)bs_ctl_open(ctl);
	if (status == BS_EXIT_DONE)
		status = (int)bs_ctl_open_journal(ctl, &journal);
	if (status != BS_EXIT_DONE)
		return status;
	bs_ctl_list_begin(ctl);
	if (journal != NULL)
		err = bs_journal_each_unknown(journal, (size_t)max, print_stranger, ctl);
	bs_ctl_list_end(ctl);
	bs_journal_close(journal);
	return err == BS_OK ? bs_ctl_flush() : bs_ctl_fail_at(BS_JOURNAL_FILE, err);
}

/* ---- adopt -------------------------------------------------------------------------------------------------------- */

enum { O_ENDPOINT, O_PROFILE, O_CREDENTIALS };

static const struct bs_ctl_option adopt_options[] = {
	[O_ENDPOINT] = { "endpoint", "EP", "endpoint name of the device" },
	[O_PROFILE] = { "profile", "NAME", "its profile" },
	[O_CREDENTIALS] = { "credentials", "FILE|-",
		"CSV of a header and one row: its other columns, as import takes them" },
	{ 0 },
};

struct stranger {
	bool found;
	struct bs_attempt last;
};

/* Refused for nothing but that no device has it. */
static bool
is_merely_unknown(const struct bs_attempt *a)
{
	static const struct {
		enum bs_mode mode;
		enum bs_outcome outcome;
	} rows[] = {
		{ BS_MODE_X509, BS_OUT_CERT_NOT_MAPPED },
		{ BS_MODE_X509, BS_OUT_CERT_UNTRUSTED },
		{ BS_MODE_RPK, BS_OUT_RAW_KEY_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (a->mode == rows[i].mode && a->outcome == rows[i].outcome)
			return true;
	return false;
}

/* The newest comes first; but one that can be adopted goes before one that met a busy server, say. */
static void
keep_best(void *arg, const struct bs_attempt *a)
{
	struct stranger *s = arg;

	if (a->device_id != 0 || (s->found && (is_merely_unknown(&s->last) || !is_merely_unknown(a))))
		return;
	s->last = *a;
	s->found = true;
}

static bool
is_key_of(const char *id, const struct bs_attempt *a)
{
	uint8_t digest[32];
	char text[2 * sizeof(digest) + 1];

	return a->public_key_len > 0 && bs_convert_sha256(a->public_key, a->public_key_len, digest) == BS_OK &&
	       strcmp(bs_hex_encode(digest, sizeof(digest), text), id) == 0;
}

/* Only what is stored in whole, or compared by its digest, can be adopted; and only what being known would let in. */
static int
check_stranger(const char *id, const struct stranger *s)
{
	const char *what = s->last.mode == BS_MODE_RPK ? "raw public key" : "certificate";

	if (!s->found)
		bs_ctl_say("no stranger %s in the journal; see stranger list", id);
	else if (s->last.mode == BS_MODE_PSK)
		bs_ctl_say("a PSK identity cannot be adopted: only the device knows its key; import the device");
	else if (s->last.mode != BS_MODE_X509 && s->last.mode != BS_MODE_RPK)
		bs_ctl_say("%s is neither a certificate nor a raw public key", id);
	else if (!is_merely_unknown(&s->last))
		bs_ctl_say("the %s was refused as %s, which adopting does not change: %s", what,
			bs_outcome_word(s->last.outcome), bs_advice(s->last.outcome));
	else if (s->last.mode == BS_MODE_RPK && !is_key_of(id, &s->last))
		bs_ctl_say("the journal does not hold the whole key, as it is too weak, longer than %d octets, "
			   "or came to an older version; import the device with rpk_public_b64",
			BS_UNKNOWN_KEY_MAX);
	else
		return BS_EXIT_DONE;
	return BS_EXIT_FAILED;
}

static int
find_stranger(struct bs_ctl *ctl, const char *id, struct stranger *s)
{
	struct bs_journal *journal = NULL;
	size_t found;
	int status = (int)bs_ctl_open_journal(ctl, &journal);
	enum bs_err err = BS_OK;

	if (status == BS_EXIT_DONE && journal != NULL)
		err = bs_journal_find(journal, id, LOOK_BACK, keep_best, s, &found);
	bs_journal_close(journal);
	if (err != BS_OK)
		return bs_ctl_fail_at(BS_JOURNAL_FILE, err);
	return status == BS_EXIT_DONE ? check_stranger(id, s) : status;
}

struct adoption {
	struct bs_ctl *ctl;
	const char *id, *endpoint, *profile;
	struct stranger stranger;
	struct bs_csv *csv; /* NULL: nothing but what the command line says */
	struct bs_rows *rows;
	struct bs_report report;
};

#define OWN_COLUMNS 4

/* A row of the file, if there is one, with our columns behind it. */
static enum bs_err
next_row(struct adoption *ad, const char *const own[OWN_COLUMNS], struct bs_csv_row *out, struct bs_diag *diag)
{
	const struct bs_csv_row *row = NULL;
	enum bs_err err = ad->csv != NULL ? bs_csv_next(ad->csv, &row, diag) : BS_OK;

	memset(out, 0, sizeof(*out));
	if (err == BS_ENOTFOUND)
		return bs_diag_set(diag, BS_EFORMAT, 0, "expected a header and one row");
	if (err != BS_OK)
		return err;
	if (row != NULL)
		*out = *row;
	if (out->count > BS_CSV_FIELDS_MAX - OWN_COLUMNS)
		return bs_diag_set(diag, BS_ERANGE, (unsigned)out->line, "too many columns");
	ad->report.line = out->line;
	for (size_t i = 0; i < OWN_COLUMNS; i++, out->count++) {
		out->fields[out->count] = own[i];
		out->lens[out->count] = strlen(own[i]);
	}
	return BS_OK;
}

static enum bs_err
check_end(struct adoption *ad, struct bs_diag *diag)
{
	const struct bs_csv_row *row;
	enum bs_err err = ad->csv != NULL ? bs_csv_next(ad->csv, &row, diag) : BS_ENOTFOUND;

	if (err == BS_OK)
		return bs_diag_set(diag, BS_EFORMAT, (unsigned)row->line, "only one device can be adopted at a time");
	return err == BS_ENOTFOUND ? BS_OK : err;
}

/* BS_OK also after errors that the report counts. */
static enum bs_err
add_device(struct adoption *ad, struct bs_diag *diag)
{
	const struct bs_attempt *shown = &ad->stranger.last;
	bool raw = shown->mode == BS_MODE_RPK;
	char key[4 * ((BS_UNKNOWN_KEY_MAX + 2) / 3) + 1];
	const char *const names[OWN_COLUMNS] = { "endpoint", "profile", "mode",
		raw ? "rpk_public_b64" : "cert_sha256" };
	const char *const values[OWN_COLUMNS] = { ad->endpoint, ad->profile, raw ? "rpk" : "x509",
		raw ? bs_base64_encode(shown->public_key, shown->public_key_len, key) : ad->id };
	const struct bs_device_def *def;
	struct bs_conflict conflict = { 0 };
	struct bs_csv_row row;
	enum bs_err err = next_row(ad, names, &row, diag);

	if (err != BS_OK || !bs_rows_header(ad->rows, &row, &ad->report))
		return err;
	err = next_row(ad, values, &row, diag);
	if (err != BS_OK || !bs_rows_read(ad->rows, &row, &ad->report, &def))
		return err;
	err = bs_store_add_device(ad->ctl->store, def, &conflict, diag);
	if (err == BS_EREFUSED) {
		bs_rows_report_conflict(ad->rows, &conflict, &ad->report);
		return BS_OK;
	}
	if (err == BS_OK)
		err = check_end(ad, diag);
	bs_rows_finish(ad->rows, &ad->report);
	return err;
}

static int
store_device(struct adoption *ad)
{
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_store_begin(ad->ctl->store, &diag);

	if (err != BS_OK)
		return bs_ctl_fail(err, &diag);
	err = add_device(ad, &diag);
	if (err != BS_OK) {
		ad->report.line = diag.line;
		bs_report_error(&ad->report, NULL, "%s", diag.text[0] != '\0' ? diag.text : bs_strerror(err));
	}
	bs_report_close(&ad->report);
	if (ad->report.errors == 0)
		return bs_ctl_commit(ad->ctl);
	bs_store_rollback(ad->ctl->store);
	bs_ctl_say("nothing was stored");
	return BS_EXIT_FAILED;
}

static int
adopt_from(struct adoption *ad, int fd)
{
	struct bs_catalog catalog = { 0 };
	const struct bs_attempt *last = &ad->stranger.last;
	struct bs_quote q;
	int status = (int)bs_ctl_open(ad->ctl);
	enum bs_err err;

	if (status == BS_EXIT_DONE)
		status = find_stranger(ad->ctl, ad->id, &ad->stranger);
	if (status != BS_EXIT_DONE)
		return status;
	err = bs_catalog_load(ad->ctl->store, &catalog);
	ad->csv = fd >= 0 ? bs_csv_new(fd) : NULL;
	ad->rows = err == BS_OK ? bs_rows_new(&catalog, NULL, 128) : NULL;
	if (err != BS_OK || ad->rows == NULL || (fd >= 0 && ad->csv == NULL))
		status = bs_ctl_fail(err != BS_OK ? err : BS_ENOMEM, NULL);
	else
		status = store_device(ad);
	if (status == BS_EXIT_DONE)
		bs_ctl_say("%s is a device now; its %s came from %s, %s", ad->endpoint,
			last->mode == BS_MODE_RPK ? "raw public key" : "certificate", last->address,
			bs_log_quote(&q, last->detail));
	bs_csv_free(ad->csv);
	bs_rows_free(ad->rows);
	bs_catalog_clear(&catalog);
	return status;
}

static int
adopt(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	const char *file = bs_ctl_get(args, O_CREDENTIALS);
	struct adoption ad = { .ctl = ctl,
		.id = args->words[0],
		.endpoint = bs_ctl_get(args, O_ENDPOINT),
		.profile = bs_ctl_get(args, O_PROFILE) };
	int fd = -1, status;

	if (ad.endpoint == NULL || ad.profile == NULL)
		return bs_ctl_usage("--endpoint and --profile are required");
	bs_report_init(&ad.report, stderr, file);
	/* Opened before the identity of the store's owner is taken: the file is the caller's. */
	if (file != NULL)
		fd = strcmp(file, "-") == 0 ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC);
	if (file != NULL && fd < 0) {
		bs_ctl_say("%s: %s", file, strerror(errno));
		return BS_EXIT_FAILED;
	}
	status = adopt_from(&ad, fd);
	if (fd >= 0)
		close(fd);
	return status;
}

const struct bs_ctl_command bs_cmd_stranger_list = {
	.name = "stranger",
	.alias = "unknown",
	.verb = "list",
	.synopsis = "[--last N]",
	.summary = "strangers: identities, keys and certificates that no device has",
	.options = list_options,
	.run = stranger_list,
};
const struct bs_ctl_command bs_cmd_adopt = {
	.name = "adopt",
	.synopsis = "SHA256 --endpoint EP --profile NAME [--credentials FILE|-]",
	.summary = "make a device of a certificate or raw public key that stranger list shows",
	.min_words = 1,
	.max_words = 1,
	.options = adopt_options,
	.run = adopt,
};
