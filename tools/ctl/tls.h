/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of TLS as a server account may carry them: /0/x/16 ciphersuites, /0/x/18 groups, /0/x/19 to 21 signature
 * schemes. Known is what IANA has assigned or left for private use.
 */
#ifndef BS_TOOLS_CTL_TLS_H
#define BS_TOOLS_CTL_TLS_H

#include "db/provision.h"
#include "tools/ctl/report.h"

/* Refused: a number that nobody has assigned, and a ciphersuite for other credentials than those of the account's mode. */
void bs_check_tls_numbers(struct bs_report *r, const struct bs_server_def *def);

#endif
