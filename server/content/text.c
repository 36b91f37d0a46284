/* SPDX-License-Identifier: Apache-2.0 */
/* text/plain (LwM2M Core 1.1, 7.4; format 0): the value of one resource as characters, opaque as base64. */
#include "server/content/format.h"
#include "server/content/single.h"
#include "server/content/text_write.h"

static void
write_value(struct bs_wr *w, const struct bs_value *v)
{
	char link[BS_LINK_TEXT];

	switch (v->type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
	case BS_TYPE_UNSIGNED:
	case BS_TYPE_FLOAT:
		bs_text_write_number(w, v);
		break;
	case BS_TYPE_BOOLEAN:
		bs_text_write(w, v->boolean ? "1" : "0");
		break;
	case BS_TYPE_OBJLNK:
		bs_link_format(v, link);
		bs_text_write(w, link);
		break;
	case BS_TYPE_OPAQUE:
		bs_text_write_base64(w, v->bytes.data, v->bytes.len, BS_BASE64_PADDED);
		break;
	case BS_TYPE_STRING:
	case BS_TYPE_CORELNK:
		bs_wr_bytes(w, v->bytes.data, v->bytes.len);
		break;
	}
}

void
bs_text_encode(struct bs_wr *w, const struct bs_path *target, const struct bs_instance *instances, size_t count)
{
	const struct bs_value *v = bs_single_value(target, instances, count);

	if (v == NULL)
		bs_wr_fail(w, BS_EUNSUPPORTED);
	else
		write_value(w, v);
}
