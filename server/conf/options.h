/* SPDX-License-Identifier: Apache-2.0 */
/* One row per option. Internal to conf/. */
#ifndef BS_CONF_OPTIONS_H
#define BS_CONF_OPTIONS_H

#include "server/conf/conf.h"

enum bs_opt_type {
	BS_OPT_TEXT, /* char * */
	BS_OPT_LIST, /* struct bs_conf_list; may be given several times */
	BS_OPT_BOOL, /* bool: yes, no */
	BS_OPT_UINT, /* uint64_t */
	BS_OPT_SIZE, /* uint64_t octets: 512K, 64M, 1G */
	BS_OPT_TIME, /* uint64_t milliseconds: 500ms, 2s, 5m, 24h; a bare number is seconds */
	BS_OPT_CHOICE, /* uint64_t or bool: index in choices, which blanks separate */
};

struct bs_option {
	const char *section, *key;
	enum bs_opt_type type;
	size_t offset; /* in struct bs_conf, or in struct bs_conf_identity where identity is set */
	bool identity, required, is_bool;
	bool live; /* takes effect on a reload */
	const char *fallback; /* default as text; NULL: unset */
	uint64_t min, max;
	const char *choices;
	const char *help; /* may hold several lines */
};

extern const struct bs_option bs_options[];
extern const size_t bs_option_count;

#endif
