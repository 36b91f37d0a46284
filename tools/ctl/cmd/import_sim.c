/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import --sim: SMS Secured Packet credentials from a SIM vendor's file, for devices that are in the store. All rows or
 * none; a line per card on standard output. Memory does not depend on the number of rows.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/ctl/catalog.h"
#include "tools/ctl/check.h"
#include "tools/ctl/cmd/import_common.h"
#include "tools/ctl/device/simfile.h"
#include "tools/ctl/device/sms.h"

struct sim_import {
	struct bs_ctl *ctl;
	const struct bs_sim_request *request;
	struct bs_simmap map;
	struct bs_simfile *file;
	struct bs_catalog catalog;
	const struct bs_cat_server *server;
	bool has_binding; /* of the server account, with an S */
	int64_t begin_seq; /* changes of this import have higher numbers */
	struct bs_report report;
	unsigned long set, skipped, bad, checked;
};

/* ---- the server account ------------------------------------------------------------------------------------------ */

static void
look_at_binding(void *arg, const struct bs_server_def *def)
{
	struct sim_import *im = arg;

	for (size_t i = 0; i < def->setting_count; i++)
		if (def->settings[i].oid == 1 && def->settings[i].rid == 7)
			im->has_binding = strchr(def->settings[i].text, 'S') != NULL;
}

/* Only over an account that has SMS at all are keys of any use. */
static bool
check_server(struct sim_import *im)
{
	const char *name = im->map.server;
	enum bs_err err;

	im->server = bs_catalog_server(&im->catalog, name);
	if (im->server == NULL) {
		bs_ctl_say("there is no server account %s (server in [sms] of the map); see server list", name);
		return false;
	}
	err = bs_store_each_server(im->ctl->store, name, look_at_binding, im);
	if (err != BS_OK)
		bs_ctl_fail(err, NULL);
	else if (im->server->def.mode == BS_MODE_NOSEC)
		bs_ctl_say("server account %s has mode nosec and never carries SMS keys; use psk, rpk or x509", name);
	else if (im->server->sms_number[0] == '\0')
		bs_ctl_say("server account %s has no SMS number: server set %s --sms-number DIGITS --binding US", name,
			name);
	else if (!im->has_binding)
		bs_ctl_say("the binding of server account %s has no S: server set %s --binding US", name, name);
	else
		return true;
	return false;
}

/* ---- the device -------------------------------------------------------------------------------------------------- */

/* As the file has the number first, so that a device that was given just that one is never ambiguous. */
static enum bs_err
find_devices(struct sim_import *im, const struct bs_sim_card *card, struct bs_sim_device found[2], size_t *count)
{
	struct bs_sim_spellings s;
	const char *imsi[3] = { card->imsi, NULL, NULL }, *exact[3] = { card->iccid, NULL, NULL };
	enum bs_err err;

	if (im->map.match == BS_SIM_COL_IMSI)
		return bs_store_find_sim(im->ctl->store, BS_SIM_IMSI, imsi, found, count);
	err = bs_store_find_sim(im->ctl->store, BS_SIM_ICCID, exact, found, count);
	if (err != BS_OK || *count > 0)
		return err;
	bs_sim_spell_iccid(card->iccid, &s);
	return bs_store_find_sim(im->ctl->store, BS_SIM_ICCID, s.list, found, count);
}

/* The other number must not contradict, where both sides have it. */
static bool
check_numbers(struct sim_import *im, const struct bs_sim_card *card, const struct bs_sim_device *d)
{
	if (card->imsi[0] != '\0' && d->imsi[0] != '\0' && strcmp(card->imsi, d->imsi) != 0)
		bs_report_error(&im->report, "imsi", "device %s has another IMSI", d->endpoint);
	else if (card->iccid[0] != '\0' && d->iccid[0] != '\0' && !bs_sim_same_iccid(card->iccid, d->iccid))
		bs_report_error(&im->report, "iccid", "device %s has another ICCID", d->endpoint);
	else
		return true;
	return false;
}

static bool
profile_has_server(const struct bs_cat_profile *p, const struct bs_cat_server *s)
{
	for (size_t i = 0; p != NULL && i < p->server_count; i++)
		if (p->servers[i] == s)
			return true;
	return false;
}

static bool
check_device(struct sim_import *im, const struct bs_sim_card *card, const struct bs_sim_device *d)
{
	const struct bs_cat_profile *p = bs_catalog_profile(&im->catalog, d->profile);
	struct bs_channel channel = {
		.mode = d->mode, .suite = im->request->channel_bits, .credential = (unsigned)(8 * d->key_len)
	};
	unsigned long before = im->report.errors;

	if (!profile_has_server(p, im->server))
		bs_report_error(&im->report, NULL, "profile %s of device %s does not have server account %s",
			d->profile, d->endpoint, im->map.server);
	else if (card->sms.spi2 != 0 && p->sms_parameters_len != 7)
		bs_report_error(&im->report, "spi",
			"a second octet other than 00 needs a profile with --sms-parameters 7; %s of device %s has 6",
			d->profile, d->endpoint);
	else if (d->revision > im->begin_seq)
		bs_report_error(&im->report, NULL, "device %s already has a card further up in this file", d->endpoint);
	else if (check_numbers(im, card, d))
		bs_check_cargo(&im->report, "kic", &channel, BS_CARGO_SMS_KEY, bs_sms_strength(&card->sms));
	return im->report.errors == before;
}

/* ---- one card ---------------------------------------------------------------------------------------------------- */

static void
print_card(struct sim_import *im, const struct bs_sim_card *card, const char *endpoint, const char *what)
{
	const char *number = im->map.match == BS_SIM_COL_IMSI ? card->imsi : card->iccid;

	if (im->ctl->json)
		bs_ctl_list_item(im->ctl, json_pack("{s:I, s:s, s:s?, s:s}", "line", (json_int_t)im->report.line,
						  im->map.match == BS_SIM_COL_IMSI ? "imsi" : "iccid", number,
						  "endpoint", endpoint, "result", what));
	else
		printf("%lu\t%s\t%s\t%s\n", im->report.line, number, endpoint != NULL ? endpoint : "-", what);
}

static enum bs_err
store_card(struct sim_import *im, const struct bs_sim_card *card, const struct bs_sim_device *d, struct bs_diag *diag)
{
	struct bs_conflict conflict;
	bool replaced = false;
	enum bs_err err = bs_store_set_sms(
		im->ctl->store, d->device_id, im->server->def.id, &card->sms, &replaced, &conflict, diag);

	if (err == BS_ENOTFOUND)
		bs_report_error(&im->report, NULL, "device %s has no credential for server account %s; import it again",
			d->endpoint, im->map.server);
	else if (err == BS_EREFUSED && conflict.same_device)
		bs_report_error(
			&im->report, "kic", "a key of this card is also the bootstrap key of device %s", d->endpoint);
	else if (err == BS_EREFUSED)
		bs_report_error(&im->report, "kic",
			"a key of this card already belongs to device %s; every card needs its own",
			conflict.endpoint[0] != '\0' ? conflict.endpoint : "(another)");
	else if (err != BS_OK)
		return err;
	if (err == BS_OK)
		print_card(im, card, d->endpoint, replaced ? "replaced" : "set");
	im->set += err == BS_OK;
	im->bad += err != BS_OK;
	im->checked += err == BS_OK ? card->checked : 0;
	return BS_OK;
}

/* BS_OK also for a bad row: it is reported and counted. An error ends the import. */
static enum bs_err
import_card(struct sim_import *im, const struct bs_sim_card *card, struct bs_diag *diag)
{
	struct bs_sim_device found[2];
	size_t count = 0;
	enum bs_err err = find_devices(im, card, found, &count);
	const char *column = bs_sim_column_name((enum bs_sim_column)im->map.match);

	if (err != BS_OK)
		return err;
	if (count == 0 && im->map.skip_unmatched != 0) {
		print_card(im, card, NULL, "skipped: no device");
		im->skipped++;
		return BS_OK;
	}
	if (count == 1 && check_device(im, card, &found[0]))
		return store_card(im, card, &found[0], diag);
	if (count == 0)
		bs_report_error(
			&im->report, column, "no device has it; import the device first, or set unmatched = skip");
	else if (count > 1)
		bs_report_error(&im->report, column, "matches two devices or more: %s, %s", found[0].endpoint,
			found[1].endpoint);
	im->bad++;
	return BS_OK;
}

/* BS_ENOTFOUND at the end of the file. */
static enum bs_err
import_cards(struct sim_import *im, struct bs_diag *diag)
{
	const struct bs_sim_card *card;
	enum bs_err err = BS_OK;

	while (err == BS_OK) {
		err = bs_simfile_next(im->file, &im->report, &card, diag);
		if (err == BS_OK && card != NULL)
			err = import_card(im, card, diag);
		else if (err == BS_OK)
			im->bad++;
	}
	return err;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static int
finish(struct sim_import *im)
{
	int status = BS_EXIT_FAILED;

	if (im->report.errors == 0 && im->set + im->skipped == 0)
		bs_report_error(&im->report, NULL, "the file has no cards");
	if (im->report.errors > 0 || im->request->dry_run)
		bs_store_rollback(im->ctl->store);
	else
		status = bs_ctl_commit_import(im->ctl, im->set);
	if (im->report.errors > 0)
		bs_ctl_say("%lu of %lu cards are bad; nothing was stored", im->bad, im->bad + im->set + im->skipped);
	else if (im->request->dry_run)
		bs_ctl_say(
			"%lu card%s would be stored, %lu skipped, %lu key check values match; dry run: nothing was stored",
			im->set, im->set == 1 ? "" : "s", im->skipped, im->checked);
	else if (status == BS_EXIT_DONE)
		bs_ctl_say("%lu card%s stored, %lu skipped, %lu key check values match", im->set,
			im->set == 1 ? "" : "s", im->skipped, im->checked);
	else
		bs_ctl_say("nothing was stored");
	return im->report.errors == 0 && im->request->dry_run ? BS_EXIT_DONE : status;
}

static int
run(struct sim_import *im)
{
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_store_begin(im->ctl->store, &diag);

	if (err == BS_OK)
		err = bs_store_change_seq(im->ctl->store, &im->begin_seq);
	if (err != BS_OK)
		return bs_ctl_fail(err, &diag);
	if (im->ctl->json)
		bs_ctl_list_begin(im->ctl);
	if (bs_simfile_start(im->file, &im->report)) {
		err = import_cards(im, &diag);
		if (err != BS_ENOTFOUND) {
			im->report.line = diag.line;
			bs_report_error(&im->report, NULL, "%s", diag.text[0] != '\0' ? diag.text : bs_strerror(err));
		}
	}
	if (im->ctl->json)
		bs_ctl_list_end(im->ctl);
	im->report.line = 0;
	bs_report_close(&im->report);
	return finish(im);
}

static int
import_fd(void *arg, int fd)
{
	struct sim_import *im = arg;
	int status = bs_import_open(im->ctl, &im->catalog);

	if (status == BS_EXIT_DONE && !check_server(im))
		status = BS_EXIT_FAILED;
	if (status == BS_EXIT_DONE) {
		im->file = bs_simfile_new(fd, &im->map);
		status = im->file != NULL ? run(im) : bs_ctl_fail(BS_ENOMEM, NULL);
	}
	bs_simfile_free(im->file);
	bs_catalog_clear(&im->catalog);
	return status;
}

/* Map and transport key are the caller's, too: read before the store is opened. */
static int
open_and_import(struct sim_import *im)
{
	bs_report_init(&im->report, stderr, im->request->map_file);
	if (!bs_simmap_read(&im->report, im->request->map_file, &im->map)) {
		bs_report_close(&im->report);
		return BS_EXIT_FAILED;
	}
	bs_report_init(&im->report, stderr, bs_import_source(im->request->file));
	return bs_import_file(im->request->file, import_fd, im);
}

int
bs_import_sim(struct bs_ctl *ctl, const struct bs_sim_request *request)
{
	struct sim_import *im = calloc(1, sizeof(*im));
	int status;

	if (im == NULL)
		return bs_ctl_fail(BS_ENOMEM, NULL);
	im->ctl = ctl;
	im->request = request;
	status = open_and_import(im);
	bs_simmap_clear(&im->map);
	free(im);
	return status;
}
