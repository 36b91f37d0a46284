/* SPDX-License-Identifier: Apache-2.0 */
/* Values of resources in words, for people and for JSON. What holds a key is never shown. */
#ifndef BS_TOOLS_CTL_SHOW_H
#define BS_TOOLS_CTL_SHOW_H

#include "server/model/object.h"
#include "server/model/value.h"
#include "tools/ctl/cli.h"

#define BS_SHOW_VALUE 420 /* octets of a value in words */

enum bs_show_for { BS_SHOW_PERSON, BS_SHOW_JSON }; /* for a person text stands in quotes; JSON brings its own */

/* "N octets, masked" where the resource holds a key. */
void bs_show_value(uint16_t oid, const struct bs_entry *e, enum bs_show_for whom, char out[BS_SHOW_VALUE]);
/* Unix milliseconds as "2026-11-24 08:15:00Z". */
#define BS_SHOW_TIME 32
const char *bs_show_time(int64_t ms, char out[BS_SHOW_TIME]);
/* Does the resource hold a key? */
bool bs_show_is_secret(uint16_t oid, uint16_t rid);
/* By the tables of the server, or by the operator's model; "" where neither has it. model: room for the latter. */
const char *bs_show_resource_name(
	const struct bs_ctl *ctl, uint16_t oid, uint16_t rid, struct bs_model_resource *model);
/* Lines "      RID    name    value", of the entries from first up to end. */
void bs_show_entries(const struct bs_ctl *ctl, const struct bs_instance *in, size_t first, size_t end);
json_t *bs_show_entries_json(const struct bs_ctl *ctl, const struct bs_instance *in, size_t first, size_t end);

#endif
