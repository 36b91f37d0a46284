/* SPDX-License-Identifier: Apache-2.0 */
#include "server/model/advice.h"

static const char *const advice[BS_OUTCOME_COUNT] = {
	[BS_OUT_DONE] = "Nothing to do.",
	[BS_OUT_PACK_DECLINED] =
		"Nothing: the device goes on with a usual Bootstrap-Request. The reason is given beside it.",
	[BS_OUT_IDENTITY_UNKNOWN] =
		"Import the device, or compare the identity (blanks, upper and lower case) with the maker's file.",
	[BS_OUT_KEY_MISMATCH] =
		"Compare the key in the maker's file with the device; look for a key typed as text instead of hexadecimal.",
	[BS_OUT_NO_COMMON_SUITE] =
		"Compare the device's list with the options ciphers, groups and sigalgs of the [dtls] section.",
	[BS_OUT_RAW_KEY_UNKNOWN] = "Import the device with its public key (SubjectPublicKeyInfo, DER, base64).",
	[BS_OUT_CERT_UNTRUSTED] =
		"Add the maker's CA to trust-anchors, or have a new certificate issued for the device.",
	[BS_OUT_CERT_EXPIRED] = "Check the clock of this server; have the certificate renewed.",
	[BS_OUT_CERT_REVOKED] = "A revoked device must stay out; issue a new certificate if that was a mistake.",
	[BS_OUT_CERT_NOT_MAPPED] =
		"Import the device, check the name in the certificate, and the anchor of the device's profile.",
	[BS_OUT_DEVICE_DISABLED] = "lwm2m-bootstrapctl device enable ENDPOINT",
	[BS_OUT_ENDPOINT_MISMATCH] =
		"Correct the endpoint in the store or in the device. If it repeats, treat the credential as copied.",
	[BS_OUT_BAD_REQUEST] = "Look at the device's firmware: the log line names the query.",
	[BS_OUT_FORMAT_UNSUPPORTED] =
		"Set a format for the profile that the device understands: profile set NAME --format tlv",
	[BS_OUT_READ_REFUSED] =
		"Have the device allow Bootstrap-Read, or give up what it holds: profile set NAME --on-unreadable overwrite",
	[BS_OUT_WRITE_REFUSED] = "Look at the path and code: the device does not accept that object or resource.",
	[BS_OUT_FINISH_REFUSED] =
		"Look at plan ENDPOINT: a mandatory resource is missing, or the device wants another version or format.",
	[BS_OUT_CLIENT_RESET] = "It usually comes back by itself; if not, restart the device.",
	[BS_OUT_CLIENT_SILENT] = "Check its radio coverage; raise ack-timeout in the profile for slow links.",
	[BS_OUT_CLIENT_CLOSED] =
		"Look at the device's own log; some clients close when they refuse what they received.",
	[BS_OUT_NO_REQUEST] =
		"Check the path of the bootstrap URI in the device; a path in front of /bs is configured with bootstrap-path.",
	[BS_OUT_HANDSHAKE_FAILED] =
		"Look at the reason beside it; it is the alert or the error as the library gave it.",
	[BS_OUT_HANDSHAKE_TIMEOUT] =
		"The device may not trust this server's key or certificate (it then falls silent), or the link is bad.",
	[BS_OUT_SUPERSEDED] = "Nothing, if the later attempt is done.",
	[BS_OUT_TOO_MANY] = "Find out why it cannot use what it received: read its earlier attempts.",
	[BS_OUT_OVERLOAD] = "Look at the limits; the device tries again by itself.",
	[BS_OUT_SHUTDOWN] = "The device tries again by itself.",
	[BS_OUT_INTERNAL] = "Read the log line; check store and disk.",
};

const char *
bs_advice(enum bs_outcome o)
{
	return advice[(unsigned)o < BS_OUTCOME_COUNT ? o : BS_OUT_INTERNAL];
}

const char *
bs_advice_on_error(enum bs_err err)
{
	return err == BS_ETAMPERED ? "; lwm2m-bootstrapctl verify tells what" : "";
}
