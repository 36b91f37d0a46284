/* SPDX-License-Identifier: Apache-2.0 */
/* A store as it was before its rows were hashed. */
#ifndef BS_TESTS_LIB_OLDER_H
#define BS_TESTS_LIB_OLDER_H

#include <stdbool.h>

/* Give the file db the keys that it has now in the form that they had then: data and hash key alone. false: it could not. */
bool older_keys(const char *master_key_file, const char *db);

#endif
