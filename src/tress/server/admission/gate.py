"""How much one process takes on at once: requests, and megapixels of decoded pictures."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tress.errors import BusyError


class Gate:
    """Counts accepted requests and decoded megapixels.  Belongs to one event loop.

    Args:
        running: requests that are worked on at once.
        waiting: requests that may wait behind them.
        megapixels: of all pictures that are decoded at the same time.
        share: of the places, that one holder can have at most, from 0 to 1.

    Attributes:
        room: places for requests.
        accepted: places that are taken.
        queued: accepted requests that have come completely and that nobody works on yet: what to scale on.
        megapixels_used: of the pictures that are worked on.
    """

    def __init__(self, running: int, waiting: int, megapixels: float, share: float = 1.0) -> None:
        self.room = running + waiting
        self._most_each = max(1, math.ceil(share * self.room))
        self._held: Counter[str] = Counter()
        self.accepted = 0
        self.queued = 0
        self.megapixels = megapixels
        self.megapixels_used = 0.0
        self._queue: deque[tuple[float, asyncio.Future[None]]] = deque()

    @contextmanager
    def enter(self, holder: str = "") -> Iterator[None]:
        """Holds one of the places for requests.

        Args:
            holder: who takes it, such as the name of a key.

        Raises:
            BusyError: all are taken, or all that one holder can have.
        """
        if self.accepted >= self.room:
            raise BusyError(
                "queue_full", f"all {self.room} places for requests are taken", hint="try again in a few seconds"
            )
        if self._held[holder] >= self._most_each:
            raise BusyError(
                "queue_full",
                f"{self._most_each} requests with this key are being served, the most of the {self.room} places that "
                "one key can have",
                hint="send fewer at the same time",
            )
        self.accepted += 1
        self._held[holder] += 1
        try:
            yield
        finally:
            self.accepted -= 1
            self._held[holder] -= 1

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Counts a request that could be worked on."""
        self.queued += 1
        try:
            yield
        finally:
            self.queued -= 1

    async def hold(self, megapixels: float) -> ExitStack:
        """Waits, first come first served, until a picture of this size fits into memory.

        Returns:
            What gives the room back when it is left.
        """
        # A picture larger than the whole budget goes alone.
        need = min(megapixels, self.megapixels)
        if self._queue or self.megapixels_used + need > self.megapixels:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._queue.append((need, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.cancelled():
                    self._wake()
                else:
                    self._give_back(need)
                raise
        else:
            self.megapixels_used += need
        held = ExitStack()
        held.callback(self._give_back, need)
        return held

    def _give_back(self, need: float) -> None:
        self.megapixels_used -= need
        if not self._queue and self.megapixels_used < 1e-9:
            self.megapixels_used = 0.0
        self._wake()

    def _wake(self) -> None:
        while self._queue:
            need, turn = self._queue[0]
            if not turn.cancelled():
                if self.megapixels_used + need > self.megapixels + 1e-9:
                    return
                self.megapixels_used += need
                turn.set_result(None)
            self._queue.popleft()
