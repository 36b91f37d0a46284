/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a bootstrap run needs to know of one device, as loaded from the store: a snapshot, owned by the run.
 * Servers and profile are shared configuration; each struct bs_grant adds what belongs to this device alone.
 */
#ifndef BS_MODEL_ACCOUNT_H
#define BS_MODEL_ACCOUNT_H

#include "server/base/blob.h"
#include "server/base/secret.h"
#include "server/model/object.h"
#include "server/model/profile.h"

#define BS_ENDPOINT_MAX 252 /* a Uri-Query is 255 octets, "ep=" takes three (RFC 7252, 5.10) */
#define BS_URI_MAX 255 /* resource 0 of Object 0 */
#define BS_IDENTITY_MAX 255 /* OpenSSL's limit for a PSK identity is 256 with its NUL */
#define BS_SERVERS_MAX 16 /* server accounts in one profile */

/* Secured Packet Structure or DTLS parameters of the SMS binding (ETSI TS 102 225; resources 6 to 8 of Object 0). */
struct bs_sms {
	uint8_t mode; /* resource 6: 1 DTLS-PSK, 2 Secured Packet Structure, 3 NoSec; 0: no SMS parameters */
	uint8_t kic, kid, spi1, spi2;
	uint8_t tar[3];
	struct bs_secret kic_key, kid_key; /* resource 8 is the one, then the other; mode 1 uses kic_key alone (16) */
};

/* A resource that the operator set: resources of Objects 0 and 1 of a server account, extra writes of a profile. */
struct bs_setting {
	uint16_t oid, iid, rid, riid; /* iid is meaningful in extra writes only */
	bool multiple;
	enum bs_type type;
	char *text; /* as bs_value_parse reads it */
};

/* One LwM2M server that the device shall know: a /0 instance and, unless it is a repository, a /1 instance. */
struct bs_grant {
	int64_t server_id;
	char name[BS_NAME_MAX + 1];
	bool repository; /* /0 instance alone */
	bool bootstrap; /* the device's way here: resource 1 is true; also a repository */
	uint16_t ssid;
	enum bs_mode mode;
	char uri[BS_URI_MAX + 1];
	struct bs_blob server_key; /* resource 4: SubjectPublicKeyInfo or certificate, DER */
	char sms_number[24]; /* resource 9; "": no SMS binding */
	struct bs_setting *settings;
	size_t setting_count;
	/* this device's own */
	struct bs_blob public_or_identity; /* resource 3: PSK identity, SubjectPublicKeyInfo or certificate, DER */
	struct bs_secret secret_key; /* resource 5: PSK or PKCS#8 v1 DER; empty: the device holds its own key */
	struct bs_sms sms;
};

/* One /2 instance to write. */
struct bs_acl_entry {
	uint16_t ssid; /* 0: for the servers not listed */
	uint8_t rights;
};

struct bs_acl {
	uint16_t oid, iid; /* the object instance it is about; iid 65535: the right to create */
	uint16_t owner; /* a Short Server ID, or 65535: the Bootstrap-Server alone */
	struct bs_acl_entry entries[BS_SERVERS_MAX + 1];
	size_t count;
};

struct bs_account {
	int64_t device_id;
	int64_t revision; /* of device, credentials, profile and servers together; changes when any of them does. Not of retry */
	char endpoint[BS_ENDPOINT_MAX + 1];
	bool enabled;
	struct bs_profile profile;
	struct bs_grant *grants; /* in the profile's order */
	size_t grant_count;
	struct bs_acl *acls; /* explicit entries */
	size_t acl_count;
	struct bs_setting *writes; /* extra writes, in order */
	size_t write_count;
	struct bs_grant
		*renewal; /* its bootstrap account with the next credential, to be delivered; NULL: none. Owned */
	struct bs_account
		*retry; /* the same device's under profile.retry_as; owned; NULL: none. Its own retry is NULL */
};

/* One that stands alone on the heap; wipes. NULL is fine. */
void bs_grant_free(struct bs_grant *g);
/* An empty account on the heap; NULL without memory. The loader fills it in with calloc'd arrays. */
struct bs_account *bs_account_new(void);
/* Wipes every secret. NULL is fine. */
void bs_account_free(struct bs_account *a);

#endif
