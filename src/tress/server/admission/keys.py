"""API keys: only their SHA-256 is kept, and comparing takes the same time for right and wrong ones."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tress.errors import InputError

ENVIRONMENT = "TRESS_API_KEYS"
_LINE = re.compile(r"(?:(?P<name>[A-Za-z0-9_.@-]{1,64}):)?(?P<digest>[0-9a-f]{64})")


@dataclass(frozen=True)
class Caller:
    """Who sent a request.

    Attributes:
        name: of the key, for logs and metrics; never the key itself.
        slot: number of the key, from 0; None without keys.
    """

    name: str
    slot: int | None = None


@dataclass(frozen=True)
class KeyRing:
    """The keys that are let in.

    Attributes:
        entries: name and SHA-256 (lower-case hexadecimal) of each key.
    """

    entries: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries)

    def identify(self, presented: str) -> Caller | None:
        """Whose key this is; None if nobody's."""
        digest = digest_of(presented)
        found = None
        for slot, (name, known) in enumerate(self.entries):
            if hmac.compare_digest(digest, known):
                found = Caller(name, slot)
        return found


def digest_of(key: str) -> str:
    """What is stored of a key.  Keys are long and random, so a fast hash is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def new_key(name: str) -> tuple[str, str]:
    """Makes a key.

    Args:
        name: for logs: letters, digits and ``. _ @ -``.

    Returns:
        The key, to be given to its owner and kept nowhere else, and the line for the key file.
    """
    key = f"tress_{secrets.token_urlsafe(32)}"
    line = f"{name}:{digest_of(key)}"
    read_keys([line], "name")
    return key, line


def read_keys(lines: Iterable[str], source: str) -> KeyRing:
    """Reads ``NAME:SHA256`` (or just ``SHA256``) entries; empty lines and lines with ``#`` in front are skipped.

    Args:
        lines: the entries.
        source: where they come from, for the error message.

    Raises:
        InputError: an entry is not understood, or a name stands twice.  The entry itself is not repeated, because it
            may be somebody's key.
    """
    entries: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if not match:
            raise InputError(
                "key_format",
                f"entry {number} of {source} is not NAME:SHA256",
                hint="store the key's SHA-256, never the key; `tress serve --new-key NAME` makes both",
            )
        name = match["name"] or f"key-{len(entries) + 1}"
        if name in dict(entries):
            raise InputError(
                "key_name", f"the name {name} stands twice in {source}", hint="give every key its own name"
            )
        entries.append((name, match["digest"]))
    return KeyRing(tuple(entries))


def load_keys(file: Path | None, environment: str | None) -> KeyRing:
    """Keys from a file (one entry a line) and from the environment (entries separated by commas).

    Raises:
        InputError: the file cannot be read or holds no key, or an entry is wrong.
    """
    lines: list[str] = []
    if file is not None:
        try:
            lines = file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("key_file", f"the key file {file} cannot be read: {error}") from error
        if not read_keys(lines, str(file)):
            raise InputError("key_file", f"the key file {file} holds no key", hint="`tress serve --new-key NAME`")
    if environment:
        lines += environment.split(",")
    return read_keys(lines, f"{file} and {ENVIRONMENT}" if file else ENVIRONMENT)
