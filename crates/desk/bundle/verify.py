#!/usr/bin/env python3
"""Verifies a desk's bundle with nothing but Python: chain, clock, Merkle roots, Ed25519 signatures (RFC 8032)."""
import base64
import hashlib
import json
import os
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(p, q):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = p, q
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(n, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = add(q, p)
        p, n = add(p, p), n >> 1
    return q


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public, message, signature):
    a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def checkpoint(note, key):
    """Size and root of a checkpoint that this key signed."""
    name, key_id, encoded = key.strip().split("+", 2)
    public = base64.b64decode(encoded)
    text, _, lines = note.partition("\n\n")
    text += "\n"
    for line in lines.splitlines():
        _, by, data = line.split(" ")
        data = base64.b64decode(data)
        if by == name and data[:4].hex() == key_id and public[0] == 1 and signed(public[1:], text.encode(), data[4:]):
            origin, size, root = text.splitlines()[:3]
            return int(size), base64.b64decode(root)
    raise ValueError("not signed by this key")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: verify.py KEY   (a public key, or a file that holds it)")
    here = os.path.dirname(os.path.abspath(__file__))
    key = open(sys.argv[1]).read() if os.path.exists(sys.argv[1]) else sys.argv[1]
    found, wanted = [], {}
    for file in sorted(os.listdir(os.path.join(here, "checkpoints"))):
        try:
            size, root = checkpoint(open(os.path.join(here, "checkpoints", file), encoding="utf-8", newline="").read(), key)
            wanted[size] = root
        except ValueError as error:
            found.append(f"checkpoint {file}: {error}")
    peaks, previous, at, size, last = [], "0" * 64, "", 0, 0
    with open(os.path.join(here, "entries.jsonl"), "rb") as lines:
        for line in lines:
            body = line.rstrip(b"\n")
            entry = json.loads(body)
            if entry["seq"] != last + 1:
                found.append(f"entry {entry['seq']} stands where {last + 1} belongs: removed, reordered or doubled")
            elif entry["prev"] != previous:
                found.append(f"entry {entry['seq'] - 1} was changed: it does not give the hash that entry {entry['seq']} holds")
            moment = entry["at"].rstrip("Z").split(".")
            moment = (moment[0], (moment[1] if len(moment) > 1 else "").ljust(9, "0"))
            if at and moment < at:
                found.append(f"entry {entry['seq']} is dated back")
            at, last, previous = moment, entry["seq"], sha(body).hex()
            size, node, level = size + 1, sha(b"\0", sha(body)), 0
            while size >> level & 1 == 0:
                node, level = sha(b"\1", peaks.pop(), node), level + 1
            peaks.append(node)
            if size in wanted:
                root = peaks[-1]
                for peak in reversed(peaks[:-1]):
                    root = sha(b"\1", peak, root)
                if root != wanted.pop(size):
                    found.append(f"the first {size} entries are not those that were signed for")
    found += [f"{s} entries were signed for, the log ends at {size}" for s in sorted(wanted)]
    print("\n".join(found) if found else f"{size} entries, chain and signatures hold")
    sys.exit(3 if found else 0)


main()
