/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: a Unix stream socket, mode 0600, for the daemon's user and root alone (SO_PEERCRED). One request and
 * one answer a line, both JSON objects:
 *
 *   {"command":"status"}                          {"ok":true,"status":{…}}
 *   {"command":"sessions","filter":"dev-1"}       {"ok":true,"sessions":[{…},…],"more":false}
 *   {"command":"kick","endpoint":"dev-1"}         {"ok":true,"closed":1}
 *   {"command":"reload"}                          {"ok":true,"changed":["…",…]}
 *   {"command":"log","endpoint":"dev-1","seconds":600}    {"ok":true}     endpoint "" ends it
 *   {"command":"trigger","endpoint":"dev-1","address":"192.0.2.1:5684"}    {"ok":true,"trigger":7}    address "": live session
 *   {"command":"triggered","trigger":7}    {"ok":true,"state":"handshake"}, "running", or
 *                                          {"ok":true,"state":"ended","outcome":"done","detail":"…","step":"finish",
 *                                           "writes":2,"handshake_ms":41,"took_ms":180}
 *
 * or {"ok":false,"error":"…"}. A line is at most BS_CONTROL_LINE_MAX octets; a longer one ends the connection.
 */
#ifndef BS_ADMIN_CONTROL_H
#define BS_ADMIN_CONTROL_H

#include "server/admin/admin.h"

#define BS_CONTROL_LINE_MAX 4096

struct bs_control;

/* An old socket file that nobody listens on is replaced. BS_EIO; BS_EEXIST: another daemon serves it. */
BS_MUST_USE enum bs_err bs_control_start(struct event_base *base, const char *path, struct bs_admin *admin,
	struct bs_control **out, struct bs_diag *diag);
/* Removes the socket file. NULL is fine. */
void bs_control_stop(struct bs_control *c);

#endif
