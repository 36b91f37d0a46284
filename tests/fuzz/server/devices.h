/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices of the target, in a real store with real sealing, and one real worker over them. Each has a bootstrap credential
 * of its own and receives keys of its own; every key is known here, so that none may be seen where it does not belong.
 */
#ifndef BS_TESTS_FUZZ_SERVER_DEVICES_H
#define BS_TESTS_FUZZ_SERVER_DEVICES_H

#include "server/net/worker_internal.h"
#include "tests/lib/pki.h"

#define DEVICES 8
#define KEY_LEN 16

/* 0, 1: PSK. 2: raw key. 3: certificate, pinned. 4: certificate, by name. 5: PSK, disabled. 6: PSK, SMS. 7: PSK, CLOSE */
enum { DEV_RAW = 2, DEV_PINNED = 3, DEV_NAMED = 4, DEV_DISABLED = 5, DEV_SMS = 6, DEV_CLOSE = 7 };

struct device {
	char endpoint[16], identity[16];
	uint8_t key[KEY_LEN], next_key[KEY_LEN]; /* what it bootstraps with */
	uint8_t granted[2][KEY_LEN], sms_key[KEY_LEN]; /* what it receives */
	struct pki_cert credential; /* of DEV_RAW, DEV_PINNED, DEV_NAMED */
};

struct bed {
	struct device devices[DEVICES];
	struct pki_cert ca, server, stranger_ca, stranger_raw, revoked;
	struct bs_conf conf[2]; /* [1]: with a revocation list that names DEV_NAMED's */
	char conf_file[2][128]; /* of each */
	struct bs_shared shared;
	struct bs_worker *worker, *workers[1];
	struct bs_store *writer;
	struct bs_journal *journal;
	bool changed[DEVICES]; /* the store has to be put back */
	uint64_t barred_ms[DEVICES]; /* from then on it gets no key: disabled, deleted or revoked; UINT64_MAX: it may */
};

extern struct bed bed;

void bed_open(void);
/* A device table as new. */
void bed_forget_devices(void);
/* Changes of the store, as the tool makes them. The worker looks once a second. */
void bed_enable(unsigned d, bool enabled);
void bed_delete(unsigned d);
void bed_set_next(unsigned d);
/* DEV_NAMED is on the revocation list that the worker has, or not any more. */
void bed_revoke(bool revoked);
/* As after bed_open, but for what the worker has in memory. */
void bed_restore(void);
/* Is there a key in it, raw or in hexadecimal? What device own receives may be there; own -1: nothing may. */
bool bed_holds_key(const void *data, size_t len, int own);

#endif
