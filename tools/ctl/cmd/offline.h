/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What smartcard and factory share: which devices, and for each of them all that it would be sent, with the account that leads it
 * to this server at /0/0 and the LwM2M servers from /0/1 on, on its way into files (outlet.h).
 *
 * The bootstrap account is that of the device's profile (server add --kind bootstrap), with the next credential where there is one,
 * else with the current one. Of a raw key or certificate the store has no private key unless it is to be delivered: resources 3
 * and 5 are then left to who makes the device.
 */
#ifndef BS_TOOLS_CTL_CMD_OFFLINE_H
#define BS_TOOLS_CTL_CMD_OFFLINE_H

#include "server/bootstrap/plan/plan.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/outlet.h"

/* The first options of both commands. */
enum {
	BS_OFFLINE_PROFILE,
	BS_OFFLINE_BATCH,
	BS_OFFLINE_OUT,
	BS_OFFLINE_RECIPIENT,
	BS_OFFLINE_PLAIN,
	BS_OFFLINE_LWM2M,
	BS_OFFLINE_OPTIONS
};
#define BS_OFFLINE_ROWS \
	[BS_OFFLINE_PROFILE] = { "profile", "NAME", "every device of this profile" }, \
	[BS_OFFLINE_BATCH] = { "batch", "TEXT", "every device of this batch" }, \
	[BS_OFFLINE_OUT] = { "out", "DIR", "folder to be made for the files, mode 0700" }, \
	[BS_OFFLINE_RECIPIENT] = { "recipient", "CERT.pem", \
		"encrypt each file to this certificate (CMS, AES-256-GCM)" }, \
	[BS_OFFLINE_PLAIN] = { "plain", NULL, "write the keys in the clear, into files of mode 0600" }, \
	[BS_OFFLINE_LWM2M] = { "lwm2m", "1.0|1.1|1.2", \
		"the devices' version (default: as the profile treats an unknown one)" }

struct bs_offline;
/* Write the files of one device; name is that of its files without ending. diag: a sentence for a person. */
typedef enum bs_err bs_offline_fn(void *arg, const struct bs_offline *o, const struct bs_device_info *device,
	const struct bs_plan *plan, const char *name, struct bs_diag *diag);

struct bs_offline {
	struct bs_ctl *ctl;
	int32_t format; /* Content-Format of the payload; -1: TLV */
	const char *ending; /* ".bin": of the file that the index names */
	bs_offline_fn *fn;
	void *arg;
	const char *archive; /* name of the one file for all; NULL: each device has its own */
	FILE *to; /* of the archive, for fn */
	/* private */
	const char *endpoint, *profile, *batch;
	enum bs_lwm2m version;
	struct bs_outlet outlet;
	FILE *index;
	struct bs_outlet_stream *stream;
	bool progress;
	uint64_t next_progress_ms;
	unsigned long done, bad, without_key;
	int64_t *ids; /* of those that were written */
	size_t id_count, id_room;
};

/*
 * The whole command: one word (an endpoint) or --profile or --batch. A device that cannot be written is told, and the others
 * are; the status is then BS_EXIT_FAILED. index.csv in the folder names each device's file.
 */
int bs_offline_run(struct bs_offline *o, struct bs_ctl *ctl, const struct bs_ctl_args *args);

/*
 * The plan of one device: *out borrows from *account, which the caller frees behind it. BS_ENOTFOUND: its profile has no
 * bootstrap account of its mode.
 */
BS_MUST_USE enum bs_err bs_offline_plan(struct bs_store *st, const struct bs_device_info *device, enum bs_lwm2m version,
	int32_t format, struct bs_account **account, struct bs_plan **out, struct bs_diag *diag);

#endif
