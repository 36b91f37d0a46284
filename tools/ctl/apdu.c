/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/apdu.h"

#include <string.h>

#include "server/base/buf.h"

enum { SELECT = 0xa4, UPDATE_BINARY = 0xd6 };
enum { BY_AID = 0x04, BY_PATH = 0x08, NO_ANSWER = 0x0c };

#define OFFSET_MAX 32767 /* P1 and P2 without the bit that means a short file identifier */

void
bs_apdu_target_init(struct bs_apdu_target *t)
{
	static const uint8_t pkcs15[] = { 0xa0, 0, 0, 0, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5' };

	*t = (struct bs_apdu_target){ .aid_len = sizeof(pkcs15), .path = { 0x64, 0x32 }, .path_len = 2, .block = 200 };
	memcpy(t->aid, pkcs15, sizeof(pkcs15));
}

enum bs_err
bs_apdu_read_aid(struct bs_apdu_target *t, const char *hex)
{
	if (bs_hex_decode(hex, strlen(hex), t->aid, sizeof(t->aid), &t->aid_len) != BS_OK)
		return BS_EFORMAT;
	return t->aid_len == 0 || t->aid_len >= 5 ? BS_OK : BS_EFORMAT;
}

enum bs_err
bs_apdu_read_path(struct bs_apdu_target *t, const char *hex)
{
	if (bs_hex_decode(hex, strlen(hex), t->path, sizeof(t->path), &t->path_len) != BS_OK)
		return BS_EFORMAT;
	return t->path_len > 0 && t->path_len % 2 == 0 ? BS_OK : BS_EFORMAT;
}

static void
write_command(struct bs_tw *w, uint8_t ins, uint8_t p1, uint8_t p2, const uint8_t *data, size_t len)
{
	const uint8_t head[] = { 0x00, ins, p1, p2, (uint8_t)len };

	for (size_t i = 0; i < sizeof(head); i++)
		bs_tw_printf(w, "%02X", head[i]);
	for (size_t i = 0; i < len; i++)
		bs_tw_printf(w, "%02X", data[i]);
	bs_tw_text(w, "\n");
}

/* From the application that was selected, which 7FFF stands for; without one from the master file. */
static void
select_file(struct bs_tw *w, const struct bs_apdu_target *t)
{
	uint8_t path[2 + BS_APDU_PATH_MAX];
	struct bs_wr p = bs_wr_init(path, sizeof(path));

	if (t->aid_len > 0)
		bs_wr_u16(&p, 0x7fff);
	bs_wr_bytes(&p, t->path, t->path_len);
	write_command(w, SELECT, BY_PATH, NO_ANSWER, path, p.len);
}

enum bs_err
bs_apdu_write(struct bs_tw *w, const struct bs_apdu_target *t, const uint8_t *data, size_t len)
{
	if (len > OFFSET_MAX)
		return BS_ERANGE;
	if (t->aid_len > 0)
		write_command(w, SELECT, BY_AID, NO_ANSWER, t->aid, t->aid_len);
	select_file(w, t);
	for (size_t at = 0, n; at < len; at += n) {
		n = len - at < t->block ? len - at : t->block;
		write_command(w, UPDATE_BINARY, (uint8_t)(at >> 8), (uint8_t)at, data + at, n);
	}
	return w->cut ? BS_ESPACE : BS_OK;
}
