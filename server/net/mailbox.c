/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "server/net/ask.h"

struct letter {
	struct bs_mail mail;
	STAILQ_ENTRY(letter) link;
};
STAILQ_HEAD(letters, letter);

struct bs_mailbox {
	int fd;
	pthread_mutex_t lock;
	struct letters letters;
};

enum bs_err
bs_mailbox_new(struct bs_mailbox **out)
{
	struct bs_mailbox *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return BS_ENOMEM;
	m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (m->fd < 0) {
		free(m);
		return BS_EIO;
	}
	pthread_mutex_init(&m->lock, NULL);
	STAILQ_INIT(&m->letters);
	*out = m;
	return BS_OK;
}

static void
free_letters(struct letters *letters)
{
	struct letter *l;

	while ((l = STAILQ_FIRST(letters)) != NULL) {
		STAILQ_REMOVE_HEAD(letters, link);
		free(l);
	}
}

void
bs_mailbox_free(struct bs_mailbox *m)
{
	struct letter *l;

	if (m == NULL)
		return;
	STAILQ_FOREACH (l, &m->letters, link) /* nobody will */
		bs_ask_release(l->mail.ask);
	free_letters(&m->letters);
	pthread_mutex_destroy(&m->lock);
	close(m->fd);
	free(m);
}

int
bs_mailbox_get_fd(const struct bs_mailbox *m)
{
	return m->fd;
}

enum bs_err
bs_mailbox_post(struct bs_mailbox *m, const struct bs_mail *mail)
{
	struct letter *l = malloc(sizeof(*l));

	if (l == NULL)
		return BS_ENOMEM;
	l->mail = *mail;
	pthread_mutex_lock(&m->lock);
	STAILQ_INSERT_TAIL(&m->letters, l, link);
	pthread_mutex_unlock(&m->lock);
	/* Fails only when the counter is full, and then the owner is awake anyway. */
	(void)eventfd_write(m->fd, 1);
	return BS_OK;
}

void
bs_mailbox_drain(struct bs_mailbox *m, void (*fn)(void *arg, const struct bs_mail *mail), void *arg)
{
	struct letters mine = STAILQ_HEAD_INITIALIZER(mine);
	struct letter *l;
	eventfd_t count;

	(void)eventfd_read(m->fd, &count);
	pthread_mutex_lock(&m->lock);
	STAILQ_CONCAT(&mine, &m->letters);
	pthread_mutex_unlock(&m->lock);
	STAILQ_FOREACH (l, &mine, link)
		fn(arg, &l->mail);
	free_letters(&mine);
}
