/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/reload.h"

#include <stdlib.h>

enum bs_err
bs_reload_new(const char *file, struct bs_reload **out, struct bs_diag *diag)
{
	struct bs_reload *r = calloc(1, sizeof(*r));
	enum bs_err err;

	if (r == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	atomic_init(&r->references, 1);
	atomic_init(&r->decision, BS_RELOAD_OPEN);
	err = bs_conf_read(file, &r->conf, diag);
	if (err == BS_OK) {
		*out = r;
		r = NULL;
	}
	bs_reload_release(r);
	return err;
}

struct bs_reload *
bs_reload_hold(struct bs_reload *r)
{
	atomic_fetch_add(&r->references, 1);
	return r;
}

void
bs_reload_release(struct bs_reload *r)
{
	if (r == NULL || atomic_fetch_sub(&r->references, 1) > 1)
		return;
	bs_conf_clear(&r->conf);
	free(r);
}

void
bs_reload_decide(struct bs_reload *r, enum bs_reload_decision decision)
{
	atomic_store(&r->decision, decision);
}

enum bs_reload_decision
bs_reload_get_decision(const struct bs_reload *r)
{
	return (enum bs_reload_decision)atomic_load(&r->decision);
}
