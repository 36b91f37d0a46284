/* SPDX-License-Identifier: Apache-2.0 */
/* Object instances that several codec tests encode, each to its own known answer. */
#ifndef BS_TESTS_LIB_INSTANCES_H
#define BS_TESTS_LIB_INSTANCES_H

#include "server/model/value.h"

#define TEXT(s) \
	{ \
		.type = BS_TYPE_STRING, .bytes = {(const uint8_t *)(s), sizeof(s) - 1 } \
	}
#define OCTETS(s) \
	{ \
		.type = BS_TYPE_OPAQUE, .bytes = {(const uint8_t *)(s), sizeof(s) - 1 } \
	}
#define INTEGER(n) \
	{ \
		.type = BS_TYPE_INTEGER, .integer = (n) \
	}
#define UNSIGNED(n) \
	{ \
		.type = BS_TYPE_UNSIGNED, .uinteger = (n) \
	}
#define BOOLEAN(b) \
	{ \
		.type = BS_TYPE_BOOLEAN, .boolean = (b) \
	}
#define REAL(x) \
	{ \
		.type = BS_TYPE_FLOAT, .real = (x) \
	}
#define LINK(o, i) \
	{ \
		.type = BS_TYPE_OBJLNK, .link = {(o), (i) } \
	}
#define ONE(id, ...) \
	{ \
		.rid = (id), .value = __VA_ARGS__ \
	}
#define PART(id, inst, ...) \
	{ \
		.rid = (id), .riid = (inst), .multiple = true, .value = __VA_ARGS__ \
	}
#define INSTANCE(o, i, list) \
	{ \
		(o), (i), (list), sizeof(list) / sizeof((list)[0]) \
	}

/* /0/1: a server account with a pre-shared key. */
static const struct bs_entry psk_entries[] __attribute__((unused)) = {
	ONE(0, TEXT("coaps://dm.example:5684")),
	ONE(1, BOOLEAN(false)),
	ONE(2, INTEGER(0)),
	ONE(3, OCTETS("dev-0001")),
	ONE(5, OCTETS("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f")),
	ONE(10, INTEGER(101)),
};
static const struct bs_instance psk_instance __attribute__((unused)) = INSTANCE(0, 1, psk_entries);

/* /1/1: the server that belongs to it. */
static const struct bs_entry server_entries[] __attribute__((unused)) = {
	ONE(0, INTEGER(101)),
	ONE(1, INTEGER(86400)),
	ONE(6, BOOLEAN(true)),
	ONE(7, TEXT("U")),
};
static const struct bs_instance server_instance __attribute__((unused)) = INSTANCE(1, 1, server_entries);

/* /2/0: server 101 owns /3/0 and may do all but create, server 102 may read. */
static const struct bs_entry acl_entries[] __attribute__((unused)) = {
	ONE(0, INTEGER(3)),
	ONE(1, INTEGER(0)),
	PART(2, 101, INTEGER(15)),
	PART(2, 102, INTEGER(1)),
	ONE(3, INTEGER(101)),
};
static const struct bs_instance acl_instance __attribute__((unused)) = INSTANCE(2, 0, acl_entries);

/* /2/1: server 300 may create instances of Object 3. */
static const struct bs_entry create_entries[] __attribute__((unused)) = {
	ONE(0, INTEGER(3)),
	ONE(1, INTEGER(65535)),
	PART(2, 300, INTEGER(16)),
	ONE(3, INTEGER(65535)),
};
static const struct bs_instance create_instance __attribute__((unused)) = INSTANCE(2, 1, create_entries);

static const struct bs_entry suite_entries[] __attribute__((unused)) = {
	PART(16, 0, UNSIGNED(0xc0a8)),
	PART(16, 1, UNSIGNED(0xc0ae)),
};
static const struct bs_instance suite_instance __attribute__((unused)) = INSTANCE(0, 1, suite_entries);

static const struct bs_entry link_entries[] __attribute__((unused)) = { ONE(17, LINK(21, 0)) };
static const struct bs_instance link_instance __attribute__((unused)) = INSTANCE(0, 1, link_entries);

static const struct bs_entry sms_entries[] __attribute__((unused)) = {
	ONE(6, INTEGER(2)),
	ONE(7, OCTETS("\x12\x12\x16\xb2\x02\x03")),
	ONE(8, OCTETS("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
		      "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f")),
	ONE(9, TEXT("447700900123")),
};
static const struct bs_instance sms_instance __attribute__((unused)) = INSTANCE(0, 1, sms_entries);

#endif
