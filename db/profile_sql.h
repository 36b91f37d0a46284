/* SPDX-License-Identifier: Apache-2.0 */
/* SQL with the columns of a profile as server/model/profile.c has them. */
#ifndef BS_DB_PROFILE_SQL_H
#define BS_DB_PROFILE_SQL_H

#include "server/base/err.h"

#define BS_PROFILE_SQL_MAX 4096

/*
 * The statement, in which {fields} is every column, {p.fields} the same of a table alias p, {values} a place for each. BS_EINTERNAL:
 * another mark, or too long.
 */
BS_MUST_USE enum bs_err bs_profile_sql(const char *text, char out[BS_PROFILE_SQL_MAX]);

#endif
