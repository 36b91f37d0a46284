/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For which host an HTTP request was meant (RFC 9110, 7.2). A page of another site can make its own name lead to this server and
 * then read it as its own (DNS rebinding); the browser still says that name here. An address or "localhost" cannot be
 * made to lead elsewhere, and other names are the operator's to say.
 */
#ifndef BS_ADMIN_HOST_H
#define BS_ADMIN_HOST_H

#include "server/conf/conf.h"

enum bs_host_verdict {
	BS_HOST_GOOD, /* localhost, an address, or one of names */
	BS_HOST_FOREIGN, /* well-formed, but another */
	BS_HOST_BAD, /* no host and optional port */
};

/*
 * text: "host", "host:port", "[v6]", "[v6]:port". Letters match in any case, and a dot at the end changes nothing. Addresses
 * count as inet_pton(3) reads them: browsers write no other.
 */
enum bs_host_verdict bs_host_judge(const char *text, const struct bs_conf_list *names);

#endif
