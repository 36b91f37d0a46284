/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operator's file says a device shall receive, and whether it did: for each server of the file one Security
 * instance, and one alone, with exactly that credential.
 */
#ifndef SIM_EXPECT_H
#define SIM_EXPECT_H

#include "server/base/blob.h"
#include "server/base/secret.h"
#include "tools/sim/device.h"

/* One device's credential for one server; what is empty was not given. */
struct sim_expected {
	const char *server; /* NAME of the columns NAME.*: borrowed from the rows */
	char *psk_identity;
	struct bs_secret psk;
	struct bs_secret private_key; /* of raw keys and certificates, PKCS#8 DER */
	struct bs_blob cert;
};

struct sim_expectation {
	struct sim_expected *v;
	size_t count;
	const char *uri; /* of every server account; NULL: any */
};

void sim_expected_clear(struct sim_expected *e);
/* True when all of it is there; otherwise objects with 4.06. */
bool sim_expect_check(const struct sim_expectation *x, const struct sim_device *d, struct sim_verdict *v);

#endif
