/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's own reading and writing of CoAP, against octets composed by hand from RFC 7252 section 3. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "tools/sim/coap.h"
#include "tools/sim/fault.h"

static enum bs_err
read_hex(const char *text, struct sim_msg *m)
{
	static uint8_t *last; /* the message borrows from it */
	uint8_t buf[256];
	size_t len = hex(text, buf, sizeof(buf));

	free(last);
	last = exact_copy(buf, len);
	enum bs_err err = sim_coap_read(last, len, m);
	if (err != BS_OK) {
		free(last);
		last = NULL;
	}
	return err;
}

static void
test_requests(void **state)
{
	static const uint8_t token[] = { 0, 4 };
	struct sim_msg m;

	(void)state;
	assert_int_equal(read_hex("42 03 0006 0004 b130 0131 12 2d16 ff c10065", &m), BS_OK); /* PUT /0/1 TLV */
	assert_int_equal(m.type, SIM_CON);
	assert_int_equal(m.code, SIM_PUT);
	assert_int_equal(m.mid, 6);
	assert_int_equal(m.token_len, 2);
	assert_memory_equal(m.token, token, 2);
	assert_int_equal(m.path_len, 2);
	assert_string_equal(m.path[0], "0");
	assert_string_equal(m.path[1], "1");
	assert_int_equal(m.format, 11542);
	assert_int_equal(m.accept, SIM_NO_FORMAT);
	assert_hex("payload", m.payload, m.payload_len, "c10065");
	assert_int_equal(read_hex("42 01 0001 0001 d10428", &m), BS_OK); /* GET / Accept 40 */
	assert_int_equal(m.path_len, 0);
	assert_int_equal(m.accept, 40);
	assert_int_equal(m.bad_option, 0);
	/* PUT /0/1 with Block1 2/1/512, Size1 1500 */
	assert_int_equal(read_hex("40 03 0006 b130 0131 12 2d16 d1 02 2d d2 14 05dc ff 00", &m), BS_OK);
	assert_true(m.block1.present && m.block1.more);
	assert_int_equal(m.block1.num, 2);
	assert_int_equal(m.block1.szx, 5);
	assert_int_equal(m.bad_option, 0);
	assert_int_equal(
		read_hex("40 02 0006 b2 6273 d1 0a 00 d1 05 00", &m), BS_OK); /* options 34 and 52: elective, even */
	assert_int_equal(m.bad_option, 0);
	assert_int_equal(read_hex("40 02 0006 90", &m), BS_OK); /* option 9, OSCORE: critical, unknown here */
	assert_int_equal(m.bad_option, 9);
	assert_int_equal(read_hex("60 00 1234", &m), BS_OK);
	assert_int_equal(m.type, SIM_ACK);
}

static void
test_format_errors(void **state)
{
	static const struct row {
		const char *name, *text;
		enum bs_err err;
	} rows[] = {
		{ "three octets", "400100", BS_EUNSUPPORTED },
		{ "version 0", "00010001", BS_EUNSUPPORTED },
		{ "version 2", "80010001", BS_EUNSUPPORTED },
		{ "token of nine", "49010001 010203040506070809", BS_EFORMAT },
		{ "token cut", "44010001 0102", BS_EFORMAT },
		{ "option cut", "40010001 b5 62", BS_EFORMAT },
		{ "delta 15", "40010001 f0", BS_EFORMAT },
		{ "length 15", "40010001 1f", BS_EFORMAT },
		{ "extended delta cut", "40010001 e0 00", BS_EFORMAT },
		{ "option number beyond 65535", "40010001 e0 ffff", BS_EFORMAT },
		{ "marker without payload", "40010001 ff", BS_EFORMAT },
		{ "empty with a token", "41000001 01", BS_EFORMAT },
		{ "empty path segment", "40010001 b0", BS_EFORMAT },
		{ "Block1 with SZX 7", "40030001 d10e07", BS_EFORMAT },
		{ "Content-Format twice", "40030001 c128 0128", BS_EFORMAT },
	};
	struct sim_msg m;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].name);
		assert_int_equal(read_hex(rows[i].text, &m), rows[i].err);
	}
}

static void
test_writing(void **state)
{
	static const uint8_t token[] = { 0xab, 0xcd };
	struct sim_block block = { .present = true, .num = 2, .more = true, .szx = 5 };
	struct sim_out o;
	char code[8];

	(void)state;
	sim_coap_start(&o, SIM_CON, SIM_POST, 0x1234, token, 2);
	sim_coap_option(&o, 11, "bs", 2);
	sim_coap_option(&o, 15, "ep=dev-0001", 11);
	sim_coap_option(&o, 15, "pct=112", 7);
	assert_false(o.full);
	assert_hex("request", o.data, o.len, "42021234abcd b26273 4b65703d6465762d30303031 077063743d313132");
	sim_coap_start(&o, SIM_ACK, SIM_CODE(2, 5), 1, NULL, 0);
	sim_coap_option_uint(&o, 4, 300);
	sim_coap_option_uint(&o, 12, 0);
	sim_coap_option_block(&o, 23, &block);
	sim_coap_option(&o, 300, "0123456789abcde", 15); /* both extended forms */
	sim_coap_payload(&o, "x", 1);
	assert_hex("answer", o.data, o.len, "60450001 42012c 80 b12d ed 0008 02 303132333435363738396162636465 ff78");
	sim_coap_payload(&o, o.data, sizeof(o.data));
	assert_true(o.full);
	assert_string_equal(sim_coap_code_text(0x86, code), "4.06");
}

static void
test_faults(void **state)
{
	struct sim_fault f;

	(void)state;
	assert_true(sim_fault_parse("silent@finish", &f));
	assert_int_equal(f.kind, SIM_FAULT_SILENT);
	assert_int_equal(f.step, SIM_AT_FINISH);
	assert_true(sim_fault_parse("silent", &f));
	assert_int_equal(f.step, SIM_AT_WRITE);
	assert_true(sim_fault_parse("wrong-ep=other", &f));
	assert_string_equal(f.text, "other");
	assert_false(sim_fault_parse("wrong-ep", &f));
	assert_true(sim_fault_parse("slow", &f));
	assert_int_equal(f.delay_ms, 1500);
	assert_int_equal(f.step, SIM_AT_WRITE);
	assert_true(sim_fault_parse("slow=60000@finish", &f));
	assert_int_equal(f.delay_ms, 60000);
	assert_int_equal(f.step, SIM_AT_FINISH);
	assert_false(sim_fault_parse("slow=60001", &f));
	assert_false(sim_fault_parse("slow=", &f));
	assert_false(sim_fault_parse("slow=5s", &f));
	assert_false(sim_fault_parse("slow=999999", &f));
	assert_false(sim_fault_parse("silent@noon", &f));
	assert_false(sim_fault_parse("silent=finish", &f));
	assert_false(sim_fault_parse("silen", &f));
	assert_false(sim_fault_parse("created@finish", &f));
	assert_false(sim_fault_parse("", &f));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_format_errors),
		cmocka_unit_test(test_writing),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
