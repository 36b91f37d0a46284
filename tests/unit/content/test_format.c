/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "server/content/format.h"

static void
formats_are_found(void **state)
{
	(void)state;
	assert_ptr_equal(bs_format_find(11542)->encode, bs_tlv_encode);
	assert_ptr_equal(bs_format_find(112)->encode, bs_senml_cbor_encode);
	assert_ptr_equal(bs_format_find(110)->encode, bs_senml_json_encode);
	assert_ptr_equal(bs_format_find(11544)->encode, bs_lwm2m_cbor_encode);
	assert_ptr_equal(bs_format_find_single(0)->encode, bs_text_encode);
	assert_ptr_equal(bs_format_find_single(42)->encode, bs_opaque_encode);
	assert_ptr_equal(bs_format_find_single(60)->encode, bs_cbor_encode);
	assert_ptr_equal(bs_format_find_name("tlv"), bs_format_find(11542));
	assert_ptr_equal(bs_format_find_name("senml-json"), bs_format_find(110));
	assert_ptr_equal(bs_format_find_name("lwm2m-cbor"), bs_format_find(11544));
	assert_ptr_equal(bs_format_find_name("senml-cbor"), bs_format_find(112));
}

static void
others_are_not(void **state)
{
	static const uint16_t numbers[] = { 0, 40, 42, 50, 60, 1542, 11543, 65535 };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_null(bs_format_find(numbers[i]));
	assert_null(bs_format_find_single(11542));
	assert_null(bs_format_find_single(112));
	/* Not for whole instances: no profile may choose it. */
	assert_null(bs_format_find_name("text"));
	assert_null(bs_format_find_name("cbor"));
	assert_null(bs_format_find_name("TLV"));
	assert_null(bs_format_find_name(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_found),
		cmocka_unit_test(others_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
