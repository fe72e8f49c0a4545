"""How much one process takes on at once: requests, and megapixels of decoded pictures."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from tress.errors import BusyError


class Gate:
    """Counts accepted requests and decoded megapixels.  Belongs to one event loop.

    Args:
        running: requests that are worked on at once.
        waiting: requests that may wait behind them.
        megapixels: of all pictures that are decoded at the same time.
    """

    def __init__(self, running: int, waiting: int, megapixels: float) -> None:
        self.room = running + waiting
        self.running = running
        self.accepted = 0
        self.megapixels = megapixels
        self.megapixels_used = 0.0
        self._queue: deque[tuple[float, asyncio.Future[None]]] = deque()

    @property
    def queued(self) -> int:
        """Accepted requests beyond those that can be worked on at once: what to scale on."""
        return max(0, self.accepted - self.running)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Holds one of the places for requests.

        Raises:
            BusyError: all are taken.
        """
        if self.accepted >= self.room:
            raise BusyError(
                "queue_full", f"all {self.room} places for requests are taken", hint="try again in a few seconds"
            )
        self.accepted += 1
        try:
            yield
        finally:
            self.accepted -= 1

    @asynccontextmanager
    async def hold(self, megapixels: float) -> AsyncIterator[None]:
        """Waits, first come first served, until a picture of this size fits into memory."""
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
        try:
            yield
        finally:
            self._give_back(need)

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
