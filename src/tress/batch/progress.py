"""How far a run is, and how it ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from tress.batch.rows import STATUSES, Row

Ending: TypeAlias = Literal["complete", "interrupted", "too_many_failed"]


@dataclass(frozen=True)
class Summary:
    """What the ledger says of a plan, or of some of its shards.

    Attributes:
        total: inputs of the plan.
        ok, empty, failed, skipped: rows by status.
        left: inputs without a row that settles them.
        codes: how many failed with which code, and were skipped why.
        ending: how the run ended; ``complete`` says nothing about failed pictures.
        made: rows that this run added.
        seconds: the run's time, after the networks were loaded.
    """

    total: int
    ok: int = 0
    empty: int = 0
    failed: int = 0
    skipped: int = 0
    left: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    ending: Ending = "complete"
    made: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        total, ok, empty, failed, skipped: as in ``Summary``.
        made: pictures that this run worked on.
        seconds: since the networks were loaded.
        row: the latest one; None at the beginning.
    """

    total: int
    ok: int
    empty: int
    failed: int
    skipped: int
    made: int
    seconds: float
    row: Row | None

    @property
    def done(self) -> int:
        """Inputs that have a row."""
        return self.ok + self.empty + self.failed + self.skipped

    @property
    def pictures_per_second(self) -> float:
        """Of this run so far."""
        return self.made / self.seconds if self.seconds > 0 else 0.0

    @property
    def eta_seconds(self) -> float | None:
        """How long it will still take; None if that cannot be said yet."""
        rate = self.pictures_per_second
        return (self.total - self.done) / rate if rate else None


ProgressCallback: TypeAlias = Callable[[Progress], None]


class Counts:
    """Counts rows and tells about them.

    Args:
        total: inputs.
        before: rows that were there when the run began.
        tell: called after every row.
    """

    def __init__(self, total: int, before: Counter[str], tell: ProgressCallback | None) -> None:
        self._total, self._tell = total, tell
        self._counts = Counter(before)
        self.made = self.made_failed = 0
        self._started: float | None = None

    @property
    def seconds(self) -> float:
        """Since ``start``."""
        return 0.0 if self._started is None else time.monotonic() - self._started

    def start(self) -> None:
        """The networks are loaded."""
        self._started = time.monotonic()
        self._say(None)

    def add(self, row: Row, *, settled: bool = False) -> None:
        """One more row; ``settled``: by the plan itself, without any work."""
        self._counts[row.status] += 1
        if not settled:
            self.made += 1
            self.made_failed += row.status == "failed"
        self._say(row)

    def _say(self, row: Row | None) -> None:
        if self._tell is not None:
            by_status = {status: self._counts[status] for status in STATUSES}
            self._tell(Progress(self._total, **by_status, made=self.made, seconds=self.seconds, row=row))
