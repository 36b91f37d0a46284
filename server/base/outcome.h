/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an attempt ended: exactly one outcome each . One list makes the enum, the word that
 * log, journal and metrics use, the sentence a technician reads, and what to do about it.
 */
#ifndef BS_BASE_OUTCOME_H
#define BS_BASE_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

/* X(enum, word in log and journal, what happened, what to do) */
#define BS_OUTCOMES(X) \
	X(BS_OUT_DONE, "done", \
		"The device accepted everything and confirmed the Bootstrap-Finish, or fetched its whole pack.", \
		"Nothing to do.") \
	X(BS_OUT_PACK_DECLINED, "pack-declined", \
		"The device asked for a Bootstrap-Pack, and a pack cannot hold what is configured.", \
		"Nothing: the device goes on with a usual Bootstrap-Request. The reason stands beside it.") \
	X(BS_OUT_IDENTITY_UNKNOWN, "identity-unknown", \
		"The PSK identity that the device presented is not in the store.", \
		"Import the device, or compare the identity (blanks, upper and lower case) with the maker's file.") \
	X(BS_OUT_KEY_MISMATCH, "key-mismatch-suspected", \
		"The identity is known, but what the device sent after the key exchange did not decrypt: its key " \
		"differs.", \
		"Compare the key in the maker's file with the device; look for a key typed as text instead of " \
		"hexadecimal.") \
	X(BS_OUT_NO_COMMON_SUITE, "no-common-ciphersuite", \
		"Device and server share no DTLS ciphersuite, group or signature algorithm.", \
		"Compare the device's list with the options ciphers, groups and sigalgs of the [dtls] section.") \
	X(BS_OUT_RAW_KEY_UNKNOWN, "raw-key-unknown", "The raw public key of the device is not in the store.", \
		"Import the device with its public key (SubjectPublicKeyInfo, DER, base64).") \
	X(BS_OUT_CERT_UNTRUSTED, "certificate-untrusted", \
		"No path leads from the device's certificate to a trust anchor, or its algorithms or purpose are " \
		"refused.", \
		"Add the maker's CA to trust-anchors, or have the device's certificate issued anew.") \
	X(BS_OUT_CERT_EXPIRED, "certificate-expired", "The device's certificate is expired or not yet valid.", \
		"Check the clock of this server; have the certificate renewed.") \
	X(BS_OUT_CERT_REVOKED, "certificate-revoked", "The device's certificate is on a revocation list.", \
		"A revoked device must stay out; issue a new certificate if that was a mistake.") \
	X(BS_OUT_CERT_NOT_MAPPED, "certificate-not-mapped", \
		"The certificate is trusted, but no device is provisioned for it under that trust anchor.", \
		"Import the device, check the name in the certificate, and the anchor of the device's profile.") \
	X(BS_OUT_DEVICE_DISABLED, "device-disabled", "The device is disabled in the store.", \
		"lwm2m-bootstrapctl device enable ENDPOINT") \
	X(BS_OUT_ENDPOINT_MISMATCH, "endpoint-mismatch", \
		"The device named another endpoint than the one its credential belongs to.", \
		"Correct the endpoint in the store or in the device. If it repeats, treat the credential as copied.") \
	X(BS_OUT_BAD_REQUEST, "bad-request", "The Bootstrap-Request was not well-formed (endpoint name, pct).", \
		"Look at the device's firmware: the log line names the query.") \
	X(BS_OUT_FORMAT_UNSUPPORTED, "format-unsupported", "The device asked for, or refused, a Content-Format.", \
		"Set a format for the profile that the device understands: profile add NAME --format tlv --replace") \
	X(BS_OUT_WRITE_REFUSED, "write-refused", "The device refused a mandatory Write or Delete.", \
		"Look at the path and code: the device does not accept that object or resource.") \
	X(BS_OUT_FINISH_REFUSED, "finish-refused", \
		"The device refused the Bootstrap-Finish: what it holds is inconsistent.", \
		"Look at plan ENDPOINT: a mandatory resource is missing, or the device wants another version or " \
		"format.") \
	X(BS_OUT_CLIENT_RESET, "client-reset", "The device answered a request with a reset: it lost its state.", \
		"It usually comes back by itself; if not, restart the device.") \
	X(BS_OUT_CLIENT_SILENT, "client-silent", "The device stopped answering.", \
		"Check its radio coverage; raise ack-timeout in the profile for slow links.") \
	X(BS_OUT_CLIENT_CLOSED, "client-closed", "The device closed the DTLS session before the end.", \
		"Look at the device's own log; some clients close when they refuse what they received.") \
	X(BS_OUT_NO_REQUEST, "no-request", "The DTLS session stood, but no Bootstrap-Request came.", \
		"Check the path of the bootstrap URI in the device; a path in front of /bs is configured with " \
		"bootstrap-path.") \
	X(BS_OUT_HANDSHAKE_FAILED, "handshake-failed", "The DTLS handshake was broken off.", \
		"Look at the reason beside it; it is the alert or the error as the library gave it.") \
	X(BS_OUT_HANDSHAKE_TIMEOUT, "handshake-timeout", "The DTLS handshake was not finished in time.", \
		"The device may not trust this server's key or certificate (it then falls silent), or the link is " \
		"bad.") \
	X(BS_OUT_SUPERSEDED, "superseded", "The same device began anew before this run was finished.", \
		"Nothing, if the later attempt is done.") \
	X(BS_OUT_TOO_MANY, "too-many-attempts", "The device came more often than the limits allow.", \
		"Find out why it cannot use what it received: read its earlier attempts.") \
	X(BS_OUT_OVERLOAD, "overload", "The server had no room for this attempt and stayed silent.", \
		"Look at the limits; the device tries again by itself.") \
	X(BS_OUT_SHUTDOWN, "shutdown", "The server was stopped during the run.", "The device tries again by itself.") \
	X(BS_OUT_INTERNAL, "internal-error", "The server could not go on.", "Read the log line; check store and disk.")

#define X(name, word, what, todo) name,
enum bs_outcome { BS_OUTCOMES(X) BS_OUTCOME_COUNT };
#undef X

const char *bs_outcome_word(enum bs_outcome o);
const char *bs_outcome_what(enum bs_outcome o);
const char *bs_outcome_todo(enum bs_outcome o);
/* Did it keep the device from what it is to receive? Not when it is done, or is about to go on in another way. */
bool bs_outcome_is_refusal(enum bs_outcome o);
/* BS_OUTCOME_COUNT when no outcome has that word. */
enum bs_outcome bs_outcome_parse(const char *word);

#endif
