"""Who made decoders work for nothing lately."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

# More pictures refused than taken, by so many: whoever passes on what strangers send has a few of them.
_POOR, _WORST = 3, 8
_FORGOTTEN_S = 20.0
_MOST_CLIENTS = 4096


@dataclass
class _Account:
    points: int = 0
    refused_at: float = 0.0


class Standing:
    """Counts for each client how many more of its pictures were refused than taken.

    A client stands poorly from three on, and no longer than 20 s after the last one that was refused.
    """

    def __init__(self) -> None:
        # The one that was heard of least lately comes first.
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    def note(self, client: str, *, refused: bool, now: float | None = None) -> None:
        """Counts a request.

        Args:
            client: the name of a key, or an address.
            refused: a decoder could not read a picture of it.
            now: monotonic time in seconds; of the moment by default.
        """
        now = time.monotonic() if now is None else now
        account = self._accounts.pop(client, None) or _Account()
        if refused:
            points = account.points if self._counts(account, now) else 0
            account = _Account(min(points + 1, _WORST), now)
        else:
            account.points -= 1
        if account.points > 0:
            self._accounts[client] = account
        if len(self._accounts) > _MOST_CLIENTS:
            self._accounts.popitem(last=False)

    def is_poor(self, client: str, now: float | None = None) -> bool:
        """Whether this client comes after the others."""
        account = self._accounts.get(client)
        return (
            account is not None
            and account.points >= _POOR
            and self._counts(account, time.monotonic() if now is None else now)
        )

    @staticmethod
    def _counts(account: _Account, now: float) -> bool:
        return now - account.refused_at < _FORGOTTEN_S
