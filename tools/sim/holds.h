/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device begins with, from a file: objects as a line of --json shows them, or that whole line.
 *
 *   {"0":{"5":{"0":"coap://old.example:5683","1":false,"2":3,"10":300}},"1":{"5":{"0":300,"1":60,"6":true,"7":"U"}},
 *    "2":{"0":{"0":1,"1":5,"2":{"300":15},"3":300}}}
 */
#ifndef SIM_HOLDS_H
#define SIM_HOLDS_H

#include "server/base/err.h"
#include "tools/sim/object.h"

/*
 * Into s, which is empty; the types are those of the simulator's table, or what the JSON value shows for other objects.
 * own_iid: the instance of Object 0 that is the device's own account: in the file it may be no server account.
 * BS_EFORMAT: not readable or not like that, told in diag.
 */
BS_MUST_USE enum bs_err sim_holds_load(const char *path, uint16_t own_iid, struct sim_store *s, struct bs_diag *diag);

#endif
