"""Working on shards with processes of this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from tress.batch.lease import Leases
from tress.batch.pool import Lost, Pool, Ready
from tress.batch.rows import Row
from tress.batch.shard import ShardWork
from tress.batch.task import Held, How, Task, Told
from tress.batch.worker import Config, Job
from tress.errors import TressError

_TICK_SECONDS = 0.5


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

    def processes(self) -> list[int]:
        """Numbers of the worker processes."""
        return self._pool.processes() if self._pool is not None else []

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
