/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "server/base/text.h"
#include "server/content/card.h"
#include "tests/lib/instances.h"

/* The specification's layout over its worked example, by hand. */
#define SECURITY \
	"080141 c80017 636f6170733a2f2f646d2e6578616d706c653a35363834 c10100 c10200 c80308 6465762d30303031" \
	" c80510 000102030405060708090a0b0c0d0e0f c10a65"
#define SERVER "08000f c10065 c40100015180 c10601 c10755"
#define CARD "0002 0060 0000 00 0044 " SECURITY " 0001 00 0012 " SERVER

static size_t
octets_of(const char *hex, uint8_t *out, size_t max)
{
	char text[2048];
	size_t n = 0, len;

	for (; *hex != '\0'; hex++)
		if (*hex != ' ')
			text[n++] = *hex;
	assert_int_equal(bs_hex_decode(text, n, out, max, &len), BS_OK);
	return len;
}

static void
objects_stand_one_after_the_other_each_with_its_length(void **state)
{
	struct bs_instance instances[] = { psk_instance, server_instance };
	uint8_t out[128];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	size_t len;

	(void)state;
	instances[1].iid = 0;
	bs_card_encode(&w, instances, 2);
	assert_int_equal(bs_wr_done(&w, &len), BS_OK);
	assert_int_equal(len, 100);
	assert_hex("card", out, len, CARD);
}

static void
instances_of_one_object_share_its_record(void **state)
{
	static const struct bs_entry one[] = { ONE(0, INTEGER(1)) };
	static const struct bs_instance instances[] = { INSTANCE(1, 0, one), INSTANCE(1, 1, one), INSTANCE(2, 0, one) };
	uint8_t out[64];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	size_t len;

	(void)state;
	bs_card_encode(&w, instances, 3);
	assert_int_equal(bs_wr_done(&w, &len), BS_OK);
	assert_hex("card", out, len, "0002 0019 0001 00 000a 0300c10001 0301c10001 0002 00 0005 0300c10001");
}

static void
any_room_that_is_too_small_is_told(void **state)
{
	struct bs_instance instances[] = { psk_instance, server_instance };
	uint8_t out[100];

	(void)state;
	instances[1].iid = 0;
	for (size_t room = 0; room < sizeof(out); room++) {
		struct bs_wr w = bs_wr_init(out, room);
		size_t len;

		bs_card_encode(&w, instances, 2);
		assert_int_equal(bs_wr_done(&w, &len), BS_ESPACE);
	}
}

static void
objects_are_found_where_they_lie(void **state)
{
	static const struct {
		const char *name, *hex;
		enum bs_err err;
		size_t count;
	} rows[] = {
		{ "the example", CARD, BS_OK, 2 },
		{ "padding behind it", CARD " ffffffffff", BS_OK, 2 },
		{ "no object", "0000 0000", BS_OK, 0 },
		{ "a version of two octets", "0001 0006 0001 0101 0000", BS_OK, 1 },
		{ "empty", "", BS_ESHORT, 0 },
		{ "a header cut off", "0001 00", BS_ESHORT, 0 },
		{ "a card that was never written", "ffff ffff ffff ffff", BS_ESHORT, 0 },
		{ "more octets than there are", "0001 0006 0001 00 0000", BS_ESHORT, 0 },
		{ "an object longer than the rest", "0001 0005 0001 00 0001 00", BS_ESHORT, 0 },
		{ "fewer objects than octets", "0001 000a 0001 00 0000 0002 00 0000", BS_EFORMAT, 0 },
		{ "more objects than octets", "0002 0005 0001 00 0000", BS_ESHORT, 0 },
		{ "an object twice", "0002 000a 0001 00 0000 0001 00 0000", BS_EFORMAT, 0 },
		{ "too many objects", "0011 0000", BS_ELIMIT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_card_object objects[BS_CARD_OBJECTS_MAX];
		uint8_t data[256];
		size_t len = octets_of(rows[i].hex, data, sizeof(data)), count = 99;

		if (bs_card_find(data, len, objects, &count) != rows[i].err || count != rows[i].count)
			fail_msg("%s", rows[i].name);
	}
}

static void
an_object_is_shown_with_version_and_place(void **state)
{
	struct bs_card_object objects[BS_CARD_OBJECTS_MAX];
	uint8_t data[256];
	size_t len = octets_of("0002 000d 0000 0101 0002 c100 0003 00 0000", data, sizeof(data)), count;

	(void)state;
	assert_int_equal(bs_card_find(data, len, objects, &count), BS_OK);
	assert_int_equal(objects[0].oid, 0);
	assert_int_equal(objects[0].major, 1);
	assert_int_equal(objects[0].minor, 1);
	assert_int_equal(objects[0].offset, 10);
	assert_int_equal(objects[0].len, 2);
	assert_int_equal(objects[1].oid, 3);
	assert_int_equal(objects[1].major, 0);
	assert_int_equal(objects[1].len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_stand_one_after_the_other_each_with_its_length),
		cmocka_unit_test(instances_of_one_object_share_its_record),
		cmocka_unit_test(any_room_that_is_too_small_is_told),
		cmocka_unit_test(objects_are_found_where_they_lie),
		cmocka_unit_test(an_object_is_shown_with_version_and_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
