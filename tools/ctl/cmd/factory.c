/* SPDX-License-Identifier: Apache-2.0 */
/* factory: the account of a device as a Bootstrap-Pack for its maker, who puts it into the device at production */
#include <stdlib.h>
#include <string.h>

#include "server/base/secret.h"
#include "server/bootstrap/plan/pack.h"
#include "tools/ctl/cmd/offline.h"

enum { O_FORMAT = BS_OFFLINE_OPTIONS };

static const struct bs_ctl_option options[] = {
	BS_OFFLINE_ROWS,
	[O_FORMAT] = { "format", "senml-cbor|senml-json|lwm2m-cbor", "of the file (default senml-cbor)" },
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

static enum bs_err
write_pack(void *arg, const struct bs_offline *o, const struct bs_device_info *device, const struct bs_plan *plan,
	const char *name, struct bs_diag *diag)
{
	char file[BS_OUTLET_NAME_MAX + 32];
	uint8_t *payload = malloc(BS_PACK_MAX);
	size_t len = 0;
	enum bs_err err = payload != NULL ? bs_plan_encode(plan, &plan->ops[0], payload, BS_PACK_MAX, &len) : BS_ENOMEM;

	(void)arg;
	snprintf(file, sizeof(file), "%s%s", name, o->ending);
	if (err == BS_OK)
		err = bs_outlet_put(&o->outlet, file, payload, len, diag);
	else
		bs_diag_set(diag, err, 0, "%s: %s", device->endpoint,
			err == BS_ESPACE ? "longer than the 65,536 octets of a pack" : bs_strerror(err));
	if (payload != NULL)
		bs_wipe(payload, BS_PACK_MAX);
	free(payload);
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
