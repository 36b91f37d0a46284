# SPDX-License-Identifier: Apache-2.0
"""Read a Bootstrap-Pack (Content-Format, file) with cbor2 or Python's json and print what it holds, a line each, as the
drivers of Leshan's clients do: "/0/1/5 0f1e.." with octets in hexadecimal."""

import sys

from check import decode, text

SAID = {True: "true", False: "false"}


def say(value):
    if isinstance(value, bool):
        return SAID[value]
    return value.hex() if isinstance(value, bytes) else str(value)


with open(sys.argv[2], "rb") as pack:
    for path, value in sorted(decode(int(sys.argv[1]), "/", pack.read()).items()):
        print(text(path), say(value))
