/* SPDX-License-Identifier: Apache-2.0 */
/* The transport key of a map: a file beside it. */
#include "tools/ctl/device/simmap.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "server/base/text.h"
#include "tools/ctl/file.h"

#define KEY_FILE_MAX 512 /* octets of a transport key file: two lines of hexadecimal */

/* key-file beside the map, unless its path is absolute. */
static void
key_path(const char *map_file, const char *key_file, char *out, size_t max)
{
	const char *slash = strrchr(map_file, '/');

	snprintf(out, max, "%.*s%s", key_file[0] == '/' || slash == NULL ? 0 : (int)(slash + 1 - map_file), map_file,
		key_file);
}

static bool
is_private(const char *path, struct bs_report *r)
{
	struct stat st;

	if (stat(path, &st) != 0)
		bs_report_error(r, "key-file", "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
		bs_report_error(r, "key-file", "%s must be a file that nobody else can read: chmod 600", path);
	else
		return true;
	return false;
}

/* Hexadecimal up to the end of the line; *text moves behind it. */
static bool
take_line(const char **text, uint8_t *out, size_t max, size_t *len)
{
	const char *line = *text;
	size_t n = strcspn(line, "\r\n");

	*text = line + n + strspn(line + n, "\r\n");
	while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	return bs_hex_decode(line, n, out, max, len) == BS_OK;
}

static void
parse_key(struct bs_report *r, const char *path, const char *text, struct bs_simmap *m)
{
	size_t iv_len = 0, len = 0;

	if (!take_line(&text, m->transport_key.data, 64, &len) || (len != 16 && len != 24 && len != 32))
		bs_report_error(
			r, "key-file", "%s: the first line needs an AES key in 32, 48 or 64 hexadecimal digits", path);
	else
		m->transport_key.len = len;
	if (*text == '\0')
		return;
	if (m->has_iv)
		bs_report_error(r, "iv", "is both in the map and in %s; give it once", path);
	else if (!take_line(&text, m->iv, sizeof(m->iv), &iv_len) || iv_len != sizeof(m->iv) || *text != '\0')
		bs_report_error(r, "key-file",
			"%s: the second line must be the IV in 32 hexadecimal digits, and the last line", path);
	else
		m->has_iv = true;
}

bool
bs_simmap_read_key(struct bs_report *r, const char *map_file, struct bs_simmap *m)
{
	unsigned long before = r->errors;
	struct bs_diag diag = { 0 };
	char path[4096 + BS_SIMMAP_TEXT];
	uint8_t text[KEY_FILE_MAX + 1] = { 0 };
	size_t len = 0;

	if (m->key_file[0] == '\0')
		return true;
	key_path(map_file, m->key_file, path, sizeof(path));
	if (is_private(path, r)) {
		if (bs_file_read(path, text, KEY_FILE_MAX, &len, &diag) != BS_OK)
			bs_report_error(r, "key-file", "%s", diag.text);
		else
			parse_key(r, path, (const char *)text, m);
	}
	if (r->errors == before && !m->has_iv)
		bs_report_error(r, "iv",
			"missing; the vendor gives it (zeros: 32 digits 0), here or in a second line of %s", path);
	bs_wipe(text, sizeof(text));
	return r->errors == before;
}
