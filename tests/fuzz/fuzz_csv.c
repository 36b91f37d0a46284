/* SPDX-License-Identifier: Apache-2.0 */
/* A device file: CSV, header, rows with all checks; nothing reaches a store. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/ctl/device/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct bs_catalog catalog;

static void
add(int64_t id, const char *name, enum bs_mode mode)
{
	struct bs_cat_server *s = calloc(1, sizeof(*s));
	struct bs_cat_profile *p = calloc(1, sizeof(*p));

	if (s == NULL || p == NULL)
		abort();
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(s->sms_number, sizeof(s->sms_number), "1234");
	s->def = (struct bs_server_def){ .id = id, .name = s->name, .ssid = (uint16_t)id, .mode = mode };
	s->index = catalog.server_count++;
	HASH_ADD_STR(catalog.servers, name, s);
	p->id = id;
	p->sms_parameters_len = 6;
	p->servers[0] = s;
	p->server_count = 1;
	HASH_ADD_STR(catalog.profiles, name, p);
}

static void
read_rows(struct bs_csv *csv, struct bs_rows *rows, struct bs_report *r)
{
	const struct bs_csv_row *row;
	const struct bs_device_def *def;
	struct bs_diag diag;

	if (bs_csv_next(csv, &row, &diag) != BS_OK || !bs_rows_header(rows, row, r))
		return;
	while (bs_csv_next(csv, &row, &diag) == BS_OK)
		if (bs_rows_read(rows, row, r, &def) && strlen(def->endpoint) > BS_ENDPOINT_MAX)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);
	struct bs_report r;
	struct bs_csv *csv;
	struct bs_rows *rows;

	if (catalog.server_count == 0) {
		add(1, "p", BS_MODE_PSK);
		add(2, "r", BS_MODE_RPK);
		add(3, "x", BS_MODE_X509);
	}
	if (fd < 0 || write(fd, data, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	csv = bs_csv_new(fd);
	rows = bs_rows_new(&catalog, NULL, 128);
	bs_report_init(&r, fopen("/dev/null", "w"), "fuzz");
	if (csv != NULL && rows != NULL && r.to != NULL)
		read_rows(csv, rows, &r);
	bs_report_close(&r);
	fclose(r.to);
	bs_rows_free(rows);
	bs_csv_free(csv);
	close(fd);
	return 0;
}
