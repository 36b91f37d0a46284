/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a file or a command line, told to a person: place, field, reason and the way out. Never a secret:
 * callers pass no value that could be one. The first BS_REPORT_SHOWN errors (and as many warnings) are printed in full,
 * the rest is counted.
 *
 *   lwm2m-bootstrapctl: devices.csv:17: psk_key_hex: the key is 8 octets; use at least 16 random octets
 *   lwm2m-bootstrapctl: devices.csv:18: psk_identity: warning: ...
 */
#ifndef BS_TOOLS_CTL_REPORT_H
#define BS_TOOLS_CTL_REPORT_H

#include <stdio.h>

#include "server/base/err.h"

#define BS_REPORT_SHOWN 100

struct bs_report {
	FILE *to;
	const char *source; /* file name; NULL: the command line */
	unsigned long line; /* of the row at hand; 0: none */
	unsigned long errors, warnings;
};

void bs_report_init(struct bs_report *r, FILE *to, const char *source);
void bs_report_error(struct bs_report *r, const char *field, const char *fmt, ...) BS_PRINTF(3, 4);
void bs_report_warn(struct bs_report *r, const char *field, const char *fmt, ...) BS_PRINTF(3, 4);
/* Say how many were not shown. */
void bs_report_close(struct bs_report *r);

#endif
