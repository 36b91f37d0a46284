/* SPDX-License-Identifier: Apache-2.0 */
#include "db/aside.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct bs_aside {
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed; /* busy or stop */
	bool busy, stop;
	enum bs_err (*fn)(void *arg);
	void *arg;
	enum bs_err result;
};

static void *
run(void *arg)
{
	struct bs_aside *a = arg;

	pthread_mutex_lock(&a->lock);
	for (;;) {
		enum bs_err err;

		while (!a->busy && !a->stop)
			pthread_cond_wait(&a->changed, &a->lock);
		if (!a->busy)
			break;
		pthread_mutex_unlock(&a->lock);
		err = a->fn(a->arg);
		pthread_mutex_lock(&a->lock);
		a->result = err;
		a->busy = false;
		pthread_cond_broadcast(&a->changed);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

enum bs_err
bs_aside_new(struct bs_aside **out)
{
	struct bs_aside *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return BS_ENOMEM;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	if (pthread_create(&a->thread, NULL, run, a) != 0) {
		pthread_cond_destroy(&a->changed);
		pthread_mutex_destroy(&a->lock);
		free(a);
		return BS_ENOMEM;
	}
	*out = a;
	return BS_OK;
}

void
bs_aside_free(struct bs_aside *a)
{
	if (a == NULL)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

void
bs_aside_run(struct bs_aside *a, enum bs_err (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&a->lock);
	a->fn = fn;
	a->arg = arg;
	a->busy = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

enum bs_err
bs_aside_wait(struct bs_aside *a)
{
	enum bs_err err;

	pthread_mutex_lock(&a->lock);
	while (a->busy)
		pthread_cond_wait(&a->changed, &a->lock);
	err = a->result;
	a->result = BS_OK;
	pthread_mutex_unlock(&a->lock);
	return err;
}
