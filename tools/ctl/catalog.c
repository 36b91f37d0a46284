/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/catalog.h"

#include <stdio.h>
#include <stdlib.h>

static void
on_server(void *arg, const struct bs_server_def *def)
{
	struct bs_catalog *c = arg;
	struct bs_cat_server *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		c->err = BS_ENOMEM;
		return;
	}
	if (!bs_store_is_good(c->store, "server", def->id))
		c->err = BS_ETAMPERED;
	snprintf(s->name, sizeof(s->name), "%s", def->name);
	snprintf(s->uri, sizeof(s->uri), "%s", def->uri);
	snprintf(s->sms_number, sizeof(s->sms_number), "%s", def->sms_number != NULL ? def->sms_number : "");
	s->def = *def;
	s->def.name = s->name;
	s->def.uri = s->uri;
	s->def.sms_number = def->sms_number != NULL ? s->sms_number : NULL;
	s->server_key_len = def->server_key_len;
	s->def.server_key = NULL;
	s->def.server_key_len = 0;
	s->def.settings = NULL;
	s->def.setting_count = 0;
	s->index = c->server_count++;
	HASH_ADD_STR(c->servers, name, s);
}

static void
on_profile(void *arg, const struct bs_profile_def *def)
{
	struct bs_catalog *c = arg;
	struct bs_cat_profile *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		c->err = BS_ENOMEM;
		return;
	}
	if (!bs_store_is_good(c->store, "profile", def->profile.id))
		c->err = BS_ETAMPERED;
	p->id = def->profile.id;
	snprintf(p->name, sizeof(p->name), "%s", def->profile.name);
	p->has_anchor = def->has_anchor;
	p->sms_parameters_len = def->profile.sms_parameters_len;
	p->on_existing = def->profile.on_existing;
	snprintf(p->retry_as, sizeof(p->retry_as), "%s", def->profile.retry_as);
	for (size_t i = 0; i < def->server_count && i < BS_SERVERS_MAX; i++) {
		p->servers[p->server_count] = bs_catalog_server(c, def->servers[i]);
		if (p->servers[p->server_count] == NULL)
			c->err = BS_EINTERNAL;
		else
			p->server_count++;
	}
	HASH_ADD_STR(c->profiles, name, p);
}

enum bs_err
bs_catalog_load(struct bs_store *st, struct bs_catalog *out)
{
	enum bs_err err;

	*out = (struct bs_catalog){ .store = st };
	err = bs_store_each_server(st, NULL, on_server, out);
	if (err == BS_OK && out->err == BS_OK)
		err = bs_store_each_profile(st, NULL, on_profile, out);
	return err != BS_OK ? err : out->err;
}

void
bs_catalog_clear(struct bs_catalog *c)
{
	struct bs_cat_server *s, *next_s;
	struct bs_cat_profile *p, *next_p;

	HASH_ITER (hh, c->servers, s, next_s) {
		HASH_DEL(c->servers, s);
		free(s);
	}
	HASH_ITER (hh, c->profiles, p, next_p) {
		HASH_DEL(c->profiles, p);
		free(p);
	}
	c->server_count = 0;
}

const struct bs_cat_server *
bs_catalog_server(const struct bs_catalog *c, const char *name)
{
	struct bs_cat_server *s;

	HASH_FIND_STR(c->servers, name, s);
	return s;
}

const struct bs_cat_profile *
bs_catalog_profile(const struct bs_catalog *c, const char *name)
{
	struct bs_cat_profile *p;

	HASH_FIND_STR(c->profiles, name, p);
	return p;
}
