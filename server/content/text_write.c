/* SPDX-License-Identifier: Apache-2.0 */
#include "server/content/text_write.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/secret.h"
#include "server/base/text.h"

void
bs_text_write(struct bs_wr *w, const char *text)
{
	bs_wr_bytes(w, text, strlen(text));
}

/* 17 significant digits tell every double from its neighbours; most need fewer. */
static void
write_real(struct bs_wr *w, double v)
{
	char text[32];
	double back;
	int digits = 6; /* "100000", not "1e+05" */

	if (isnan(v) || isinf(v)) {
		bs_wr_fail(w, BS_EUNSUPPORTED);
		return;
	}
	do {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		back = strtod(text, NULL);
	} while ((back < v || back > v) && digits++ < 17);
	bs_text_write(w, text);
	if (strpbrk(text, ".e") == NULL)
		bs_text_write(w, ".0"); /* a whole number would lose the sign of -0, and that it is real */
}

void
bs_text_write_number(struct bs_wr *w, const struct bs_value *v)
{
	char text[24];

	if (v->type == BS_TYPE_FLOAT) {
		write_real(w, v->real);
		return;
	}
	if (v->type == BS_TYPE_UNSIGNED)
		snprintf(text, sizeof(text), "%" PRIu64, v->uinteger);
	else
		snprintf(text, sizeof(text), "%" PRId64, v->integer);
	bs_text_write(w, text);
}

size_t
bs_link_format(const struct bs_value *v, char out[BS_LINK_TEXT])
{
	return (size_t)snprintf(out, BS_LINK_TEXT, "%u:%u", v->link.oid, v->link.iid);
}

static size_t
to_url_alphabet(char *text, size_t len)
{
	while (len > 0 && text[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
	return len;
}

void
bs_text_write_base64(struct bs_wr *w, const void *data, size_t len, enum bs_base64 form)
{
	const uint8_t *p = data;
	char text[4 * 16 + 1];

	/* In pieces of whole triples: the destination needs no room for a NUL, nor for padding that is then cut. */
	for (size_t i = 0, n; i < len; i += n) {
		n = len - i < 48 ? len - i : 48;
		bs_base64_encode(p + i, n, text);
		bs_wr_bytes(w, text, form == BS_BASE64_URL ? to_url_alphabet(text, strlen(text)) : strlen(text));
	}
	bs_wipe(text, sizeof(text));
}
