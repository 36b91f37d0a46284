/* SPDX-License-Identifier: Apache-2.0 */
/* older_keys MASTER_KEY_FILE STORE_DB: the keys of that file in the form that they had before rows were hashed. */
#include "tests/lib/older.h"

#include <stdio.h>

int
main(int argc, char **argv)
{
	if (argc == 3 && older_keys(argv[1], argv[2]))
		return 0;
	fputs("older_keys: failed\n", stderr);
	return 1;
}
