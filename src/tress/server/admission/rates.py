"""Requests a minute: one token bucket for each key, shared by all worker processes."""

from __future__ import annotations

import contextlib
import hashlib
import math
import mmap
import os
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tress.server.admission.clients import client_of
from tress.server.admission.keys import Caller

try:
    import fcntl
except ImportError:  # Windows: processes that count at the same moment may count too little there
    fcntl = None  # type: ignore[assignment]

# Callers without a key share this many buckets, by the hash of their address.
_ANONYMOUS = 1 << 14
_BYTES = 8
_TRIES, _PAUSE_S = 50, 2e-4


@dataclass(frozen=True)
class Allowance:
    """What a caller may still do.

    Attributes:
        allowed: whether this request may pass.
        limit: requests a minute.
        remaining: requests that may follow at once.
        full_in_s: time until the whole limit is there again.
        retry_in_s: time until one request may pass; 0 if one may now.
    """

    allowed: bool
    limit: int
    remaining: int
    full_in_s: float
    retry_in_s: float

    def headers(self) -> dict[str, str]:
        """As remove.bg writes them; the reset is a Unix time."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(math.ceil(time.time() + self.full_in_s)),
        }
        if not self.allowed:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_in_s)))
        return headers


class RateLimiter:
    """Token buckets in memory that processes share.  Pass the same object to every worker.

    Args:
        per_minute: size of a bucket, which refills within a minute; 0 lets everything pass.
        keys: number of API keys.
        folder: where processes share their numbers, as a file; None for a single process.

    Raises:
        OSError: there is no room for them.
    """

    def __init__(self, per_minute: int, keys: int, folder: Path | None = None) -> None:
        self.per_minute = per_minute
        self._keys = keys
        # Nobody can reckon who shares a bucket with whom.
        self._salt = secrets.token_bytes(16)
        # Spent tokens and the time of the last look, so that zeroed memory means: nothing spent.
        self._size_bytes = 2 * (keys + _ANONYMOUS) * _BYTES
        self._path = folder / "rates" if folder and per_minute else None
        if self._path is not None:
            # All of it is written: memory behind a file that has no room on its disk ends the process when it is used.
            self._path.write_bytes(bytes(self._size_bytes))
        self._open()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_table", "_threads", "_file")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def take(self, caller: Caller, address: str, now: float | None = None) -> Allowance | None:
        """Counts one request.

        Args:
            caller: who sent it.
            address: the client's, which counts when there is no key.
            now: monotonic time in seconds; of the moment by default.

        Returns:
            The caller's allowance after it, or None if there is no limit.
        """
        if not self.per_minute:
            return None
        now = time.monotonic() if now is None else now
        slot = caller.slot if caller.slot is not None else self._keys + self._bucket(address)
        per_second = self.per_minute / 60
        with self._threads, self._alone():
            spent, seen = self._table[2 * slot], self._table[2 * slot + 1]
            spent = max(0.0, spent - (now - seen) * per_second)
            allowed = spent + 1 <= self.per_minute
            spent += allowed
            self._table[2 * slot], self._table[2 * slot + 1] = spent, now
        retry = 0.0 if allowed else (spent + 1 - self.per_minute) / per_second
        return Allowance(allowed, self.per_minute, int(self.per_minute - spent), spent / per_second, retry)

    def _open(self) -> None:
        self._threads = threading.Lock()
        self._file = -1 if self._path is None else os.open(self._path, os.O_RDWR)
        self._table = memoryview(mmap.mmap(self._file, self._size_bytes)).cast("d")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps other processes out, with a lock that the system takes away from a process that ends.

        A process that was halted keeps it: then the others go on without, and may count too little.
        """
        if self._file < 0 or fcntl is None:
            yield
            return
        for _ in range(_TRIES):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(_PAUSE_S)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _bucket(self, address: str) -> int:
        digest = hashlib.blake2b(client_of(address).encode(), key=self._salt, digest_size=4).digest()
        return int.from_bytes(digest, "big") % _ANONYMOUS
