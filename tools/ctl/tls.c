/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/tls.h"

#include <stdlib.h>

enum use {
	USE_ANY, /* TLS 1.3: the suite does not say; private use */
	USE_KEYS, /* certificates and raw keys */
	USE_PSK,
};
struct range {
	uint16_t first, last;
	enum use use;
};

/* IANA, TLS Cipher Suites; without the signalling values 00FF and 5600, which are no suites. */
static const struct range suites[] = {
	{ 0x0001, 0x001b, USE_KEYS },
	{ 0x001e, 0x002b, USE_KEYS },
	{ 0x002c, 0x002e, USE_PSK },
	{ 0x002f, 0x0046, USE_KEYS },
	{ 0x0067, 0x006d, USE_KEYS },
	{ 0x0084, 0x0089, USE_KEYS },
	{ 0x008a, 0x0095, USE_PSK },
	{ 0x0096, 0x00a7, USE_KEYS },
	{ 0x00a8, 0x00b9, USE_PSK },
	{ 0x00ba, 0x00c7, USE_KEYS },
	{ 0x1301, 0x1307, USE_ANY },
	{ 0xc001, 0xc032, USE_KEYS },
	{ 0xc033, 0xc03b, USE_PSK },
	{ 0xc03c, 0xc063, USE_KEYS },
	{ 0xc064, 0xc071, USE_PSK },
	{ 0xc072, 0xc08d, USE_KEYS },
	{ 0xc08e, 0xc09b, USE_PSK },
	{ 0xc09c, 0xc0a3, USE_KEYS },
	{ 0xc0a4, 0xc0ab, USE_PSK },
	{ 0xc0ac, 0xc0b3, USE_KEYS },
	{ 0xc0b4, 0xc0b5, USE_ANY },
	{ 0xc100, 0xc106, USE_KEYS },
	{ 0xcca8, 0xccaa, USE_KEYS },
	{ 0xccab, 0xccae, USE_PSK },
	{ 0xd001, 0xd003, USE_PSK },
	{ 0xd005, 0xd005, USE_PSK },
	{ 0xff00, 0xffff, USE_ANY },
	{ 0 },
};
/* IANA, TLS Supported Groups */
static const struct range groups[] = {
	{ 1, 41, USE_ANY },
	{ 256, 260, USE_ANY },
	{ 508, 511, USE_ANY },
	{ 512, 514, USE_ANY },
	{ 4587, 4590, USE_ANY },
	{ 0xfe00, 0xfeff, USE_ANY },
	{ 0 },
};
/* IANA, TLS SignatureScheme; hash and signature of TLS 1.2 are the same numbers. */
static const struct range schemes[] = {
	{ 0x0201, 0x0203, USE_ANY },
	{ 0x0301, 0x0303, USE_ANY },
	{ 0x0401, 0x0403, USE_ANY },
	{ 0x0420, 0x0420, USE_ANY },
	{ 0x0501, 0x0503, USE_ANY },
	{ 0x0520, 0x0520, USE_ANY },
	{ 0x0601, 0x0603, USE_ANY },
	{ 0x0620, 0x0620, USE_ANY },
	{ 0x0704, 0x0710, USE_ANY },
	{ 0x0804, 0x080b, USE_ANY },
	{ 0x081a, 0x081c, USE_ANY },
	{ 0x0904, 0x0906, USE_ANY },
	{ 0xfe00, 0xffff, USE_ANY },
	{ 0 },
};

static const struct {
	uint16_t rid;
	const struct range *known;
	const char *what, *example;
} resources[] = {
	{ 16, suites, "ciphersuite", "49320 is TLS_PSK_WITH_AES_128_CCM_8, 49326 TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8" },
	{ 18, groups, "group", "23 is secp256r1" },
	{ 19, schemes, "signature scheme", "1027 is ecdsa_secp256r1_sha256" },
	{ 20, schemes, "signature scheme", "1027 is ecdsa_secp256r1_sha256" },
	{ 21, schemes, "signature scheme", "1027 is ecdsa_secp256r1_sha256" },
};

static const struct range *
find(const struct range *list, unsigned long number)
{
	while (list->last != 0 && (number < list->first || number > list->last))
		list++;
	return list->last != 0 ? list : NULL;
}

static void
check_suite(struct bs_report *r, unsigned long number, enum use use, enum bs_mode mode)
{
	bool psk = mode == BS_MODE_PSK;

	if (use == USE_PSK && !psk)
		bs_report_error(r, "--set", "0/16: %lu (0x%04lX) is a ciphersuite for pre-shared keys, the mode is %s",
			number, number, bs_mode_name(mode));
	if (use == USE_KEYS && psk)
		bs_report_error(r, "--set",
			"0/16: %lu (0x%04lX) is a ciphersuite for certificates or raw keys, the mode is psk", number,
			number);
}

void
bs_check_tls_numbers(struct bs_report *r, const struct bs_server_def *def)
{
	for (size_t i = 0; i < def->setting_count; i++) {
		const struct bs_setting *s = &def->settings[i];

		for (size_t k = 0; s->oid == 0 && k < sizeof(resources) / sizeof(resources[0]); k++) {
			unsigned long number = strtoul(s->text, NULL, 10);
			const struct range *range = find(resources[k].known, number);

			if (s->rid != resources[k].rid)
				continue;
			if (range == NULL)
				bs_report_error(r, "--set",
					"0/%u: %lu (0x%04lX) is not a %s that IANA has assigned; %s", s->rid, number,
					number, resources[k].what, resources[k].example);
			else if (s->rid == 16)
				check_suite(r, number, range->use, def->mode);
		}
	}
}
