/* SPDX-License-Identifier: Apache-2.0 */
#include "server/model/account.h"

#include <stdlib.h>
#include <string.h>

static void
free_settings(struct bs_setting *settings, size_t count)
{
	for (size_t i = 0; settings != NULL && i < count; i++) {
		/* Some are keys: the Master Secret of Object 21, in an extra write. */
		if (settings[i].text != NULL)
			bs_wipe(settings[i].text, strlen(settings[i].text));
		free(settings[i].text);
	}
	free(settings);
}

static void
clear_grant(struct bs_grant *g)
{
	bs_blob_clear(&g->server_key);
	bs_blob_clear(&g->public_or_identity);
	free_settings(g->settings, g->setting_count);
	bs_wipe(g, sizeof(*g));
}

void
bs_grant_free(struct bs_grant *g)
{
	if (g != NULL)
		clear_grant(g);
	free(g);
}

struct bs_account *
bs_account_new(void)
{
	struct bs_account *a = calloc(1, sizeof(*a));

	if (a != NULL)
		bs_profile_init(&a->profile);
	return a;
}

void
bs_account_free(struct bs_account *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; a->grants != NULL && i < a->grant_count; i++)
		clear_grant(&a->grants[i]);
	free(a->grants);
	bs_grant_free(a->renewal);
	free(a->acls);
	free_settings(a->writes, a->write_count);
	bs_account_free(a->retry); /* one deep */
	free(a);
}
