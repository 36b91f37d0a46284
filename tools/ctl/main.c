/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of lwm2m-bootstrapctl: global options, the table of subcommands, help. */
#include <getopt.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "server/base/near.h"
#include "server/base/terminal.h"
#include "tools/ctl/cli.h"

static const struct bs_ctl_command *const commands[] = {
	&bs_cmd_init,
	&bs_cmd_server_add,
	&bs_cmd_server_set,
	&bs_cmd_server_list,
	&bs_cmd_server_show,
	&bs_cmd_server_remove,
	&bs_cmd_profile_add,
	&bs_cmd_profile_set,
	&bs_cmd_profile_list,
	&bs_cmd_profile_show,
	&bs_cmd_profile_remove,
	&bs_cmd_model_import,
	&bs_cmd_model_list,
	&bs_cmd_model_show,
	&bs_cmd_model_remove,
	&bs_cmd_import,
	&bs_cmd_device_list,
	&bs_cmd_device_show,
	&bs_cmd_device_enable,
	&bs_cmd_device_disable,
	&bs_cmd_device_delete,
	&bs_cmd_plan,
	&bs_cmd_smartcard,
	&bs_cmd_factory,
	&bs_cmd_explain,
	&bs_cmd_stranger_list,
	&bs_cmd_adopt,
	&bs_cmd_rotate,
	&bs_cmd_settle,
	&bs_cmd_verify,
	&bs_cmd_restore,
	&bs_cmd_status,
	&bs_cmd_sessions,
	&bs_cmd_kick,
	&bs_cmd_trigger,
	&bs_cmd_reload,
	&bs_cmd_log,
	&bs_cmd_completion,
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* ---- help --------------------------------------------------------------------------------------------------------- */

static const char global_help[] =
	"  -c, --config FILE        configuration of the daemon: [store] directory, master-key\n"
	"                           (default " BS_CTL_DEFAULT_CONF ")\n"
	"  -s, --store DIR          directory of the store, instead of the configuration's\n"
	"  -k, --master-key FILE    master key file, instead of the configuration's\n"
	"      --json               list, show, plan, explain, import --sim, status, sessions, kick, trigger,\n"
	"                           reload and log print JSON; the others ignore it\n"
	"  -h, --help               this text; after a command, its own\n"
	"      --version            print the version\n";

static void
print_name(const struct bs_ctl_command *c, char *out, size_t max)
{
	snprintf(out, max, "%s%s%s%s%s", c->name, c->verb != NULL ? " " : "", c->verb != NULL ? c->verb : "",
		c->synopsis[0] != '\0' ? " " : "", c->synopsis);
}

static int
help(FILE *to)
{
	char line[200];

	fputs("usage: lwm2m-bootstrapctl [-c CONF | -s STORE_DIR -k MASTER_KEY_FILE] [--json] COMMAND ...\n\ncommands:\n",
		to);
	for (size_t i = 0; i < COMMANDS; i++) {
		print_name(commands[i], line, sizeof(line));
		fprintf(to, strlen(line) < 34 ? "  %-34s %s\n" : "  %s\n                                     %s\n",
			line, commands[i]->summary);
	}
	fprintf(to, "\noptions:\n%s\nexit status: 0 done, 1 refused or failed, 2 usage\n", global_help);
	return BS_EXIT_DONE;
}

static int
command_help(const struct bs_ctl_command *c)
{
	struct bs_ctl_shown shown;
	char line[200];

	print_name(c, line, sizeof(line));
	printf("usage: lwm2m-bootstrapctl %s\n\n%s\n", line, c->summary);
	for (size_t i = 0; bs_ctl_option_at(c, i, &shown); i++) {
		const struct bs_ctl_option *o = &shown.option;

		if (i == 0)
			puts("\noptions:");
		snprintf(line, sizeof(line), "--%s%s%s", o->name, o->arg != NULL ? " " : "",
			o->arg != NULL ? o->arg : "");
		printf(strlen(line) < 28 ? "  %-28s %s\n" : "  %s\n                               %s\n", line, o->help);
	}
	printf("\nglobal options:\n%s", global_help);
	return BS_EXIT_DONE;
}

static int
version(void)
{
	printf("lwm2m-bootstrapctl %s (%s)\n", BS_VERSION, OpenSSL_version(OPENSSL_VERSION));
	return BS_EXIT_DONE;
}

/* ---- options ------------------------------------------------------------------------------------------------------ */

enum { OPT_JSON = 0x1000, OPT_VERSION, OPT_COMMAND };
#define GLOBALS 6
#define OPTIONS_MAX 64

static const struct option globals[GLOBALS] = {
	{ "config", required_argument, NULL, 'c' },
	{ "store", required_argument, NULL, 's' },
	{ "master-key", required_argument, NULL, 'k' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
};

/* The globals, then those of the command. */
static void
make_options(const struct bs_ctl_command *c, struct option out[OPTIONS_MAX])
{
	struct bs_ctl_shown shown;
	size_t n = 0;

	for (; n < GLOBALS; n++)
		out[n] = globals[n];
	for (size_t i = 0; c != NULL && n < OPTIONS_MAX - 1 && bs_ctl_option_at(c, i, &shown); i++)
		out[n++] = (struct option){ shown.option.name,
			shown.option.arg != NULL ? required_argument : no_argument, NULL, OPT_COMMAND + (int)i };
	out[n] = (struct option){ 0 };
}

static int
bad_option(const char *word, const struct option *options, bool argument_missing)
{
	struct bs_near near;
	char hint[340], name[100];
	size_t len = strcspn(word, "=");

	if (argument_missing)
		return bs_ctl_usage("%s needs a value", word);
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	bs_near_init(&near, name + strspn(name, "-"));
	for (; options->name != NULL; options++)
		bs_near_offer(&near, options->name);
	return bs_ctl_usage("unknown option %s%s", name, bs_near_text(&near, hint, sizeof(hint)));
}

/* -1: go on; else the exit status. c NULL: the options before the command. */
static int
parse(struct bs_ctl *ctl, const struct bs_ctl_command *c, int argc, char **argv, struct bs_ctl_args *args)
{
	struct option options[OPTIONS_MAX];
	int opt;

	make_options(c, options);
	opterr = 0;
	while ((opt = getopt_long(argc, argv, c == NULL ? "+:c:s:k:h" : ":c:s:k:h", options, NULL)) != -1) {
		if (opt == 'c')
			ctl->conf_file = optarg;
		else if (opt == 's')
			ctl->dir_arg = optarg;
		else if (opt == 'k')
			ctl->key_arg = optarg;
		else if (opt == OPT_JSON)
			ctl->json = true;
		else if (opt == 'h')
			return c == NULL ? help(stdout) : command_help(c);
		else if (opt == OPT_VERSION)
			return version();
		else if (opt == '?' || opt == ':')
			return bad_option(argv[optind - 1], options, opt == ':');
		else if (args->given_count == BS_CTL_GIVEN_MAX)
			return bs_ctl_usage("too many options");
		else
			args->given[args->given_count++] = (struct bs_ctl_given){ .index = (size_t)(opt - OPT_COMMAND),
				.value = optarg != NULL ? optarg : "" };
	}
	args->words = argv + optind;
	args->word_count = (size_t)(argc - optind);
	return -1;
}

/* ---- finding the command ------------------------------------------------------------------------------------------ */

static int
unknown_command(const char *name, const char *verb)
{
	struct bs_near near;
	char hint[340];
	bool known = false;

	for (size_t i = 0; i < COMMANDS; i++)
		known |= strcmp(commands[i]->name, name) == 0;
	if (known && verb == NULL) {
		fprintf(stderr, "lwm2m-bootstrapctl: %s needs a verb:", name);
		for (size_t i = 0; i < COMMANDS; i++)
			if (strcmp(commands[i]->name, name) == 0)
				fprintf(stderr, " %s", commands[i]->verb);
		fputc('\n', stderr);
		return BS_EXIT_USAGE;
	}
	bs_near_init(&near, known ? verb : name);
	for (size_t i = 0; i < COMMANDS; i++)
		if (!known || strcmp(commands[i]->name, name) == 0)
			bs_near_offer(&near, known ? commands[i]->verb : commands[i]->name);
	return bs_ctl_usage("unknown command %s%s%s%s (see --help)", name, known ? " " : "", known ? verb : "",
		bs_near_text(&near, hint, sizeof(hint)));
}

static bool
is_called(const struct bs_ctl_command *c, const char *name)
{
	return strcmp(c->name, name) == 0 || (c->alias != NULL && strcmp(c->alias, name) == 0);
}

static const struct bs_ctl_command *
find_command(const char *name, const char *verb)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (is_called(commands[i], name) &&
			(commands[i]->verb == NULL || (verb != NULL && strcmp(commands[i]->verb, verb) == 0)))
			return commands[i];
	return NULL;
}

static int
run(struct bs_ctl *ctl, int argc, char **argv, struct bs_ctl_args *args)
{
	const struct bs_ctl_command *c;
	int status = parse(ctl, NULL, argc, argv, args), skip;

	if (status != -1)
		return status;
	if (args->word_count == 0) {
		help(stderr);
		return BS_EXIT_USAGE;
	}
	argc -= optind;
	argv += optind;
	c = find_command(argv[0], argc > 1 ? argv[1] : NULL);
	if (c == NULL)
		return unknown_command(argv[0], argc > 1 ? argv[1] : NULL);
	skip = c->verb != NULL ? 1 : 0;
	optind = 0; /* getopt begins anew; its argv[0] is the last word of the command's name */
	status = parse(ctl, c, argc - skip, argv + skip, args);
	if (status != -1)
		return status;
	if (args->word_count < c->min_words || args->word_count > c->max_words)
		return bs_ctl_usage("usage: lwm2m-bootstrapctl %s%s%s %s", c->name, c->verb != NULL ? " " : "",
			c->verb != NULL ? c->verb : "", c->synopsis);
	status = c->run(ctl, args);
	return status == BS_EXIT_DONE ? bs_ctl_flush() : status;
}

int
main(int argc, char **argv)
{
	struct bs_ctl ctl = { .commands = commands, .command_count = COMMANDS };
	static struct bs_ctl_args args;
	int status;

	/* Keys pass through this process: no core dumps, and files are for the owner alone. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	umask(077);
	json_object_seed(0);
	if (bs_terminal_guard() != BS_OK)
		return bs_ctl_fail(BS_ENOMEM, NULL);
	status = run(&ctl, argc, argv, &args);
	bs_store_close(ctl.store);
	free(ctl.dir);
	free(ctl.key_file);
	return status;
}
