/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an attempt ended: exactly one outcome each. One list makes the enum, the word that log, journal and metrics use, and
 * the sentence that a technician reads. What to do about it: advice.h.
 */
#ifndef BS_MODEL_OUTCOME_H
#define BS_MODEL_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

/* X(enum, word in log and journal, what happened) */
#define BS_OUTCOMES(X) \
	X(BS_OUT_DONE, "done", \
		"The device accepted everything and confirmed the Bootstrap-Finish, or fetched its whole pack.") \
	X(BS_OUT_PACK_DECLINED, "pack-declined", \
		"The device asked for a Bootstrap-Pack, and a pack cannot hold what is configured.") \
	X(BS_OUT_IDENTITY_UNKNOWN, "identity-unknown", \
		"The PSK identity that the device presented is not in the store.") \
	X(BS_OUT_KEY_MISMATCH, "key-mismatch-suspected", \
		"The identity is known, but what the device sent after the key exchange did not decrypt: its key differs.") \
	X(BS_OUT_NO_COMMON_SUITE, "no-common-ciphersuite", \
		"Device and server share no DTLS ciphersuite, group or signature algorithm.") \
	X(BS_OUT_RAW_KEY_UNKNOWN, "raw-key-unknown", "The raw public key of the device is not in the store.") \
	X(BS_OUT_CERT_UNTRUSTED, "certificate-untrusted", \
		"No path leads from the device's certificate to a trust anchor, or its algorithms or purpose are refused.") \
	X(BS_OUT_CERT_EXPIRED, "certificate-expired", "The device's certificate is expired or not yet valid.") \
	X(BS_OUT_CERT_REVOKED, "certificate-revoked", "The device's certificate is on a revocation list.") \
	X(BS_OUT_CERT_NOT_MAPPED, "certificate-not-mapped", \
		"The certificate is trusted, but no device is provisioned for it under that trust anchor.") \
	X(BS_OUT_DEVICE_DISABLED, "device-disabled", "The device is disabled in the store.") \
	X(BS_OUT_ENDPOINT_MISMATCH, "endpoint-mismatch", \
		"The device named another endpoint than the one its credential belongs to.") \
	X(BS_OUT_BAD_REQUEST, "bad-request", "The Bootstrap-Request was not well-formed (endpoint name, pct).") \
	X(BS_OUT_FORMAT_UNSUPPORTED, "format-unsupported", "The device asked for, or refused, a Content-Format.") \
	X(BS_OUT_READ_REFUSED, "read-refused", \
		"The device did not let itself be read, and the profile merges what it holds.") \
	X(BS_OUT_WRITE_REFUSED, "write-refused", "The device refused a mandatory Write or Delete.") \
	X(BS_OUT_FINISH_REFUSED, "finish-refused", \
		"The device refused the Bootstrap-Finish: what it holds is inconsistent.") \
	X(BS_OUT_CLIENT_RESET, "client-reset", "The device answered a request with a reset: it lost its state.") \
	X(BS_OUT_CLIENT_SILENT, "client-silent", "The device stopped answering.") \
	X(BS_OUT_CLIENT_CLOSED, "client-closed", "The device closed the DTLS session before the end.") \
	X(BS_OUT_NO_REQUEST, "no-request", "The DTLS session stood, but no Bootstrap-Request came.") \
	X(BS_OUT_HANDSHAKE_FAILED, "handshake-failed", "The DTLS handshake was broken off.") \
	X(BS_OUT_HANDSHAKE_TIMEOUT, "handshake-timeout", "The DTLS handshake was not finished in time.") \
	X(BS_OUT_SUPERSEDED, "superseded", "The same device began anew before this run was finished.") \
	X(BS_OUT_TOO_MANY, "too-many-attempts", "The device came more often than the limits allow.") \
	X(BS_OUT_OVERLOAD, "overload", "The server had no room for this attempt and stayed silent.") \
	X(BS_OUT_SHUTDOWN, "shutdown", "The server was stopped during the run.") \
	X(BS_OUT_INTERNAL, "internal-error", "The server could not go on.")

#define X(name, word, what) name,
enum bs_outcome { BS_OUTCOMES(X) BS_OUTCOME_COUNT };
#undef X

const char *bs_outcome_word(enum bs_outcome o);
const char *bs_outcome_what(enum bs_outcome o);
/* Did it keep the device from what it is to receive? Not when it is done, or is about to go on in another way. */
bool bs_outcome_is_refusal(enum bs_outcome o);
/* BS_OUTCOME_COUNT when no outcome has that word. */
enum bs_outcome bs_outcome_parse(const char *word);

#endif
