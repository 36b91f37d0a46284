/* SPDX-License-Identifier: Apache-2.0 */
/* What server add and server set gather from their options before it is checked as a whole. */
#ifndef BS_TOOLS_CTL_CMD_SERVER_DRAFT_H
#define BS_TOOLS_CTL_CMD_SERVER_DRAFT_H

#include "tools/ctl/check.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/setting.h"

/* The first options of both. */
enum {
	BS_SERVER_URI,
	BS_SERVER_SSID,
	BS_SERVER_MODE,
	BS_SERVER_SERVER_KEY,
	BS_SERVER_SERVER_CERT,
	BS_SERVER_LIFETIME,
	BS_SERVER_BINDING,
	BS_SERVER_SMS_NUMBER,
	BS_SERVER_SET,
	BS_SERVER_KIND,
	BS_SERVER_ALLOW_NOSEC,
	BS_SERVER_OPTIONS
};
/* clang-format off */
#define BS_SERVER_ROWS \
	[BS_SERVER_URI] = { "uri", "URI", "coaps://HOST:PORT of the LwM2M server (required)" }, \
	[BS_SERVER_SSID] = { "ssid", "N", "Short Server ID, 1 to 65534 (required, but for the kinds below)" }, \
	[BS_SERVER_MODE] = { "mode", "psk|rpk|x509|nosec|est", "security mode towards that server (required)" }, \
	[BS_SERVER_SERVER_KEY] = { "server-key", "FILE", "the server's public key, PEM or DER (rpk)" }, \
	[BS_SERVER_SERVER_CERT] = { "server-cert", "FILE", "the server's certificate, PEM or DER (x509, est)" }, \
	[BS_SERVER_LIFETIME] = { "lifetime", "S", "registration lifetime in seconds, /1/x/1" }, \
	[BS_SERVER_BINDING] = { "binding", "LETTERS", "binding, /1/x/7: U, UQ, S, US, ..." }, \
	[BS_SERVER_SMS_NUMBER] = { "sms-number", "DIGITS", "the server's MSISDN, /0/x/9; the binding then has S" }, \
	[BS_SERVER_SET] = { "set", "OBJ/RES[/RIID]=VALUE", "any other resource of Objects 0 and 1; may be repeated" }, \
	[BS_SERVER_KIND] = { "kind", "repository|bootstrap", \
		"a Security Object instance alone: for a firmware repository; the devices' account here, to renew it" }, \
	[BS_SERVER_ALLOW_NOSEC] = { "allow-nosec", NULL, "accept a coap:// server without security" }
/* clang-format on */

struct bs_server_draft {
	struct bs_server_def def; /* borrows from what follows, and from the command line */
	struct bs_server_check check;
	struct bs_settings settings;
	struct bs_blob key;
};

/* One option of those above. */
void bs_server_draft_read(struct bs_server_draft *d, const struct bs_ctl_given *g, struct bs_report *r);
/* All of it against the rules; def is then good to be stored. False: r has why. */
bool bs_server_draft_check(struct bs_server_draft *d, struct bs_report *r);
/* Both, for server add. */
bool bs_server_draft_make(struct bs_server_draft *d, const struct bs_ctl_args *args, struct bs_report *r);
void bs_server_draft_clear(struct bs_server_draft *d);

/* "server", "repository", "bootstrap account" */
const char *bs_server_kind_name(const struct bs_server_def *def);

#endif
