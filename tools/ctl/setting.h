/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resources and access control entries as an operator writes them on the command line:
 *
 *   --set OBJ/RES[/RIID]=VALUE       a resource of Object 0 or 1 of a server account
 *   --write /O/I/R[/RI]=VALUE        any other resource; VALUE is TYPE:TEXT where there is no model of the object
 *   --acl OID/IID:owner=SSID[,SSID=RIGHTS]..
 *
 * Values are checked against the resource table, or against the object model that the operator brought along.
 */
#ifndef BS_TOOLS_CTL_SETTING_H
#define BS_TOOLS_CTL_SETTING_H

#include "server/model/account.h"
#include "server/model/ddf.h"
#include "tools/ctl/report.h"

#define BS_SETTINGS_MAX 128
#define BS_ACLS_MAX 64

struct bs_settings {
	struct bs_setting list[BS_SETTINGS_MAX];
	size_t count;
	bool range_told; /* that a range is not checked is said once */
};

/*
 * Where object models come from. find is as bs_store_find_resource: BS_ENOTFOUND: there is no model of the object;
 * BS_EREFUSED: the model, in *object, has no such resource.
 */
struct bs_models {
	enum bs_err (*find)(
		void *arg, uint16_t oid, uint16_t rid, struct bs_model *object, struct bs_model_resource *out);
	void *arg;
};

void bs_settings_clear(struct bs_settings *s);
/* A copy of one that was checked before, behind the others. False: there is no room, or no memory. */
bool bs_settings_copy(struct bs_settings *s, const struct bs_setting *one);
/* --set; resources that have an option of their own are refused. */
void bs_settings_add_server(struct bs_settings *s, struct bs_report *r, const char *text);
/* One resource of Object 0 or 1, from an option of its own. */
void bs_settings_add_resource(
	struct bs_settings *s, struct bs_report *r, const char *field, uint16_t oid, uint16_t rid, const char *value);
/* --write; Objects 0, 1, 2 (accounts, --acl) and 21, 23 (secrets) are refused. models NULL: none. */
void bs_settings_add_write(
	struct bs_settings *s, struct bs_report *r, const char *text, const struct bs_models *models);
/* Path and object alone, before there is a store. */
void bs_settings_check_write(struct bs_report *r, const char *text);
/* The first setting of that resource; NULL: none. */
const struct bs_setting *bs_settings_find(const struct bs_settings *s, uint16_t oid, uint16_t rid);

/* --acl */
void bs_acl_read(struct bs_report *r, const char *text, struct bs_acl *out);

#endif
