/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resource tables of Objects 0 Security, 1 Server, 2 Access Control, 21 OSCORE (OMA registry; versions 1.0 to 1.2 of
 * the enabler), and the reading of a resource value from the text that an operator writes.
 */
#ifndef BS_MODEL_OBJECT_H
#define BS_MODEL_OBJECT_H

#include "server/base/err.h"
#include "server/model/value.h"

enum bs_lwm2m { BS_LWM2M_UNKNOWN = 0, BS_LWM2M_1_0 = 10, BS_LWM2M_1_1 = 11, BS_LWM2M_1_2 = 12 };

enum { BS_OBJ_SECURITY = 0, BS_OBJ_SERVER = 1, BS_OBJ_ACCESS_CONTROL = 2, BS_OBJ_DEVICE = 3, BS_OBJ_OSCORE = 21 };

/* Resource 2 of Object 0 (Security Mode). */
enum bs_mode { BS_MODE_PSK = 0, BS_MODE_RPK = 1, BS_MODE_X509 = 2, BS_MODE_NOSEC = 3, BS_MODE_EST = 4 };
const char *bs_mode_name(enum bs_mode mode); /* "psk", "rpk", "x509", "nosec", "est" */
BS_MUST_USE enum bs_err bs_mode_parse(const char *text, enum bs_mode *out);

struct bs_resource_def {
	uint16_t rid;
	const char *name; /* as the registry spells it */
	enum bs_type type;
	bool multiple;
	bool mandatory;
	bool executable; /* cannot be written */
	enum bs_lwm2m since; /* first enabler version that has it */
	int64_t min, max; /* of the number, or of the length in octets; min > max: no range */
};

/* NULL when the table has no such object or resource. */
const struct bs_resource_def *bs_resource_find(uint16_t oid, uint16_t rid);
/* All resources of an object, in order; NULL and 0 for an object without a table. */
const struct bs_resource_def *bs_object_resources(uint16_t oid, size_t *count);

/*
 * Read text as a value of type. Numbers decimal; booleans "true", "false", "1", "0"; opaque as hexadecimal; object
 * links "o:i"; time as Unix seconds, or "now" (value: now_s). Octets are decoded into buf, which *out then borrows.
 * BS_EFORMAT, BS_ERANGE (outside int64/uint64), BS_ESPACE.
 */
BS_MUST_USE enum bs_err bs_value_parse(
	enum bs_type type, const char *text, int64_t now_s, uint8_t *buf, size_t buf_max, struct bs_value *out);

/* Does v lie in the range that the table gives? BS_OK, or BS_ERANGE with a sentence in diag. */
BS_MUST_USE enum bs_err bs_resource_check(
	uint16_t oid, const struct bs_resource_def *def, const struct bs_value *v, struct bs_diag *diag);

const char *bs_type_name(enum bs_type type); /* "string", "integer", … */
BS_MUST_USE enum bs_err bs_type_parse(const char *text, enum bs_type *out);

#endif
