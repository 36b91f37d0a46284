# SPDX-License-Identifier: Apache-2.0
"""Decode what our encoders made (lines as formats.c says) with cbor2 and Python's json; exit 1 when one says another
thing. Print the same values as encoded here into the second file: other key forms, other orders, indefinite lengths;
and into the third the content formats and targets of what was read as it should be."""

import base64
import datetime
import json
import random
import struct
import sys

import cbor2

LABELS = {-2: "bn", 0: "n", 2: "v", 3: "vs", 4: "vb", 8: "vd"}
TYPES = ["s", "i", "i", "f", "b", "o", "i", "l", "s"]  # of resources 0 to 8 and 10 to 18 of Object 33000
KNOWN = {0: {0: "s", 1: "b", 2: "i", 3: "o", 4: "o", 5: "o", 10: "i"}, 1: {0: "i", 1: "i", 6: "b", 7: "s"},
         2: {0: "i", 1: "i", 2: "i", 3: "i"}, 3: {14: "s"}}


def kind(path):
    oid, _, rid = path[:3]
    return TYPES[rid % 10] if oid == 33000 else KNOWN.get(oid, {}).get(rid)


def say(path, value):
    want = kind(path)
    if want == "f" and type(value) in (int, float):
        return "f" + struct.pack(">d", value).hex()
    if want == "b" and type(value) is bool:
        return "true" if value else "false"
    if want == "i" and type(value) is int:
        return "i%d" % value
    if want == "o" and type(value) is bytes:
        return "o" + value.hex()
    if want == "s" and type(value) is str:
        return "s" + value.encode().hex()
    if want == "l" and type(value) is str:
        return "l" + value
    return "another type: %r" % (value,)


def unbase64url(text):
    if "=" in text or "+" in text or "/" in text:
        raise ValueError("base64url has no padding: " + text)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def senml(records):
    base, out = "", {}
    for r in records:
        base = r.get("bn", base)
        path = tuple(int(x) for x in (base + r.get("n", "")).split("/")[1:])
        (label,) = [k for k in r if k in ("v", "vs", "vb", "vd", "vlo")]
        value = unbase64url(r[label]) if label == "vd" and type(r[label]) is str else r[label]
        if (label == "vlo") != (kind(path) == "l"):
            raise ValueError("label " + label)
        out[path] = value
    return out


def nested(node, path=()):
    if not isinstance(node, dict):
        return {path: node}
    out = {}
    for key, below in node.items():
        out.update(nested(below, path + (key,)))
    return out


def decode(number, target, payload):
    if number == 110:
        return senml(json.loads(payload.decode()))
    if number == 112:
        return senml([{LABELS.get(k, k): v for k, v in r.items()} for r in cbor2.loads(payload)])
    if number == 11544:
        return nested(cbor2.loads(payload))
    if number == 60:
        value = cbor2.loads(payload)
        if isinstance(value, datetime.datetime):
            value = int(value.timestamp())
        return {tuple(int(x) for x in target.split("/")[1:]): value}
    return None


def field(path, value):
    if kind(path) == "l":
        return "vlo"
    return {bool: 4, int: 2, float: 2, str: 3, bytes: 8}[type(value)]


def indefinite(item):
    """Arrays and maps that end with a break, strings in pieces."""
    if isinstance(item, dict):
        return b"\xbf" + b"".join(indefinite(k) + indefinite(v) for k, v in item.items()) + b"\xff"
    if isinstance(item, (list, tuple)):
        return b"\x9f" + b"".join(indefinite(i) for i in item) + b"\xff"
    if isinstance(item, bytes):
        return b"\x5f" + b"".join(cbor2.dumps(item[i:i + 3]) for i in range(0, len(item), 3)) + b"\xff"
    if isinstance(item, str) and item.isascii():
        return b"\x7f" + b"".join(cbor2.dumps(item[i:i + 3]) for i in range(0, len(item), 3)) + b"\xff"
    return cbor2.dumps(item)


def text(path):
    return "/" + "/".join(str(x) for x in path)


def encode(number, target, values, rng):
    items = list(values.items())
    rng.shuffle(items)
    if number == 112:
        records = [{field(p, v): v, -2: text(p)[:5], 0: text(p)[5:]} for p, v in items]
        yield cbor2.dumps(records)
        yield indefinite(records)
        yield cbor2.dumps([{0: text(p), field(p, v): v} for p, v in items], canonical=True)
    elif number == 110:
        names = {2: "v", 3: "vs", 4: "vb", 8: "vd", "vlo": "vlo"}
        records = [{names[field(p, v)]: base64.b64encode(v).decode() if type(v) is bytes else v, "n": text(p)}
                   for p, v in items]
        yield json.dumps(records, indent=1).encode()
        yield json.dumps(records, ensure_ascii=False).encode()
    elif number == 11544:
        yield cbor2.dumps({p: v for p, v in items})
        two = {}
        for p, v in items:
            two.setdefault(p[:2], {})[p[2:] if len(p) > 3 else p[2]] = v
        yield cbor2.dumps(two)
        yield indefinite(two)
    elif number == 60:
        yield indefinite(items[0][1])


def main():
    good = bad = 0
    rng = random.Random(1)
    with open(sys.argv[2], "w", encoding="ascii") as out, open(sys.argv[3], "w", encoding="ascii") as read:
        for line in open(sys.argv[1], encoding="ascii"):
            number, target, payload, expected = line.rstrip("\n").split("\t")
            try:
                values = decode(int(number), target, bytes.fromhex(payload))
            except Exception as e:  # whatever it is, it is a finding
                print(number, target, payload, "\n ", repr(e))
                bad += 1
                continue
            if values is None:
                continue
            said = "|".join(text(p) + "=" + say(p, v) for p, v in sorted(values.items()))
            if said == expected:
                good += 1
                print(number, target, sep="\t", file=read)
            else:
                bad += 1
                print(number, target, payload, "\n  is      ", said, "\n  expected", expected)
            for again in encode(int(number), target, values, rng):
                print(number, target, again.hex(), expected, sep="\t", file=out)
    print("%d read as they should, %d not" % (good, bad))
    sys.exit(bad > 0 or good == 0)


if __name__ == "__main__":
    main()
