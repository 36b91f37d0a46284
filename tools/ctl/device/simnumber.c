/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of cards: how ICCID and IMSI are read, spelled and compared. */
#include "tools/ctl/device/simfile.h"

#include <string.h>

static bool
read_digits(const char *text, size_t len, size_t min, size_t max, char *out)
{
	if (len < min || len > max || strspn(text, "0123456789") < len)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

static size_t
unpadded(const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && (text[len - 1] == 'F' || text[len - 1] == 'f'))
		len--;
	return len;
}

bool
bs_sim_read_iccid(const char *text, char out[24])
{
	return read_digits(text, unpadded(text), 18, 20, out);
}

bool
bs_sim_read_imsi(const char *text, char out[20])
{
	return read_digits(text, strlen(text), 6, 15, out);
}

char
bs_sim_check_digit(const char *digits, size_t len)
{
	unsigned sum = 0;

	/* Every other digit is doubled, beginning with the last; of a number above 9 its digits are added. */
	for (size_t i = 0; i < len; i++) {
		unsigned d = (unsigned)(digits[len - 1 - i] - '0');

		if (i % 2 == 0)
			d = d > 4 ? 2 * d - 9 : 2 * d;
		sum += d;
	}
	return (char)('0' + (10 - sum % 10) % 10);
}

void
bs_sim_spell_iccid(const char *iccid, struct bs_sim_spellings *out)
{
	size_t len = strlen(iccid);

	memset(out, 0, sizeof(*out));
	memcpy(out->text[0], iccid, len);
	out->list[0] = out->text[0];
	if (bs_sim_check_digit(iccid, len - 1) == iccid[len - 1]) {
		memcpy(out->text[1], iccid, len - 1);
		out->list[1] = out->text[1];
	}
	if (len < 20) {
		memcpy(out->text[2], iccid, len);
		out->text[2][len] = bs_sim_check_digit(iccid, len);
		out->list[2] = out->text[2];
	}
}

bool
bs_sim_same_iccid(const char *a, const char *b)
{
	size_t la = unpadded(a), lb = unpadded(b);
	const char *longer = la > lb ? a : b;
	size_t shorter = la > lb ? lb : la;

	if (strncmp(a, b, shorter) != 0)
		return false;
	return la == lb || ((la > lb ? la : lb) == shorter + 1 && strspn(longer, "0123456789") > shorter &&
				   bs_sim_check_digit(longer, shorter) == longer[shorter]);
}
