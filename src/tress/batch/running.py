"""Working on a plan: which shards, with which engine, and when to stop."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from tress.batch.lease import Leases, refuse_if_held
from tress.batch.ledger import Journal
from tress.batch.planfile import Plan, new_id, read_plan
from tress.batch.pool import Lost, Pool, Ready
from tress.batch.progress import Counts, Ending, ProgressCallback, Summary
from tress.batch.rows import Row
from tress.batch.shard import Retry, ShardWork
from tress.batch.status import Count, count_shard, summarise
from tress.batch.store import Store, open_store
from tress.batch.worker import Config, Job
from tress.engine import usable_cores
from tress.errors import InputError, TressError

_TICK_SECONDS = 0.5
# Below so many pictures a share of failures says little.
_FEWEST_FOR_A_RATE = 20


@dataclass(frozen=True, kw_only=True)
class How:
    """How to work on a plan.

    Attributes:
        workers: processes; None is one for every two cores.
        threads: of each, for the networks; None shares the cores among them.
        timeout_s: longest time for one picture.
        part: ``(k, n)``: only every n-th shard, from the k-th on, for n machines that each have another k.
        max_failure_rate: stop when more than this share of the pictures of this run has failed; None never does.
    """

    workers: int | None = None
    threads: int | None = None
    timeout_s: float = 300.0
    part: tuple[int, int] | None = None
    max_failure_rate: float | None = None

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


def run(
    destination: str,
    *,
    how: How | None = None,
    retry: Retry | None = None,
    engine: Engine | None = None,
    progress: ProgressCallback | None = None,
    ready: Callable[[Ready], None] | None = None,
    stop: threading.Event | None = None,
) -> Summary:
    """Works on the plan at a destination; what the ledger has already is not done again.

    Args:
        destination: folder or address.
        how: processes, threads, limits.
        retry: take failed inputs instead of those that are left.
        engine: None is processes on this machine.
        progress: called after every picture, by the calling thread.
        ready: called with what runs where, when the networks are loaded.
        stop: to end the run from another thread: pictures in hand are finished, and the ledger is written.

    Returns:
        What the ledger says of the shards worked on.

    Raises:
        InputError: ``plan_missing``, ``run_in_progress`` (says who works on it), ``disk_full`` and others of the
            destination; never one of a single picture.
        ModelError: the model or the device is not available.
    """
    how, stop = how or How(), stop or threading.Event()
    store = open_store(destination)
    plan = read_plan(store)
    wanted = how.shards(plan)
    refuse_if_held(store, wanted)
    model_digest = plan.settings.model_digest()
    counted = {shard: count_shard(store, plan, shard, model_digest, retry) for shard in wanted}
    total = _sum(counted.values())
    counts = Counts(total.total, total.statuses, progress)
    ending: Ending = "complete"

    def told(row: Row, *, settled: bool = False) -> None:
        nonlocal ending
        counts.add(row, settled=settled)
        limit = how.max_failure_rate
        if limit is not None and counts.made >= _FEWEST_FOR_A_RATE and counts.made_failed > limit * counts.made:
            ending = "too_many_failed"
            stop.set()

    def is_ready(what: Ready) -> None:
        counts.start()
        if ready is not None:
            ready(what)

    task = Task(
        store=store,
        plan=plan,
        shards=[shard for shard in wanted if counted[shard].left],
        run=new_id(),
        config=Config(
            settings=plan.settings.to_json(),
            output=store.address,
            options_digest=plan.settings.options_digest,
            model_digest=model_digest,
            threads=None,
        ),
        retry=retry,
        how=how,
        stop=stop,
    )
    leases = Leases(store, task.run)
    try:
        for shard in wanted:
            if counted[shard].unmerged and not counted[shard].left:
                leases.take(shard)
                Journal(store, shard, task.run).close()
                leases.give_back(shard)
        if task.shards and engine is not None:
            engine(task, leases, told, is_ready)
        elif task.shards:
            with contextlib.closing(LocalEngine()) as local:
                local(task, leases, told, is_ready)
    finally:
        leases.close()
    if stop.is_set() and ending == "complete":
        ending = "interrupted"
    end = _sum(count_shard(store, plan, shard, model_digest) for shard in wanted)
    return replace(summarise(end), ending=ending, made=counts.made, seconds=counts.seconds)


class LocalEngine:
    """Works on shards with processes of this machine, which stay for the next run until ``close``."""

    def __init__(self) -> None:
        self._pool: Pool | None = None
        self._for: tuple[Config, How] | None = None

    def __call__(self, task: Task, leases: Leases, told: Told, ready: Callable[[Ready], None]) -> None:
        """As ``Engine``."""
        workers, threads = task.how.budget()
        config = replace(task.config, threads=threads)
        if self._pool is None or self._for != (config, task.how):
            self.close()
            self._pool = Pool(config, workers=workers, timeout_s=task.how.timeout_s)
            self._for = (config, task.how)
        try:
            drive(self._pool, task, leases, told, ready)
        except BaseException:
            # With pictures in hand that nobody waits for.
            self.close()
            raise

    def close(self) -> None:
        """Ends the processes."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()


def drive(pool: Pool, task: Task, leases: Held, told: Told, ready: Callable[[Ready], None]) -> None:
    """Brings jobs of the task's shards to a pool and rows to the ledger, shard after shard without a pause between."""
    stream = _Stream(task, leases, told)
    is_ready = pool.ready is not None
    if pool.ready is not None:
        ready(pool.ready)
    try:
        while True:
            while not task.stop.is_set() and pool.wants and (job := stream.next_job()) is not None:
                pool.submit(job)
            if task.stop.is_set():
                pool.withdraw()
            if not pool.busy:
                break
            for job, answer in pool.wait(_TICK_SECONDS):
                stream.answered(job, answer)
            if not is_ready and pool.ready is not None:
                is_ready = True
                ready(pool.ready)
            if leases.lost is not None:
                raise leases.lost
            stream.flush_if_due()
        stream.close()
    except BaseException:
        stream.abandon()
        raise


class _Stream:
    """The jobs of one shard after another; each shard is opened when its turn comes and closed with its last answer."""

    def __init__(self, task: Task, leases: Held, told: Told) -> None:
        self._task, self._leases, self._told = task, leases, told
        self._coming = iter(task.shards)
        self._current: ShardWork | None = None
        self._open: dict[str, ShardWork] = {}

    def next_job(self) -> Job | None:
        while True:
            job = self._current.next_job() if self._current is not None else None
            if job is not None:
                return job
            self._close_if_done(self._current)
            shard = next(self._coming, None)
            if shard is None:
                self._current = None
                return None
            self._current = self._opened(shard)

    def answered(self, job: Job, answer: Row | Lost) -> None:
        work = self._open[job.mark]
        self._told(work.answered(job, answer))
        self._close_if_done(work)

    def flush_if_due(self) -> None:
        for work in self._open.values():
            work.flush_if_due()

    def close(self) -> None:
        for work in list(self._open.values()):
            self._close(work)

    def abandon(self) -> None:
        for work in self._open.values():
            # Whatever stopped the run may stop this too; the next run reads what is there.
            with contextlib.suppress(TressError):
                work.abandon()

    def _opened(self, shard: int) -> ShardWork:
        task = self._task
        self._leases.take(shard)
        work = ShardWork(task.store, task.plan, shard, run=task.run, config=task.config, retry=task.retry)
        self._open[work.mark] = work
        for row in work.settled:
            self._told(row, settled=True)
        return work

    def _close_if_done(self, work: ShardWork | None) -> None:
        if work is not None and work.is_done and work.mark in self._open:
            self._close(work)

    def _close(self, work: ShardWork) -> None:
        work.close()
        del self._open[work.mark]
        self._leases.give_back(work.shard)


def _sum(counts: Iterable[Count]) -> Count:
    total = Count()
    for count in counts:
        total += count
    return total
