/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SenML JSON and SenML CBOR have in common (RFC 8428 section 4): records of a base name, a name and one value, with
 * LwM2M's names and its label "vlo" (LwM2M Core 1.1 section 7.4.4).
 */
#ifndef SIM_SENML_H
#define SIM_SENML_H

#include "tools/sim/decode.h"

#define SIM_NAME_MAX 63

struct sim_senml_record {
	char name[SIM_NAME_MAX + 1];
	bool based, named, valued;
	struct sim_scalar value;
};

/* A base name for this and the following records, or the record's name. False: too long, or given twice. */
bool sim_senml_base(struct sim_senml_record *r, char base[SIM_NAME_MAX + 1], const char *text, size_t len);
bool sim_senml_name(struct sim_senml_record *r, const char *text, size_t len);
/* The record's value. False: the second one. */
bool sim_senml_value(struct sim_senml_record *r, struct sim_scalar value);
/* The whole record into the store. */
bool sim_senml_take(struct sim_decoder *d, const char *base, const struct sim_senml_record *r);
/* After the last record: a Write on an object has brought an instance. */
bool sim_senml_end(struct sim_decoder *d);

#endif
