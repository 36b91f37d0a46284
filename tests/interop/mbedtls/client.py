# SPDX-License-Identifier: Apache-2.0
"""A bootstrap client on Mbed TLS (python-mbedtls): handshake with one ciphersuite, POST /bs, yes to all that is asked.

    client.py FILE    properties: endpoint, uri, mode (psk, x509), suite, and in hexadecimal id, key, anchor

Prints "handshake SUITE", "POST /bs 2.04", "bootstrap done". Exit status 0 after Bootstrap-Finish.
"""

import socket
import sys
import urllib.parse

from mbedtls import pk, tls, x509

GET, POST, PUT, DELETE = 1, 2, 3, 4
CHANGED, CONTINUE = 0x44, 0x5F
ANSWER = {GET: 0x84, POST: CHANGED, PUT: CHANGED, DELETE: 0x42}  # no objects to discover, content with the rest
ACK, BLOCK1, MORE, PAYLOAD = 0x20, 27, 0x08, 0xFF


def configuration(p):
    common = dict(
        ciphers=(p["suite"].replace("_", "-"),),
        lowest_supported_version=tls.DTLSVersion.DTLSv1_2,
        handshake_timeout_max=10.0,
    )
    if p["mode"] == "psk":
        identity = bytes.fromhex(p["id"]).decode()
        return tls.DTLSConfiguration(
            pre_shared_key=(identity, bytes.fromhex(p["key"])), validate_certificates=False, **common
        )
    own = x509.CRT.from_DER(bytes.fromhex(p["id"]))
    key = pk.ECC.from_DER(bytes.fromhex(p["key"]))
    trust = tls.TrustStore()
    trust.add(x509.CRT.from_DER(bytes.fromhex(p["anchor"])))
    return tls.DTLSConfiguration(certificate_chain=((own,), key), trust_store=trust, **common)


def block1(message):
    """The value of a Block1 option (one octet: blocks below 16), or None."""
    number, at = 0, 4 + (message[0] & 15)
    while at < len(message) and message[at] != PAYLOAD:
        delta, length = message[at] >> 4, message[at] & 15
        at += 1
        if delta == 13:
            delta, at = 13 + message[at], at + 1
        if length == 13:
            length, at = 13 + message[at], at + 1
        number += delta
        if number == BLOCK1:
            return message[at] if length else 0
        at += length
    return None


def answer(request):
    code, block = ANSWER[request[1]], block1(request)
    if block is not None and block & MORE:
        code = CONTINUE
    token = request[0] & 15
    option = b"" if block is None else bytes([13 << 4 | 1, BLOCK1 - 13, block])
    return bytes([0x40 | ACK | token, code]) + request[2 : 4 + token] + option


def main():
    with open(sys.argv[1], encoding="ascii") as lines:
        p = dict(line.rstrip("\n").split("=", 1) for line in lines)
    uri = urllib.parse.urlparse(p["uri"])
    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    plain.settimeout(10)
    plain.connect((uri.hostname, uri.port))
    conn = tls.ClientContext(configuration(p)).wrap_socket(plain, server_hostname="localhost")
    conn.do_handshake()
    print("handshake", conn.cipher())

    query = b"ep=" + p["endpoint"].encode()  # 13 to 255 octets: one octet of extended length
    conn.send(b"\x41\x02\x12\x34\x42\xb2bs" + bytes([4 << 4 | 13, len(query) - 13]) + query)
    while True:
        message = conn.recv(2048)
        if message[0] & 0x30 == ACK:
            print(f"POST /bs {message[1] >> 5}.{message[1] & 31:02}")
            continue
        conn.send(answer(message))
        if message[1] == POST:
            print("bootstrap done")
            conn.shutdown(socket.SHUT_RDWR)
            return


main()
