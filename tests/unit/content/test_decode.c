/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoders. Payloads are written by hand after LwM2M Core 1.1, appendix C, Core 1.2, 7.4, RFC 8428 and RFC 8949, not
 * taken from our encoders; what both say of each other is in test_round_trip.c.
 */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/content/decode.h"
#include "server/content/format.h"
#include "tests/lib/tree.h"

#define TEXT_MAX 8192

enum { TEXT = 0, OPAQUE = 42, CBOR = 60, JSON = 110, SENML = 112, TLV = 11542, LCBOR = 11544 };

/* "/1/0" as a path. */
static struct bs_path
path(const char *text)
{
	unsigned ids[3] = { 0 };
	int n = sscanf(text, "/%u/%u/%u", &ids[0], &ids[1], &ids[2]);

	return (struct bs_path){ n > 0 ? (enum bs_level)n : BS_LEVEL_ROOT, (uint16_t)ids[0], (uint16_t)ids[1],
		(uint16_t)ids[2] };
}

/* Payload: characters for text and JSON, else hexadecimal. */
static size_t
payload(uint16_t format, const char *text, uint8_t *out, size_t max)
{
	if (format != TEXT && format != JSON)
		return hex(text, out, max);
	assert_true(strlen(text) <= max);
	memcpy(out, text, strlen(text));
	return strlen(text);
}

static enum bs_err
decode(uint16_t format, const char *target, const uint8_t *data, size_t len, char text[TEXT_MAX])
{
	struct bs_path p = path(target);
	uint8_t *copy = exact_copy(data, len);
	struct bs_tree *tree = (void *)1;
	enum bs_err err = bs_decode(format, &p, copy, len, tree_find_resource, &tree);

	free(copy); /* before the tree is looked at: it owns what it shows */
	text[0] = '\0';
	assert_true((err == BS_OK) == (tree != NULL));
	if (tree != NULL)
		tree_text(tree->instances, tree->count, text, TEXT_MAX);
	bs_tree_free(tree);
	return err;
}

struct row {
	const char *name;
	uint16_t format;
	const char *target, *payload, *expected; /* tree as text */
};

static const struct row good[] = {
	/* The instances of appendix C, as each format has them. */
	{ "server", TLV, "/1/1", "c10065 c40100015180 c10601 c10755", "/1/1 0=101 1=86400 6=true 7='U'" },
	{ "server, old number of TLV", 1542, "/1/1", "c10065", "/1/1 0=101" },
	{ "server, wrapped at its own level", TLV, "/1/1", "08010f c10065 c40100015180 c10601 c10755",
		"/1/1 0=101 1=86400 6=true 7='U'" },
	{ "access control", TLV, "/2/0", "c10003 c10100 860241650f416601 c10365",
		"/2/0 0=3 1=0 2/101=15 2/102=1 3=101" },
	{ "object", TLV, "/2",
		"080011 c10003 c10100 860241650f416601 c10365 080115 c10003 c4010000ffff 840261012c10"
		" c4030000ffff",
		"/2/0 0=3 1=0 2/101=15 2/102=1 3=101; /2/1 0=3 1=65535 2/300=16 3=65535" },
	{ "resource", TLV, "/1/1/1", "c40100015180", "/1/1 1=86400" },
	{ "multiple resource", TLV, "/2/0/2", "860241650f416601", "/2/0 2/101=15 2/102=1" },
	{ "pre-shared key", SENML, "/0/1",
		"86 a321652f302f312f00613003 77636f6170733a2f2f646d2e6578616d706c653a35363834 a200613104f4 a20061320200"
		" a200613308486465762d30303031 a20061350850 000102030405060708090a0b0c0d0e0f a2006231300218 65",
		"/0/1 0='coaps://dm.example:5684' 1=false 2=0 3=h6465762d30303031 "
		"5=h000102030405060708090a0b0c0d0e0f 10=101" },
	{ "access control", SENML, "/2/0",
		"85 a321652f322f302f0061300203 a20061310200 a20065322f313031020f a20065322f3130320201 a200613302 1865",
		"/2/0 0=3 1=0 2/101=15 2/102=1 3=101" },
	{ "server", JSON, "/1/0",
		"[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":101},{\"n\":\"1\",\"v\":86400},{\"n\":\"6\",\"vb\":true},"
		"{\"n\":\"7\",\"vs\":\"U\"}]",
		"/1/0 0=101 1=86400 6=true 7='U'" },
	{ "pre-shared key", JSON, "/0/1",
		"[{\"bn\":\"/0/1/\",\"n\":\"0\",\"vs\":\"coaps://dm.example:5684\"},{\"n\":\"1\",\"vb\":false},"
		"{\"n\":\"2\",\"v\":0},{\"n\":\"3\",\"vd\":\"ZGV2LTAwMDE\"},"
		"{\"n\":\"5\",\"vd\":\"AAECAwQFBgcICQoLDA0ODw\"},{\"n\":\"10\",\"v\":101}]",
		"/0/1 0='coaps://dm.example:5684' 1=false 2=0 3=h6465762d30303031 "
		"5=h000102030405060708090a0b0c0d0e0f 10=101" },
	{ "pre-shared key", LCBOR, "/0/1",
		"a1 00 a1 01 a6 00 77 636f6170733a2f2f646d2e6578616d706c653a35363834 01 f4 02 00 03 48 6465762d30303031"
		" 05 50 000102030405060708090a0b0c0d0e0f 0a 1865",
		"/0/1 0='coaps://dm.example:5684' 1=false 2=0 3=h6465762d30303031 "
		"5=h000102030405060708090a0b0c0d0e0f 10=101" },
	{ "access control, key is an array", LCBOR, "/2/0", "a1 820200 a4 00 03 01 00 02 a2 1865 0f 1866 01 03 1865",
		"/2/0 0=3 1=0 2/101=15 2/102=1 3=101" },

	/* TLV: lengths, numbers, what may be missing. */
	{ "numbers longer than needed", TLV, "/1/0", "c80008 0000000000000065 c201 003c", "/1/0 0=101 1=60" },
	{ "negative", TLV, "/33000/0", "c101 ff", "/33000/0 1=-1" },
	{ "negative, 2 octets", TLV, "/33000/0", "c201 fffe", "/33000/0 1=-2" },
	{ "negative, 4 octets", TLV, "/33000/0", "c401 fffffffd", "/33000/0 1=-3" },
	{ "negative, 8 octets", TLV, "/33000/0", "c80108 8000000000000000", "/33000/0 1=-9223372036854775808" },
	{ "unsigned without a sign octet", TLV, "/33000/0", "c202 c0a8", "/33000/0 2=49320u" },
	{ "unsigned with one", TLV, "/33000/0", "c402 0000c0a8", "/33000/0 2=49320u" },
	{ "unsigned, largest", TLV, "/33000/0", "c80208 ffffffffffffffff", "/33000/0 2=18446744073709551615u" },
	{ "float", TLV, "/33000/0", "c403 3fc00000", "/33000/0 3=1.5f" },
	{ "double", TLV, "/33000/0", "c80308 3ff8000000000000", "/33000/0 3=1.5f" },
	{ "boolean", TLV, "/33000/0", "c10400", "/33000/0 4=false" },
	{ "time", TLV, "/33000/0", "c406 6553f100", "/33000/0 6=1700000000t" },
	{ "link", TLV, "/33000/0", "c407 0015ffff", "/33000/0 7=<21:65535>" },
	{ "CoRE link", TLV, "/33000/0", "c408 3c2f333e", "/33000/0 8=[</3>]" },
	{ "order is free", TLV, "/1/0", "c10755 c10065", "/1/0 0=101 7='U'" },
	{ "instances in any order", TLV, "/1", "0305 c10002 0300 c10001", "/1/0 0=1; /1/5 0=2" },
	{ "resource instances in any order", TLV, "/2/0", "860241660f416501", "/2/0 2/101=1 2/102=15" },
	{ "16-bit length", TLV, "/1/0", "d0070003 616263", "/1/0 7='abc'" },
	{ "24-bit length", TLV, "/1/0", "d807000003 616263", "/1/0 7='abc'" },
	{ "empty instance", TLV, "/1", "0003", "/1/3" },
	{ "empty object", TLV, "/1", "", "" },
	{ "empty answer for an instance", TLV, "/1/4", "", "/1/4" },
	{ "empty text", TLV, "/1/0", "c007", "/1/0 7=''" },
	{ "empty multiple resource", TLV, "/2/0", "8002", "/2/0" },
	{ "unknown resource", TLV, "/1/0", "e1012c61 c10065", "/1/0 0=101 300=h61" },
	{ "unknown object", TLV, "/9/0", "c10061 8301410062", "/9/0 0=h61 1/0=h62" },

	/* SenML CBOR: names, labels, lengths that are not said, tags. */
	{ "indefinite lengths", SENML, "/1/0",
		"9f bf 21 652f312f302f 00 6130 02 1865 ff bf 00 6137 03 7f 6155 60 6154 ff ff ff",
		"/1/0 0=101 7='UT'" },
	{ "octets in pieces", SENML, "/0/1", "81 a2 21 66 2f302f312f35 08 5f 420102 40 4103 ff", "/0/1 5=h010203" },
	{ "name in pieces", SENML, "/1/0", "81 a2 21 7f 632f312f 63302f31 ff 02 05", "/1/0 1=5" },
	{ "base name is the path", SENML, "/1/0/1", "81 a2 21 66 2f312f302f31 02 1a00015180", "/1/0 1=86400" },
	{ "name is the path", SENML, "/1/0/1", "81 a2 00 66 2f312f302f31 02 1a00015180", "/1/0 1=86400" },
	{ "value before the names", SENML, "/1/0", "81 a3 02 05 00 6130 21 652f312f302f", "/1/0 0=5" },
	{ "a slash in front of the name", SENML, "/1/0", "81 a3 21 642f312f30 00 622f30 02 05", "/1/0 0=5" },
	{ "half of a number in the base name", SENML, "/2/0", "81 a3 21 682f322f302f322f31 00 623031 02 0f",
		"/2/0 2/101=15" },
	{ "base name stays, then changes", SENML, "/1",
		"83 a3 21 652f312f302f 00 6130 02 01 a2 00 6131 02 02 a3 21 652f312f352f 00 6130 02 03",
		"/1/0 0=1 1=2; /1/5 0=3" },
	{ "base name alone", SENML, "/1/0", "82 a1 21 652f312f302f a2 00 6130 02 05", "/1/0 0=5" },
	{ "nothing", SENML, "/1/0", "80", "" },
	{ "labels nobody needs", SENML, "/1/0",
		"81 a8 21 652f312f302f 00 6130 02 05 01 616d 06 1a00000000 63666f6f 82 01 a1 02 9f 03 ff 1863 f7"
		" 6162 c2 41ff",
		"/1/0 0=5" },
	{ "version 10", SENML, "/1/0", "81 a3 20 0a 21 66 2f312f302f30 02 05", "/1/0 0=5" },
	{ "tags", SENML, "/33000/0", "d9d9f7 81 d820 a2 21 6a 2f33333030302f302f36 02 c1 1a514b67b0",
		"/33000/0 6=1363896240t" },
	{ "link", SENML, "/33000/0", "81 a2 21 6a 2f33333030302f302f37 63766c6f 6432313a30", "/33000/0 7=<21:0>" },
	{ "link as a string", SENML, "/33000/0", "81 a2 21 6a 2f33333030302f302f37 03 6432313a30",
		"/33000/0 7=<21:0>" },
	{ "whole number as a float", SENML, "/1/0", "81 a2 21 66 2f312f302f31 02 f94500", "/1/0 1=5" },
	{ "float as a whole number", SENML, "/33000/0", "81 a2 21 6a 2f33333030302f302f33 02 3863",
		"/33000/0 3=-100f" },
	{ "unknown resources", SENML, "/9/0",
		"88 a3 21 652f392f302f 00 6130 02 01 a2 00 6131 02 20 a2 00 6132 02 1bffffffffffffffff"
		" a2 00 6133 02 f93e00 a2 00 6134 04 f5 a2 00 6135 03 6161 a2 00 6136 08 4161 a2 00 6137 63766c6f "
		"63313a32",
		"/9/0 0=1 1=-1 2=18446744073709551615u 3=1.5f 4=true 5='a' 6=h61 7=<1:2>" },

	/* SenML JSON. */
	{ "blanks", JSON, "/1/0", " [ { \"bn\" : \"/1/0/0\" ,\n\t\"v\" : 101 } ] ", "/1/0 0=101" },
	{ "escapes", JSON, "/1/0",
		"[{\"bn\":\"\\/1\\/0\\/\",\"n\":\"\\u0037\",\"vs\":\"\\u0055\\n\\u00e9\\ud83d\\udd11\"}]",
		"/1/0 7='U\n\xc3\xa9\xf0\x9f\x94\x91'" },
	{ "whole number as a float", JSON, "/1/0", "[{\"bn\":\"/1/0/0\",\"v\":1.01e2}]", "/1/0 0=101" },
	{ "float", JSON, "/33000/0", "[{\"bn\":\"/33000/0/3\",\"v\":-1.5}]", "/33000/0 3=-1.5f" },
	{ "link", JSON, "/33000/0", "[{\"bn\":\"/33000/0/7\",\"vlo\":\"65535:65535\"}]", "/33000/0 7=<65535:65535>" },
	{ "link as a string", JSON, "/33000/0", "[{\"bn\":\"/33000/0/7\",\"vs\":\"21:0\"}]", "/33000/0 7=<21:0>" },
	{ "octets, no padding", JSON, "/33000/0", "[{\"bn\":\"/33000/0/5\",\"vd\":\"Zm9vYg\"}]",
		"/33000/0 5=h666f6f62" },
	{ "octets, padding", JSON, "/33000/0", "[{\"bn\":\"/33000/0/5\",\"vd\":\"Zm9vYg==\"}]",
		"/33000/0 5=h666f6f62" },
	{ "octets, URL alphabet", JSON, "/33000/0", "[{\"bn\":\"/33000/0/5\",\"vd\":\"-_8\"}]", "/33000/0 5=hfbff" },
	{ "octets, the other", JSON, "/33000/0", "[{\"bn\":\"/33000/0/5\",\"vd\":\"+/8=\"}]", "/33000/0 5=hfbff" },
	{ "no octets", JSON, "/33000/0", "[{\"bn\":\"/33000/0/5\",\"vd\":\"\"}]", "/33000/0 5=h" },
	{ "labels nobody needs", JSON, "/1/0",
		"[{\"bn\":\"/1/0/0\",\"bt\":1e9,\"u\":\"m\",\"t\":-5,\"bver\":10,\"x\":{\"a\":[1,null]},\"v\":5}]",
		"/1/0 0=5" },
	{ "nothing", JSON, "/1/0", "[]", "" },

	/* LwM2M CBOR: arrays as keys, paths from the target on. */
	{ "mixed keys", LCBOR, "/1/0", "a1 01 a2 820000 1865 00 a1 01 05", "/1/0 0=101 1=5" },
	{ "whole path as key", LCBOR, "/1/0", "a1 83010000 1865", "/1/0 0=101" },
	{ "whole path of a resource instance", LCBOR, "/2/0", "a1 84020002 1865 0f", "/2/0 2/101=15" },
	{ "indefinite lengths", LCBOR, "/1/0", "bf 9f 01 00 ff bf 00 1865 ff ff", "/1/0 0=101" },
	{ "two instances", LCBOR, "/1", "a1 01 a2 05 a1 00 02 00 a1 00 01", "/1/0 0=1; /1/5 0=2" },
	{ "two objects", LCBOR, "/", "a2 02 a1 00 a1 00 03 01 a1 00 a1 00 01", "/1/0 0=1; /2/0 0=3" },
	{ "empty instance", LCBOR, "/1", "a1 01 a1 03 a0", "/1/3" },
	{ "link", LCBOR, "/33000/0", "a1 1980e8 a1 00 a1 07 6432313a30", "/33000/0 7=<21:0>" },
	{ "time with a tag", LCBOR, "/33000/0", "a1 1980e8 a1 00 a1 06 c1 1a514b67b0", "/33000/0 6=1363896240t" },
	{ "from the object on", LCBOR, "/1", "a1 00 a1 00 1865", "/1/0 0=101" },
	{ "from the object on, though it looks whole", LCBOR, "/2", "a1 00 a1 02 a1 1865 0f", "/2/0 2/101=15" },
	{ "from the instance on", LCBOR, "/1/0", "a2 00 1865 01 05", "/1/0 0=101 1=5" },
	{ "from the resource on", LCBOR, "/2/0/2", "a2 1865 0f 1866 01", "/2/0 2/101=15 2/102=1" },
	{ "nothing", LCBOR, "/1", "a0", "" },

	/* One value. */
	{ "string", TEXT, "/1/0/7", "U", "/1/0 7='U'" },
	{ "no string", TEXT, "/1/0/7", "", "/1/0 7=''" },
	{ "integer", TEXT, "/33000/0/1", "-100", "/33000/0 1=-100" },
	{ "unsigned", TEXT, "/33000/0/2", "18446744073709551615", "/33000/0 2=18446744073709551615u" },
	{ "float", TEXT, "/33000/0/3", "-1.5e3", "/33000/0 3=-1500f" },
	{ "boolean", TEXT, "/33000/0/4", "1", "/33000/0 4=true" },
	{ "octets", TEXT, "/33000/0/5", "Zm9vYg==", "/33000/0 5=h666f6f62" },
	{ "time", TEXT, "/33000/0/6", "1363896240", "/33000/0 6=1363896240t" },
	{ "link", TEXT, "/33000/0/7", "21:0", "/33000/0 7=<21:0>" },
	{ "CoRE link", TEXT, "/33000/0/8", "</3>", "/33000/0 8=[</3>]" },
	{ "unknown", TEXT, "/9/0/0", "a", "/9/0 0='a'" },
	{ "octets", OPAQUE, "/33000/0/5", "00ff", "/33000/0 5=h00ff" },
	{ "no octets", OPAQUE, "/33000/0/5", "", "/33000/0 5=h" },
	{ "unknown", OPAQUE, "/9/0/0", "61", "/9/0 0=h61" },
	{ "integer", CBOR, "/33000/0/1", "3863", "/33000/0 1=-100" },
	{ "string in pieces", CBOR, "/1/0/7", "7f 6155 6154 ff", "/1/0 7='UT'" },
	{ "octets", CBOR, "/33000/0/5", "4100", "/33000/0 5=h00" },
	{ "link", CBOR, "/33000/0/7", "6432313a30", "/33000/0 7=<21:0>" },
};

static void
payloads_are_read(void **state)
{
	static uint8_t data[1024];
	static char text[TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct row *r = &good[i];
		size_t len = payload(r->format, r->payload, data, sizeof(data));
		enum bs_err err = decode(r->format, r->target, data, len, text);

		if (err != BS_OK || strcmp(text, r->expected) != 0)
			fail_msg("%s, format %u: %s: %s", r->name, r->format, bs_strerror(err), text);
	}
}

/*
 * Every beginning of a payload, in a block of its size: CBOR and JSON know that something is missing; TLV and the
 * formats of one value may end anywhere, and then show no more than was there.
 */
static void
beginnings_are_no_more_than_they_are(void **state)
{
	static uint8_t data[1024];
	static char text[TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct row *r = &good[i];
		size_t len = payload(r->format, r->payload, data, sizeof(data));
		bool knows_its_end = r->format == SENML || r->format == LCBOR || r->format == CBOR;

		while (len > 0 && r->format == JSON && data[len - 1] == ' ')
			len--;
		for (size_t n = 0; n < len; n++) {
			enum bs_err err = decode(r->format, r->target, data, n, text);

			if (knows_its_end ? err != BS_ESHORT : r->format == JSON && err == BS_OK)
				fail_msg("%s, format %u, %zu octets: %s", r->name, r->format, n, bs_strerror(err));
			if (err == BS_OK && strlen(text) > strlen(r->expected))
				fail_msg("%s, format %u, %zu octets: %s", r->name, r->format, n, text);
		}
	}
}

static const struct bad_row {
	const char *name;
	uint16_t format;
	const char *target, *payload;
	enum bs_err err;
} bad[] = {
	{ "format", 40, "/1", "</1>", BS_EUNSUPPORTED },
	{ "format", 11543, "/1", "7b7d", BS_EUNSUPPORTED },

	{ "root", TLV, "/", "", BS_EUNSUPPORTED },
	{ "value ends early", TLV, "/1/0", "c40100", BS_ESHORT },
	{ "length of 16 MiB", TLV, "/1/0", "d807ffffff 61", BS_ESHORT },
	{ "resource longer than its instance", TLV, "/1", "0300 c20001 0301 c10001", BS_ESHORT },
	{ "resource instance longer than its resource", TLV, "/2/0", "8302 426501 02", BS_ESHORT },
	{ "no wrapper in an object", TLV, "/1", "c10065", BS_EFORMAT },
	{ "wrapper of another instance", TLV, "/1/1", "0302 c10065", BS_EFORMAT },
	{ "wrapper in a wrapper", TLV, "/1", "0500 0301 c10065", BS_EFORMAT },
	{ "wrapper behind a resource", TLV, "/1/0", "c10065 0300 c10165", BS_EFORMAT },
	{ "resource instance at the top", TLV, "/1/0", "410065", BS_EFORMAT },
	{ "resource inside a resource", TLV, "/2/0", "8302 c10001", BS_EFORMAT },
	{ "multiple inside multiple", TLV, "/2/0", "8502 8300 410001", BS_EFORMAT },
	{ "integer of 3 octets", TLV, "/1/0", "c301000001", BS_EFORMAT },
	{ "integer of none", TLV, "/1/0", "c001", BS_EFORMAT },
	{ "integer of 16 octets", TLV, "/1/0", "c80110 00000000000000000000000000000001", BS_EFORMAT },
	{ "boolean 2", TLV, "/1/0", "c10602", BS_EFORMAT },
	{ "boolean of 2 octets", TLV, "/1/0", "c2060001", BS_EFORMAT },
	{ "boolean of none", TLV, "/1/0", "c006", BS_EFORMAT },
	{ "float of 2 octets", TLV, "/33000/0", "c2033c00", BS_EFORMAT },
	{ "link of 3 octets", TLV, "/33000/0", "c307001500", BS_EFORMAT },
	{ "link of 5 octets", TLV, "/33000/0", "c5070015000000", BS_EFORMAT },
	{ "not UTF-8", TLV, "/1/0", "c107ff", BS_EFORMAT },
	{ "resource twice", TLV, "/1/0", "c10065 c10066", BS_EFORMAT },
	{ "resource instance twice", TLV, "/2/0", "8602 416501 416502", BS_EFORMAT },
	{ "single resource as multiple", TLV, "/1/0", "8300 410065", BS_EFORMAT },
	{ "multiple resource as single", TLV, "/2/0", "c1020f", BS_EFORMAT },
	{ "unknown one, both", TLV, "/9/0", "c10001 8300 410001", BS_EFORMAT },
	{ "another resource", TLV, "/1/0/1", "c10065", BS_EFORMAT },
	{ "instance 65535", TLV, "/1", "23ffff c10065", BS_EFORMAT },

	{ "empty", SENML, "/1/0", "", BS_ESHORT },
	{ "a map", SENML, "/1/0", "a0", BS_EFORMAT },
	{ "record is no map", SENML, "/1/0", "81 80", BS_EFORMAT },
	{ "something behind", SENML, "/1/0", "80 00", BS_EFORMAT },
	{ "break where no break is", SENML, "/1/0", "81 ff", BS_EFORMAT },
	{ "break for a value", SENML, "/1/0", "81 bf 21 662f312f302f30 02 ff ff", BS_EFORMAT },
	{ "break for an ignored value", SENML, "/1/0", "81 bf 21 662f312f302f30 06 ff ff", BS_EFORMAT },
	{ "reserved head", SENML, "/1/0", "81 a2 21 662f312f302f30 02 1c", BS_EFORMAT },
	{ "four billion records", SENML, "/1/0", "9affffffff a2 21 662f312f302f30 02 05", BS_ESHORT },
	{ "2^64 - 1 records", SENML, "/1/0", "9bffffffffffffffff a2 21 662f312f302f30 02 05", BS_ESHORT },
	{ "2^64 - 1 octets", SENML, "/1/0", "81 a2 21 662f312f302f37 03 7bffffffffffffffff 61", BS_ESHORT },
	{ "2^62 pairs", SENML, "/1/0", "81 bb4000000000000000 21 60", BS_ESHORT },
	{ "big number", SENML, "/1/0", "81 a2 21 662f312f302f30 02 c2 4105", BS_EFORMAT },
	{ "big negative number", SENML, "/9/0", "81 a2 21 662f392f302f30 02 c3 4105", BS_EFORMAT },
	{ "decimal fraction", SENML, "/33000/0", "81 a2 21 6a2f33333030302f302f33 02 c4 82 20 05", BS_EFORMAT },
	{ "null", SENML, "/1/0", "81 a2 21 662f312f302f30 02 f6", BS_EFORMAT },
	{ "an array for a value", SENML, "/1/0", "81 a2 21 662f312f302f30 02 80", BS_EFORMAT },
	{ "text in octets' pieces", SENML, "/1/0", "81 a2 21 662f312f302f37 03 7f 4155 ff", BS_EFORMAT },
	{ "pieces in pieces", SENML, "/1/0", "81 a2 21 662f312f302f37 03 7f 7f 6155 ff ff", BS_EFORMAT },
	{ "label of another kind", SENML, "/1/0", "81 a2 21 662f312f302f30 f4 05", BS_EFORMAT },
	{ "label that must be understood", SENML, "/1/0", "81 a3 21 662f312f302f30 02 05 6278 5f 00", BS_EUNSUPPORTED },
	{ "base value", SENML, "/1/0", "81 a3 21 662f312f302f30 24 01 02 05", BS_EUNSUPPORTED },
	{ "version 11", SENML, "/1/0", "81 a3 20 0b 21 662f312f302f30 02 05", BS_EUNSUPPORTED },
	{ "version as text", SENML, "/1/0", "81 a3 20 623130 21 662f312f302f30 02 05", BS_EFORMAT },
	{ "number label as text", SENML, "/1/0", "81 a2 62626e 662f312f302f30 02 05", BS_EFORMAT },
	{ "two values", SENML, "/9/0", "81 a3 21 662f392f302f30 02 05 04 f5", BS_EFORMAT },
	{ "two names", SENML, "/1/0", "81 a4 21 652f312f302f 00 6130 00 6131 02 05", BS_EFORMAT },
	{ "two base names", SENML, "/1/0", "81 a4 21 652f312f312f 21 652f312f302f 00 6130 02 05", BS_EFORMAT },
	{ "no value", SENML, "/1/0", "81 a2 21 652f312f302f 00 6130", BS_EFORMAT },
	{ "no name", SENML, "/1/0", "81 a1 02 05", BS_EFORMAT },
	{ "name is no text", SENML, "/1/0", "81 a2 00 462f312f302f30 02 05", BS_EFORMAT },
	{ "name too short", SENML, "/1/0", "81 a2 00 642f312f30 02 05", BS_EFORMAT },
	{ "name too deep", SENML, "/1/0", "81 a2 00 6a2f312f302f302f302f30 02 05", BS_EFORMAT },
	{ "name without a slash", SENML, "/1/0", "81 a2 00 65312f302f30 02 05", BS_EFORMAT },
	{ "slash at the end", SENML, "/1/0", "81 a2 00 672f312f302f302f 02 05", BS_EFORMAT },
	{ "65536 in a name", SENML, "/1", "81 a2 00 6a2f312f36353533362f30 02 05", BS_EFORMAT },
	{ "six digits in a name", SENML, "/1", "81 a2 00 6b2f312f3030303030302f30 02 05", BS_EFORMAT },
	{ "letters in a name", SENML, "/1/0", "81 a2 00 662f312f302f61 02 05", BS_EFORMAT },
	{ "NUL in a name", SENML, "/1/0", "81 a2 00 672f312f302f3000 02 05", BS_EFORMAT },
	{ "name of 32 octets", SENML, "/1/0",
		"81 a2 00 7820 2f3030303030312f3030303030302f3030303030302f30303030303030303030 02 05", BS_EFORMAT },
	{ "outside of the target", SENML, "/1/0", "81 a2 00 662f312f312f30 02 05", BS_EFORMAT },
	{ "twice", SENML, "/1/0", "82 a2 00 662f312f302f30 02 05 a2 00 662f312f302f30 02 05", BS_EFORMAT },
	{ "string for octets", SENML, "/0/1", "81 a2 00 662f302f312f35 03 6161", BS_EFORMAT },
	{ "octets for a string", SENML, "/1/0", "81 a2 00 662f312f302f37 08 4155", BS_EFORMAT },
	{ "octets labelled as text", SENML, "/1/0", "81 a2 00 662f312f302f37 03 4155", BS_EFORMAT },
	{ "boolean for a number", SENML, "/1/0", "81 a2 00 662f312f302f30 04 f5", BS_EFORMAT },
	{ "number for a boolean", SENML, "/1/0", "81 a2 00 662f312f302f36 02 01", BS_EFORMAT },
	{ "1.5 for an integer", SENML, "/1/0", "81 a2 00 662f312f302f30 02 f93e00", BS_EFORMAT },
	{ "not a number for an integer", SENML, "/1/0", "81 a2 00 662f312f302f30 02 f97e00", BS_ERANGE },
	{ "2^63 for an integer", SENML, "/1/0", "81 a2 00 662f312f302f30 02 1b8000000000000000", BS_ERANGE },
	{ "2^63 as a float", SENML, "/1/0", "81 a2 00 662f312f302f30 02 fa5f000000", BS_ERANGE },
	{ "-2^63 - 1", SENML, "/1/0", "81 a2 00 662f312f302f30 02 3b8000000000000000", BS_ERANGE },
	{ "negative for unsigned", SENML, "/33000/0", "81 a2 00 6a2f33333030302f302f32 02 20", BS_ERANGE },
	{ "link without a colon", SENML, "/33000/0", "81 a2 00 6a2f33333030302f302f37 63766c6f 623231", BS_EFORMAT },
	{ "link with too much", SENML, "/33000/0", "81 a2 00 6a2f33333030302f302f37 63766c6f 6532313a3078",
		BS_EFORMAT },
	{ "link 65536", SENML, "/33000/0", "81 a2 00 6a2f33333030302f302f37 63766c6f 6736353533363a30", BS_EFORMAT },
	{ "link as octets", SENML, "/33000/0", "81 a2 00 6a2f33333030302f302f37 63766c6f 4432313a30", BS_EFORMAT },
	{ "depth", SENML, "/1/0",
		"81 a3 21 662f312f302f30 02 05 06 8181818181818181 8181818181818181 8181818181818181 00", BS_ELIMIT },

	{ "empty", JSON, "/1/0", "", BS_ESHORT },
	{ "an object", JSON, "/1/0", "{}", BS_EFORMAT },
	{ "record is no object", JSON, "/1/0", "[5]", BS_EFORMAT },
	{ "something behind", JSON, "/1/0", "[] []", BS_EFORMAT },
	{ "label twice", JSON, "/1/0", "[{\"n\":\"/1/0/0\",\"v\":1,\"v\":1}]", BS_EFORMAT },
	{ "two values", JSON, "/9/0", "[{\"n\":\"/9/0/0\",\"v\":1,\"vb\":true}]", BS_EFORMAT },
	{ "null", JSON, "/1/0", "[{\"n\":\"/1/0/0\",\"v\":null}]", BS_EFORMAT },
	{ "text for a number", JSON, "/1/0", "[{\"n\":\"/1/0/0\",\"v\":\"1\"}]", BS_EFORMAT },
	{ "number for text", JSON, "/1/0", "[{\"n\":\"/1/0/7\",\"vs\":1}]", BS_EFORMAT },
	{ "name is no text", JSON, "/1/0", "[{\"n\":1,\"v\":1}]", BS_EFORMAT },
	{ "not base64", JSON, "/33000/0", "[{\"n\":\"/33000/0/5\",\"vd\":\"Zm9*\"}]", BS_EFORMAT },
	{ "base64 of 5 characters", JSON, "/33000/0", "[{\"n\":\"/33000/0/5\",\"vd\":\"Zm9vZ\"}]", BS_EFORMAT },
	{ "padding inside", JSON, "/33000/0", "[{\"n\":\"/33000/0/5\",\"vd\":\"Zg==Zg==\"}]", BS_EFORMAT },
	{ "padding alone", JSON, "/33000/0", "[{\"n\":\"/33000/0/5\",\"vd\":\"====\"}]", BS_EFORMAT },
	{ "data is no text", JSON, "/33000/0", "[{\"n\":\"/33000/0/5\",\"vd\":5}]", BS_EFORMAT },
	{ "beyond 64 bits", JSON, "/1/0", "[{\"n\":\"/1/0/0\",\"v\":9223372036854775808}]", BS_ERANGE },
	{ "1e999", JSON, "/33000/0", "[{\"n\":\"/33000/0/3\",\"v\":1e999}]", BS_ERANGE },
	{ "must be understood", JSON, "/1/0", "[{\"n\":\"/1/0/0\",\"v\":1,\"x_\":1}]", BS_EUNSUPPORTED },
	{ "base value", JSON, "/1/0", "[{\"n\":\"/1/0/0\",\"bv\":1,\"v\":1}]", BS_EUNSUPPORTED },
	{ "not UTF-8", JSON, "/1/0", "[{\"n\":\"/1/0/7\",\"vs\":\"\xff\"}]", BS_EFORMAT },
	{ "NUL", JSON, "/1/0", "[{\"n\":\"/1/0/7\",\"vs\":\"\\u0000\"}]", BS_EFORMAT },
	{ "half a surrogate pair", JSON, "/1/0", "[{\"n\":\"/1/0/7\",\"vs\":\"\\ud83d\"}]", BS_EFORMAT },

	{ "empty", LCBOR, "/1/0", "", BS_ESHORT },
	{ "an array", LCBOR, "/1/0", "80", BS_EFORMAT },
	{ "something behind", LCBOR, "/1/0", "a0 00", BS_EFORMAT },
	{ "empty key", LCBOR, "/1", "a1 80 05", BS_EFORMAT },
	{ "empty key below a resource", LCBOR, "/1/0", "a1 01 a1 00 a1 00 a1 80 05", BS_EFORMAT },
	{ "key is text", LCBOR, "/1", "a1 6131 a0", BS_EFORMAT },
	{ "key 65536", LCBOR, "/1", "a1 1a00010000 a0", BS_EFORMAT },
	{ "key is negative", LCBOR, "/1", "a1 20 a0", BS_EFORMAT },
	{ "array in the key", LCBOR, "/1", "a1 81 8101 a0", BS_EFORMAT },
	{ "key of five", LCBOR, "/2", "a1 85 0200020000 05", BS_EFORMAT },
	{ "map below a resource instance", LCBOR, "/2", "a1 84 02000200 a1 00 05", BS_EFORMAT },
	{ "value of an instance", LCBOR, "/", "a1 01 a1 00 05", BS_EFORMAT },
	{ "map under a single resource", LCBOR, "/1/0", "a1 01 a1 00 a1 00 a1 00 05", BS_EFORMAT },
	{ "value under a multiple resource", LCBOR, "/2/0", "a1 02 a1 00 a1 02 05", BS_EFORMAT },
	{ "resource twice", LCBOR, "/1/0", "a1 01 a1 00 a2 00 05 00 05", BS_EFORMAT },
	{ "resource twice, other key", LCBOR, "/1/0", "a2 01 a1 00 a1 00 05 83010000 05", BS_EFORMAT },
	{ "outside of the target", LCBOR, "/1/0", "a1 01 a1 01 a1 00 05", BS_EFORMAT },
	{ "2^64 - 1 pairs", LCBOR, "/1", "bbffffffffffffffff 01 a0", BS_ESHORT },
	{ "2^64 - 1 IDs in a key", LCBOR, "/1", "a1 9bffffffffffffffff 01 00 00 00 00", BS_EFORMAT },
	{ "map without a value", LCBOR, "/1/0", "bf 01 ff", BS_EFORMAT },

	{ "not a resource", TEXT, "/1/0", "5", BS_EUNSUPPORTED },
	{ "multiple resource", TEXT, "/2/0/2", "5", BS_EFORMAT },
	{ "no number", TEXT, "/1/0/0", "", BS_EFORMAT },
	{ "words", TEXT, "/33000/0/6", "now", BS_EFORMAT },
	{ "inf", TEXT, "/33000/0/3", "inf", BS_EFORMAT },
	{ "hexadecimal", TEXT, "/1/0/0", "0x5", BS_EFORMAT },
	{ "blank", TEXT, "/1/0/0", " 5", BS_EFORMAT },
	{ "64 digits", TEXT, "/1/0/0", "0000000000000000000000000000000000000000000000000000000000000005", BS_EFORMAT },
	{ "2^63", TEXT, "/1/0/0", "9223372036854775808", BS_ERANGE },
	{ "true", TEXT, "/1/0/6", "true", BS_EFORMAT },
	{ "2", TEXT, "/1/0/6", "2", BS_EFORMAT },
	{ "not UTF-8", TEXT, "/1/0/7", "\xff", BS_EFORMAT },
	{ "not base64", TEXT, "/33000/0/5", "Z", BS_EFORMAT },
	{ "not a resource", OPAQUE, "/0/1", "00", BS_EUNSUPPORTED },
	{ "not opaque", OPAQUE, "/1/0/0", "65", BS_EFORMAT },
	{ "not a resource", CBOR, "/1", "05", BS_EUNSUPPORTED },
	{ "something behind", CBOR, "/1/0/0", "05 05", BS_EFORMAT },
	{ "a map", CBOR, "/1/0/0", "a0", BS_EFORMAT },
	{ "big number", CBOR, "/9/0/0", "c2 4105", BS_EFORMAT },
};

static void
nonsense_is_refused(void **state)
{
	static uint8_t data[1024];
	static char text[TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct bad_row *r = &bad[i];
		size_t len = r->format == 40 ? 0 : payload(r->format, r->payload, data, sizeof(data));
		enum bs_err err = decode(r->format, r->target, data, len, text);

		if (err != r->err)
			fail_msg("%s, format %u: %s: %s", r->name, r->format, bs_strerror(err), text);
	}
}

static void
sizes_are_bounded(void **state)
{
	static uint8_t data[BS_DECODE_OCTETS_MAX + 1];
	static char text[TEXT_MAX];
	size_t n = 0;

	(void)state;
	assert_int_equal(decode(OPAQUE, "/33000/0/5", data, BS_DECODE_OCTETS_MAX, text), BS_OK);
	assert_int_equal(decode(OPAQUE, "/33000/0/5", data, sizeof(data), text), BS_ELIMIT);
	/* Instances without resources, three octets each: 20 00 00, 20 00 01, .. */
	for (unsigned i = 0; i <= BS_DECODE_ENTRIES_MAX; i++) {
		data[n++] = 0x20;
		data[n++] = (uint8_t)(i >> 8);
		data[n++] = (uint8_t)i;
	}
	assert_int_equal(decode(TLV, "/1", data, n, text), BS_ELIMIT);
	assert_int_equal(decode(TLV, "/1", data, n - 3, text), BS_OK);
	memset(data, '[', sizeof(data));
	assert_int_equal(decode(JSON, "/1", data, BS_DECODE_OCTETS_MAX, text), BS_ELIMIT);
	memset(data, 0x9f, sizeof(data));
	assert_int_equal(decode(SENML, "/1", data, BS_DECODE_OCTETS_MAX, text), BS_EFORMAT);
	memset(data, 0xc1, sizeof(data)); /* tags */
	assert_int_equal(decode(SENML, "/1", data, BS_DECODE_OCTETS_MAX, text), BS_ESHORT);
	memset(data, 0xbf, sizeof(data));
	assert_int_equal(decode(LCBOR, "/1", data, BS_DECODE_OCTETS_MAX, text), BS_EFORMAT);
}

/* Without a table of the caller's, the one of Objects 0, 1, 2 and 21. */
static void
own_table_is_the_default(void **state)
{
	static const uint8_t data[] = { 0xc1, 0x00, 0x65 };
	struct bs_path target = path("/1/0");
	struct bs_tree *tree;

	(void)state;
	assert_int_equal(bs_decode(TLV, &target, data, sizeof(data), NULL, &tree), BS_OK);
	assert_int_equal(tree->instances[0].entries[0].value.type, BS_TYPE_INTEGER);
	assert_int_equal(tree->instances[0].entries[0].value.integer, 101);
	bs_tree_free(tree);
	assert_int_equal(bs_decode(TLV, &target, NULL, 0, NULL, &tree), BS_OK);
	bs_tree_free(tree);
	assert_int_equal(bs_decode(SENML, &target, NULL, 0, NULL, &tree), BS_ESHORT);
	assert_int_equal(bs_decode(JSON, &target, NULL, 0, NULL, &tree), BS_ESHORT);
	bs_tree_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payloads_are_read),
		cmocka_unit_test(beginnings_are_no_more_than_they_are),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(own_table_is_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
