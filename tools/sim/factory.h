/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that was filled before it left the factory: by a Bootstrap-Pack in a file, or by a card (EF(LwM2M_Bootstrap), LwM2M Core
 * 1.0 F.3.4). It asks nobody; it holds what the file says, and judges it as at Bootstrap-Finish.
 *
 *   .bin           a card's file
 *   .senml-cbor    .senml-json    .lwm2m-cbor
 */
#ifndef SIM_FACTORY_H
#define SIM_FACTORY_H

#include "tools/sim/expect.h"

/*
 * Take the file in place of all that d holds but Object 3. The account that leads to the Bootstrap-Server must hold what the device
 * held there before (its own keys are added where the file leaves resources 3 and 5 to the maker). False with a verdict.
 */
bool sim_factory_take(
	struct sim_device *d, const char *file, const struct sim_expectation *expected, struct sim_verdict *v);

#endif
