"""Keyed pseudonyms of customers' ids. The key lies in a file beside the store, never in it.

Whoever has the store without the key cannot tell whose rows they are, nor try ids until one fits. The same id has the
same pseudonym in all imports of a store.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

from socialml.errors import UserError

_KEY_BYTES = 32
_FORM, _LONG = re.compile("h[0-9a-f]{32}"), 33


def key_file(store: Path) -> Path:
    """Where the key of a store lies."""
    return store.with_name(store.name + ".key")


class Pseudonyms:
    """Ids -> pseudonyms under one key. fingerprint: tells keys apart and nothing of them."""

    def __init__(self, key: bytes) -> None:
        self._hash = blake2b(key=key, digest_size=12, person=b"customer")
        self._start = int.from_bytes(blake2b(key=key, digest_size=4, person=b"check").digest(), "big")
        self.fingerprint = blake2b(key=key, digest_size=8, person=b"fingerprint").hexdigest()

    def of(self, text: str) -> str:
        """'h' and 32 hexadecimal digits; a pseudonym of this key stays what it is (as in mended rejects)."""
        if len(text) == _LONG and _FORM.fullmatch(text) and self._sum(text[1:25]) == text[25:]:
            return text
        one = self._hash.copy()
        one.update(text.encode("utf-8", "surrogatepass"))
        digits = one.hexdigest()
        return f"h{digits}{self._sum(digits)}"

    def _sum(self, digits: str) -> str:
        """Tells a pseudonym from an id that only looks like one; it guards nothing."""
        return f"{crc32(digits.encode(), self._start):08x}"


def read(file: Path) -> Pseudonyms | None:
    """With the key of a file; None without the file. UserError id_key_unreadable."""
    try:
        text = file.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(file) from error
    if len(key) != _KEY_BYTES:
        raise _unreadable(file)
    return Pseudonyms(key)


def read_or_make(file: Path) -> Pseudonyms:
    """With the key of a file, made if there is none: whole or not at all, for its owner only (mode 600)."""
    found = read(file)
    if found:
        return found
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(secrets.token_hex(_KEY_BYTES) + "\n")
            out.flush()
            os.fsync(out.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, file)  # unlike a rename, never in place of a key that another process made
    finally:
        part.unlink(missing_ok=True)
    made = read(file)
    if made is None:
        raise FileNotFoundError(file)
    return made


def _unreadable(file: Path) -> UserError:
    return UserError(
        "id_key_unreadable",
        f"{file} is no key for hashing ids, or cannot be read.",
        "Put back the file that was there when the ids were hashed.",
    )
