/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Object models as OMA and makers publish them: XML after the schema LWM2M.xsd ("DDF file"), one object a file.
 *
 *   <LWM2M><Object><Name/><ObjectID/><ObjectVersion/><MultipleInstances/><Mandatory/>
 *     <Resources><Item ID=""><Name/><Operations/><MultipleInstances/><Mandatory/><Type/><RangeEnumeration/><Units/>
 *
 * A file may come from anywhere: size, depth and the number of resources are bounded, and a document type declaration is
 * refused, so that there are no entities to expand or to fetch. Each of these elements may stand once in its place; a second one,
 * blank or not, is refused. Other elements are passed over.
 */
#ifndef BS_MODEL_DDF_H
#define BS_MODEL_DDF_H

#include "server/base/err.h"
#include "server/model/value.h"

#define BS_DDF_FILE_MAX ((size_t)1 << 20) /* octets; the largest file of the registry has some 100,000 */
#define BS_DDF_RESOURCES_MAX 1024
#define BS_DDF_DEPTH_MAX 16

#define BS_DDF_NAME_MAX 127 /* octets; a longer text is cut and ends with an ellipsis */
#define BS_DDF_UNITS_MAX 63
#define BS_DDF_RANGE_MAX 255

struct bs_model_resource {
	uint16_t rid;
	char name[BS_DDF_NAME_MAX + 1];
	char operations[4]; /* letters of "RWE"; "": none, for the Bootstrap-Server alone */
	bool multiple, mandatory;
	bool executable; /* E among the operations, or no type: has no value */
	enum bs_type type; /* when not executable */
	char range[BS_DDF_RANGE_MAX + 1]; /* as the file has it; "": none */
	char units[BS_DDF_UNITS_MAX + 1]; /* "": none */
};

struct bs_model {
	uint16_t oid;
	char name[BS_DDF_NAME_MAX + 1];
	char version[8]; /* "1.0" where the file says nothing */
	bool multiple, mandatory;
	struct bs_model_resource *resources; /* by number */
	size_t count;
};

/*
 * Read a file's octets. BS_EFORMAT (not XML, not an object model), BS_ERANGE (a number), BS_ELIMIT (size, depth, number
 * of resources), BS_EREFUSED (document type declaration), BS_ENOMEM; diag has the line. *out is empty after an error.
 */
BS_MUST_USE enum bs_err bs_ddf_parse(const void *data, size_t len, struct bs_model *out, struct bs_diag *diag);
void bs_model_clear(struct bs_model *m);
/* NULL: the object has no such resource. */
const struct bs_model_resource *bs_model_find(const struct bs_model *m, uint16_t rid);

/*
 * Is the range one that bs_model_check enforces? Numbers "0..8", "0-255", "-5..5", "1,2,4", "1..3,7" of a number; the same
 * with or without "bytes" behind it as the length of octets, where a string needs the word for a list. Else, and for other
 * types, the text is for people: "8 bit".
 */
bool bs_model_range_known(const struct bs_model_resource *res);
/* Does v lie in the range? BS_OK (also when the range is not known), or BS_ERANGE with a sentence in diag. */
BS_MUST_USE enum bs_err bs_model_check(
	uint16_t oid, const struct bs_model_resource *res, const struct bs_value *v, struct bs_diag *diag);

#endif
