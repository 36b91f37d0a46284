/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/device.h"

#include <stdio.h>
#include <string.h>

#include "server/base/buf.h"
#include "tools/sim/encode.h"

#define STALE_SSID 999
#define STALE_IID 7

static struct sim_path
at(uint16_t oid, uint16_t iid, uint16_t rid)
{
	return (struct sim_path){ oid, iid, rid, SIM_NONE };
}

/* An account of an earlier life, at an instance that a server would not choose. */
static enum bs_err
put_stale(struct sim_store *s)
{
	static const char uri[] = "coap://old.example:5683";
	enum bs_err err = sim_store_put_octets(s, at(0, STALE_IID, 0), SIM_STRING, uri, strlen(uri));

	if (err == BS_OK)
		err = sim_store_put_number(s, at(0, STALE_IID, 1), SIM_BOOLEAN, 0);
	if (err == BS_OK)
		err = sim_store_put_number(s, at(0, STALE_IID, 2), SIM_INTEGER, SIM_MODE_NOSEC);
	if (err == BS_OK)
		err = sim_store_put_number(s, at(0, STALE_IID, 10), SIM_INTEGER, STALE_SSID);
	if (err == BS_OK)
		err = sim_store_put_number(s, at(1, STALE_IID, 0), SIM_INTEGER, STALE_SSID);
	if (err == BS_OK)
		err = sim_store_put_number(s, at(1, STALE_IID, 1), SIM_INTEGER, 300);
	if (err == BS_OK)
		err = sim_store_put_number(s, at(1, STALE_IID, 6), SIM_BOOLEAN, 1);
	if (err == BS_OK)
		err = sim_store_put_octets(s, at(1, STALE_IID, 7), SIM_STRING, "U", 1);
	return err;
}

static enum bs_err
put_own(struct sim_store *s, uint16_t iid, const struct sim_factory *f)
{
	enum bs_err err = sim_store_put_octets(s, at(0, iid, 0), SIM_STRING, f->uri, strlen(f->uri));

	if (err == BS_OK)
		err = sim_store_put_number(s, at(0, iid, 1), SIM_BOOLEAN, 1);
	if (err == BS_OK)
		err = sim_store_put_number(s, at(0, iid, 2), SIM_INTEGER, f->mode);
	if (err == BS_OK)
		err = sim_store_put_octets(
			s, at(0, iid, 3), SIM_OPAQUE, f->public_or_identity, f->public_or_identity_len);
	if (err == BS_OK)
		err = sim_store_put_octets(s, at(0, iid, 4), SIM_OPAQUE, f->server_public, f->server_public_len);
	if (err == BS_OK)
		err = sim_store_put_octets(s, at(0, iid, 5), SIM_OPAQUE, f->secret, f->secret_len);
	return err;
}

/* All but Bootstrap-Server accounts: the device has its own. */
static enum bs_err
put_held(struct sim_store *s, const struct sim_store *held)
{
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < held->count && err == BS_OK; i++) {
		const struct sim_value *v = &held->v[i];
		if (v->path.oid != 0 || sim_store_number(held, 0, v->path.iid, 1, 0) != 1)
			err = sim_store_put(s, v);
	}
	return err;
}

enum bs_err
sim_device_init(struct sim_device *d, const struct sim_factory *f)
{
	sim_store_clear(&d->store);
	enum bs_err err = put_own(&d->store, d->bs_iid, f);

	if (err == BS_OK)
		err = sim_store_put_instance(&d->store, 3, 0);
	if (err == BS_OK && f->stale)
		err = put_stale(&d->store);
	if (err == BS_OK && f->holds != NULL)
		err = put_held(&d->store, f->holds);
	return err;
}

void
sim_device_clear(struct sim_device *d)
{
	sim_store_clear(&d->store);
	sim_store_clear(&d->before);
	bs_blob_clear(&d->own_public);
}

enum bs_err
sim_device_begin(struct sim_device *d)
{
	return sim_store_copy(&d->before, &d->store);
}

enum bs_err
sim_device_roll_back(struct sim_device *d)
{
	return sim_store_copy(&d->store, &d->before);
}

bool
sim_device_implements(const struct sim_device *d, uint16_t oid)
{
	for (size_t i = 0; i < d->extra_count; i++)
		if (d->extra[i] == oid)
			return true;
	if (oid == 2 && d->lacks_access_control)
		return false;
	return oid <= 3 || (oid == 21 && d->version >= SIM_LWM2M_1_1);
}

/* The first object from that number on; SIM_NONE at the end. */
static uint16_t
next_implemented(const struct sim_device *d, uint32_t from)
{
	static const uint16_t own[] = { 0, 1, 2, 3, 21 };
	uint16_t next = SIM_NONE;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (own[i] >= from && own[i] < next && sim_device_implements(d, own[i]))
			next = own[i];
	for (size_t i = 0; i < d->extra_count; i++)
		if (d->extra[i] >= from && d->extra[i] < next)
			next = d->extra[i];
	return next;
}

/* The Bootstrap-Server account: the Security instance whose resource 1 is true. */
static bool
is_bs_account(const struct sim_device *d, uint16_t iid)
{
	return sim_store_number(&d->store, 0, iid, 1, 0) == 1;
}

/* Does a Bootstrap-Server account link to this instance of Object 21? */
static bool
is_bs_oscore(const struct sim_device *d, uint16_t iid)
{
	for (uint16_t i = sim_store_next_instance(&d->store, 0, 0); i != SIM_NONE;
		i = sim_store_next_instance(&d->store, 0, i + 1u))
		if (is_bs_account(d, i) && sim_store_number(&d->store, 0, i, 17, -1) == (21 << 16 | iid))
			return true;
	return false;
}

/* What no Bootstrap-Delete takes away (LwM2M Core 1.1 section 6.1.7.6). */
static bool
is_protected(const struct sim_device *d, uint16_t oid, uint16_t iid)
{
	return (oid == 0 && is_bs_account(d, iid)) || (oid == 21 && is_bs_oscore(d, iid)) || (oid == 3 && iid == 0);
}

static void
delete_all_of(struct sim_device *d, uint16_t oid)
{
	uint16_t iid = sim_store_next_instance(&d->store, oid, 0);

	while (iid != SIM_NONE) {
		if (!is_protected(d, oid, iid))
			sim_store_remove(&d->store, at(oid, iid, SIM_NONE));
		iid = sim_store_next_instance(&d->store, oid, iid + 1u);
	}
}

void
sim_device_delete(struct sim_device *d, struct sim_path p, struct sim_verdict *v)
{
	if (p.rid != SIM_NONE) {
		sim_refuse(v, SIM_BAD_REQUEST, "a Bootstrap-Delete below the level of instances");
	} else if (p.oid == SIM_NONE) {
		uint16_t oid = sim_store_next_object(&d->store, 0);
		for (; oid != SIM_NONE; oid = sim_store_next_object(&d->store, oid + 1u))
			delete_all_of(d, oid);
	} else if (!sim_device_implements(d, p.oid)) {
		sim_refuse(v, SIM_NOT_FOUND, "an object that the device does not have");
	} else if (p.iid == SIM_NONE) {
		delete_all_of(d, p.oid);
	} else if (is_protected(d, p.oid, p.iid)) {
		sim_refuse(v, SIM_BAD_REQUEST, "an instance that cannot be deleted");
	} else {
		sim_store_remove(&d->store, p);
	}
	if (v->code == 0)
		v->code = SIM_DELETED;
}

static void
add_text(struct bs_wr *w, const char *text)
{
	bs_wr_bytes(w, text, strlen(text));
}

static void
discover_instance(const struct sim_device *d, uint16_t oid, uint16_t iid, struct bs_wr *w)
{
	int64_t ssid = oid == 0   ? sim_store_number(&d->store, 0, iid, 10, -1)
		       : oid == 1 ? sim_store_number(&d->store, 1, iid, 0, -1)
				  : -1;
	const struct sim_value *uri = sim_store_res(&d->store, oid, iid, 0);
	bool own = oid == 0 && is_bs_account(d, iid);
	char text[64];

	snprintf(text, sizeof(text), ",</%u/%u>", oid, iid);
	add_text(w, text);
	if (ssid > 0 && !own) {
		snprintf(text, sizeof(text), ";ssid=%lld", (long long)ssid);
		add_text(w, text);
	}
	if (oid == 0 && !own && d->version >= SIM_LWM2M_1_1 && uri != NULL && uri->data != NULL) {
		add_text(w, ";uri=\"");
		bs_wr_bytes(w, uri->data, uri->len);
		add_text(w, "\"");
	}
}

static void
discover_object(const struct sim_device *d, uint16_t oid, struct bs_wr *w)
{
	uint16_t iid = sim_store_next_instance(&d->store, oid, 0);
	char text[16];

	if (iid == SIM_NONE) {
		snprintf(text, sizeof(text), ",</%u>", oid);
		add_text(w, text);
	}
	for (; iid != SIM_NONE; iid = sim_store_next_instance(&d->store, oid, iid + 1u))
		discover_instance(d, oid, iid, w);
}

void
sim_device_discover(const struct sim_device *d, struct sim_path p, char *out, size_t out_max, struct sim_verdict *v)
{
	static const char *const heads[] = {
		[SIM_LWM2M_1_0] = "lwm2m=\"1.0\"",
		[SIM_LWM2M_1_1] = "</>;lwm2m=1.1",
		[SIM_LWM2M_1_2] = "</>;lwm2m=1.2",
	};
	struct bs_wr w = bs_wr_init(out, out_max - 1);
	size_t len = 0;

	if (p.iid != SIM_NONE)
		sim_refuse(v, SIM_BAD_REQUEST, "a Bootstrap-Discover below the level of objects");
	else if (p.oid != SIM_NONE && !sim_device_implements(d, p.oid))
		sim_refuse(v, SIM_NOT_FOUND, "an object that the device does not have");
	if (v->code != 0)
		return;
	add_text(&w, heads[d->version]);
	for (uint16_t oid = next_implemented(d, 0); oid != SIM_NONE; oid = next_implemented(d, oid + 1u))
		if (p.oid == SIM_NONE || p.oid == oid)
			discover_object(d, oid, &w);
	if (bs_wr_done(&w, &len) != BS_OK)
		sim_refuse(v, SIM_SERVER_ERROR, "the answer to Discover grew too long");
	out[len] = '\0';
	if (v->code == 0)
		v->code = SIM_CONTENT;
}

void
sim_device_read(const struct sim_device *d, struct sim_path p, uint32_t format, char **out, size_t *out_len,
	struct sim_verdict *v)
{
	bool readable = p.oid == 1 || p.oid == 2;
	enum bs_err err = BS_OK;

	if (d->version < SIM_LWM2M_1_1)
		sim_refuse(v, SIM_NOT_ALLOWED, "a Bootstrap-Read before LwM2M 1.1");
	else if (!readable || p.rid != SIM_NONE)
		sim_refuse(v, SIM_NOT_ALLOWED, "a Bootstrap-Read of other than Objects 1 and 2 and their instances");
	else if (!sim_device_implements(d, p.oid) ||
		 (p.iid != SIM_NONE && !sim_store_has_instance(&d->store, p.oid, p.iid)))
		sim_refuse(v, SIM_NOT_FOUND, "nothing there to read");
	else if (!sim_encode_knows(format) || !sim_device_takes(d->version, format))
		sim_refuse(v, SIM_NOT_ACCEPTABLE, "Accept %u", (unsigned)format);
	else
		err = sim_encode(&d->store, p, format, out, out_len);
	if (err != BS_OK)
		sim_refuse(v, SIM_SERVER_ERROR, "%s", bs_strerror(err));
	if (v->code == 0)
		v->code = SIM_CONTENT;
}

static const struct format {
	uint32_t number;
	enum sim_version since;
	bool (*decode)(struct sim_decoder *d, const uint8_t *data, size_t len);
} formats[] = {
	{ SIM_FORMAT_TLV, SIM_LWM2M_1_0, sim_decode_tlv },
	{ SIM_FORMAT_TEXT, SIM_LWM2M_1_0, sim_decode_text },
	{ SIM_FORMAT_OPAQUE, SIM_LWM2M_1_0, sim_decode_opaque },
	{ SIM_FORMAT_SENML_JSON, SIM_LWM2M_1_1, sim_decode_senml_json },
	{ SIM_FORMAT_SENML_CBOR, SIM_LWM2M_1_1, sim_decode_senml_cbor },
	{ SIM_FORMAT_LWM2M_CBOR, SIM_LWM2M_1_2, sim_decode_lwm2m_cbor },
};

/* NULL: not a format of this version. */
static const struct format *
find_format(enum sim_version version, uint32_t number)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i].number == number && formats[i].since <= version)
			return &formats[i];
	return NULL;
}

bool
sim_device_takes(enum sim_version version, uint32_t format)
{
	return find_format(version, format) != NULL;
}

static bool
decode(struct sim_decoder *dec, uint32_t format, const uint8_t *data, size_t len)
{
	const struct format *f = find_format(dec->version, format);

	if (format == SIM_NO_FORMAT)
		return sim_refuse(dec->why, SIM_BAD_REQUEST, "a Write without Content-Format");
	if (f == NULL)
		return sim_refuse(dec->why, SIM_UNSUPPORTED, "Content-Format %u", (unsigned)format);
	return f->decode(dec, data, len);
}

/* A Write of whole instances brings every mandatory resource. */
static bool
is_complete(const struct sim_store *s, uint16_t oid, struct sim_verdict *v)
{
	const struct sim_resource *must = NULL;

	while ((must = sim_model_next_mandatory(oid, must)) != NULL)
		for (uint16_t i = sim_store_next_instance(s, oid, 0); i != SIM_NONE;
			i = sim_store_next_instance(s, oid, i + 1u))
			if (!sim_store_has_resource(s, oid, i, must->rid))
				return sim_refuse(v, SIM_BAD_REQUEST, "/%u/%u: %s (%u) is missing", oid, i, must->name,
					must->rid);
	return true;
}

/* What is written replaces what was there: whole instances, or the one resource. */
static enum bs_err
apply(struct sim_store *to, const struct sim_store *part, struct sim_path p)
{
	if (p.rid != SIM_NONE) {
		sim_store_remove(to, p);
		return sim_store_add(to, part);
	}
	for (uint16_t i = sim_store_next_instance(part, p.oid, 0); i != SIM_NONE;
		i = sim_store_next_instance(part, p.oid, i + 1u))
		sim_store_remove(to, at(p.oid, i, SIM_NONE));
	return sim_store_add(to, part);
}

void
sim_device_write(struct sim_device *d, struct sim_path p, uint32_t format, const uint8_t *data, size_t len,
	struct sim_verdict *v)
{
	struct sim_store part = { 0 };
	struct sim_decoder dec = { .target = p, .version = d->version, .out = &part, .why = v };

	if (p.oid == SIM_NONE)
		sim_refuse(v, SIM_NOT_ALLOWED, "a Write on the root");
	else if (!sim_device_implements(d, p.oid))
		sim_refuse(v, SIM_NOT_FOUND, "/%u is an object that the device does not have", p.oid);
	else if (decode(&dec, format, data, len) && (p.rid != SIM_NONE || is_complete(&part, p.oid, v)) &&
		 apply(&d->store, &part, p) != BS_OK)
		sim_refuse(v, SIM_SERVER_ERROR, "out of memory");
	sim_store_clear(&part);
	if (v->code == 0)
		v->code = SIM_CHANGED;
}

/* May the pack say something of this object, and does it say it in full? */
static bool
fits_object(const struct sim_device *d, const struct sim_store *pack, uint16_t oid, struct sim_verdict *v)
{
	if (!sim_device_implements(d, oid))
		return sim_refuse(v, SIM_NOT_FOUND, "/%u is an object that the device does not have", oid);
	for (uint16_t i = sim_store_next_instance(pack, oid, 0); i != SIM_NONE;
		i = sim_store_next_instance(pack, oid, i + 1u))
		if (oid != 3 && is_protected(d, oid, i))
			return sim_refuse(v, SIM_BAD_REQUEST, "/%u/%u belongs to the device's own account", oid, i);
	return is_complete(pack, oid, v);
}

static enum bs_err
replace_objects(struct sim_device *d, const struct sim_store *pack)
{
	enum bs_err err = BS_OK;

	for (uint16_t oid = sim_store_next_object(pack, 0); oid != SIM_NONE;
		oid = sim_store_next_object(pack, oid + 1u))
		delete_all_of(d, oid);
	for (size_t i = 0; i < pack->count && err == BS_OK; i++)
		err = sim_store_put(&d->store, &pack->v[i]);
	return err;
}

bool
sim_device_take_pack(struct sim_device *d, uint32_t format, const uint8_t *data, size_t len, struct sim_verdict *v)
{
	struct sim_store pack = { 0 };
	struct sim_path root = { SIM_NONE, SIM_NONE, SIM_NONE, SIM_NONE };
	struct sim_decoder dec = { .target = root, .version = SIM_LWM2M_1_2, .out = &pack, .why = v };
	bool ok = (format == SIM_FORMAT_SENML_JSON || format == SIM_FORMAT_SENML_CBOR ||
			  format == SIM_FORMAT_LWM2M_CBOR) ||
		  sim_refuse(v, SIM_UNSUPPORTED, "a pack in Content-Format %u", (unsigned)format);

	ok = ok && decode(&dec, format, data, len);
	for (uint16_t oid = sim_store_next_object(&pack, 0); ok && oid != SIM_NONE;
		oid = sim_store_next_object(&pack, oid + 1u))
		ok = fits_object(d, &pack, oid, v);
	if (ok && replace_objects(d, &pack) != BS_OK)
		ok = sim_refuse(v, SIM_SERVER_ERROR, "out of memory");
	sim_store_clear(&pack);
	return ok;
}

void
sim_device_finish(const struct sim_device *d, struct sim_verdict *v)
{
	if (sim_check_consistent(d, v))
		v->code = SIM_CHANGED;
}
