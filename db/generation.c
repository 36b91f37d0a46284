/* SPDX-License-Identifier: Apache-2.0 */
#include "db/generation.h"

enum bs_age
bs_age_judge(const struct bs_seen *seen, const struct bs_generation *now)
{
	if (seen->number == 0 || now->accepted >= seen->number)
		return BS_AGE_CURRENT;
	if (seen->store != now->store)
		return BS_AGE_OTHER;
	if (now->number < seen->number)
		return BS_AGE_OLDER;
	/* Changes to an older one count on from there, and may have come as far: the mark tells. */
	if (now->number - seen->number < BS_MARKS)
		return now->marks[seen->number % BS_MARKS] == seen->mark ? BS_AGE_CURRENT : BS_AGE_OLDER;
	return seen->older ? BS_AGE_OLDER : BS_AGE_CURRENT;
}

enum bs_age
bs_age_note(struct bs_seen *seen, const struct bs_generation *now)
{
	enum bs_age age = bs_age_judge(seen, now);

	seen->older = age != BS_AGE_CURRENT;
	if (age == BS_AGE_CURRENT) {
		seen->store = now->store;
		seen->number = now->number;
		seen->mark = now->marks[now->number % BS_MARKS];
	}
	return age;
}
