/* SPDX-License-Identifier: Apache-2.0 */
#include "db/profile_sql.h"

#include <string.h>

#include "server/base/text.h"
#include "server/model/profile.h"

enum column { COLUMN, COLUMN_OF_P, VALUE };
static const struct {
	const char *mark;
	enum column what;
} marks[] = { { "{fields}", COLUMN }, { "{p.fields}", COLUMN_OF_P }, { "{values}", VALUE } };

static void
put_columns(struct bs_tw *w, enum column what)
{
	const char *between = "";

	for (size_t i = 0; i < bs_profile_field_count; i++) {
		const char *name = bs_profile_fields[i].column;

		if (name == NULL)
			continue;
		bs_tw_text(w, between);
		bs_tw_text(w, what == COLUMN_OF_P ? "p." : "");
		bs_tw_text(w, what == VALUE ? "?" : name);
		between = ", ";
	}
}

enum bs_err
bs_profile_sql(const char *text, char out[BS_PROFILE_SQL_MAX])
{
	struct bs_tw w = bs_tw_init(out, BS_PROFILE_SQL_MAX);

	while (text[0] != '\0') {
		size_t len = strcspn(text, "{"), m = 0;

		bs_tw_bytes(&w, text, len);
		text += len;
		while (m < sizeof(marks) / sizeof(marks[0]) && strncmp(text, marks[m].mark, strlen(marks[m].mark)) != 0)
			m++;
		if (text[0] == '\0')
			break;
		if (m == sizeof(marks) / sizeof(marks[0]))
			return BS_EINTERNAL;
		put_columns(&w, marks[m].what);
		text += strlen(marks[m].mark);
	}
	return w.cut ? BS_EINTERNAL : BS_OK;
}
