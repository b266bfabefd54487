#!/usr/bin/env python3
"""Verifies a desk's bundle with nothing but Python: chain, clock, Merkle roots, Ed25519 signatures (RFC 8032).

Exit status 0: nothing was found and a signature was checked; 3: something was found, or none could be checked; 1: no key.
"""
import base64
import datetime
import hashlib
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

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
    if len(public) != 32 or len(signature) != 64 or a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def decoded(text):
    """The bytes of a base64 text, of which there is one way to write them."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("it is not base64")
    return data


def keys_of(text):
    """Public keys, one a line; each as (name, number, 32 bytes)."""
    keys = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("PRIVATE+KEY+"):
            sys.exit("error: this is the secret key; the public one is in the file beside it that ends in .pub")
        try:
            name, number, encoded = line.split("+", 2)
            data, number = decoded(encoded), number.lower()
            if len(data) != 33 or data[0] != 1 or sha(name.encode() + b"\n" + data)[:4].hex() != number:
                raise ValueError
        except ValueError:
            sys.exit("error: this is no public key, and no file that holds one")
        keys.append((name, number, data[1:]))
    if not keys:
        sys.exit("error: no public key is in it")
    return keys


def parsed(note):
    """Text and signatures of a note."""
    text, mark, lines = note.rpartition("\n\n")
    if not mark or not lines.endswith("\n") or any(c < " " and c != "\n" for c in note):
        raise ValueError("it is no signed note")
    if len(note.encode()) > 1_000_000 or lines.count("\n") > 100:
        raise ValueError("it is no signed note")
    signatures = []
    for line in lines[:-1].split("\n"):
        parts = line.split(" ")
        try:
            if len(parts) != 3 or parts[0] != "\u2014" or not parts[1] or "+" in parts[1]:
                raise ValueError
            if any(map(str.isspace, parts[1])):
                raise ValueError
            data = decoded(parts[2])
            if len(data) < 5:
                raise ValueError
        except ValueError:
            raise ValueError("it is no signed note") from None
        signatures.append((parts[1], data[:4].hex(), data[4:]))
    return text + "\n", signatures


def said(text):
    """Size and root that a checkpoint states."""
    lines = text.split("\n")
    try:
        if len(lines) < 4 or lines[-1] or "" in lines[:-1] or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]):
            raise ValueError
        root = decoded(lines[2])
        if len(root) != 32:
            raise ValueError
    except ValueError:
        raise ValueError("it is no checkpoint") from None
    return int(lines[1]), root


def signer(text, signatures, keys):
    """The key that signed."""
    by, seen = None, set()
    for name, number, signature in signatures:
        for key in keys:
            if key[:2] != (name, number) or key in seen:
                continue
            seen.add(key)
            if not signed(key[2], text.encode(), signature):
                raise ValueError(f"the signature of {name}+{number} does not hold")
            by = by or f"{name}+{number}"
    if by is None:
        raise ValueError("no key that was given signed it")
    return by


def continues(proof, earlier, later):
    """Whether the log of a later checkpoint continues that of an earlier one (RFC 9162, 2.1.4.2)."""
    (size, root), (to, after) = earlier, later
    if not 0 < size <= to:
        return False
    hashes = []
    for line in proof.split("\n")[:-1] if proof.endswith("\n") or not proof else proof.split("\n"):
        try:
            data = decoded(line)
        except ValueError:
            return False
        if len(data) != 32:
            return False
        hashes.append(data)
    if size == to:
        return not hashes and root == after
    if size & (size - 1) == 0:
        hashes.insert(0, root)
    if not hashes:
        return False
    low, high = size - 1, to - 1
    while low & 1:
        low, high = low >> 1, high >> 1
    old = new = hashes[0]
    for node in hashes[1:]:
        if high == 0:
            return False
        if low & 1 or low == high:
            old, new = sha(b"\1", node, old), sha(b"\1", node, new)
            while not low & 1 and low:
                low, high = low >> 1, high >> 1
        else:
            new = sha(b"\1", new, node)
        low, high = low >> 1, high >> 1
    return old == root and new == after and high == 0


def files(folder, found):
    """The texts of a folder by name. What is no text is found."""
    texts = {}
    try:
        names = sorted(os.listdir(os.path.join(HERE, folder)))
    except OSError:
        found.append(f"{folder}/: the folder cannot be read, or is missing")
        return texts
    for name in names:
        if name.startswith("."):
            continue
        try:
            with open(os.path.join(HERE, folder, name), "rb") as file:
                texts[name] = file.read().decode("utf-8")
        except (OSError, ValueError):
            found.append(f"{folder}/{name}: it cannot be read, or is not UTF-8")
    return texts


MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)


def no_number(word):
    raise ValueError(f"{word} is no number")


def entry_of(body):
    """Place, link and moment of an entry, and the key of the command that it begins."""
    try:
        text = body.decode("utf-8")
    except ValueError:
        raise ValueError("it is not UTF-8") from None
    if not (text.startswith("{") and text.endswith("}")):
        raise ValueError("it is not one JSON object without anything around it")
    try:
        entry = json.loads(text, parse_constant=no_number)
        # A text that cannot be written as UTF-8 is none.
        json.dumps(entry, ensure_ascii=False).encode()
        seq, prev, at = entry["seq"], entry["prev"], entry["at"]
        moment = MOMENT.fullmatch(at)
        if type(seq) is not int or not 0 <= seq < 2**64 or type(prev) is not str or not moment:
            raise ValueError("place, link or moment is not written as one")
        key, digest = entry["key"], entry.get("digest", "")
        if type(key) is not str or type(digest) is not str:
            raise ValueError("the key of its command is not written as one")
        datetime.datetime.strptime(moment[1], "%Y-%m-%dT%H:%M:%S")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(str(error) or type(error).__name__) from None
    return seq, prev, at, (moment[1], (moment[2] or "").ljust(9, "0")), key if digest else None


class Log:
    """Chain, clock and tree, entry by entry."""

    def __init__(self, sizes):
        self.found, self.sizes, self.roots = [], sizes, {0: sha()}
        self.peaks, self.size, self.last = [], 0, 0
        self.expected, self.moment = "0" * 64, ("", "")
        self.at, self.keys = "", {}

    def line(self, body):
        own = sha(body)
        self.size, node, level = self.size + 1, sha(b"\0", own), 0
        while self.size >> level & 1 == 0:
            node, level = sha(b"\1", self.peaks.pop(), node), level + 1
        self.peaks.append(node)
        if self.size in self.sizes:
            root = self.peaks[-1]
            for peak in reversed(self.peaks[:-1]):
                root = sha(b"\1", peak, root)
            self.roots[self.size] = root
        try:
            seq, prev, at, moment, key = entry_of(body)
        except ValueError as error:
            self.found.append(f"place {self.size} holds no entry: {error}")
            self.expected, self.last = None, max(self.last, self.size)
            return
        if seq <= self.last:
            self.found.append(f"entry {seq} stands at place {self.size}: reordered or doubled")
            self.expected = None
        elif seq > self.last + 1:
            first = self.last + 1
            gone = f"entry {first} was" if first == seq - 1 else f"entries {first} to {seq - 1} were"
            self.found.append(f"{gone} removed")
            self.expected = None
        if self.expected is not None and self.expected != prev:
            self.found.append(f"entry {max(seq - 1, 1)} was changed: its text does not give the hash in the chain")
        if moment < self.moment:
            self.found.append(f"entry {seq} is dated back: {at}, after one of {self.at}")
        else:
            self.moment, self.at = moment, at
        if key is not None and self.keys.setdefault(key, seq) != seq:
            self.found.append(f"entry {seq} does the command of entry {self.keys[key]} again: they have one key")
        self.last, self.expected = max(self.last, seq, self.size), own.hex()


def rewritten(size, sound):
    span = f"entry {size} was rewritten" if sound + 1 == size else (
        f"they were rewritten somewhere from entry {sound + 1} to entry {size}"
    )
    known = f"up to entry {sound} they are as signed" if sound else "no earlier checkpoint says more closely where"
    return f"the first {size} entries are not those that were signed for: {span}; {known}"


def checkpoints(log, notes, keys, found):
    """Checkpoints against the log: the last entry signed, by whom, and how many signatures were checked."""
    upto, by, signatures, sound = 0, None, 0, 0
    for size, name, note in sorted(notes):
        try:
            text, lines = parsed(note)
            says, root = said(text)
        except ValueError as error:
            found.append(f"checkpoint of {size} entries: {error}")
            continue
        if says != int(name):
            found.append(f"the checkpoint kept as one of {name} entries says that it is one of {says}")
        try:
            key = signer(text, lines, keys)
        except ValueError as error:
            found.append(f"checkpoint of {says} entries: {error}")
            continue
        signatures += 1
        if says not in log.roots:
            found.append(f"{says} entries were signed for, the log ends at {log.size}")
        elif log.roots[says] != root:
            found.append(rewritten(says, sound))
        else:
            sound = says
            if says:
                upto, by = says, key
    return upto, by, signatures


def growth(notes, found):
    """Every proof that one checkpoint continues another, and that there is one for each."""
    proofs, order = files("growth", found), sorted((int(name), note) for _, name, note in notes)
    count = len(proofs)
    for (earlier, old), (later, new) in zip(order, order[1:]):
        proof = proofs.pop(f"{earlier}-{later}", None)
        if proof is None:
            found.append(f"growth/{earlier}-{later}: it is missing")
            continue
        try:
            pair = said(parsed(old)[0]), said(parsed(new)[0])
        except ValueError:
            continue
        if not continues(proof, *pair):
            found.append(f"growth/{earlier}-{later}: the later log does not continue the earlier one")
    found += [f"growth/{name}: no bundle has such a file" for name in sorted(proofs)]
    return count


def verify(keys):
    found, notes, sizes = [], [], set()
    for name, note in files("checkpoints", found).items():
        if not re.fullmatch("0|[1-9][0-9]{0,18}", name):
            found.append(f"checkpoints/{name}: no bundle has such a file")
            continue
        size = int(name)
        try:
            size = said(parsed(note)[0])[0]
        except ValueError:
            pass
        notes.append((size, name, note))
        sizes.add(size)
    log = Log(sizes)
    try:
        with open(os.path.join(HERE, "entries.jsonl"), "rb") as lines:
            for line in lines:
                log.line(line[:-1] if line.endswith(b"\n") else line)
    except OSError:
        found.append("entries.jsonl: it cannot be read, or is missing")
    held = []
    upto, by, signatures = checkpoints(log, notes, keys, held)
    proofs = growth(notes, found)
    found = log.found + held + found
    for finding in found:
        print("found:", finding)
    entries = "1 entry" if log.size == 1 else f"{log.size} entries"
    print(f"{entries}, {len(found)} found" if found else f"{entries}, and nothing found in what was examined")
    tail = "whoever holds the log could have written anew what is not signed"
    if upto:
        print(f"signed: entries 1 to {upto}, by {by}, in a checkpoint that lies beside the log")
        left = log.size - upto
        span = f"entry {log.size}" if left == 1 else f"entries {upto + 1} to {log.size}"
        print(f"not signed: {span}, which came after it; {tail}" if left > 0 else "not signed: none")
    else:
        why = "no checkpoint that was signed fits this log" if signatures else (
            "no signature was checked, though a key was given: there is no checkpoint that it signed"
        )
        print(f"signed: nothing; {why}")
        print(f"not signed: {entries}; {tail}")
    print(f"examined: entries ({log.size}), checkpoints ({len(notes)}), proofs of growth ({proofs})")
    print("not examined: key.pub, README.md and verify.py: they are the sender's, and prove nothing")
    print("not examined: what follows from the entries: records, balances, and whether one entry can follow another")
    print("not examined: whether each entry was rightly decided: no command is decided again, and who acted is what the entry says")
    return 3 if found or not signatures else 0


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: verify.py KEY   (a public key, or a file that holds it)")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    key = sys.argv[1]
    if os.path.exists(key):
        try:
            with open(key, encoding="utf-8") as file:
                key = file.read()
        except (OSError, ValueError):
            sys.exit("error: no public key can be read from that file")
    sys.exit(verify(keys_of(key)))


if __name__ == "__main__":
    main()
