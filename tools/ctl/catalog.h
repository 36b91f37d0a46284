/* SPDX-License-Identifier: Apache-2.0 */
/* Server accounts and profiles of the store in memory, for look-ups by name while devices are imported or checked. */
#ifndef BS_TOOLS_CTL_CATALOG_H
#define BS_TOOLS_CTL_CATALOG_H

#include <uthash.h>

#include "db/provision.h"

struct bs_cat_server {
	struct bs_server_def def; /* def.name points at name; key and settings are not kept */
	char name[BS_NAME_MAX + 1];
	char uri[BS_URI_MAX + 1];
	char sms_number[24];
	size_t server_key_len; /* octets of its key or certificate */
	size_t index; /* in struct bs_catalog */
	UT_hash_handle hh;
};

struct bs_cat_profile {
	int64_t id;
	char name[BS_NAME_MAX + 1];
	bool has_anchor;
	uint8_t sms_parameters_len;
	const struct bs_cat_server *servers[BS_SERVERS_MAX]; /* in order */
	size_t server_count;
	char retry_as[BS_NAME_MAX + 1]; /* "": none */
	enum bs_on_existing on_existing;
	UT_hash_handle hh;
};

struct bs_catalog {
	struct bs_store *store;
	struct bs_cat_server *servers; /* hash by name */
	struct bs_cat_profile *profiles;
	size_t server_count;
	enum bs_err err; /* first failure while loading */
};

BS_MUST_USE enum bs_err bs_catalog_load(struct bs_store *st, struct bs_catalog *out);
void bs_catalog_clear(struct bs_catalog *c);
const struct bs_cat_server *bs_catalog_server(const struct bs_catalog *c, const char *name);
const struct bs_cat_profile *bs_catalog_profile(const struct bs_catalog *c, const char *name);

#endif
