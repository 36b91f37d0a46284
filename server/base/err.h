/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: one list makes the enum and the texts.
 *
 * Every call that can fail returns enum bs_err and is marked BS_MUST_USE. What a person must repair (configuration,
 * import) is told in a struct bs_diag besides: where, what, and the way out; never a secret value.
 */
#ifndef BS_BASE_ERR_H
#define BS_BASE_ERR_H

#define BS_MUST_USE __attribute__((warn_unused_result))
/* A large array that is written before it is read, in a place where clearing it first was measured to cost. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define BS_UNINITIALIZED __attribute__((uninitialized))
#endif
#endif
#ifndef BS_UNINITIALIZED
#define BS_UNINITIALIZED
#endif
#define BS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#define BS_ERRORS(X) \
	X(BS_OK, "success") \
	X(BS_ENOMEM, "out of memory") \
	X(BS_ESHORT, "message ends too early") \
	X(BS_ESPACE, "no room in the output buffer") \
	X(BS_ETIMEOUT, "no answer from the peer") \
	X(BS_EFORMAT, "not well-formed") \
	X(BS_ERANGE, "value out of range") \
	X(BS_ENOTFOUND, "not found") \
	X(BS_EEXIST, "exists already") \
	X(BS_EREFUSED, "against the rules of the store") \
	X(BS_EBUSY, "busy, a later attempt may succeed") \
	X(BS_EIO, "input or output failed") \
	X(BS_ECRYPTO, "cryptographic operation failed") \
	X(BS_EMASTERKEY, "the master key does not open this store") \
	X(BS_ETAMPERED, "changed without the keys of the store") \
	X(BS_ESCHEMA, "the schema of the store is of another version") \
	X(BS_ESTATE, "not possible in this state") \
	X(BS_EUNSUPPORTED, "not supported") \
	X(BS_EPERM, "permission denied") \
	X(BS_ELIMIT, "a limit is reached") \
	X(BS_ERESET, "reset by the peer") \
	X(BS_EINTERNAL, "internal error")

#define X(name, text) name,
enum bs_err { BS_ERRORS(X) BS_ERR_COUNT };
#undef X

/* The text of an error; never NULL. */
const char *bs_strerror(enum bs_err err);

struct bs_diag {
	enum bs_err err;
	unsigned line; /* 1-based line of the input, 0 where there is none */
	char text[480]; /* a sentence for a person, no newline at its end; cut where a character ends */
};

/* Fill in diag (may be NULL) and return err: `return bs_diag_set(diag, BS_EFORMAT, line, "…", …);` */
enum bs_err bs_diag_set(struct bs_diag *diag, enum bs_err err, unsigned line, const char *fmt, ...) BS_PRINTF(4, 5);

#endif
