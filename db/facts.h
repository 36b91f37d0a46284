/* SPDX-License-Identifier: Apache-2.0 */
/* What store and journal say of themselves without any key: for status. Read anew at each call, at the cost of opening. */
#ifndef BS_DB_FACTS_H
#define BS_DB_FACTS_H

#include <stdint.h>

#include "server/base/err.h"

struct bs_facts {
	int64_t store_schema, journal_schema; /* versions; 0: the file cannot be read */
	int64_t import_s; /* Unix time of the last import; 0: there was none, or before stores kept it */
	int64_t import_rows; /* devices that it stored or changed */
};

void bs_facts_read(const char *dir, struct bs_facts *out);

#endif
