/* SPDX-License-Identifier: Apache-2.0 */
/* lwm2m-bootstrapd: arguments, privileges, start and stop order. */
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/journal/recorder.h"
#include "server/admin/control.h"
#include "server/admin/http.h"
#include "server/admin/notify.h"
#include "server/admin/snapshot.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/terminal.h"
#include "server/conf/conf.h"
#include "server/net/worker.h"
#include "server/sandbox.h"

#define DEVICES_MAX 1000000 /* of the device table: about 350 octets each */
#define EXIT_USAGE 2

struct daemon {
	const char *file;
	struct bs_conf conf;
	struct bs_admin admin;
	struct bs_control *control;
	struct bs_http *http;
	struct event *watchdog, *second;
	struct bs_shared shared;
	size_t socket_count; /* of each worker: the listen addresses; 0 for a check, which must not take datagrams */
	struct bs_udp ***sockets; /* [worker][listen address] */
	size_t started;
	bool locked; /* memory stays out of the swap */
};

static const char usage[] =
	"usage: lwm2m-bootstrapd -c FILE [-n]\n"
	"       lwm2m-bootstrapd --version | --options | --help\n"
	"\n"
	"  -c, --config FILE   configuration, see lwm2m-bootstrapd.conf(5)\n"
	"  -n, --check         check configuration, store and keys, report what is wrong, and exit\n"
	"      --options       print every option with its default, as a sample configuration\n"
	"      --version       print the versions of the daemon and of OpenSSL\n";

/* ---- privileges --------------------------------------------------------------------------------------------------- */

/* The configured user, else the owner of the store's folder: who can read the store, and nobody else. */
static enum bs_err
find_user(const struct bs_conf *conf, uid_t *uid, gid_t *gid, struct bs_diag *diag)
{
	struct passwd *pw;
	struct stat st;

	if (conf->user != NULL) {
		pw = getpwnam(conf->user);
		if (pw == NULL)
			return bs_diag_set(diag, BS_ENOTFOUND, 0, "user = %s: there is no such user", conf->user);
		*uid = pw->pw_uid;
		*gid = pw->pw_gid;
		return BS_OK;
	}
	if (stat(conf->store_directory, &st) != 0)
		return bs_diag_set(diag, BS_EIO, 0, "%s: %s; lwm2m-bootstrapctl init creates the store",
			conf->store_directory, strerror(errno));
	*uid = st.st_uid;
	*gid = st.st_gid;
	return BS_OK;
}

static enum bs_err
drop_privileges(const struct bs_conf *conf, struct bs_diag *diag)
{
	uid_t uid = 0;
	gid_t gid = 0;
	enum bs_err err;

	if (geteuid() != 0)
		return BS_OK;
	err = find_user(conf, &uid, &gid, diag);
	if (err != BS_OK)
		return err;
	if (uid == 0) {
		bs_log(BS_WARNING, "daemon.root",
			"why=\"the store's directory belongs to root, so the daemon stays root; set user in [server]\"");
		return BS_OK;
	}
	if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
		return bs_diag_set(diag, BS_EPERM, 0, "cannot become user %ld: %s", (long)uid, strerror(errno));
	return BS_OK;
}

/* Keys must not reach a disk by way of a core file or a debugger of the same user. */
static void
harden(void)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	umask(077);
}

/* May this process lock more than its limit says, or has it none? Tried with pages that are never used. */
static bool
may_lock_all(void)
{
	struct rlimit r;
	size_t len;
	void *p;
	bool may;

	if (getrlimit(RLIMIT_MEMLOCK, &r) != 0)
		return false;
	if (r.rlim_cur == RLIM_INFINITY)
		return true;
	len = (size_t)r.rlim_cur + 65536;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return false;
	may = mlock2(p, len, MLOCK_ONFAULT) == 0;
	munmap(p, len);
	return may;
}

/*
 * All memory stays out of the swap, as keys are everywhere in it: those of the store, of this server, of each session. Without the
 * right to lock as much as it takes nothing is locked, as later allocations would fail at the limit. MCL_ONFAULT: what is
 * used, not what is reserved (stacks of threads).
 */
static bool
lock_memory(void)
{
	return may_lock_all() && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

/* Root may, and must do so before it is another user. */
static void
raise_locked_memory(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	(void)setrlimit(RLIMIT_MEMLOCK, &all);
}

/* Every session is no descriptor, but workers, stores and sockets are: take what the hard limit gives. */
static void
raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
}

/* ---- start -------------------------------------------------------------------------------------------------------- */

static unsigned
worker_count(const struct bs_conf *conf)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf->workers > 0)
		return (unsigned)conf->workers;
	return cpus > 0 ? (unsigned)cpus : 1;
}

/* One socket a listen address for worker w; a port 0 becomes, for the others, what the kernel chose for the first. */
static enum bs_err
open_sockets_of(struct daemon *d, unsigned w, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;

	d->sockets[w] = calloc(d->socket_count + 1, sizeof(**d->sockets));
	if (d->sockets[w] == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	for (size_t i = 0; i < d->socket_count && err == BS_OK; i++) {
		struct bs_addr addr;
		uint64_t timeout_ms;

		err = bs_conf_listen(&d->conf, i, &addr, &timeout_ms, diag);
		if (err == BS_OK)
			err = bs_udp_open(w > 0 ? bs_udp_get_addr(d->sockets[0][i]) : &addr, &d->sockets[w][i], diag);
	}
	return err;
}

static enum bs_err
open_sockets(struct daemon *d, bool check, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;
	struct bs_addr addr;
	uint64_t timeout_ms;

	for (size_t i = 0; i < d->conf.listen.count && err == BS_OK; i++)
		err = bs_conf_listen(&d->conf, i, &addr, &timeout_ms, diag);
	d->socket_count = check ? 0 : d->conf.listen.count;
	d->sockets = calloc(d->shared.worker_count, sizeof(*d->sockets));
	if (d->sockets == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	for (unsigned w = 0; w < d->shared.worker_count && err == BS_OK; w++)
		err = open_sockets_of(d, w, diag);
	return err;
}

static enum bs_err
start_recorder(struct daemon *d, struct bs_diag *diag)
{
	const struct bs_conf *c = &d->conf;
	struct bs_journal *journal = NULL;
	struct bs_journal_limits limits = {
		.days = (uint32_t)c->journal_days,
		.bytes = c->journal_bytes,
		.unknown_max = (uint32_t)c->unknown_max,
		.per_device = (uint32_t)c->journal_per_device,
	};
	enum bs_err err = bs_journal_open(c->store_directory, BS_JOURNAL_WRITE, &journal, diag);

	if (err == BS_OK) {
		err = bs_recorder_start(journal, &limits, c->journal_queue, &d->shared.recorder);
		if (err != BS_OK)
			bs_diag_set(diag, err, 0, "cannot start the recorder: %s", bs_strerror(err));
	}
	return err;
}

static enum bs_err
make_workers(struct daemon *d, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;

	d->shared.workers = calloc(d->shared.worker_count, sizeof(*d->shared.workers));
	if (d->shared.workers == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	for (unsigned i = 0; i < d->shared.worker_count && err == BS_OK; i++) {
		struct bs_udp **sockets = d->sockets[i];

		d->sockets[i] = NULL; /* the worker's now */
		err = bs_worker_new(i, &d->shared, sockets, d->socket_count, &d->shared.workers[i], diag);
		free(sockets);
	}
	return err;
}

/* What must be known across workers. */
static enum bs_err
make_shared(struct daemon *d)
{
	const struct bs_conf *c = &d->conf;
	const struct bs_device_limits devices = {
		.devices = DEVICES_MAX,
		.attempts_per_minute = (unsigned)c->attempts_per_minute,
		.handshakes_per_minute = bs_conf_handshakes(c),
		.sessions = (unsigned)c->sessions_per_device,
	};
	const struct bs_ration_limits ration = {
		.per_device = (unsigned)c->log_lines_per_device,
		.per_prefix = (unsigned)c->log_lines_per_prefix,
		.strangers = (unsigned)c->log_lines,
	};
	enum bs_err err = bs_device_table_new(&devices, &d->shared.devices);

	return err == BS_OK ? bs_ration_new(&ration, &d->shared.ration) : err;
}

/* Everything but the threads: what -n checks. */
static enum bs_err
prepare(struct daemon *d, bool check, struct bs_diag *diag)
{
	enum bs_err err;

	if (!bs_dtls_library_is_good())
		return bs_diag_set(diag, BS_EUNSUPPORTED, 0, "%s has no raw public keys; 3.2 or later is needed",
			bs_dtls_library());
	d->shared.conf = &d->conf;
	d->shared.library = bs_dtls_library();
	d->shared.worker_count = worker_count(&d->conf);
	err = open_sockets(d, check, diag);
	if (err == BS_OK)
		err = drop_privileges(&d->conf, diag);
	if (err == BS_OK && make_shared(d) != BS_OK)
		err = bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	if (err == BS_OK)
		err = bs_sandbox_no_new_privileges(diag);
	harden();
	d->locked = !check && lock_memory();
	if (err == BS_OK)
		err = make_workers(d, diag);
	return err;
}

static void
close_sockets(struct daemon *d)
{
	for (unsigned w = 0; d->sockets != NULL && w < d->shared.worker_count; w++) {
		for (size_t i = 0; d->sockets[w] != NULL && i < d->socket_count; i++)
			bs_udp_close(d->sockets[w][i]);
		free(d->sockets[w]);
	}
	free(d->sockets);
}

static void
close_all(struct daemon *d)
{
	unsigned count = d->shared.workers != NULL ? d->shared.worker_count : 0;

	for (unsigned i = 0; i < count; i++)
		bs_worker_join(d->shared.workers[i]);
	for (unsigned i = 0; i < count; i++) /* not before all are at rest: they send each other mail */
		bs_worker_free(d->shared.workers[i]);
	free(d->shared.workers);
	bs_recorder_stop(d->shared.recorder); /* after the workers: it takes their last words */
	bs_device_table_free(d->shared.devices);
	bs_ration_free(d->shared.ration);
	close_sockets(d);
	bs_conf_clear(&d->conf);
}

/* ---- run ---------------------------------------------------------------------------------------------------------- */

static void
on_stop_signal(evutil_socket_t sig, short what, void *arg)
{
	struct event_base *base = arg;

	(void)what;
	bs_log(BS_INFO, "daemon.stopping", "signal=%d", (int)sig);
	event_base_loopbreak(base);
}

static void
on_reload_signal(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;
	struct bs_reload_changes changes;
	struct bs_diag diag;

	(void)sig;
	(void)what;
	bs_notify_reloading(bs_clock_ms());
	/* A failure is logged there, and status shows it until it is repaired. */
	if (bs_admin_reload(&d->admin, &changes, &diag) == BS_OK)
		bs_log(BS_DEBUG, "daemon.reload-done", "changes=%zu", changes.count);
	bs_notify_ready();
}

/* Tell the service manager that we are alive, as long as every worker is. */
static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct bs_snapshot s;

	(void)fd;
	(void)what;
	bs_snapshot_take(&d->shared, d->admin.started_ms, &s);
	if (bs_snapshot_workers_alive(&s))
		bs_notify_alive();
}

static void
on_second(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct bs_snapshot s;

	(void)fd;
	(void)what;
	bs_snapshot_take(&d->shared, d->admin.started_ms, &s);
	bs_history_add(&d->admin.history, s.now_ms, &s.total);
}

static enum bs_err
start_second(struct daemon *d, struct event_base *base)
{
	static const struct timeval second = { .tv_sec = 1 };

	d->second = event_new(base, -1, EV_PERSIST, on_second, d);
	return d->second != NULL && event_add(d->second, &second) == 0 ? BS_OK : BS_ENOMEM;
}

static enum bs_err
start_watchdog(struct daemon *d, struct event_base *base)
{
	uint64_t ms = bs_notify_interval_ms();
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	if (ms == 0)
		return BS_OK;
	d->watchdog = event_new(base, -1, EV_PERSIST, on_watchdog, d);
	return d->watchdog != NULL && event_add(d->watchdog, &tv) == 0 ? BS_OK : BS_ENOMEM;
}

static enum bs_err
start_admin(struct daemon *d, struct event_base *base, struct bs_diag *diag)
{
	char path[4096];
	enum bs_err err;

	d->admin.conf_file = d->file;
	d->admin.shared = &d->shared;
	d->admin.started_ms = bs_clock_ms();
	err = bs_admin_load(&d->admin, diag); /* a copy of its own, to compare a reload with */
	if (err != BS_OK)
		return err;
	snprintf(path, sizeof(path), "%s/control.sock", d->conf.store_directory);
	err = bs_control_start(
		base, d->conf.control_socket != NULL ? d->conf.control_socket : path, &d->admin, &d->control, diag);
	if (err == BS_OK && ((err = start_watchdog(d, base)) != BS_OK || (err = start_second(d, base)) != BS_OK))
		bs_diag_set(diag, err, 0, "out of memory");
	if (err == BS_OK && d->conf.http_address != NULL)
		err = bs_http_start(base, d->conf.http_address, &d->admin, &d->http, diag);
	return err;
}

static void
stop_admin(struct daemon *d)
{
	if (d->watchdog != NULL)
		event_free(d->watchdog);
	if (d->second != NULL)
		event_free(d->second);
	bs_http_stop(d->http);
	bs_control_stop(d->control);
	bs_admin_clear(&d->admin);
}

static const char *
seccomp_word(const struct daemon *d)
{
	static const char *const words[] = {
		[BS_SANDBOX_KILL] = "yes",
		[BS_SANDBOX_OFF] = "no",
		[BS_SANDBOX_LOG] = "log",
	};

	return words[bs_sandbox_is_built_in() ? d->conf.seccomp : BS_SANDBOX_OFF];
}

static void
log_start(const struct daemon *d)
{
	char text[BS_ADDR_TEXT];
	struct bs_quote q;

	if (d->http != NULL)
		bs_log(BS_INFO, "daemon.http", "address=%s", bs_addr_format(bs_http_get_addr(d->http), text));
	for (size_t i = 0; i < d->conf.listen.count; i++)
		bs_log(BS_INFO, "daemon.listening", "address=%s",
			bs_addr_format(bs_worker_get_addr(d->shared.workers[0], i), text));
	if (!bs_sandbox_is_built_in())
		bs_log(BS_WARNING, "daemon.unconfined", "why=\"built with a sanitizer\"");
	bs_log(BS_INFO, "daemon.started", "version=" BS_VERSION " workers=%u memory=%s seccomp=%s library=%s",
		d->shared.worker_count, d->locked ? "locked" : "swappable", seccomp_word(d),
		bs_log_quote(&q, bs_dtls_library()));
}

/* Workers inherit a mask with everything blocked: signals are main's. */
static enum bs_err
start_workers(struct daemon *d)
{
	sigset_t all, before;
	enum bs_err err = BS_OK;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	for (; err == BS_OK && d->started < d->shared.worker_count; d->started++)
		err = bs_worker_start(d->shared.workers[d->started]);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static enum bs_err
serve(struct daemon *d, struct event_base *base, struct bs_diag *diag)
{
	enum bs_err err = start_recorder(d, diag);

	if (err == BS_OK)
		err = start_admin(d, base, diag);
	if (err == BS_OK && (err = start_workers(d)) != BS_OK)
		bs_diag_set(diag, err, 0, "cannot start a worker thread");
	if (err == BS_OK)
		err = bs_sandbox_enter((enum bs_sandbox_mode)d->conf.seccomp, diag);
	if (err == BS_OK) {
		log_start(d);
		bs_notify_ready();
		event_base_dispatch(base);
		bs_notify_stopping();
	}
	for (size_t i = 0; i < d->started; i++)
		bs_worker_stop(d->shared.workers[i]);
	stop_admin(d);
	return err;
}

static enum bs_err
run(struct daemon *d, struct bs_diag *diag)
{
	struct event_base *base = event_base_new();
	struct event *events[3] = { NULL };
	enum bs_err err = base != NULL ? BS_OK : BS_ENOMEM;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a failed write, which the recorder survives */
	if (base != NULL) {
		events[0] = evsignal_new(base, SIGTERM, on_stop_signal, base);
		events[1] = evsignal_new(base, SIGINT, on_stop_signal, base);
		events[2] = evsignal_new(base, SIGHUP, on_reload_signal, d);
	}
	for (size_t i = 0; i < 3 && err == BS_OK; i++) {
		if (events[i] == NULL || event_add(events[i], NULL) != 0)
			err = BS_ENOMEM;
	}
	if (err == BS_OK)
		err = serve(d, base, diag);
	else
		bs_diag_set(diag, err, 0, "cannot create the event loop");
	for (size_t i = 0; i < 3; i++) {
		if (events[i] != NULL)
			event_free(events[i]);
	}
	if (base != NULL)
		event_base_free(base);
	return err;
}

static int
print_version(void)
{
	printf("lwm2m-bootstrapd %s\n%s%s\n", BS_VERSION, bs_dtls_library(),
		bs_dtls_library_is_good() ? "" : " (too old: raw public keys need 3.2)");
	return EXIT_SUCCESS;
}

/* Its text may quote files. */
static void
say_failure(const struct bs_diag *diag)
{
	fputs("lwm2m-bootstrapd: ", stderr);
	bs_terminal_print(stderr, "%s", diag->text);
	fputc('\n', stderr);
}

static int
serve_or_check(const char *file, bool check)
{
	struct daemon d = { .file = file };
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_conf_read(file, &d.conf, &diag);

	if (err == BS_OK) {
		bs_log_init((enum bs_log_level)d.conf.log_level, d.conf.log_json);
		err = prepare(&d, check, &diag);
	}
	if (err == BS_OK && check)
		printf("%s: good\n", file);
	else if (err == BS_OK)
		err = run(&d, &diag);
	if (err != BS_OK)
		say_failure(&diag);
	else if (!check)
		bs_log(BS_INFO, "daemon.waiting", "for=\"running bootstraps\"");
	close_all(&d);
	if (err == BS_OK && !check)
		bs_log(BS_INFO, "daemon.stopped", "version=" BS_VERSION);
	return err == BS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	enum { OPT_VERSION = 256, OPT_OPTIONS };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'n' },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ "options", no_argument, NULL, OPT_OPTIONS },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *file = NULL;
	bool check = false;
	int opt;

	raise_descriptors();
	raise_locked_memory();
	while ((opt = getopt_long(argc, argv, "c:nh", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			file = optarg;
			break;
		case 'n':
			check = true;
			break;
		case OPT_VERSION:
			return print_version();
		case OPT_OPTIONS:
			bs_conf_print_options(stdout);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (file == NULL || optind < argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return serve_or_check(file, check);
}
