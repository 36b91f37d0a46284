/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "server/model/account.h"

static void
profile_has_defaults(void **state)
{
	struct bs_profile p;

	(void)state;
	memset(&p, 0xff, sizeof(p));
	bs_profile_init(&p);
	assert_int_equal(p.id, 0);
	assert_string_equal(p.name, "");
	assert_true(p.discover);
	assert_true(p.pack);
	assert_false(p.omit_unused_keys);
	assert_int_equal(p.write_level, BS_LEVEL_INSTANCE);
	assert_int_equal(p.delete_policy, BS_DELETE_OBJECTS);
	assert_int_equal(p.on_change, BS_CHANGE_CLOSE_AFTER_RUN);
	assert_int_equal(p.format, 0);
	assert_int_equal(p.sms_parameters_len, 6);
	assert_int_equal(p.unknown_version, BS_LWM2M_1_0);
	assert_int_equal(p.security_iid, 10);
	assert_int_equal(p.block_size, 512);
	assert_int_equal(p.first_delay_ms, 50);
}

/* RFC 7252, 4.8.2: MAX_TRANSMIT_WAIT is 93 s with the defaults. */
static void
step_is_max_transmit_wait(void **state)
{
	struct bs_profile p;

	(void)state;
	bs_profile_init(&p);
	assert_int_equal(bs_profile_step_ms(&p), 93000);
	p.max_retransmit = 0;
	assert_int_equal(bs_profile_step_ms(&p), 3000);
	p.ack_timeout_ms = 4000;
	p.max_retransmit = 4;
	assert_int_equal(bs_profile_step_ms(&p), 186000);
	p.max_retransmit = UINT32_MAX; /* nonsense stays defined, and far above the limit */
	assert_true(bs_profile_step_ms(&p) > BS_STEP_MAX_MS);
}

static struct bs_setting *
settings(size_t count)
{
	struct bs_setting *s = calloc(count, sizeof(*s));

	assert_non_null(s);
	for (size_t i = 0; i < count; i++) {
		s[i].text = strdup("0011");
		assert_non_null(s[i].text);
	}
	return s;
}

/* The leak checker of the sanitizer is the judge. */
static void
account_is_freed_whole(void **state)
{
	struct bs_account *a = bs_account_new();

	(void)state;
	assert_non_null(a);
	assert_true(a->profile.discover);
	a->grants = calloc(2, sizeof(*a->grants));
	assert_non_null(a->grants);
	a->grant_count = 2;
	assert_int_equal(bs_blob_set(&a->grants[0].server_key, "x", 1), BS_OK);
	assert_int_equal(bs_blob_set(&a->grants[1].public_or_identity, "dev-1", 5), BS_OK);
	assert_int_equal(bs_secret_set(&a->grants[1].secret_key, "0123456789abcdef", 16), BS_OK);
	a->grants[0].settings = settings(3);
	a->grants[0].setting_count = 3;
	a->writes = settings(2);
	a->write_count = 2;
	free(a->writes[1].text);
	a->writes[1].text = NULL; /* the loader gave up half way */
	a->acls = calloc(1, sizeof(*a->acls));
	a->acl_count = 1;
	bs_account_free(a);
	bs_account_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(profile_has_defaults),
		cmocka_unit_test(step_is_max_transmit_wait),
		cmocka_unit_test(account_is_freed_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
