#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Print schema files (schema/sqlite/WHAT/NNNN_name.sql) as the C table that db/migrate.h declares.
set -eu

echo '/* Made by tools/build/embed-sql.sh from schema/sqlite/. */'
echo '#include "db/migrate.h"'
echo 'const struct bs_schema_file bs_schema_files[] = {'
for file; do
	what=$(basename "$(dirname "$file")")
	version=$(basename "$file" | sed 's/^0*\([0-9]*\)_.*/\1/')
	echo "{ \"$what\", $version,"
	sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$/\\n"/' "$file"
	echo '},'
done
echo '{ 0, 0, 0 } };'
