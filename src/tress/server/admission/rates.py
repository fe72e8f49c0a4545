"""Requests a minute: one token bucket for each key, shared by all worker processes."""

from __future__ import annotations

import hashlib
import math
import multiprocessing
import time
from dataclasses import dataclass
from typing import Any

from tress.server.admission.keys import Caller

# Callers without a key share this many buckets, by the hash of their address.
_ANONYMOUS = 1024


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
    """

    def __init__(self, per_minute: int, keys: int) -> None:
        self.per_minute = per_minute
        self._keys = keys
        # Spent tokens and the time of the last look, so that zeroed memory means: nothing spent.
        self._table: Any = multiprocessing.get_context("spawn").Array("d", 2 * (keys + _ANONYMOUS))

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
        slot = caller.slot if caller.slot is not None else self._keys + _bucket(address)
        per_second = self.per_minute / 60
        with self._table.get_lock():
            spent, seen = self._table[2 * slot], self._table[2 * slot + 1]
            spent = max(0.0, spent - (now - seen) * per_second)
            allowed = spent + 1 <= self.per_minute
            spent += allowed
            self._table[2 * slot], self._table[2 * slot + 1] = spent, now
        retry = 0.0 if allowed else (spent + 1 - self.per_minute) / per_second
        return Allowance(allowed, self.per_minute, int(self.per_minute - spent), spent / per_second, retry)


def _bucket(address: str) -> int:
    return int.from_bytes(hashlib.sha256(address.encode()).digest()[:4], "big") % _ANONYMOUS
