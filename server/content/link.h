/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Result of Bootstrap-Discover in CoRE link format (RFC 6690), in its 1.0 and its 1.1 form.
 *
 * Accepted: blanks after commas, trailing slash, quoted or bare attribute values, unknown attributes, a missing lwm2m
 * entry, commas inside quotes, paths deeper than an instance (ignored). Anything else is BS_EFORMAT; a result with more
 * than BS_LINKS_MAX entries is BS_ELIMIT.
 */
#ifndef BS_CONTENT_LINK_H
#define BS_CONTENT_LINK_H

#include "server/base/err.h"
#include "server/model/object.h"

#define BS_LINKS_MAX 512

struct bs_link {
	uint16_t oid;
	uint16_t iid; /* 65535: the object is there without instance */
	uint8_t version; /* of the object, where its own link says so: enum bs_lwm2m; UNKNOWN: that of the enabler */
	bool has_ssid; /* and it names a server: 0 and 65535 do not */
	uint16_t ssid;
};

struct bs_discovered {
	enum bs_lwm2m version; /* UNKNOWN when the result does not say */
	struct bs_link links[BS_LINKS_MAX];
	size_t count;
};

BS_MUST_USE enum bs_err bs_link_parse(const void *data, size_t len, struct bs_discovered *out);

/* The client's own bootstrap account: the one /0 instance without ssid. False when there is none or more than one. */
bool bs_discovered_bootstrap_iid(const struct bs_discovered *d, uint16_t *iid);
bool bs_discovered_has(const struct bs_discovered *d, uint16_t oid, uint16_t iid);
/* Of ver=; BS_LWM2M_UNKNOWN: it is not said, and so that of the enabler (LwM2M Core 1.1, 6.1.7.3; 7.2.2). */
enum bs_lwm2m bs_discovered_object_version(const struct bs_discovered *d, uint16_t oid);
bool bs_discovered_has_object(const struct bs_discovered *d, uint16_t oid);

#endif
