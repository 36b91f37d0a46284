/* SPDX-License-Identifier: Apache-2.0 */
#include "server/conf/options.h"

#define AT(field) offsetof(struct bs_conf, field)
#define ID(field) offsetof(struct bs_conf_identity, field)
#define HOUR_MS 3600000ull

const struct bs_option bs_options[] = {
	{ .section = "listen",
		.key = "address",
		.type = BS_OPT_LIST,
		.offset = AT(listen),
		.fallback = "*:5684",
		.help = "Where devices come in, host:port with a numeric host; * is every IPv4 and IPv6 address.\n"
			"May be given several times. DTLS only: there is no plain CoAP. A listener for slow links may "
			"have a first\n"
			"handshake timer of its own behind its address: 192.0.2.1:5684 dtls-timeout=9s" },

	{ .section = "store",
		.key = "directory",
		.type = BS_OPT_TEXT,
		.offset = AT(store_directory),
		.required = true,
		.help = "Folder of the provisioning store and the journal, mode 0700, owned by the service user." },
	{ .section = "store",
		.key = "master-key",
		.type = BS_OPT_TEXT,
		.offset = AT(master_key),
		.required = true,
		.help = "File with the master key that opens the sealed secrets. Keep a copy elsewhere: without it the "
			"store is lost." },

	{ .section = "server",
		.key = "certificate",
		.live = true,
		.type = BS_OPT_TEXT,
		.offset = ID(certificate),
		.identity = true,
		.help = "This server's certificate, PEM, with its chain behind it. Needed for raw public key and X.509 "
			"devices.\n"
			"A section [server NAME] gives one more identity, for clients that ask for NAME by SNI." },
	{ .section = "server",
		.key = "private-key",
		.live = true,
		.type = BS_OPT_TEXT,
		.offset = ID(private_key),
		.identity = true,
		.help = "The private key of the certificate, PEM." },
	{ .section = "server",
		.key = "raw-key",
		.live = true,
		.type = BS_OPT_TEXT,
		.offset = ID(raw_key),
		.identity = true,
		.help = "Private key, PEM, whose public half is shown to raw public key devices. Unset: that of the "
			"certificate." },
	{ .section = "server",
		.key = "trust-anchors",
		.live = true,
		.type = BS_OPT_LIST,
		.offset = AT(trust_anchors),
		.help = "PEM file of CA certificates that device certificates may lead to. May be given several "
			"times." },
	{ .section = "server",
		.key = "crls",
		.live = true,
		.type = BS_OPT_LIST,
		.offset = AT(crls),
		.help = "PEM file of certificate revocation lists. May be given several times." },
	{ .section = "server",
		.key = "user",
		.type = BS_OPT_TEXT,
		.offset = AT(user),
		.help = "User to become when started as root. Unset: the owner of the store's folder." },
	{ .section = "server",
		.key = "workers",
		.type = BS_OPT_UINT,
		.offset = AT(workers),
		.fallback = "0",
		.max = 256,
		.help = "Threads that serve devices; 0 is one per CPU." },
	{ .section = "server",
		.key = "seccomp",
		.type = BS_OPT_CHOICE,
		.offset = AT(seccomp),
		.fallback = "yes",
		.choices = "yes no log",
		.help = "Whether the daemon binds itself, once it serves, to the system calls that it needs (seccomp): "
			"yes, and any other\n"
			"ends it with SIGSYS; log, and the kernel's log tells of others; no. The way out if an update "
			"of the C "
			"library\n"
			"calls for something new." },
	{ .section = "server",
		.key = "stop-time",
		.type = BS_OPT_TIME,
		.offset = AT(stop_ms),
		.fallback = "20s",
		.max = HOUR_MS,
		.help = "At SIGTERM: how long running bootstraps may take to finish." },

	{ .section = "dtls",
		.key = "ciphers",
		.live = true,
		.type = BS_OPT_TEXT,
		.offset = AT(ciphers),
		.help = "Ciphersuites in order of preference, OpenSSL names with colons between. Unset: the four "
			"suites of LwM2M\n"
			"(CCM_8 and CBC with SHA-256, for PSK and ECDSA) and, before them, their GCM and CCM "
			"relatives." },
	{ .section = "dtls",
		.key = "groups",
		.live = true,
		.type = BS_OPT_TEXT,
		.offset = AT(groups),
		.help = "Key exchange groups. Unset: P-256:X25519:P-384." },
	{ .section = "dtls",
		.key = "sigalgs",
		.live = true,
		.type = BS_OPT_TEXT,
		.offset = AT(sigalgs),
		.help = "Signature algorithms. Unset: ECDSA with SHA-256 or SHA-384, RSA with SHA-256." },
	{ .section = "dtls",
		.key = "unknown-credential",
		.live = true,
		.type = BS_OPT_CHOICE,
		.offset = AT(alert_unknown),
		.is_bool = true,
		.fallback = "silent",
		.choices = "silent alert",
		.help = "What a device with an unknown or untrusted credential gets: silent (no answer) or "
			"alert. Many clients\n"
			"give up for good after an alert, and a device file may arrive late; silence lets them try "
			"again." },
	{ .section = "dtls",
		.key = "prefer-raw-key",
		.live = true,
		.type = BS_OPT_BOOL,
		.offset = AT(prefer_raw_key),
		.fallback = "no",
		.help = "Choose raw public keys when a client offers both these and certificates, whatever it "
			"prefers." },
	{ .section = "dtls",
		.key = "mtu",
		.live = true,
		.type = BS_OPT_UINT,
		.offset = AT(mtu),
		.fallback = "1280",
		.min = 576,
		.max = 1500,
		.help = "Largest IP packet that is assumed to pass, octets." },
	{ .section = "dtls",
		.key = "timeout",
		.live = true,
		.type = BS_OPT_TIME,
		.offset = AT(dtls_timeout_ms),
		.fallback = "1s",
		.min = 1000,
		.max = 9000,
		.help = "First retransmission of a handshake flight; doubled up to 60 s. Slow links: up to 9 s (RFC "
			"7925)." },
	{ .section = "dtls",
		.key = "handshake-time",
		.type = BS_OPT_TIME,
		.offset = AT(handshake_ms),
		.fallback = "60s",
		.min = 1000,
		.max = HOUR_MS,
		.help = "A handshake that is not finished by then is given up; under pressure earlier, after half a "
			"second "
			"at the least." },
	{ .section = "dtls",
		.key = "idle-time",
		.type = BS_OPT_TIME,
		.offset = AT(idle_ms),
		.fallback = "24h",
		.min = 1000,
		.max = 24 * 365 * HOUR_MS,
		.help = "A DTLS session that was quiet for so long is closed." },

	{ .section = "coap",
		.key = "request-time",
		.type = BS_OPT_TIME,
		.offset = AT(request_ms),
		.fallback = "60s",
		.min = 1000,
		.max = HOUR_MS,
		.help = "A DTLS session without a Bootstrap-Request after so long is noted as no-request. "
			"Retransmission times\n"
			"(RFC 7252, 4.8) belong to the profile: lwm2m-bootstrapctl profile add --ack-timeout." },

	{ .section = "coap",
		.key = "bootstrap-path",
		.type = BS_OPT_LIST,
		.offset = AT(bootstrap_paths),
		.help = "Path of a bootstrap URI that devices were given, such as /t7 of coaps://host/t7?x=1: some put "
			"it before\n"
			"the path of their request (POST /t7/bs). /bs is always good, and queries that say nothing "
			"here "
			"are ignored.\n"
			"May be given several times, percent-encoded as in the URI." },

	{ .section = "coap",
		.key = "trigger-port",
		.type = BS_OPT_UINT,
		.offset = AT(trigger_port),
		.fallback = "0",
		.max = 65000,
		.help = "Port from which the server turns to devices (lwm2m-bootstrapctl trigger), for a firewall that "
			"lets it through:\n"
			"the first of as many ports in a row as there are workers, none of them a listener's. 0: "
			"any." },

	{ .section = "limits",
		.key = "peers",
		.type = BS_OPT_UINT,
		.offset = AT(peers),
		.fallback = "40000",
		.min = 1,
		.max = 10000000,
		.help = "DTLS sessions at the same time, all workers together. A session holds about 60 KB." },
	{ .section = "limits",
		.key = "half-open",
		.type = BS_OPT_UINT,
		.offset = AT(half_open),
		.fallback = "4000",
		.min = 1,
		.max = 1000000,
		.help = "Handshakes at the same time, all workers together. From half of it on, those that stall give "
			"way "
			"to newer ones,\n"
			"the fullest source networks first; half is kept for networks that had good devices within a "
			"day." },
	{ .section = "limits",
		.key = "half-open-per-prefix",
		.type = BS_OPT_UINT,
		.offset = AT(half_open_prefix),
		.fallback = "500",
		.min = 1,
		.max = 1000000,
		.help = "Handshakes at the same time from one network (IPv4 /24, IPv6 /56), per worker. From half of "
			"it "
			"on, its own\n"
			"give way, the fullest hosts first." },
	{ .section = "limits",
		.key = "attempts-per-minute",
		.type = BS_OPT_UINT,
		.offset = AT(attempts_per_minute),
		.fallback = "12",
		.min = 1,
		.max = 100000,
		.help = "Bootstrap-Requests of one device in a minute; more are left unanswered." },
	{ .section = "limits",
		.key = "handshakes-per-minute",
		.type = BS_OPT_UINT,
		.offset = AT(handshakes_per_minute),
		.fallback = "0",
		.max = 100000,
		.help = "Handshakes of one device in a minute that prove its key; more are dropped without a word, and "
			"the "
			"device comes\n"
			"again. 0: 20, or attempts-per-minute where that is more: one for each attempt, and some for "
			"clients that\n"
			"begin anew when the end of a handshake was lost. What proves nothing counts against no "
			"device." },
	{ .section = "limits",
		.key = "sessions-per-device",
		.type = BS_OPT_UINT,
		.offset = AT(sessions_per_device),
		.fallback = "2",
		.min = 1,
		.max = 64,
		.help = "DTLS sessions of one device at the same time: the live one and its successor. When one more "
			"is "
			"proven, an older\n"
			"one is closed: one without a run, rather from the same address. With 1, a new session cuts "
			"off "
			"the run of\n"
			"the old one." },
	{ .section = "limits",
		.key = "journal-days",
		.type = BS_OPT_UINT,
		.offset = AT(journal_days),
		.fallback = "90",
		.max = 36500,
		.help = "Attempts older than that leave the journal; 0: no limit." },
	{ .section = "limits",
		.key = "journal-size",
		.type = BS_OPT_SIZE,
		.offset = AT(journal_bytes),
		.fallback = "1G",
		.max = UINT64_MAX,
		.help = "Size of the journal; the oldest attempts go first; 0: no limit." },
	{ .section = "limits",
		.key = "journal-per-device",
		.type = BS_OPT_UINT,
		.offset = AT(journal_per_device),
		.fallback = "50",
		.min = 1,
		.max = 100000,
		.help = "Attempts kept for one device." },
	{ .section = "limits",
		.key = "journal-queue",
		.type = BS_OPT_UINT,
		.offset = AT(journal_queue),
		.fallback = "8192",
		.min = 16,
		.max = 1000000,
		.help = "Attempts that may wait to be written; more are counted and dropped." },
	{ .section = "limits",
		.key = "unknown-identities",
		.type = BS_OPT_UINT,
		.offset = AT(unknown_max),
		.fallback = "10000",
		.min = 16,
		.max = 10000000,
		.help = "Unknown identities remembered; the least recent go first." },
	{ .section = "limits",
		.key = "log-lines-per-second",
		.type = BS_OPT_UINT,
		.offset = AT(log_lines),
		.fallback = "200",
		.min = 1,
		.max = 1000000,
		.help = "Lines in the log about strangers in a second, and as many rows in the journal. What is left "
			"out "
			"is counted:\n"
			"in the next line (suppressed=), each 10 s in one of its own (event=log.left-out), in the "
			"metrics." },
	{ .section = "limits",
		.key = "log-lines-per-prefix",
		.type = BS_OPT_UINT,
		.offset = AT(log_lines_per_prefix),
		.fallback = "240",
		.min = 1,
		.max = 1000000,
		.help = "The same for the strangers of one network (IPv4 /24, IPv6 /56) in a minute, a quarter of them "
			"at "
			"once. Never\n"
			"more than a quarter of log-lines-per-second, so that one network cannot use up what is there "
			"for all." },
	{ .section = "limits",
		.key = "log-lines-per-device",
		.type = BS_OPT_UINT,
		.offset = AT(log_lines_per_device),
		.fallback = "60",
		.min = 1,
		.max = 1000000,
		.help = "Lines in the log, and rows in the journal, that one device with a good key can cause in a "
			"minute." },

	{ .section = "control",
		.key = "socket",
		.type = BS_OPT_TEXT,
		.offset = AT(control_socket),
		.help = "Unix socket on which lwm2m-bootstrapctl talks to the daemon. Unset: control.sock in the "
			"store's folder." },

	{ .section = "http",
		.key = "address",
		.type = BS_OPT_TEXT,
		.offset = AT(http_address),
		.help = "Where /metrics, /health and the status page are served, such as 127.0.0.1:5680. Unset: "
			"nowhere.\n"
			"There is no authentication: keep it on loopback, or behind a proxy that asks who comes." },

	{ .section = "http",
		.key = "host",
		.type = BS_OPT_LIST,
		.live = true,
		.offset = AT(http_hosts),
		.help = "A name by which browsers and Prometheus ask for these pages, such as monitor.example.com. May "
			"be "
			"given\n"
			"several times. Addresses and localhost are always answered, other names with 421: a page of "
			"another "
			"site could\n"
			"make its own name lead here (DNS rebinding)." },
	{ .section = "http",
		.key = "identities",
		.type = BS_OPT_CHOICE,
		.live = true,
		.offset = AT(http_masked),
		.is_bool = true,
		.fallback = "full",
		.choices = "full masked",
		.help = "How the status page shows endpoint names and identities: full, or masked (their ends "
			"alone)." },

	{ .section = "log",
		.key = "level",
		.live = true,
		.type = BS_OPT_CHOICE,
		.offset = AT(log_level),
		.fallback = "info",
		.choices = "error warning info debug",
		.help = "Least important kind of line to write: error, warning, info or debug." },
	{ .section = "log",
		.key = "format",
		.live = true,
		.type = BS_OPT_CHOICE,
		.offset = AT(log_json),
		.is_bool = true,
		.fallback = "logfmt",
		.choices = "logfmt json",
		.help = "logfmt or json; one line per event on standard error." },
};

const size_t bs_option_count = sizeof(bs_options) / sizeof(bs_options[0]);
