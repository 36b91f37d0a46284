/* SPDX-License-Identifier: Apache-2.0 */
#include "server/conf/conf.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/near.h"
#include "server/conf/options.h"

#define HANDSHAKES_PER_MINUTE 20 /* by default, see the option */
#define LINE_MAX_LEN 4096
#define HOST_NAME_MAX_LEN 254 /* RFC 1035, 2.3.4, and the dot at the end */
#define FAR 4 /* letters by which a name differs too much to be a typing error */

struct reader {
	const char *name;
	struct bs_conf *conf;
	struct bs_diag *diag;
	unsigned line;
	enum bs_err err;
	bool seen[64][BS_CONF_IDENTITIES_MAX]; /* option given, per identity; [0] for the others */
	/* source: a file or a text */
	FILE *file;
	const char *text;
	bool places; /* only where store and control socket are; all else is skipped */
};

#define FAIL(r, ...) ((r)->err = bs_diag_set((r)->diag, BS_EFORMAT, (r)->line, __VA_ARGS__))

static void
fail_unknown(struct reader *r, const char *section, const char *key)
{
	const struct bs_option *best = NULL;
	unsigned best_distance = FAR;

	for (size_t i = 0; i < bs_option_count; i++) {
		unsigned d = bs_near_distance(key, bs_options[i].key, FAR) +
			     (strcmp(section, bs_options[i].section) != 0);

		if (d < best_distance) {
			best = &bs_options[i];
			best_distance = d;
		}
	}
	if (best != NULL)
		FAIL(r, "%s:%u: unknown option \"%.60s\" in [%.60s]; did you mean \"%s\" in [%s]?", r->name, r->line,
			key, section, best->key, best->section);
	else
		FAIL(r, "%s:%u: unknown option \"%.60s\" in [%.60s]; lwm2m-bootstrapd --options lists all", r->name,
			r->line, key, section);
}

static const struct bs_option *
find_option(const char *section, const char *key)
{
	for (size_t i = 0; i < bs_option_count; i++) {
		if (strcmp(bs_options[i].section, section) == 0 && strcmp(bs_options[i].key, key) == 0)
			return &bs_options[i];
	}
	return NULL;
}

/* A number and its unit, with the unit's factor from a table of "suffix", factor. */
struct unit {
	const char *suffix;
	uint64_t factor;
};
static const struct unit time_units[] = { { "ms", 1 }, { "s", 1000 }, { "", 1000 }, { "m", 60000 }, { "h", 3600000 },
	{ "d", 86400000 }, { NULL, 0 } };
static const struct unit size_units[] = { { "", 1 }, { "K", 1024 }, { "M", 1 << 20 }, { "G", 1 << 30 }, { NULL, 0 } };
static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };

static bool
parse_number(const char *text, const struct unit *units, uint64_t *out)
{
	char *end = NULL;
	unsigned long long v;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoull(text, &end, 10);
	while (*end == ' ')
		end++;
	while (units->suffix != NULL && strcmp(units->suffix, end) != 0)
		units++;
	if (errno != 0 || units->suffix == NULL || v > UINT64_MAX / units->factor)
		return false;
	*out = v * units->factor;
	return true;
}

static bool
parse_choice(const char *text, const char *choices, uint64_t *out)
{
	size_t len = strlen(text);

	for (*out = 0; *choices != '\0'; ++*out) {
		size_t n = strcspn(choices, " ");

		if (n == len && strncmp(choices, text, n) == 0)
			return true;
		choices += n + (choices[n] == ' ');
	}
	return false;
}

static bool
parse_value(const struct bs_option *o, const char *text, uint64_t *out)
{
	switch (o->type) {
	case BS_OPT_UINT:
		return parse_number(text, no_units, out);
	case BS_OPT_SIZE:
		return parse_number(text, size_units, out);
	case BS_OPT_TIME:
		return parse_number(text, time_units, out);
	case BS_OPT_BOOL:
		return parse_choice(text, "no yes", out);
	case BS_OPT_CHOICE:
		return parse_choice(text, o->choices, out);
	default:
		return false;
	}
}

static const char *
expected(const struct bs_option *o)
{
	switch (o->type) {
	case BS_OPT_SIZE:
		return "a number of octets such as 512K, 64M or 1G";
	case BS_OPT_TIME:
		return "a time such as 500ms, 2s, 5m or 24h";
	case BS_OPT_BOOL:
		return "yes or no";
	case BS_OPT_CHOICE:
		return o->choices;
	default:
		return "a number";
	}
}

static enum bs_err
list_add(struct bs_conf_list *list, const char *value)
{
	char **items = realloc(list->items, (list->count + 1) * sizeof(*items));

	if (items == NULL)
		return BS_ENOMEM;
	list->items = items;
	items[list->count] = strdup(value);
	if (items[list->count] == NULL)
		return BS_ENOMEM;
	list->count++;
	return BS_OK;
}

static void
store_number(struct reader *r, const struct bs_option *o, void *field, const char *value)
{
	uint64_t v;
	bool is_limited = o->type == BS_OPT_UINT || o->type == BS_OPT_SIZE || o->type == BS_OPT_TIME;

	if (!parse_value(o, value, &v))
		FAIL(r, "%s:%u: %s = \"%.60s\": expected %s", r->name, r->line, o->key, value, expected(o));
	else if (is_limited && (v < o->min || v > o->max))
		FAIL(r, "%s:%u: %s = %.60s is out of range (%llu to %llu%s)", r->name, r->line, o->key, value,
			(unsigned long long)o->min, (unsigned long long)o->max, o->type == BS_OPT_TIME ? " ms" : "");
	else if (o->is_bool || o->type == BS_OPT_BOOL)
		*(bool *)field = v != 0;
	else
		*(uint64_t *)field = v;
}

static void
store_value(struct reader *r, const struct bs_option *o, void *base, const char *value)
{
	void *field = (char *)base + o->offset;

	if (*value == '\0') {
		FAIL(r, "%s:%u: %s has no value", r->name, r->line, o->key);
	} else if (o->type == BS_OPT_LIST) {
		r->err = list_add(field, value);
	} else if (o->type == BS_OPT_TEXT) {
		*(char **)field = strdup(value);
		r->err = *(char **)field != NULL ? BS_OK : BS_ENOMEM;
	} else {
		store_number(r, o, field, value);
	}
}

/* The identity of [server] or [server NAME]; -1 when there are too many. */
static int
find_identity(struct reader *r, const char *sni)
{
	struct bs_conf *c = r->conf;
	size_t i = 0;

	while (i < c->identity_count &&
		(sni == NULL ? c->identities[i].sni != NULL
			     : c->identities[i].sni == NULL || strcmp(c->identities[i].sni, sni) != 0))
		i++;
	if (i == BS_CONF_IDENTITIES_MAX) {
		FAIL(r, "%s:%u: more than %d [server] sections", r->name, r->line, BS_CONF_IDENTITIES_MAX);
		return -1;
	}
	if (i == c->identity_count) {
		c->identities[i].sni = sni != NULL ? strdup(sni) : NULL;
		c->identity_count++;
	}
	return (int)i;
}

static bool
is_place(const char *section)
{
	return strcmp(section, "store") == 0 || strcmp(section, "control") == 0;
}

/* One "key = value" of the file, as inih hands it over. Returns 0 to stop. */
static int
on_pair(void *arg, const char *section, const char *key, const char *value)
{
	struct reader *r = arg;
	bool named = strncmp(section, "server ", 7) == 0;
	const char *sni = named ? section + 7 + strspn(section + 7, " ") : NULL;
	const struct bs_option *o = find_option(named ? "server" : section, key);
	void *base = r->conf;
	int identity = 0;

	if (r->err != BS_OK)
		return 0;
	if (r->places && !is_place(section))
		return 1;
	if (o == NULL || (named && !o->identity)) {
		fail_unknown(r, section, key);
		return 0;
	}
	if (o->identity) {
		identity = find_identity(r, sni);
		if (identity < 0)
			return 0;
		base = &r->conf->identities[identity];
	}
	if (o->type != BS_OPT_LIST && r->seen[o - bs_options][identity])
		FAIL(r, "%s:%u: %s is given twice", r->name, r->line, key);
	else
		store_value(r, o, base, value);
	r->seen[o - bs_options][identity] = true;
	return r->err == BS_OK;
}

/* inih reports a section with its first pair only: one without pairs would pass under any name. */
static void
check_section(struct reader *r, const char *line)
{
	size_t len = line[0] == '[' ? strcspn(line, "]") : 0;
	struct bs_near near;
	char name[64], hint[340];

	if (len < 2 || line[len] != ']' || strncmp(line, "[server ", 8) == 0)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)len - 1, line + 1);
	bs_near_init(&near, name);
	for (size_t i = 0; i < bs_option_count; i++) {
		if (strcmp(bs_options[i].section, name) == 0)
			return;
		bs_near_offer(&near, bs_options[i].section);
	}
	FAIL(r, "%s:%u: unknown section [%s]%s", r->name, r->line, name,
		near.name[0] != '\0' ? bs_near_text(&near, hint, sizeof(hint))
				     : "; lwm2m-bootstrapd --options lists all");
}

/* fgets for inih; counts lines and refuses those that would be cut. */
static char *
next_line(char *out, int max, void *arg)
{
	struct reader *r = arg;
	char line[LINE_MAX_LEN];
	size_t len;

	if (r->err != BS_OK)
		return NULL;
	if (r->file != NULL) {
		if (fgets(line, sizeof(line), r->file) == NULL)
			return NULL;
	} else {
		size_t n = strcspn(r->text, "\n");

		if (*r->text == '\0')
			return NULL;
		n += r->text[n] == '\n';
		n = n < sizeof(line) ? n : sizeof(line) - 1;
		memcpy(line, r->text, n);
		line[n] = '\0';
		r->text += n;
	}
	r->line++;
	len = strlen(line);
	if (len + 1 > (size_t)max || len + 1 == sizeof(line)) {
		FAIL(r, "%s:%u: the line is too long", r->name, r->line);
		return NULL;
	}
	if (!r->places)
		check_section(r, line);
	if (r->err != BS_OK)
		return NULL;
	memcpy(out, line, len + 1);
	return out;
}

static void
set_defaults(struct reader *r)
{
	for (size_t i = 0; i < bs_option_count && r->err == BS_OK; i++) {
		const struct bs_option *o = &bs_options[i];

		if (r->seen[i][0] || (r->places && !is_place(o->section)))
			continue;
		if (o->required)
			r->err = bs_diag_set(
				r->diag, BS_EFORMAT, 0, "%s: %s is missing in [%s]", r->name, o->key, o->section);
		else if (o->fallback != NULL)
			store_value(r, o, r->conf, o->fallback);
	}
}

static void
check_identities(struct reader *r)
{
	for (size_t i = 0; i < r->conf->identity_count && r->err == BS_OK; i++) {
		const struct bs_conf_identity *id = &r->conf->identities[i];
		const char *name = id->sni != NULL ? id->sni : "";

		if ((id->certificate == NULL) != (id->private_key == NULL))
			r->err = bs_diag_set(r->diag, BS_EFORMAT, 0,
				"%s: [server%s%.60s]: certificate and private-key are required together", r->name,
				*name ? " " : "", name);
		else if (i > 0 && r->conf->identities[0].sni != NULL)
			r->err = bs_diag_set(
				r->diag, BS_EFORMAT, 0, "%s: [server] must come before [server NAME]", r->name);
	}
}

static void
read_roots(struct reader *r)
{
	const struct bs_conf_list *paths = &r->conf->bootstrap_paths;

	for (size_t i = 0; i < paths->count && r->err == BS_OK; i++) {
		struct bs_diag why = { 0 };

		r->err = bs_roots_add(&r->conf->roots, paths->items[i], &why);
		if (r->err != BS_OK)
			bs_diag_set(r->diag, r->err, 0, "%s: [coap] bootstrap-path = %.80s: %s", r->name,
				paths->items[i], why.text);
	}
}

/* Labels of letters, digits, hyphen and underscore; a dot at the end is allowed. */
static bool
is_host_name(const char *text)
{
	size_t len = strlen(text);
	bool inside = false; /* a label, with a letter that may end it */

	if (len > HOST_NAME_MAX_LEN)
		return false;
	for (const char *p = text; *p != '\0'; p++) {
		bool dot = *p == '.', hyphen = *p == '-';

		if ((!dot && !hyphen && *p != '_' && !isalnum((unsigned char)*p)) || (dot && !inside) ||
			(hyphen && (p == text || p[-1] == '.')))
			return false;
		inside = !dot && !hyphen;
	}
	return inside || (len > 1 && text[len - 1] == '.');
}

static void
check_hosts(struct reader *r)
{
	const struct bs_conf_list *hosts = &r->conf->http_hosts;

	for (size_t i = 0; i < hosts->count && r->err == BS_OK; i++) {
		if (!is_host_name(hosts->items[i]))
			r->err = bs_diag_set(r->diag, BS_EFORMAT, 0,
				"%s: [http] host = %.80s: expected one host name such as monitor.example.com, without port; "
				"addresses and localhost are always answered",
				r->name, hosts->items[i]);
	}
}

static enum bs_err
read_all(struct reader *r)
{
	int status = ini_parse_stream(next_line, r, on_pair, r);

	if (r->err == BS_OK && status > 0 && !r->places) {
		r->line = (unsigned)status;
		FAIL(r, "%s:%u: neither a [section] nor key = value", r->name, r->line);
	} else if (r->err == BS_OK && status < 0) {
		r->err = BS_ENOMEM;
	}
	if (r->err == BS_OK)
		set_defaults(r);
	if (r->err == BS_OK && !r->places)
		check_identities(r);
	if (r->err == BS_OK && !r->places)
		read_roots(r);
	if (r->err == BS_OK && !r->places)
		check_hosts(r);
	if (r->err != BS_OK)
		bs_conf_clear(r->conf);
	return r->err;
}

enum bs_err
bs_conf_read_text(const char *name, const char *text, struct bs_conf *conf, struct bs_diag *diag)
{
	struct reader r = { .name = name, .conf = conf, .diag = diag, .text = text };

	memset(conf, 0, sizeof(*conf));
	return read_all(&r);
}

static enum bs_err
read_file(const char *file, bool places, struct bs_conf *conf, struct bs_diag *diag)
{
	struct reader r = { .name = file, .conf = conf, .diag = diag, .places = places };
	enum bs_err err;

	memset(conf, 0, sizeof(*conf));
	r.file = fopen(file, "re");
	if (r.file == NULL)
		return bs_diag_set(diag, BS_EIO, 0, "%s: %s", file, strerror(errno));
	err = read_all(&r);
	fclose(r.file);
	return err;
}

enum bs_err
bs_conf_read(const char *file, struct bs_conf *conf, struct bs_diag *diag)
{
	return read_file(file, false, conf, diag);
}

enum bs_err
bs_conf_read_places(const char *file, struct bs_conf *conf, struct bs_diag *diag)
{
	return read_file(file, true, conf, diag);
}

#define TIMEOUT_WORD " dtls-timeout="
#define WORKERS_MAX 256 /* of the option workers; 0 is as many as there are CPUs */

/* Sockets share ports here: datagrams for the listener could go to the trigger's socket, and the other way round. */
static bool
is_trigger_port(const struct bs_conf *conf, uint16_t port)
{
	uint64_t count = conf->workers > 0 ? conf->workers : WORKERS_MAX;

	return conf->trigger_port > 0 && port >= conf->trigger_port && port < conf->trigger_port + count;
}

enum bs_err
bs_conf_listen(const struct bs_conf *conf, size_t i, struct bs_addr *addr, uint64_t *timeout_ms, struct bs_diag *diag)
{
	const struct bs_option *timeout = find_option("dtls", "timeout");
	const char *item = conf->listen.items[i], *word = strstr(item, TIMEOUT_WORD);
	size_t len = word != NULL ? (size_t)(word - item) : strlen(item);
	char text[BS_ADDR_TEXT];

	*timeout_ms = 0;
	while (len > 0 && item[len - 1] == ' ')
		len--;
	snprintf(text, sizeof(text), "%.*s", (int)(len < sizeof(text) ? len : 0), item);
	if (bs_addr_parse(text, addr) != BS_OK)
		return bs_diag_set(diag, BS_EFORMAT, 0,
			"[listen] address = %.80s: expected 192.0.2.1:5684, [2001:db8::1]:5684 or *:5684, "
			"optionally followed by dtls-timeout=TIME",
			item);
	if (is_trigger_port(conf, bs_addr_port(addr)))
		return bs_diag_set(diag, BS_ERANGE, 0,
			"[listen] address = %.80s: the port is among those that the workers take from [coap] trigger-port = %u on; "
			"change one of the two",
			item, (unsigned)conf->trigger_port);
	if (word == NULL)
		return BS_OK;
	if (!parse_number(word + strlen(TIMEOUT_WORD), time_units, timeout_ms))
		return bs_diag_set(diag, BS_EFORMAT, 0, "[listen] address = %.80s: dtls-timeout: expected %s", item,
			expected(timeout));
	if (*timeout_ms < timeout->min || *timeout_ms > timeout->max)
		return bs_diag_set(
			diag, BS_ERANGE, 0, "[listen] address = %.80s: dtls-timeout is out of range (1s to 9s)", item);
	return BS_OK;
}

static void
list_clear(struct bs_conf_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

unsigned
bs_conf_handshakes(const struct bs_conf *conf)
{
	uint64_t most = conf->handshakes_per_minute;

	if (most == 0)
		most = conf->attempts_per_minute > HANDSHAKES_PER_MINUTE ? conf->attempts_per_minute
									 : HANDSHAKES_PER_MINUTE;
	return (unsigned)most;
}

void
bs_conf_clear(struct bs_conf *conf)
{
	for (size_t i = 0; i < bs_option_count; i++) {
		const struct bs_option *o = &bs_options[i];
		void *field = (char *)conf + o->offset;

		if (!o->identity && o->type == BS_OPT_TEXT)
			free(*(char **)field);
		else if (o->type == BS_OPT_LIST)
			list_clear(field);
	}
	for (size_t i = 0; i < conf->identity_count; i++) {
		free(conf->identities[i].sni);
		free(conf->identities[i].certificate);
		free(conf->identities[i].private_key);
		free(conf->identities[i].raw_key);
	}
	memset(conf, 0, sizeof(*conf));
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_list(const struct bs_conf_list *a, const struct bs_conf_list *b)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = strcmp(a->items[i], b->items[i]) == 0;
	return same;
}

static bool
same_value(const struct bs_option *o, const void *a, const void *b)
{
	const char *fa = (const char *)a + o->offset, *fb = (const char *)b + o->offset;

	if (o->type == BS_OPT_TEXT)
		return same_text(*(char *const *)fa, *(char *const *)fb);
	if (o->type == BS_OPT_LIST)
		return same_list((const struct bs_conf_list *)fa, (const struct bs_conf_list *)fb);
	if (o->is_bool || o->type == BS_OPT_BOOL)
		return *(const bool *)fa == *(const bool *)fb;
	return *(const uint64_t *)fa == *(const uint64_t *)fb;
}

static bool
same_in_identities(const struct bs_option *o, const struct bs_conf *a, const struct bs_conf *b)
{
	bool same = a->identity_count == b->identity_count;

	for (size_t i = 0; same && i < a->identity_count; i++)
		same = same_text(a->identities[i].sni, b->identities[i].sni) &&
		       same_value(o, &a->identities[i], &b->identities[i]);
	return same;
}

void
bs_conf_diff(const struct bs_conf *a, const struct bs_conf *b, bs_conf_diff_fn *fn, void *arg)
{
	for (size_t i = 0; i < bs_option_count; i++) {
		const struct bs_option *o = &bs_options[i];
		char name[64];

		snprintf(name, sizeof(name), "[%s] %s", o->section, o->key);
		if (!(o->identity ? same_in_identities(o, a, b) : same_value(o, a, b)))
			fn(arg, name, o->live);
	}
}

void
bs_conf_print_options(FILE *out)
{
	const char *section = "";

	for (size_t i = 0; i < bs_option_count; i++) {
		const struct bs_option *o = &bs_options[i];

		if (strcmp(section, o->section) != 0)
			fprintf(out, "%s[%s]\n", i > 0 ? "\n" : "", o->section);
		section = o->section;
		for (const char *p = o->help; *p != '\0'; p += *p == '\n') {
			int n = (int)strcspn(p, "\n");

			fprintf(out, "# %.*s\n", n, p);
			p += n;
		}
		if (o->live)
			fputs("# Live: takes effect on a reload.\n", out);
		fprintf(out, "%s%s =%s%s\n", o->required ? "" : "# ", o->key, o->fallback != NULL ? " " : "",
			o->fallback != NULL ? o->fallback : "");
	}
}
