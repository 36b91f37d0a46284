/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/device/sms.h"

#include <stdio.h>
#include <string.h>

#include "server/base/text.h"
#include "tools/ctl/device/strength.h"

#define SPI1_NEEDED 0x16 /* checksum, ciphering, counter must rise: LwM2M Core 1.0, 7.2 */

enum { SMS_DTLS_PSK = 1, SMS_PACKET = 2, SMS_NOSEC = 3 };

static const struct {
	const char *number, *word, *words;
} modes[] = {
	[SMS_DTLS_PSK] = { "1", "dtls-psk", "DTLS on the device, pre-shared key" },
	[SMS_PACKET] = { "2", "sps", "Secured Packet Structure" },
	[SMS_NOSEC] = { "3", "nosec", "without security" },
};

/* Low nibble of KIc and KID (TS 102 225, 5.1.2 and 5.1.3). refusal NULL: allowed. */
static const struct {
	const char *kic, *kid, *refusal;
	unsigned strength; /* of a 16 or 24 octet key: 0 means by length */
} algorithms[16] = {
	[0x0] = { "implicit", "implicit", "says nothing of the algorithm", 0 },
	[0x1] = { "DES-CBC", "DES-MAC", "is single DES, which LwM2M forbids", 0 },
	[0x2] = { "AES-CBC", "AES-CMAC", NULL, 0 },
	[0x3] = { "proprietary", "proprietary", "is a proprietary algorithm", 0 },
	[0x5] = { "3DES-2K", "3DES-2K", "is triple DES with two keys; LwM2M requires three different ones", 0 },
	[0x9] = { "3DES-CBC (3 keys)", "3DES-MAC (3 keys)", NULL, 112 },
	[0xd] = { "DES-ECB", "DES-ECB", "is single DES, which LwM2M forbids", 0 },
};

static uint8_t
read_mode(struct bs_report *r, const struct bs_sms_text *t)
{
	const char *v = t->value[BS_SMS_MODE];

	for (uint8_t m = SMS_DTLS_PSK; m <= SMS_NOSEC; m++)
		if (strcmp(v, modes[m].number) == 0 || strcmp(v, modes[m].word) == 0)
			return m;
	bs_report_error(r, t->field[BS_SMS_MODE], "1 (dtls-psk), 2 (sps) or 3 (nosec)");
	return 0;
}

/* min to max octets of hexadecimal text; false and a report else. */
static bool
read_octets(struct bs_report *r, const struct bs_sms_text *t, enum bs_sms_field f, uint8_t *out, size_t min, size_t max,
	const char *fallback)
{
	const char *v = t->value[f][0] != '\0' ? t->value[f] : fallback;
	size_t n = 0;

	if (v != NULL && bs_hex_decode(v, strlen(v), out, max, &n) == BS_OK && n >= min)
		return true;
	if (v == NULL)
		bs_report_error(r, t->field[f], "missing; sms_mode 2 needs it");
	else if (min == max)
		bs_report_error(r, t->field[f], "needs %zu hexadecimal digits", 2 * min);
	else
		bs_report_error(r, t->field[f], "needs %zu to %zu hexadecimal digits", 2 * min, 2 * max);
	return false;
}

static void
read_key(struct bs_report *r, const struct bs_sms_text *t, enum bs_sms_field f, struct bs_secret *key)
{
	const char *v = t->value[f], *refusal;

	if (v[0] == '\0') {
		bs_report_error(r, t->field[f], "missing; the card's key value, in hexadecimal");
		return;
	}
	if (bs_hex_decode(v, strlen(v), key->data, 64, &key->len) != BS_OK) {
		key->len = 0;
		bs_report_error(r, t->field[f], "not hexadecimal");
		return;
	}
	refusal = bs_strength_refusal(key->data, key->len);
	if (refusal != NULL)
		bs_report_error(r, t->field[f], "%s; have new card keys made", refusal);
}

static void
want_empty(struct bs_report *r, const struct bs_sms_text *t, enum bs_sms_field from, const char *why)
{
	for (unsigned f = from; f < BS_SMS_FIELDS; f++)
		if (t->value[f][0] != '\0')
			bs_report_error(r, t->field[f], "%s; leave it empty", why);
}

/* ---- mode 1 ------------------------------------------------------------------------------------------------------ */

static void
read_dtls(struct bs_report *r, const struct bs_sms_text *t, struct bs_sms *out)
{
	struct bs_sms_text rest = *t;

	read_key(r, t, BS_SMS_KIC_KEY, &out->kic_key);
	if (out->kic_key.len != 0 && out->kic_key.len != 16)
		bs_report_error(r, t->field[BS_SMS_KIC_KEY], "sms_mode 1 has one key of 16 octets");
	rest.value[BS_SMS_KIC_KEY] = "";
	want_empty(r, &rest, BS_SMS_KIC, "sms_mode 1 has one key in sms_kic_key_hex and nothing else");
}

/* ---- mode 2 ------------------------------------------------------------------------------------------------------ */

static void
check_coding(struct bs_report *r, const char *field, uint8_t octet)
{
	const char *refusal = algorithms[octet & 15].refusal;

	if (algorithms[octet & 15].kic == NULL)
		refusal = "is a reserved value";
	if (refusal != NULL)
		bs_report_error(r, field, "%02X %s; use n2 (AES) with n the key set, or n9 (triple DES, three keys)",
			octet, refusal);
	if (octet >> 4 == 0)
		bs_report_error(
			r, field, "%02X names key set 0; card keys have sets 1 to 15 (upper half of the octet)", octet);
}

/* DES ignores the lowest bit of each octet (parity). */
static bool
des_equal(const uint8_t *a, const uint8_t *b)
{
	uint8_t diff = 0;

	for (unsigned i = 0; i < 8; i++)
		diff |= (uint8_t)((a[i] ^ b[i]) & 0xfe);
	return diff == 0;
}

static void
check_key(struct bs_report *r, const char *field, uint8_t octet, const struct bs_secret *key)
{
	bool des = (octet & 15) == 9;

	if (key->len == 0)
		return;
	if (des && key->len != 24)
		bs_report_error(r, field, "triple DES with three keys needs 24 octets, not %zu", key->len);
	else if (!des && key->len != 16 && key->len != 24)
		bs_report_error(r, field, "AES needs 16 octets (or 24), not %zu", key->len);
	else if (des && (des_equal(key->data, key->data + 8) || des_equal(key->data + 8, key->data + 16) ||
				des_equal(key->data, key->data + 16)))
		bs_report_error(r, field, "two of the three DES keys are the same; have new card keys made");
}

static void
check_parameters(struct bs_report *r, const struct bs_sms_text *t, const struct bs_sms *s, unsigned parameters_len)
{
	static const uint8_t tar[3] = { 0xb2, 0x02, 0x03 };

	check_coding(r, t->field[BS_SMS_KIC], s->kic);
	check_coding(r, t->field[BS_SMS_KID], s->kid);
	if (s->kic >> 4 != s->kid >> 4)
		bs_report_error(r, t->field[BS_SMS_KID], "names another key set than KIc; both must come from one set");
	if (s->spi1 != SPI1_NEEDED)
		bs_report_error(r, t->field[BS_SMS_SPI],
			"the first octet must be 16: checksum, ciphering, and a counter that must rise");
	if (s->spi2 != 0 && parameters_len != 7)
		bs_report_error(r, t->field[BS_SMS_SPI],
			"a second octet other than 00 needs a profile with --sms-parameters 7");
	if (!t->tar_judged && memcmp(s->tar, tar, sizeof(tar)) != 0)
		bs_report_warn(r, t->field[BS_SMS_TAR], "not B20203, the LwM2M application of the card");
}

void
bs_sms_read_parameters(struct bs_report *r, const struct bs_sms_text *t, unsigned parameters_len, struct bs_sms *out)
{
	uint8_t spi[2] = { 0, 0 };
	bool ok = read_octets(r, t, BS_SMS_KIC, &out->kic, 1, 1, NULL);

	ok = read_octets(r, t, BS_SMS_KID, &out->kid, 1, 1, NULL) && ok;
	ok = read_octets(r, t, BS_SMS_SPI, spi, 1, 2, "1600") && ok;
	ok = read_octets(r, t, BS_SMS_TAR, out->tar, 3, 3, "B20203") && ok;
	out->mode = SMS_PACKET;
	out->spi1 = spi[0];
	out->spi2 = spi[1];
	if (ok)
		check_parameters(r, t, out, parameters_len);
}

void
bs_sms_read_keys(struct bs_report *r, const struct bs_sms_text *t, struct bs_sms *out)
{
	read_key(r, t, BS_SMS_KIC_KEY, &out->kic_key);
	read_key(r, t, BS_SMS_KID_KEY, &out->kid_key);
	check_key(r, t->field[BS_SMS_KIC_KEY], out->kic, &out->kic_key);
	check_key(r, t->field[BS_SMS_KID_KEY], out->kid, &out->kid_key);
	if (out->kic_key.len != 0 && bs_secret_equal(&out->kic_key, &out->kid_key))
		bs_report_error(r, t->field[BS_SMS_KID_KEY], "the same as the KIc key; two different keys are needed");
	else if (out->kic_key.len != 0 && out->kid_key.len != 0 && out->kic_key.len != out->kid_key.len)
		bs_report_error(r, t->field[BS_SMS_KID_KEY],
			"%zu and %zu octets; resource 8 holds two keys of 16 or two of 24", out->kic_key.len,
			out->kid_key.len);
}

void
bs_sms_read(struct bs_report *r, const struct bs_sms_text *text, unsigned parameters_len, struct bs_sms *out)
{
	bs_secret_clear(&out->kic_key);
	bs_secret_clear(&out->kid_key);
	*out = (struct bs_sms){ 0 };
	if (text->value[BS_SMS_MODE][0] == '\0') {
		want_empty(r, text, BS_SMS_KIC, "there is no sms_mode");
		return;
	}
	out->mode = read_mode(r, text);
	switch (out->mode) {
	case SMS_DTLS_PSK:
		read_dtls(r, text, out);
		break;
	case SMS_PACKET:
		bs_sms_read_parameters(r, text, parameters_len, out);
		bs_sms_read_keys(r, text, out);
		break;
	case SMS_NOSEC:
		want_empty(r, text, BS_SMS_KIC, "sms_mode 3 has neither parameters nor keys");
		bs_report_warn(r, text->field[BS_SMS_MODE], "SMS without security is only for triggers");
		break;
	}
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

const char *
bs_sms_words(const struct bs_sms *s, char *out, size_t max)
{
	static const char *const counters[] = { "no counter", "counter not checked", "counter must rise",
		"counter must rise by one" };
	const char *kic = algorithms[s->kic & 15].kic, *kid = algorithms[s->kid & 15].kid;

	if (s->mode == 0)
		snprintf(out, max, "none");
	else if (s->mode == SMS_PACKET)
		snprintf(out, max, "%s: %s and %s, key set %u, %s, TAR %02X%02X%02X, SPI %02X%02X",
			modes[s->mode].words, kic != NULL ? kic : "?", kid != NULL ? kid : "?", (unsigned)(s->kic >> 4),
			counters[s->spi1 >> 3 & 3], s->tar[0], s->tar[1], s->tar[2], s->spi1, s->spi2);
	else
		snprintf(out, max, "%s", s->mode <= SMS_NOSEC ? modes[s->mode].words : "?");
	return out;
}

static unsigned
key_strength(uint8_t octet, const struct bs_secret *key)
{
	unsigned fixed = algorithms[octet & 15].strength;

	return key->len == 0 ? 0 : fixed != 0 ? fixed : (unsigned)(8 * key->len);
}

unsigned
bs_sms_strength(const struct bs_sms *s)
{
	unsigned a = key_strength(s->kic, &s->kic_key), b = key_strength(s->kid, &s->kid_key);

	return a > b ? a : b;
}
