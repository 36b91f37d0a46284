/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/object.h"

#define V10 SIM_LWM2M_1_0
#define V11 SIM_LWM2M_1_1
#define V12 SIM_LWM2M_1_2
#define MULTI .multiple = true
#define MUST .mandatory = true
#define KEY .secret = true
#define R(o, r, type, version, text, ...) \
	{ \
		o, r, SIM_##type, .since = version, .name = text, ##__VA_ARGS__ \
	}

/*
 * Resources 3, 4 and 5 of Object 0 are mandatory in the object's definition but unused in some modes, where a server
 * may leave them out: the check of consistency looks at them by mode, so they are no MUST here.
 */
static const struct sim_resource table[] = {
	R(0, 0, STRING, V10, "LwM2M Server URI", MUST),
	R(0, 1, BOOLEAN, V10, "Bootstrap-Server", MUST),
	R(0, 2, INTEGER, V10, "Security Mode", MUST),
	R(0, 3, OPAQUE, V10, "Public Key or Identity"),
	R(0, 4, OPAQUE, V10, "Server Public Key"),
	R(0, 5, OPAQUE, V10, "Secret Key", KEY),
	R(0, 6, INTEGER, V10, "SMS Security Mode"),
	R(0, 7, OPAQUE, V10, "SMS Binding Key Parameters"),
	R(0, 8, OPAQUE, V10, "SMS Binding Secret Key(s)", KEY),
	R(0, 9, STRING, V10, "LwM2M Server SMS Number"),
	R(0, 10, INTEGER, V10, "Short Server ID"),
	R(0, 11, INTEGER, V10, "Client Hold Off Time"),
	R(0, 12, INTEGER, V10, "Bootstrap-Server Account Timeout"),
	R(0, 13, UNSIGNED, V11, "Matching Type"),
	R(0, 14, STRING, V11, "SNI"),
	R(0, 15, UNSIGNED, V11, "Certificate Usage"),
	R(0, 16, UNSIGNED, V11, "DTLS/TLS Ciphersuite", MULTI),
	R(0, 17, OBJLNK, V11, "OSCORE Security Mode"),
	R(0, 18, UNSIGNED, V12, "Groups To Use by Client", MULTI),
	R(0, 19, UNSIGNED, V12, "Signature Algorithms Supported by Server", MULTI),
	R(0, 20, UNSIGNED, V12, "Signature Algorithms To Use by Client", MULTI),
	R(0, 21, UNSIGNED, V12, "Signature Algorithm Certs Supported by Server", MULTI),
	R(0, 22, UNSIGNED, V12, "TLS 1.3 Features To Use by Client"),
	R(0, 23, UNSIGNED, V12, "TLS Extensions Supported by Server"),
	R(0, 24, UNSIGNED, V12, "TLS Extensions To Use by Client"),
	R(0, 25, STRING, V12, "Secondary LwM2M Server URI", MULTI),
	R(0, 26, OBJLNK, V12, "MQTT Server"),
	R(0, 27, OBJLNK, V12, "LwM2M COSE Security", MULTI),
	R(0, 28, INTEGER, V12, "RDS Destination Port"),
	R(0, 29, INTEGER, V12, "RDS Source Port"),
	R(0, 30, STRING, V12, "RDS Application ID"),
	R(1, 0, INTEGER, V10, "Short Server ID", MUST),
	R(1, 1, INTEGER, V10, "Lifetime", MUST),
	R(1, 2, INTEGER, V10, "Default Minimum Period"),
	R(1, 3, INTEGER, V10, "Default Maximum Period"),
	R(1, 4, RAW, V10, "Disable", .executable = true),
	R(1, 5, INTEGER, V10, "Disable Timeout"),
	R(1, 6, BOOLEAN, V10, "Notification Storing", MUST),
	R(1, 7, STRING, V10, "Binding", MUST),
	R(1, 8, RAW, V10, "Registration Update Trigger", .executable = true),
	R(1, 9, RAW, V11, "Bootstrap-Request Trigger", .executable = true),
	R(1, 10, OBJLNK, V11, "APN Link"),
	R(1, 11, UNSIGNED, V11, "TLS-DTLS Alert Code"),
	R(1, 12, TIME, V11, "Last Bootstrapped"),
	R(1, 13, UNSIGNED, V11, "Registration Priority Order"),
	R(1, 14, UNSIGNED, V11, "Initial Registration Delay Timer"),
	R(1, 15, BOOLEAN, V11, "Registration Failure Block"),
	R(1, 16, BOOLEAN, V11, "Bootstrap on Registration Failure"),
	R(1, 17, UNSIGNED, V11, "Communication Retry Count"),
	R(1, 18, UNSIGNED, V11, "Communication Retry Timer"),
	R(1, 19, UNSIGNED, V11, "Communication Sequence Delay Timer"),
	R(1, 20, UNSIGNED, V11, "Communication Sequence Retry Count"),
	R(1, 21, BOOLEAN, V11, "Trigger"),
	R(1, 22, STRING, V11, "Preferred Transport"),
	R(1, 23, BOOLEAN, V11, "Mute Send"),
	R(1, 24, OBJLNK, V12, "Alternate APN Links", MULTI),
	R(1, 25, STRING, V12, "Supported Server Versions", MULTI),
	R(1, 26, INTEGER, V12, "Default Notification Mode"),
	R(1, 27, UNSIGNED, V12, "Profile ID Hash Algorithm"),
	R(2, 0, INTEGER, V10, "Object ID", MUST),
	R(2, 1, INTEGER, V10, "Object Instance ID", MUST),
	R(2, 2, INTEGER, V10, "ACL", MULTI),
	R(2, 3, INTEGER, V10, "Access Control Owner", MUST),
	R(3, 13, TIME, V10, "Current Time"),
	R(3, 14, STRING, V10, "UTC Offset"),
	R(3, 15, STRING, V10, "Timezone"),
	R(21, 0, SECRET_TEXT, V11, "OSCORE Master Secret", MUST, KEY),
	R(21, 1, SECRET_TEXT, V11, "OSCORE Sender ID", MUST),
	R(21, 2, SECRET_TEXT, V11, "OSCORE Recipient ID", MUST),
	R(21, 3, INTEGER, V11, "OSCORE AEAD Algorithm"),
	R(21, 4, INTEGER, V11, "OSCORE HMAC Algorithm"),
	R(21, 5, SECRET_TEXT, V11, "OSCORE Master Salt"),
	R(21, 6, SECRET_TEXT, V11, "OSCORE ID Context"),
};

#define ROWS (sizeof(table) / sizeof(table[0]))

const struct sim_resource *
sim_model_find(uint16_t oid, uint16_t rid)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].oid == oid && table[i].rid == rid)
			return &table[i];
	return NULL;
}

const struct sim_resource *
sim_model_next_mandatory(uint16_t oid, const struct sim_resource *after)
{
	for (size_t i = after == NULL ? 0 : (size_t)(after - table) + 1; i < ROWS; i++)
		if (table[i].oid == oid && table[i].mandatory)
			return &table[i];
	return NULL;
}

bool
sim_model_is_strict(uint16_t oid)
{
	return oid == 0 || oid == 1 || oid == 2 || oid == 21;
}
