/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device as a Bootstrap-Server sees it: what it holds, and how it answers Bootstrap-Discover, -Read, -Delete, -Write
 * and -Finish (LwM2M Core 1.1 section 6.1.7). No network here: requests come in as path, format and payload.
 */
#ifndef SIM_DEVICE_H
#define SIM_DEVICE_H

#include "server/base/blob.h"
#include "tools/sim/decode.h"
#include "tools/sim/object.h"
#include "tools/sim/verdict.h"

#define SIM_MODE_PSK 0
#define SIM_MODE_RPK 1
#define SIM_MODE_X509 2
#define SIM_MODE_NOSEC 3
#define SIM_MODE_EST 4

#define SIM_EXTRA_OBJECTS 8
#define SIM_DISCOVER_MAX 65536

struct sim_device {
	enum sim_version version;
	uint16_t bs_iid; /* where its own Bootstrap-Server account lies in Object 0 */
	bool repository_ok; /* a Security instance without Short Server ID (a firmware repository) is fine */
	uint16_t extra[SIM_EXTRA_OBJECTS]; /* objects implemented besides 0, 1, 2, 3 and 21 */
	size_t extra_count;
	bool lacks_access_control; /* Object 2 is optional */
	struct bs_blob own_public; /* SubjectPublicKeyInfo of the key that the device keeps to itself; may be empty */
	struct sim_store store;
	struct sim_store before; /* as it was when the run began: what a failed run goes back to */
};

/* What the factory put in: the account it bootstraps with. Wipes and replaces all it held. */
struct sim_factory {
	const char *uri;
	int mode;
	const void *public_or_identity, *server_public, *secret;
	size_t public_or_identity_len, server_public_len, secret_len;
	bool stale; /* also an outdated server account, which a run must replace */
	const struct sim_store *holds; /* and this, but for a Bootstrap-Server account in it; NULL: nothing */
};

BS_MUST_USE enum bs_err sim_device_init(struct sim_device *d, const struct sim_factory *f);
void sim_device_clear(struct sim_device *d);

/* A run begins, or ends without success. */
BS_MUST_USE enum bs_err sim_device_begin(struct sim_device *d);
BS_MUST_USE enum bs_err sim_device_roll_back(struct sim_device *d);

/* Each gives a verdict whose code is the answer: a success of the operation, or the refusal with its reason. */
void sim_device_discover(
	const struct sim_device *d, struct sim_path p, char *out, size_t out_max, struct sim_verdict *v);
/*
 * Bootstrap-Read: Objects 1 and 2 and their instances, from LwM2M 1.1 on. format is what the request accepts. On
 * SIM_CONTENT *out is the caller's to free.
 */
void sim_device_read(const struct sim_device *d, struct sim_path p, uint32_t format, char **out, size_t *out_len,
	struct sim_verdict *v);
void sim_device_delete(struct sim_device *d, struct sim_path p, struct sim_verdict *v);
void sim_device_write(struct sim_device *d, struct sim_path p, uint32_t format, const uint8_t *data, size_t len,
	struct sim_verdict *v);
/*
 * A Bootstrap-Pack (LwM2M Core 1.2.1 section 6.1.7): in each object that occurs in it all instances are replaced, but what
 * no Bootstrap-Delete takes away. False with a verdict when it is of no use.
 */
bool sim_device_take_pack(
	struct sim_device *d, uint32_t format, const uint8_t *data, size_t len, struct sim_verdict *v);
void sim_device_finish(const struct sim_device *d, struct sim_verdict *v);

/* For the parts: the rules of Bootstrap-Finish, in check.c. */
bool sim_check_consistent(const struct sim_device *d, struct sim_verdict *v);
bool sim_device_takes(enum sim_version version, uint32_t format); /* as Content-Format of a Write */
bool sim_device_implements(const struct sim_device *d, uint16_t oid);

#endif
