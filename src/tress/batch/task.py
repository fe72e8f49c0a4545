"""How a plan is worked on, and what an engine is given."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tress.batch.lease import Leases
from tress.batch.planfile import Plan
from tress.batch.pool import Ready
from tress.batch.rows import Row
from tress.batch.shard import Retry
from tress.batch.store import Store
from tress.batch.worker import Config
from tress.engine import usable_cores
from tress.errors import InputError


@dataclass(frozen=True, kw_only=True)
class How:
    """How to work on a plan.

    Attributes:
        workers: processes; None is one for every two cores.
        threads: of each, for the networks; None shares the cores among them.
        timeout_s: longest time for one picture.
        part: ``(k, n)``: only every n-th shard, from the k-th on, for n machines that each have another k.
        max_failure_rate: stop when more than this share of the pictures of this run has failed; None never does.
        wait_s: how long to wait for a shard that another run holds, which may be one that died with its machine, and
            for the first place in a cluster.
    """

    workers: int | None = None
    threads: int | None = None
    timeout_s: float = 300.0
    part: tuple[int, int] | None = None
    max_failure_rate: float | None = None
    wait_s: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("workers", self.workers), ("threads", self.threads)):
            if value is not None and value < 1:
                raise InputError("option_value", f"{name} is {value}, but it must be at least 1")
        # Comparisons that are also false for NaN.
        if not self.timeout_s > 0:
            raise InputError("option_value", f"timeout is {self.timeout_s:g}, but it must be more than 0")
        if self.max_failure_rate is not None and not 0 <= self.max_failure_rate <= 1:
            raise InputError("option_value", f"max-failure-rate is {self.max_failure_rate:g}, but it must be in 0..1")
        if self.part is not None and not 0 <= self.part[0] < self.part[1]:
            k, n = self.part
            raise InputError("option_value", f"shard is {k}/{n}, but it must be from 0/{n} to {n - 1}/{n}")

    def budget(self) -> tuple[int, int]:
        """Workers and threads for each, of this machine."""
        cores = usable_cores()
        workers = self.workers or max(1, cores // 2)
        return workers, self.threads or max(1, cores // workers)

    def shards(self, plan: Plan) -> list[int]:
        """The shards to work on.

        Raises:
            InputError: there are more parts than shards.
        """
        if self.part is None:
            return list(range(plan.shards))
        k, n = self.part
        if n > plan.shards:
            raise InputError(
                "too_many_parts",
                f"shard {k}/{n} cannot be had: the plan has {plan.shards} shards",
                hint=f"plan with --shards {n} into an empty destination",
            )
        return list(range(k, plan.shards, n))


@dataclass(frozen=True, kw_only=True)
class Task:
    """All that an engine needs.

    Attributes:
        store: the destination.
        plan: its header.
        shards: that have something left.
        run: id of the run.
        config: of the workers, without threads.
        retry: what to take, if not what is left.
        how: as asked for.
        stop: set when the run shall end with the pictures in hand.
    """

    store: Store
    plan: Plan
    shards: list[int]
    run: str
    config: Config
    retry: Retry | None
    how: How
    stop: threading.Event


class Held(Protocol):
    """What working on shards needs of ``Leases``."""

    @property
    def lost(self) -> InputError | None:
        """Why the run must stop."""

    def take(self, shard: int) -> None:
        """Takes a shard."""

    def give_back(self, shard: int) -> None:
        """Gives it back."""


class Told(Protocol):
    """Is called for every new row."""

    def __call__(self, row: Row, *, settled: bool = False) -> None:
        """Hears of a row; ``settled``: by the plan itself, without any work."""


class Engine(Protocol):
    """Works on shards."""

    def __call__(self, task: Task, leases: Leases, told: Told, ready: Callable[[Ready], None]) -> None:
        """Works until everything is done or ``task.stop`` is set.

        Args:
            task: what to do.
            leases: to take shards with.
            told: called for every new row, by the calling thread.
            ready: called once when networks are loaded.
        """
