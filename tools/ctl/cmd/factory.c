/* SPDX-License-Identifier: Apache-2.0 */
/* factory: the account of a device as a Bootstrap-Pack for its maker, who puts it into the device at production */
#include <stdlib.h>
#include <string.h>

#include "server/base/secret.h"
#include "server/base/secret.h"
#include "server/base/text.h"
#include "server/bootstrap/plan/pack.h"
#include "tools/ctl/cmd/offline.h"

enum { O_FORMAT = BS_OFFLINE_OPTIONS, O_ARCHIVE };

#define ARCHIVE "packs.ndjson"

static const struct bs_ctl_option options[] = {
	BS_OFFLINE_ROWS,
	[O_FORMAT] = { "format", "senml-cbor|senml-json|lwm2m-cbor", "of the file (default senml-cbor)" },
	[O_ARCHIVE] = { "archive", NULL, "one file for all, " ARCHIVE ": a line of JSON a device, its pack in base64" },
	{ 0 },
};

static const struct {
	const char *word, *ending;
	uint16_t number;
} formats[] = {
	{ "senml-cbor", ".senml-cbor", BS_CF_SENML_CBOR },
	{ "senml-json", ".senml-json", BS_CF_SENML_JSON },
	{ "lwm2m-cbor", ".lwm2m-cbor", BS_CF_LWM2M_CBOR },
};

/* {"endpoint":"..","content_format":112,"pack":".."}; the text of the pack is wiped, JSON has no copy of it. */
static enum bs_err
write_line(const struct bs_offline *o, const struct bs_device_info *device, const uint8_t *pack, size_t len)
{
	size_t room = 4 * (len / 3 + 1) + 1;
	char *text = malloc(room);
	json_t *endpoint = json_string(device->endpoint);
	enum bs_err err = text != NULL && endpoint != NULL ? BS_OK : BS_ENOMEM;

	if (err == BS_OK) {
		fputs("{\"endpoint\":", o->to);
		json_dumpf(endpoint, o->to, JSON_ENCODE_ANY);
		fprintf(o->to, ",\"content_format\":%d,\"pack\":\"%s\"}\n", (int)o->format,
			bs_base64_encode(pack, len, text));
		err = ferror(o->to) != 0 ? BS_EIO : BS_OK;
	}
	if (text != NULL)
		bs_wipe(text, room);
	free(text);
	json_decref(endpoint);
	return err;
}

static enum bs_err
write_file(const struct bs_offline *o, const char *name, const uint8_t *pack, size_t len, struct bs_diag *diag)
{
	char file[BS_OUTLET_NAME_MAX + 32];

	snprintf(file, sizeof(file), "%s%s", name, o->ending);
	return bs_outlet_put(&o->outlet, file, pack, len, diag);
}

static enum bs_err
write_pack(void *arg, const struct bs_offline *o, const struct bs_device_info *device, const struct bs_plan *plan,
	const char *name, struct bs_diag *diag)
{
	uint8_t *pack = malloc(BS_PACK_MAX);
	size_t len = 0;
	enum bs_err err = pack != NULL ? bs_plan_encode(plan, &plan->ops[0], pack, BS_PACK_MAX, &len) : BS_ENOMEM;

	(void)arg;
	if (err == BS_OK && o->to != NULL)
		err = write_line(o, device, pack, len);
	else if (err == BS_OK)
		err = write_file(o, name, pack, len, diag);
	if (err != BS_OK && diag->text[0] == '\0')
		bs_diag_set(diag, err, 0, "%s: %s", device->endpoint,
			err == BS_ESPACE ? "longer than the 65,536 octets of a pack" : bs_strerror(err));
	if (pack != NULL)
		bs_wipe(pack, BS_PACK_MAX);
	free(pack);
	return err;
}

static int
factory(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	const char *word = bs_ctl_get(args, O_FORMAT);
	size_t at = 0;
	struct bs_offline o = { .fn = write_pack };

	while (word != NULL && at < sizeof(formats) / sizeof(formats[0]) && strcmp(word, formats[at].word) != 0)
		at++;
	if (at == sizeof(formats) / sizeof(formats[0]))
		return bs_ctl_usage("--format is senml-cbor, senml-json or lwm2m-cbor");
	o.format = formats[at].number;
	o.ending = formats[at].ending;
	o.archive = bs_ctl_get(args, O_ARCHIVE) != NULL ? ARCHIVE : NULL;
	return bs_offline_run(&o, ctl, args);
}

const struct bs_ctl_command bs_cmd_factory = {
	.name = "factory",
	.synopsis = "EP | --profile NAME | --batch TEXT",
	.summary = "write devices' accounts as Bootstrap-Packs, to be put into them at production",
	.max_words = 1,
	.options = options,
	.run = factory,
};
