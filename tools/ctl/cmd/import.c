/* SPDX-License-Identifier: Apache-2.0 */
/* import: a device file into the store, all rows or none. Memory does not depend on the number of rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/base/terminal.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/cmd/import_common.h"
#include "tools/ctl/number.h"
#include "tools/ctl/device/row.h"

#define BLOCK_MAX 1024 /* of block-wise transfer (RFC 7959) */
#define INSTANCE_HEADS 24 /* heads of resources 0 to 5 and 10 in TLV, and the short ones themselves */
#define BULK_OCTETS 1000000 /* files from that size on are worth the store's preparations */

enum { O_PROFILE, O_CHANNEL_BITS, O_SIM, O_DRY_RUN };

static const struct bs_ctl_option options[] = {
	[O_PROFILE] = { "profile", "NAME", "profile for rows that name none" },
	[O_CHANNEL_BITS] = { "channel-bits", "128|256",
		"strength of the bootstrap channel's ciphers; 256 where [dtls] ciphers has AES-256 suites alone (128)" },
	[O_SIM] = { "sim", "MAP",
		"FILE is a SIM vendor's: SMS keys for devices that are in the store; MAP tells its columns" },
	[O_DRY_RUN] = { "dry-run", NULL, "check everything, store nothing" },
	{ 0 },
};

struct import {
	struct bs_ctl *ctl;
	struct bs_csv *csv;
	struct bs_catalog catalog;
	struct bs_rows *rows;
	struct bs_report report;
	const char *source; /* name of the file */
	const char *profile; /* of rows that name none; NULL: they must */
	unsigned suite_bits;
	bool progress, dry_run, stop_at_first;
	uint64_t next_progress_ms;
	unsigned long good, bad;
	unsigned long large; /* devices with a Security instance that no single block holds */
	size_t largest; /* of these */
	char largest_endpoint[BS_ENDPOINT_MAX + 1];
};

static void
show_progress(struct import *im)
{
	uint64_t now = bs_clock_ms();

	if (!im->progress || now < im->next_progress_ms)
		return;
	fprintf(bs_terminal_raw(stderr), "\r%lu rows read", im->good + im->bad);
	im->next_progress_ms = now + 1000;
}

static void
end_progress(const struct import *im)
{
	if (im->progress && im->next_progress_ms > 0)
		fputs("\r\033[K", bs_terminal_raw(stderr));
}

/* About the octets of a Security instance; TLV is the shortest of the formats for it. */
static size_t
instance_octets(const struct bs_catalog *catalog, const struct bs_grant_def *g)
{
	size_t n = INSTANCE_HEADS + g->public_or_identity_len;
	const struct bs_cat_server *s, *next;

	HASH_ITER (hh, catalog->servers, s, next) {
		if (s->def.id == g->server_id)
			n += strlen(s->uri) + s->server_key_len;
	}
	return n + (g->secret_key != NULL ? g->secret_key->len : 0);
}

static void
note_large(struct import *im, const struct bs_device_def *def)
{
	size_t most = 0;

	for (size_t i = 0; i < def->grant_count; i++) {
		size_t n = def->grants[i].public_or_identity_len > 256 ? instance_octets(&im->catalog, &def->grants[i])
								       : 0;

		most = n > most ? n : most;
	}
	im->large += most > BLOCK_MAX;
	if (most > BLOCK_MAX && most > im->largest) {
		im->largest = most;
		snprintf(im->largest_endpoint, sizeof(im->largest_endpoint), "%s", def->endpoint);
	}
}

static void
warn_of_large(const struct import *im)
{
	if (im->large > 0)
		bs_ctl_say(
			"warning: %lu device%s get%s a Security instance of more than %d octets, so in blocks (see plan); "
			"the largest is that of %s, about %zu octets",
			im->large, im->large == 1 ? "" : "s", im->large == 1 ? "s" : "", BLOCK_MAX,
			im->largest_endpoint, im->largest);
}

/* BS_OK also for a bad row: it is reported and counted. An error ends the import. */
static enum bs_err
import_row(struct import *im, const struct bs_csv_row *row, struct bs_diag *diag)
{
	const struct bs_device_def *def;
	struct bs_conflict conflict = { 0 };
	enum bs_err err;

	im->report.line = row->line;
	if (!bs_rows_read(im->rows, row, &im->report, &def)) {
		im->bad++;
		return BS_OK;
	}
	err = bs_store_add_device(im->ctl->store, def, &conflict, diag);
	if (err == BS_EREFUSED) {
		bs_rows_report_conflict(im->rows, &conflict, &im->report);
		im->bad++;
		return BS_OK;
	}
	im->good += err == BS_OK;
	if (err == BS_OK)
		note_large(im, def);
	return err;
}

/* BS_ENOTFOUND at the end of the file. */
static enum bs_err
import_rows(struct import *im, struct bs_diag *diag)
{
	const struct bs_csv_row *row;
	enum bs_err err = bs_csv_next(im->csv, &row, diag);

	if (err == BS_ENOTFOUND)
		return bs_diag_set(diag, BS_EFORMAT, 0, "the file is empty; its first line must name the columns");
	if (err != BS_OK)
		return err;
	im->report.line = row->line;
	if (!bs_rows_header(im->rows, row, &im->report))
		return BS_OK;
	while (err == BS_OK && !(im->stop_at_first && im->bad > 0)) {
		err = bs_csv_next(im->csv, &row, diag);
		if (err == BS_OK)
			err = import_row(im, row, diag);
		else if (err == BS_EFORMAT || err == BS_ERANGE)
			im->bad++; /* this row is none, and what follows it cannot be read */
		show_progress(im);
	}
	return err;
}

/* diag's line is that of the file; an error of the store has none and names no line. */
static void
report_end(struct import *im, enum bs_err err, const struct bs_diag *diag)
{
	if (err == BS_OK || err == BS_ENOTFOUND)
		return;
	im->report.line = diag->line;
	bs_report_error(&im->report, NULL, "%s", diag->text[0] != '\0' ? diag->text : bs_strerror(err));
}

static int
finish(struct import *im)
{
	int status;

	if (im->report.errors == 0)
		warn_of_large(im);
	if (im->report.errors == 0 && im->dry_run) {
		bs_store_rollback(im->ctl->store);
		bs_ctl_say("%lu device%s would be imported; dry run: nothing was stored", im->good,
			im->good == 1 ? "" : "s");
		return BS_EXIT_DONE;
	}
	if (im->report.errors == 0) {
		status = bs_ctl_commit_import(im->ctl, im->good);
		if (status == BS_EXIT_DONE)
			bs_ctl_say("imported %lu device%s", im->good, im->good == 1 ? "" : "s");
		else
			bs_ctl_say("nothing was stored");
		return status;
	}
	bs_store_rollback(im->ctl->store);
	if (im->bad > 0 && im->report.errors > 0)
		bs_ctl_say("%lu of %lu rows are bad; nothing was stored", im->bad, im->good + im->bad);
	else
		bs_ctl_say("nothing was stored");
	return BS_EXIT_FAILED;
}

/* Row by row, with a word about each that is bad. */
static int
import_carefully(struct import *im, bool large)
{
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_store_begin(im->ctl->store, &diag);

	if (err != BS_OK)
		return bs_ctl_fail(err, &diag);
	if (large)
		bs_store_bulk(im->ctl->store);
	err = import_rows(im, &diag);
	end_progress(im);
	bs_rows_finish(im->rows, &im->report);
	report_end(im, err, &diag);
	bs_report_close(&im->report);
	return finish(im);
}

/* All of it at once; BS_EREFUSED when anything is wrong, which this way does not tell. */
static enum bs_err
import_at_once(struct import *im, struct bs_diag *diag)
{
	enum bs_err err = bs_store_begin_bulk(im->ctl->store, diag);

	if (err != BS_OK)
		return err;
	im->stop_at_first = true;
	err = import_rows(im, diag);
	end_progress(im);
	bs_rows_finish(im->rows, &im->report);
	if (im->report.errors > 0 || im->bad > 0)
		return BS_EREFUSED;
	return err == BS_ENOTFOUND ? bs_store_check_bulk(im->ctl->store, diag) : err;
}

/* Warnings of a way that may have to be gone again, printed when it was not. */
static int
print_warnings(struct import *im, FILE *warnings, char **text)
{
	bs_report_close(&im->report);
	if (fclose(warnings) != 0)
		return bs_ctl_fail(BS_ENOMEM, NULL);
	fputs(*text, stderr);
	return finish(im);
}

static enum bs_err
restart(struct import *im, int fd, off_t start)
{
	bs_store_rollback(im->ctl->store);
	bs_csv_free(im->csv);
	bs_rows_free(im->rows);
	im->csv = bs_csv_new(fd);
	im->rows = bs_rows_new(&im->catalog, im->profile, im->suite_bits);
	bs_report_init(&im->report, stderr, im->source);
	im->good = im->bad = im->large = 0;
	im->largest = 0;
	im->stop_at_first = false;
	if (im->csv == NULL || im->rows == NULL)
		return BS_ENOMEM;
	return lseek(fd, start, SEEK_SET) == start ? BS_OK : BS_EIO;
}

/* The fast way first; it says that something is wrong, and the careful way says what. */
static int
import_twice_if_need_be(struct import *im, int fd, off_t start)
{
	struct bs_diag diag = { 0 };
	char *text = NULL;
	size_t len;
	FILE *warnings = open_memstream(&text, &len);
	enum bs_err err;
	int status;

	if (warnings == NULL)
		return bs_ctl_fail(BS_ENOMEM, NULL);
	bs_report_init(&im->report, warnings, im->source);
	err = import_at_once(im, &diag);
	if (err == BS_OK) {
		status = print_warnings(im, warnings, &text);
	} else if (err == BS_EBUSY) {
		fclose(warnings);
		status = bs_ctl_fail(err, &diag);
	} else {
		fclose(warnings);
		err = restart(im, fd, start);
		status = err == BS_OK ? import_carefully(im, true) : bs_ctl_fail(err, NULL);
	}
	free(text);
	return status;
}

static int
run_import(struct import *im, int fd)
{
	struct stat st;
	bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode), large = !regular || st.st_size > BULK_OCTETS;
	off_t start = regular ? lseek(fd, 0, SEEK_CUR) : -1;

	if (large && start >= 0 && bs_store_bulk_pays(im->ctl->store, (uint64_t)st.st_size))
		return import_twice_if_need_be(im, fd, start);
	return import_carefully(im, large);
}

static int
import_fd(void *arg, int fd)
{
	struct import *im = arg;
	int status = bs_import_open(im->ctl, &im->catalog);

	if (status == BS_EXIT_DONE && im->profile != NULL && bs_catalog_profile(&im->catalog, im->profile) == NULL) {
		bs_ctl_say("there is no profile %s; see profile list", im->profile);
		status = BS_EXIT_FAILED;
	}
	if (status == BS_EXIT_DONE) {
		im->csv = bs_csv_new(fd);
		im->rows = bs_rows_new(&im->catalog, im->profile, im->suite_bits);
		status = im->csv != NULL && im->rows != NULL ? run_import(im, fd) : bs_ctl_fail(BS_ENOMEM, NULL);
	}
	bs_csv_free(im->csv);
	bs_rows_free(im->rows);
	bs_catalog_clear(&im->catalog);
	return status;
}

static int
import_sim(struct bs_ctl *ctl, const struct bs_ctl_args *args, unsigned bits)
{
	struct bs_sim_request request = { .map_file = bs_ctl_get(args, O_SIM),
		.file = args->words[0],
		.dry_run = bs_ctl_get(args, O_DRY_RUN) != NULL,
		.channel_bits = bits };

	if (bs_ctl_get(args, O_PROFILE) != NULL)
		return bs_ctl_usage("--profile cannot be combined with --sim: the devices are in the store already");
	if (strcmp(request.map_file, "-") == 0)
		return bs_ctl_usage("--sim takes a file; standard input is for the SIM file");
	return bs_import_sim(ctl, &request);
}

static int
import(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	const char *file = args->words[0], *bits_text = bs_ctl_get(args, O_CHANNEL_BITS);
	struct import im = {
		.ctl = ctl, .progress = isatty(STDERR_FILENO) == 1, .dry_run = bs_ctl_get(args, O_DRY_RUN) != NULL
	};
	uint64_t bits = 128;

	if (bits_text != NULL && (!bs_number_read(bits_text, 128, 256, &bits) || (bits != 128 && bits != 256)))
		return bs_ctl_usage("--channel-bits must be 128 or 256");
	if (bs_ctl_get(args, O_SIM) != NULL)
		return import_sim(ctl, args, (unsigned)bits);
	im.source = bs_import_source(file);
	bs_report_init(&im.report, stderr, im.source);
	im.profile = bs_ctl_get(args, O_PROFILE);
	im.suite_bits = (unsigned)bits;
	return bs_import_file(file, import_fd, &im);
}

const struct bs_ctl_command bs_cmd_import = {
	.name = "import",
	.synopsis = "FILE|- [--profile NAME | --sim MAP]",
	.summary = "import devices from CSV: all rows, or none if one is bad",
	.min_words = 1,
	.max_words = 1,
	.options = options,
	.run = import,
};
