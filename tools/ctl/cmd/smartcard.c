/* SPDX-License-Identifier: Apache-2.0 */
/* smartcard: the account of a device as the content of EF(LwM2M_Bootstrap), and the commands that write it onto a card */
#include <stdlib.h>
#include <string.h>

#include "server/base/secret.h"
#include "server/content/card.h"
#include "tools/ctl/apdu.h"
#include "tools/ctl/cmd/offline.h"
#include "tools/ctl/cmd/smartcard.h"
#include "tools/ctl/number.h"

enum { O_AID = BS_OFFLINE_OPTIONS, O_PATH, O_SIZE, O_BLOCK, O_READ };

static const struct bs_ctl_option options[] = {
	BS_OFFLINE_ROWS,
	[O_AID] = { "aid", "HEX",
		"application that the file is in (default PKCS#15, a000000063504b43532d3135; '': none)" },
	[O_PATH] = { "path", "HEX", "file identifiers below it (default 6432)" },
	[O_SIZE] = { "size", "N", "octets of the card's file, filled up with ff (default: as long as the content)" },
	[O_BLOCK] = { "block", "N", "octets of one UPDATE BINARY, 1 to 255 (default 200)" },
	[O_READ] = { "read", "FILE", "show such a file, keys masked; with EP tell where it differs from the store" },
	{ 0 },
};

struct card {
	struct bs_apdu_target target;
	size_t size; /* 0: that of the content */
	uint8_t *data; /* BS_CARD_MAX octets; a secret */
};

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* As text, twice as long and more: wiped, too. */
static enum bs_err
write_script(const struct card *c, const struct bs_outlet *outlet, const char *name, size_t len, struct bs_diag *diag)
{
	size_t max = BS_APDU_TEXT_MAX(len, c->target.block);
	char file[BS_OUTLET_NAME_MAX + 32], *text = malloc(max);
	struct bs_tw w = bs_tw_init(text, text != NULL ? max : 0);
	enum bs_err err = text != NULL ? bs_apdu_write(&w, &c->target, c->data, len) : BS_ENOMEM;

	snprintf(file, sizeof(file), "%s.apdu", name);
	if (err == BS_OK)
		err = bs_outlet_put(outlet, file, text, w.len, diag);
	else
		bs_diag_set(diag, err, 0, "%s: %s", file, bs_strerror(err));
	if (text != NULL)
		bs_wipe(text, max);
	free(text);
	return err;
}

static enum bs_err
write_card(void *arg, const struct bs_offline *o, const struct bs_device_info *device, const struct bs_plan *plan,
	const char *name, struct bs_diag *diag)
{
	struct card *c = arg;
	char file[BS_OUTLET_NAME_MAX + 32];
	struct bs_wr w = bs_wr_init(c->data, c->size > 0 ? c->size : BS_CARD_MAX);
	size_t len = 0;
	enum bs_err err;

	bs_card_encode(&w, plan->instances, plan->instance_count);
	err = bs_wr_done(&w, &len);
	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "%s: what it would be sent does not fit into %zu octets (--size)",
			device->endpoint, w.max);
	if (c->size > 0) {
		memset(c->data + len, 0xff, c->size - len);
		len = c->size;
	}
	snprintf(file, sizeof(file), "%s.bin", name);
	err = bs_outlet_put(&o->outlet, file, c->data, len, diag);
	if (err == BS_OK)
		err = write_script(c, &o->outlet, name, len, diag);
	bs_wipe(c->data, BS_CARD_MAX);
	return err;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static enum bs_exit
read_target(struct card *c, const struct bs_ctl_args *args)
{
	const char *aid = bs_ctl_get(args, O_AID), *path = bs_ctl_get(args, O_PATH);
	const char *size = bs_ctl_get(args, O_SIZE), *block = bs_ctl_get(args, O_BLOCK);
	uint64_t n;

	bs_apdu_target_init(&c->target);
	if (aid != NULL && bs_apdu_read_aid(&c->target, aid) != BS_OK)
		return (enum bs_exit)bs_ctl_usage("--aid is 5 to 16 octets in hexadecimal, or '' for none");
	if (path != NULL && bs_apdu_read_path(&c->target, path) != BS_OK)
		return (enum bs_exit)bs_ctl_usage("--path is 1 to 4 file identifiers of 2 octets in hexadecimal");
	if (size != NULL && !bs_number_read(size, 4, BS_CARD_MAX, &n))
		return (enum bs_exit)bs_ctl_usage("--size is a number from 4 to %d", BS_CARD_MAX);
	c->size = size != NULL ? (size_t)n : 0;
	if (block != NULL && !bs_number_read(block, 1, BS_APDU_BLOCK_MAX, &n))
		return (enum bs_exit)bs_ctl_usage("--block is a number from 1 to %d", BS_APDU_BLOCK_MAX);
	if (block != NULL)
		c->target.block = (size_t)n;
	return BS_EXIT_DONE;
}

static int
smartcard(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct card c = { .size = 0 };
	struct bs_offline o = { .format = -1, .ending = ".bin", .fn = write_card, .arg = &c };
	enum bs_exit status = read_target(&c, args);

	if (status != BS_EXIT_DONE)
		return (int)status;
	if (bs_ctl_get(args, O_READ) != NULL)
		return bs_smartcard_read(ctl, bs_ctl_get(args, O_READ), args->word_count > 0 ? args->words[0] : NULL,
			bs_ctl_get(args, BS_OFFLINE_LWM2M));
	c.data = malloc(BS_CARD_MAX);
	if (c.data == NULL)
		return bs_ctl_fail(BS_ENOMEM, NULL);
	status = (enum bs_exit)bs_offline_run(&o, ctl, args);
	free(c.data);
	return (int)status;
}

const struct bs_ctl_command bs_cmd_smartcard = {
	.name = "smartcard",
	.synopsis = "EP | --profile NAME | --batch TEXT | --read FILE [EP]",
	.summary = "write devices' accounts as files for a smartcard, with the commands that put them there",
	.max_words = 1,
	.options = options,
	.run = smartcard,
};
