/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/names.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#define NAMES_MAX 32 /* that are looked up; the others do not count */

enum found { FOUND_NONE, FOUND_ONE, FOUND_TWO };

/* What the constraints of the path leave: every kind of name, DNS names alone, or none. */
enum scope { SCOPE_ALL, SCOPE_DNS, SCOPE_NONE };

struct search {
	const struct bs_credential_lookup *lookup;
	const uint8_t *anchor;
	struct bs_found *match;
	enum found found;
	enum bs_err err; /* of a look-up that could not answer */
	bool too_often; /* the device that was found came too often: it is one all the same */
	unsigned tried, common_names;
};

/* Where an octet is a letter, it must be one of ASCII: what stands beyond depends on who reads. */
static bool
is_plain(const ASN1_STRING *value)
{
	int type = ASN1_STRING_type(value);
	const unsigned char *p = ASN1_STRING_get0_data(value);

	if (type == V_ASN1_UTF8STRING || type == V_ASN1_BMPSTRING || type == V_ASN1_UNIVERSALSTRING)
		return true;
	for (int i = 0; i < ASN1_STRING_length(value); i++)
		if (p[i] >= 0x80)
			return false;
	return true;
}

static void
look_up(struct search *s, const char *name)
{
	struct bs_found match = { 0 };
	enum bs_err err = s->lookup->name(s->lookup->arg, name, s->anchor, &match);

	if (err == BS_ELIMIT) {
		s->too_often = true;
		err = BS_OK;
	}
	if (err == BS_OK && s->found == FOUND_NONE) {
		*s->match = match;
		s->found = FOUND_ONE;
	} else if (err == BS_OK && match.device_id != s->match->device_id) {
		s->found = FOUND_TWO;
	} else if (err != BS_OK && err != BS_ENOTFOUND) {
		s->err = err;
	}
}

static void
try_name(struct search *s, const ASN1_STRING *value)
{
	unsigned char *text = NULL;
	int len;

	if (s->err != BS_OK || s->found == FOUND_TWO || s->tried >= NAMES_MAX)
		return;
	s->tried++;
	if (!is_plain(value))
		return;
	len = ASN1_STRING_to_UTF8(&text, value);
	/* "a\0b" must not pass for "a". */
	if (len > 0 && strlen((const char *)text) == (size_t)len)
		look_up(s, (const char *)text);
	if (len >= 0)
		OPENSSL_free(text);
}

static void
try_subject(struct search *s, X509 *leaf)
{
	const X509_NAME *subject = X509_get_subject_name(leaf);
	const X509_NAME_ENTRY *only = NULL;

	for (int i = -1; (i = X509_NAME_get_index_by_NID((X509_NAME *)subject, NID_commonName, i)) >= 0;) {
		only = X509_NAME_get_entry(subject, i);
		s->common_names++;
	}
	if (s->common_names == 1)
		try_name(s, X509_NAME_ENTRY_get_data(only));
}

static void
try_alternatives(struct search *s, X509 *leaf, int wanted)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int kind = 0;
		const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind);

		if (kind == wanted)
			try_name(s, value);
	}
	GENERAL_NAMES_free(names);
}

static bool
speaks_of_dns(const STACK_OF(GENERAL_SUBTREE) * trees)
{
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++)
		if (sk_GENERAL_SUBTREE_value(trees, i)->base->type == GEN_DNS)
			return true;
	return false;
}

/* What x as a CA leaves of scope. Constraints that cannot be read bind nothing. */
static enum scope
narrow(enum scope scope, const X509 *x)
{
	NAME_CONSTRAINTS *c;
	bool dns;

	if (X509_get_ext_by_NID(x, NID_name_constraints, -1) < 0)
		return scope;
	c = X509_get_ext_d2i(x, NID_name_constraints, NULL, NULL);
	dns = c != NULL && (speaks_of_dns(c->permittedSubtrees) || speaks_of_dns(c->excludedSubtrees));
	NAME_CONSTRAINTS_free(c);
	return dns || scope == SCOPE_DNS ? SCOPE_DNS : SCOPE_NONE;
}

static enum scope
scope_of(const STACK_OF(X509) * path)
{
	enum scope scope = SCOPE_ALL;

	for (int i = 1; i < sk_X509_num(path); i++) /* what a leaf says of names binds nobody */
		scope = narrow(scope, sk_X509_value(path, i));
	return scope;
}

static void
explain(const struct search *s, enum scope scope, char *out, size_t max)
{
	static const char *const limits[] = {
		[SCOPE_ALL] = "",
		[SCOPE_DNS] = "; under the name constraints of its CA only DNS names count",
		[SCOPE_NONE] = "; the name constraints of its CA do not bind DNS names: none counts",
	};

	if (s->found == FOUND_TWO)
		snprintf(out, max, "its names lead to more than one device under its trust anchor");
	else if (s->common_names > 1 && scope == SCOPE_ALL)
		snprintf(out, max, "%u common names are no name; %u others tried under its trust anchor",
			s->common_names, s->tried);
	else
		snprintf(out, max, "%u name%s tried under its trust anchor%s", s->tried, s->tried == 1 ? "" : "s",
			limits[scope]);
}

enum bs_err
bs_names_look_up(const struct bs_credential_lookup *lookup, const STACK_OF(X509) * path,
	const uint8_t anchor_sha256[32], struct bs_named *out)
{
	struct search s = { .lookup = lookup, .anchor = anchor_sha256, .match = &out->device };
	X509 *leaf = sk_X509_value(path, 0);
	enum scope scope = scope_of(path);

	if (scope == SCOPE_ALL) {
		try_subject(&s, leaf);
		try_alternatives(&s, leaf, GEN_URI);
	}
	if (scope != SCOPE_NONE)
		try_alternatives(&s, leaf, GEN_DNS);
	if (s.err == BS_OK && s.found == FOUND_ONE && s.too_often)
		return BS_ELIMIT;
	if (s.err != BS_OK || s.found == FOUND_ONE)
		return s.err;
	explain(&s, scope, out->why, sizeof(out->why));
	return BS_ENOTFOUND;
}
