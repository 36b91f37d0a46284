/* SPDX-License-Identifier: Apache-2.0 */
#include "server/model/root.h"

#include <string.h>

#include "server/base/text.h"

/* pchar of RFC 3986 without "%". */
static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~!$&'()*+,;=:@", c) != NULL);
}

/* One octet of a segment; NULL: none can be read there. */
static const char *
read_octet(const char *at, uint8_t *out)
{
	size_t len;

	if (*at != '%') {
		*out = (uint8_t)*at;
		return is_plain(*at) ? at + 1 : NULL;
	}
	if (at[1] == '\0' || at[2] == '\0' || bs_hex_decode(at + 1, 2, out, 1, &len) != BS_OK)
		return NULL;
	return at + 3;
}

static enum bs_err
read_root(const char *path, struct bs_root *out, struct bs_diag *diag)
{
	const char *at = path;
	size_t used = 0;

	while (*at == '/') {
		if (out->count == BS_ROOT_SEGMENTS_MAX)
			return bs_diag_set(diag, BS_ERANGE, 0, "at most %d segments", BS_ROOT_SEGMENTS_MAX);
		for (at++; *at != '/' && *at != '\0'; used++) {
			if (used == BS_ROOT_MAX)
				return bs_diag_set(diag, BS_ERANGE, 0, "at most %d octets", BS_ROOT_MAX);
			at = read_octet(at, &out->octets[used]);
			if (at == NULL)
				return bs_diag_set(diag, BS_EFORMAT, 0,
					"expected the path as it stands in the URI, such as /t7 or /a%%20b, without "
					"query");
			out->len[out->count]++;
		}
		out->count++;
	}
	if (out->count == 0 || (out->count == 1 && out->len[0] == 0))
		return bs_diag_set(diag, BS_EFORMAT, 0, "expected a path such as /t7; without one leave it out");
	return BS_OK;
}

enum bs_err
bs_roots_add(struct bs_roots *roots, const char *path, struct bs_diag *diag)
{
	struct bs_root root = { 0 };
	enum bs_err err = read_root(path, &root, diag);

	if (err == BS_OK && roots->count == BS_ROOTS_MAX)
		err = bs_diag_set(diag, BS_ELIMIT, 0, "at most %d paths", BS_ROOTS_MAX);
	if (err == BS_OK)
		roots->list[roots->count++] = root;
	return err;
}

const uint8_t *
bs_root_segment(const struct bs_root *root, size_t i, size_t *len)
{
	const uint8_t *at = root->octets;

	for (size_t k = 0; k < i; k++)
		at += root->len[k];
	*len = root->len[i];
	return at;
}
