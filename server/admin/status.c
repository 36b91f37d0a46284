/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/status.h"

#include <sys/stat.h>

#include "db/facts.h"
#include "db/lookup.h"
#include "server/admin/certificates.h"
#include "server/admin/limits.h"
#include "server/admin/snapshot.h"

#define DAY_S 86400
#define N(v) ((json_int_t)(v))

static json_t *
outcomes_json(const struct bs_stats *s)
{
	json_t *o = json_object();

	for (size_t i = 0; i < BS_OUTCOME_COUNT; i++) {
		uint64_t n = 0;

		for (size_t m = 0; m < BS_STATS_MODES; m++)
			n += s->outcomes[m][i];
		if (n > 0)
			json_object_set_new(o, bs_outcome_word((enum bs_outcome)i), json_integer(N(n)));
	}
	return o;
}

/* With its write-ahead log, which may hold most of a young or busy file. */
static json_int_t
file_size(const char *dir, const char *file)
{
	static const char *const parts[] = { "", "-wal" };
	json_int_t octets = 0;
	char path[4096];
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s%s", dir, file, parts[i]);
		octets += stat(path, &st) == 0 ? N(st.st_size) : 0;
	}
	return octets;
}

struct days {
	json_t *files;
	int64_t now_s;
};

static void
add_days(void *arg, const char *file, bool readable, int64_t expires_s)
{
	struct days *d = arg;

	json_object_set_new(d->files, file, readable ? json_integer(N((expires_s - d->now_s) / DAY_S)) : json_null());
}

/* Whole days until the certificates of each file end; null: it cannot be read. */
static json_t *
days_json(const struct bs_conf *conf, int64_t now_s)
{
	struct days d = { json_object(), now_s };

	bs_certificates_each(conf, add_days, &d);
	return d.files;
}

static json_t *
minutes_json(struct bs_minute sum)
{
	return json_pack("{s:I, s:I}", "done", N(sum.done), "refused", N(sum.refused));
}

static json_t *
limits_json(const struct bs_snapshot *s)
{
	struct bs_limit limits[BS_LIMIT_COUNT];
	json_t *list = json_array();

	bs_limits_get(s, limits);
	for (size_t i = 0; i < BS_LIMIT_COUNT; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:I, s:I, s:s, s:I}", "limit", limits[i].option, "what",
				      limits[i].what, "value", N(limits[i].value), "cap", N(limits[i].cap), "unit",
				      limits[i].unit, "hits", N(limits[i].hits)));
	return list;
}

/* null: there was no import, or the file cannot be read. */
static void
add_facts(json_t *j, const struct bs_conf *conf, int64_t now_s)
{
	struct bs_facts f;
	bool known;

	bs_facts_read(conf->store_directory, &f);
	known = f.import_s != 0;
	json_object_set_new(j, "store_schema", f.store_schema > 0 ? json_integer(f.store_schema) : json_null());
	json_object_set_new(j, "journal_schema", f.journal_schema > 0 ? json_integer(f.journal_schema) : json_null());
	json_object_set_new(j, "import_s", known ? json_integer(f.import_s) : json_null());
	json_object_set_new(j, "import_age_s", known ? json_integer(now_s - f.import_s) : json_null());
	json_object_set_new(j, "import_rows", known ? json_integer(f.import_rows) : json_null());
}

json_t *
bs_status_json(const struct bs_admin *admin)
{
	const struct bs_conf *conf = admin->shared->conf;
	struct bs_snapshot s;
	const char *trouble;
	json_t *j;

	bs_snapshot_take(admin->shared, admin->started_ms, &s);
	trouble = bs_snapshot_trouble(&s);
	j = json_pack("{s:b, s:s?, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "well", trouble == NULL,
		"trouble", trouble, "version", BS_VERSION, "openssl", admin->shared->library, "uptime_s",
		N((s.now_ms - s.started_ms) / 1000), "workers", N(s.workers), "peers", N(s.total.peers), "peers_max",
		N(s.caps.peers), "half_open", N(s.total.half_open), "half_open_max", N(s.caps.half_open), "runs",
		N(s.total.runs), "runs_started", N(s.total.runs_started), "outcomes", outcomes_json(&s.total));
	json_object_set_new(j, "last_minute", minutes_json(bs_history_last_minute(&admin->history)));
	json_object_set_new(j, "last_hour", minutes_json(bs_history_sum(&admin->history, BS_HISTORY_MINUTES)));
	json_object_set_new(j, "limits", limits_json(&s));
	json_object_set_new(j, "retransmissions", json_integer(N(s.total.exchange.retransmissions)));
	json_object_set_new(j, "clone_signals", json_integer(N(s.total.clone_signals)));
	json_object_set_new(j, "journal_queued", json_integer(N(s.recorder.queued)));
	json_object_set_new(j, "journal_dropped", json_integer(N(s.recorder.dropped)));
	json_object_set_new(j, "store_octets", json_integer(file_size(conf->store_directory, BS_STORE_FILE)));
	json_object_set_new(j, "journal_octets", json_integer(file_size(conf->store_directory, BS_JOURNAL_FILE)));
	json_object_set_new(j, "store_generation", json_integer(N(s.recorder.store_number)));
	json_object_set_new(j, "store_generation_seen", json_integer(N(s.recorder.store_seen)));
	json_object_set_new(j, "store_older", json_boolean(s.recorder.store_age != BS_AGE_CURRENT));
	json_object_set_new(j, "store_tampered", json_boolean(s.total.store_tampered > 0));
	add_facts(j, conf, s.wall_s);
	json_object_set_new(j, "certificate_days", days_json(&admin->conf, s.wall_s));
	json_object_set_new(j, "reloaded_s", json_integer(admin->reloaded_s));
	if (admin->reload_failure.err != BS_OK)
		json_object_set_new(j, "reload_failure", json_string(admin->reload_failure.text));
	return j;
}
