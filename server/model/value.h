/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of LwM2M resources (LwM2M Core 1.1, appendix C) and the object instances that a Bootstrap-Write carries.
 *
 * An instance is a flat list of entries ordered by resource ID, then by resource instance ID. Entries with the same
 * resource ID are the instances of one multiple resource. Octets are borrowed: they live in the struct bs_account.
 */
#ifndef BS_MODEL_VALUE_H
#define BS_MODEL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bs_type {
	BS_TYPE_STRING,
	BS_TYPE_INTEGER,
	BS_TYPE_UNSIGNED,
	BS_TYPE_FLOAT,
	BS_TYPE_BOOLEAN,
	BS_TYPE_OPAQUE,
	BS_TYPE_TIME, /* Unix seconds, in integer */
	BS_TYPE_OBJLNK,
	BS_TYPE_CORELNK, /* text, like STRING */
};

struct bs_value {
	enum bs_type type;
	union {
		int64_t integer; /* INTEGER, TIME */
		uint64_t uinteger; /* UNSIGNED */
		double real; /* FLOAT */
		bool boolean; /* BOOLEAN */
		struct {
			const uint8_t *data; /* STRING, OPAQUE, CORELNK; may be NULL when len is 0 */
			size_t len;
		} bytes;
		struct {
			uint16_t oid, iid; /* OBJLNK; 65535:65535 is the null link */
		} link;
	};
};

struct bs_entry {
	uint16_t rid;
	uint16_t riid; /* meaningful when multiple */
	bool multiple;
	struct bs_value value;
};

struct bs_instance {
	uint16_t oid, iid;
	const struct bs_entry *entries;
	size_t count;
};

/* What a request addresses: "/", "/o", "/o/i" or "/o/i/r". */
enum bs_level { BS_LEVEL_ROOT, BS_LEVEL_OBJECT, BS_LEVEL_INSTANCE, BS_LEVEL_RESOURCE };

struct bs_path {
	enum bs_level level;
	uint16_t oid, iid, rid; /* those that the level has */
};

#define BS_PATH_TEXT 24
/* "/", "/0", "/0/1", "/0/1/3" */
const char *bs_path_format(const struct bs_path *p, char out[BS_PATH_TEXT]);

static inline struct bs_value
bs_value_bytes(enum bs_type type, const void *data, size_t len)
{
	struct bs_value v = { .type = type };

	v.bytes.data = data;
	v.bytes.len = len;
	return v;
}

#endif
