/* SPDX-License-Identifier: Apache-2.0 */
/* model import, list, show, remove: object models in the XML of the OMA registry */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/model/object.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/file.h"
#include "tools/ctl/number.h"

#define FILES_MAX 256

/* ---- import ------------------------------------------------------------------------------------------------------ */

enum { O_REPLACE };
static const struct bs_ctl_option import_options[] = {
	[O_REPLACE] = { "replace", NULL, "replace a model of the same object" },
	{ 0 },
};

/* Files are the operator's own: all are read before the tool becomes the owner of the store. */
static enum bs_err
read_model(const char *file, struct bs_model *out)
{
	uint8_t *data = malloc(BS_DDF_FILE_MAX);
	struct bs_diag diag = { 0 };
	size_t len = 0;
	enum bs_err err = data != NULL ? bs_file_read(file, data, BS_DDF_FILE_MAX, &len, &diag) : BS_ENOMEM;

	if (err != BS_OK) {
		bs_ctl_fail(err, &diag);
	} else {
		err = bs_ddf_parse(data, len, out, &diag);
		if (err != BS_OK)
			bs_ctl_say("%s:%u: %s", file, diag.line, diag.text);
	}
	free(data);
	return err;
}

/* What the operator should know of a model that is in. */
static enum bs_err
warn_of(struct bs_ctl *ctl, const struct bs_model *m)
{
	struct bs_misfit misfit;
	size_t count;
	enum bs_err err = bs_store_model_misfit(ctl->store, m->oid, &misfit);

	if (bs_object_resources(m->oid, &count) != NULL)
		bs_ctl_say(
			"warning: object %u has a table of its own here, which stays in force; the model is only shown",
			m->oid);
	if (err == BS_OK)
		bs_ctl_say("warning: profile %s writes /%u/%u/%u as %s, and goes on to do so; "
			   "the model of object %u does not have it like this",
			misfit.profile, m->oid, misfit.iid, misfit.rid, bs_type_name(misfit.type), m->oid);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

static enum bs_err
store_models(struct bs_ctl *ctl, const struct bs_model *models, char *const *files, size_t count, bool replace,
	struct bs_diag *diag)
{
	enum bs_err err = bs_store_begin(ctl->store, diag);

	for (size_t i = 0; i < count && err == BS_OK; i++) {
		for (size_t k = 0; k < i; k++)
			if (models[k].oid == models[i].oid)
				return bs_diag_set(diag, BS_EREFUSED, 0,
					"%s and %s are models of the same object %u; a store has one of each", files[k],
					files[i], models[i].oid);
		err = bs_store_add_model(ctl->store, &models[i], replace, diag);
		if (err == BS_EEXIST)
			return bs_diag_set(diag, err, 0,
				"%s: object %u already has a model; --replace it, or remove it first", files[i],
				models[i].oid);
		if (err == BS_OK)
			err = warn_of(ctl, &models[i]);
	}
	return err;
}

static int
import_models(struct bs_ctl *ctl, const struct bs_ctl_args *args, const struct bs_model *models)
{
	struct bs_diag diag = { 0 };
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err;

	if (status != BS_EXIT_DONE)
		return status;
	err = store_models(ctl, models, args->words, args->word_count, bs_ctl_get(args, O_REPLACE) != NULL, &diag);
	if (err != BS_OK) {
		bs_store_rollback(ctl->store);
		return bs_ctl_fail(err, &diag);
	}
	status = bs_ctl_commit(ctl);
	if (status == BS_EXIT_DONE)
		bs_ctl_say("%zu object model%s imported", args->word_count, args->word_count == 1 ? "" : "s");
	return status;
}

static int
model_import(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct bs_model *models = calloc(args->word_count, sizeof(*models));
	int status = BS_EXIT_DONE;

	if (models == NULL)
		return bs_ctl_fail(BS_ENOMEM, NULL);
	for (size_t i = 0; i < args->word_count; i++)
		if (read_model(args->words[i], &models[i]) != BS_OK)
			status = BS_EXIT_FAILED;
	if (status == BS_EXIT_DONE)
		status = import_models(ctl, args, models);
	for (size_t i = 0; i < args->word_count; i++)
		bs_model_clear(&models[i]);
	free(models);
	return status;
}

/* ---- list, show -------------------------------------------------------------------------------------------------- */

static const char *
type_of(const struct bs_model_resource *r)
{
	return r->executable ? "executable" : bs_type_name(r->type);
}

static json_t *
text_or_null(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *
resource_json(const struct bs_model_resource *r)
{
	return json_pack("{s:i, s:s, s:s, s:b, s:b, s:s, s:o, s:b, s:o}", "id", r->rid, "name", r->name, "operations",
		r->operations, "multiple", r->multiple, "mandatory", r->mandatory, "type", type_of(r), "range",
		text_or_null(r->range), "range_checked", bs_model_range_known(r), "units", text_or_null(r->units));
}

/* Of a list the number of resources, of one model the resources. */
static json_t *
model_json(const struct bs_model *m, bool whole)
{
	json_t *o = json_pack("{s:i, s:s, s:s, s:b, s:b}", "object", m->oid, "name", m->name, "version", m->version,
		"multiple", m->multiple, "mandatory", m->mandatory);
	json_t *resources = whole ? json_array() : json_integer((json_int_t)m->count);

	for (size_t i = 0; whole && i < m->count; i++)
		json_array_append_new(resources, resource_json(&m->resources[i]));
	json_object_set_new(o, "resources", resources);
	return o;
}

static void
print_row(void *arg, const struct bs_model *m)
{
	struct bs_ctl *ctl = arg;

	if (ctl->json)
		bs_ctl_list_item(ctl, model_json(m, false));
	else
		printf("%u\t%s\t%s\t%zu resources\n", m->oid, m->version, m->name, m->count);
}

static enum bs_err
print_all(struct bs_ctl *ctl)
{
	return bs_store_each_model(ctl->store, NULL, print_row, ctl);
}

static int
model_list(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	(void)args;
	return bs_ctl_list(ctl, print_all);
}

static void
print_resource(const struct bs_model_resource *r)
{
	char id[16];

	snprintf(id, sizeof(id), "%u", r->rid);
	printf("%-22s %s: %s%s%s%s%s", id, r->name, type_of(r), r->multiple ? ", multiple" : "",
		r->mandatory ? ", mandatory" : "", r->operations[0] != '\0' ? ", " : "", r->operations);
	if (r->range[0] != '\0')
		printf(", range %s%s", r->range, bs_model_range_known(r) ? "" : " (not checked)");
	if (r->units[0] != '\0')
		printf(", in %s", r->units);
	putchar('\n');
}

static void
print_model(void *arg, const struct bs_model *m)
{
	struct bs_ctl *ctl = arg;

	if (ctl->json) {
		bs_ctl_print_json(model_json(m, true));
		return;
	}
	bs_ctl_line("object", "%u", m->oid);
	bs_ctl_line("name", "%s", m->name);
	bs_ctl_line("version", "%s", m->version);
	bs_ctl_line(
		"instances", "%s, %s", m->multiple ? "multiple" : "single", m->mandatory ? "mandatory" : "optional");
	for (size_t i = 0; i < m->count; i++)
		print_resource(&m->resources[i]);
}

/* false: no object number; said so. */
static bool
read_oid(const char *word, uint16_t *out)
{
	uint64_t n;

	if (!bs_number_read(word, 0, 65534, &n)) {
		bs_ctl_usage("%s is not an object; expected a number from 0 to 65534", word);
		return false;
	}
	*out = (uint16_t)n;
	return true;
}

static int
model_show(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	uint16_t oid;
	int status = read_oid(args->words[0], &oid) ? (int)bs_ctl_open(ctl) : BS_EXIT_USAGE;
	enum bs_err err;

	if (status != BS_EXIT_DONE)
		return status;
	err = bs_store_each_model(ctl->store, &oid, print_model, ctl);
	if (err == BS_ENOTFOUND)
		bs_ctl_say("there is no model of object %u; see model list", oid);
	else if (err != BS_OK)
		bs_ctl_fail(err, NULL);
	return err == BS_OK ? BS_EXIT_DONE : BS_EXIT_FAILED;
}

/* ---- remove ------------------------------------------------------------------------------------------------------ */

static int
model_remove(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct bs_diag diag = { 0 };
	uint16_t oid;
	int status = read_oid(args->words[0], &oid) ? (int)bs_ctl_open(ctl) : BS_EXIT_USAGE;
	enum bs_err err;

	if (status != BS_EXIT_DONE)
		return status;
	err = bs_store_begin(ctl->store, &diag);
	if (err == BS_OK)
		err = bs_store_remove_model(ctl->store, oid, &diag);
	if (err != BS_OK) {
		bs_store_rollback(ctl->store);
		return bs_ctl_fail(err, &diag);
	}
	return bs_ctl_commit(ctl);
}

const struct bs_ctl_command bs_cmd_model_import = {
	.name = "model",
	.verb = "import",
	.synopsis = "FILE.xml..",
	.summary = "import object models as OMA publishes them, for profile add --write",
	.min_words = 1,
	.max_words = FILES_MAX,
	.options = import_options,
	.run = model_import,
};
const struct bs_ctl_command bs_cmd_model_list = {
	.name = "model",
	.verb = "list",
	.synopsis = "",
	.summary = "list object models: object, version, name, resources",
	.run = model_list,
};
const struct bs_ctl_command bs_cmd_model_show = {
	.name = "model",
	.verb = "show",
	.synopsis = "OBJECT",
	.summary = "show an object model: its resources, types and ranges",
	.min_words = 1,
	.max_words = 1,
	.run = model_show,
};
const struct bs_ctl_command bs_cmd_model_remove = {
	.name = "model",
	.verb = "remove",
	.synopsis = "OBJECT",
	.summary = "remove an object model that no profile writes to",
	.min_words = 1,
	.max_words = 1,
	.run = model_remove,
};
