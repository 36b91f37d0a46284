/* SPDX-License-Identifier: Apache-2.0 */
/* A device that a credential led to: what a handshake and a live session need of it. */
#ifndef BS_MODEL_FOUND_H
#define BS_MODEL_FOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "server/model/account.h"

struct bs_found {
	int64_t device_id;
	char endpoint[BS_ENDPOINT_MAX + 1];
	bool enabled;
	int64_t profile_id;
	enum bs_on_change on_change;
	int64_t revision; /* as in struct bs_account */
};

#endif
