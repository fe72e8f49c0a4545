"""Whose request is worked on next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

_Waiting: TypeAlias = "tuple[str, asyncio.Future[None]]"
# Who stands poorly has one turn after so many of others: slow, but never shut out.
_TURNS_OF_OTHERS = 16


class Turns:
    """Hands out threads: first come, first served, but clients that stand poorly come after the others.

    Belongs to one event loop.

    Args:
        threads: that work at once.
        is_poor: whether a client stands poorly.
    """

    def __init__(self, threads: int, is_poor: Callable[[str], bool]) -> None:
        self._free = threads
        self._is_poor = is_poor
        self._waiting: deque[_Waiting] = deque()
        # Turns in which somebody who stands poorly has been passed over since one of them had one.
        self._passed_over = 0

    @asynccontextmanager
    async def take(self, client: str) -> AsyncIterator[None]:
        """Waits for a thread, and holds it.

        Args:
            client: whose request it is for.
        """
        await self._turn(client)
        try:
            yield
        finally:
            self._give_back()

    async def _turn(self, client: str) -> None:
        if self._free:
            self._free -= 1
            return
        waiting = client, asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            await waiting[1]
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:
                self._give_back()
            raise

    def _give_back(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        chosen = self._next()
        self._waiting.remove(chosen)
        if chosen[1].cancelled():
            # It had not noticed yet, and passes its turn on when it does.
            return
        chosen[1].set_result(None)

    def _next(self) -> _Waiting:
        first = self._waiting[0]
        well = next((waiting for waiting in self._waiting if not self._is_poor(waiting[0])), first)
        if well is first:
            if self._is_poor(first[0]):
                self._passed_over = 0
            return first
        if self._passed_over >= _TURNS_OF_OTHERS:
            self._passed_over = 0
            return next(waiting for waiting in self._waiting if self._is_poor(waiting[0]))
        self._passed_over += 1
        return well
