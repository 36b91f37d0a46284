/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMS binding parameters of one device for one server: fields in, struct bs_sms out (LwM2M Core 1.0, appendix E.1,
 * resources 6 to 8; ETSI TS 102 225, 5.1). Keys are key values; KIc and KID are the coding octets.
 */
#ifndef BS_TOOLS_CTL_DEVICE_SMS_H
#define BS_TOOLS_CTL_DEVICE_SMS_H

#include "server/model/account.h"
#include "tools/ctl/report.h"

/* The fields as text; "" where empty. field_*: what a message calls them. */
enum bs_sms_field {
	BS_SMS_MODE, /* 1, 2, 3 or dtls-psk, sps, nosec */
	BS_SMS_KIC,
	BS_SMS_KID, /* one octet in hexadecimal */
	BS_SMS_SPI, /* one or two octets; default 16 */
	BS_SMS_TAR, /* three octets; default B20203 */
	BS_SMS_KIC_KEY,
	BS_SMS_KID_KEY,
	BS_SMS_FIELDS
};

struct bs_sms_text {
	const char *value[BS_SMS_FIELDS];
	const char *field[BS_SMS_FIELDS];
	bool tar_judged; /* the caller says itself what it thinks of another TAR */
};

/* Reads and checks; *out is empty (mode 0) when all fields are. parameters_len: 6 or 7 of the profile. */
void bs_sms_read(struct bs_report *r, const struct bs_sms_text *text, unsigned parameters_len, struct bs_sms *out);
/* The two halves of mode 2: coding octets into out (keys untouched), then the keys that go with them. */
void bs_sms_read_parameters(
	struct bs_report *r, const struct bs_sms_text *text, unsigned parameters_len, struct bs_sms *out);
void bs_sms_read_keys(struct bs_report *r, const struct bs_sms_text *text, struct bs_sms *out);
/* In words, without keys: "Secured Packet Structure: AES-CBC and AES-CMAC, key set 1, counter must rise, .." */
const char *bs_sms_words(const struct bs_sms *sms, char *out, size_t max);
/* Bits of security of the stronger key; 0: no keys. */
unsigned bs_sms_strength(const struct bs_sms *sms);

#endif
