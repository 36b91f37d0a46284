/* SPDX-License-Identifier: Apache-2.0 */
/* completion: a bash completion script, made from the table of subcommands. */
#include <stdio.h>
#include <string.h>

#include "tools/ctl/cli.h"

/* `name) words ;;` for each first word, once. */
static void
print_verbs(const struct bs_ctl_command *const *commands, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (commands[i]->verb == NULL || (i > 0 && strcmp(commands[i - 1]->name, commands[i]->name) == 0))
			continue;
		printf("\t%s) words=\"", commands[i]->name);
		for (size_t k = i; k < count && strcmp(commands[k]->name, commands[i]->name) == 0; k++)
			printf("%s%s", k > i ? " " : "", commands[k]->verb);
		puts("\" ;;");
	}
}

static void
print_names(const struct bs_ctl_command *const *commands, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(commands[i - 1]->name, commands[i]->name) != 0)
			printf("%s ", commands[i]->name);
	}
}

/* `"name verb") options="--a --b" ;;` */
static void
print_options(const struct bs_ctl_command *const *commands, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct bs_ctl_command *c = commands[i];

		struct bs_ctl_shown shown;

		if (!bs_ctl_option_at(c, 0, &shown))
			continue;
		printf("\t\"%s%s%s\"*) options=\"", c->name, c->verb != NULL ? " " : "",
			c->verb != NULL ? c->verb : "");
		for (size_t k = 0; bs_ctl_option_at(c, k, &shown); k++)
			printf("--%s ", shown.option.name);
		puts("\" ;;");
	}
}

static int
run_completion(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	const struct bs_ctl_command *const *commands = ctl->commands;
	size_t count = ctl->command_count;

	(void)args;
	puts("# bash completion of lwm2m-bootstrapctl\n_lwm2m_bootstrapctl() {\n\tlocal words=\"\" options=\"\" given=\"\" i");
	puts("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n\t\t-c | -s | -k) ((i++)) ;;");
	puts("\t\t-*) ;;\n\t\t*) given=\"${given:+$given }${COMP_WORDS[i]}\" ;;\n\t\tesac\n\tdone\n\tcase $given in");
	printf("\t\"\") words=\"");
	print_names(commands, count);
	puts("\" ;;");
	print_verbs(commands, count);
	puts("\t*) compopt -o default ;;\n\tesac\n\tcase $given in");
	print_options(commands, count);
	puts("\tesac\n\tcase ${COMP_WORDS[COMP_CWORD]} in -*) words=\"$options -c -s -k --json --help\" ;; esac");
	puts("\tCOMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}");
	puts("complete -F _lwm2m_bootstrapctl lwm2m-bootstrapctl");
	return bs_ctl_flush();
}

const struct bs_ctl_command bs_cmd_completion = {
	.name = "completion",
	.synopsis = "",
	.summary = "print a completion script for bash",
	.run = run_completion,
};
