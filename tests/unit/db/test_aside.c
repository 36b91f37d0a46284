/* SPDX-License-Identifier: Apache-2.0 */
/* One job at a time in another thread. */
#include "tests/lib/test.h"

#include <pthread.h>
#include <semaphore.h>

#include "db/aside.h"

struct job {
	sem_t may_end;
	pthread_t thread;
	int runs;
	enum bs_err result;
};

static enum bs_err
work(void *arg)
{
	struct job *j = arg;

	while (sem_wait(&j->may_end) != 0) {
	}
	j->thread = pthread_self();
	j->runs++;
	return j->result;
}

static void
jobs_run_beside_the_caller(void **state)
{
	struct job j = { .result = BS_OK };
	struct bs_aside *a = NULL;

	(void)state;
	sem_init(&j.may_end, 0, 0);
	assert_int_equal(bs_aside_new(&a), BS_OK);
	assert_int_equal(bs_aside_wait(a), BS_OK); /* there was none */
	for (int i = 1; i <= 3; i++) {
		bs_aside_run(a, work, &j);
		sem_post(&j.may_end); /* reached while the job waits for it: in one thread this would never end */
		assert_int_equal(bs_aside_wait(a), BS_OK);
		assert_int_equal(j.runs, i);
		assert_false(pthread_equal(j.thread, pthread_self()));
	}
	bs_aside_free(a);
	sem_destroy(&j.may_end);
}

static void
a_failure_is_told_once(void **state)
{
	struct job j = { .result = BS_EREFUSED };
	struct bs_aside *a = NULL;

	(void)state;
	sem_init(&j.may_end, 0, 1);
	assert_int_equal(bs_aside_new(&a), BS_OK);
	bs_aside_run(a, work, &j);
	assert_int_equal(bs_aside_wait(a), BS_EREFUSED);
	assert_int_equal(bs_aside_wait(a), BS_OK);
	bs_aside_free(a);
	sem_destroy(&j.may_end);
}

static void
freeing_waits_for_the_job(void **state)
{
	struct job j = { .result = BS_OK };
	struct bs_aside *a = NULL;

	(void)state;
	sem_init(&j.may_end, 0, 0);
	assert_int_equal(bs_aside_new(&a), BS_OK);
	bs_aside_run(a, work, &j);
	sem_post(&j.may_end);
	bs_aside_free(a);
	assert_int_equal(j.runs, 1);
	bs_aside_free(NULL);
	sem_destroy(&j.may_end);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_run_beside_the_caller),
		cmocka_unit_test(a_failure_is_told_once),
		cmocka_unit_test(freeing_waits_for_the_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
