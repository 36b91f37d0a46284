/* SPDX-License-Identifier: Apache-2.0 */
/* A map of a SIM vendor's file, and behind a line of "%%" the file that it describes; nothing reaches a store. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/ctl/device/simfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct bs_simmap map;

static void
read_cards(const char *text, struct bs_report *r)
{
	int fd = memfd_create("sim", MFD_CLOEXEC);
	const struct bs_sim_card *card;
	struct bs_simfile *f;
	struct bs_diag diag;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	f = bs_simfile_new(fd, &map);
	if (f != NULL && bs_simfile_start(f, r))
		while (bs_simfile_next(f, r, &card, &diag) == BS_OK)
			if (card != NULL && (card->sms.mode != 2 || card->sms.kic_key.len < 16))
				abort();
	bs_simfile_free(f);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), *file;
	struct bs_report r;

	if (text == NULL)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	file = strstr(text, "\n%%\n");
	if (file != NULL)
		*++file = '\0';
	bs_report_init(&r, fopen("/dev/null", "w"), "fuzz");
	if (r.to == NULL)
		abort();
	if (bs_simmap_parse(&r, text, &map) && file != NULL) {
		/* no key file is read here: any key will do */
		map.transport_key.len = map.key_file[0] != '\0' ? 16 : 0;
		read_cards(file + 3, &r);
	}
	bs_simmap_clear(&map);
	bs_report_close(&r);
	fclose(r.to);
	free(text);
	return 0;
}
