"""Working on a plan: which shards are left, with which engine, and when to stop."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from tress.batch.lease import Leases, refuse_if_held
from tress.batch.ledger import Journal
from tress.batch.local_engine import LocalEngine
from tress.batch.planfile import new_id, read_plan
from tress.batch.pool import Ready
from tress.batch.progress import Counts, Ending, ProgressCallback, Summary
from tress.batch.rows import Row
from tress.batch.shard import Retry
from tress.batch.status import Count, count_shard, summarise
from tress.batch.store import Store, open_store
from tress.batch.task import Engine, How, Task
from tress.batch.worker import Config
from tress.errors import InputError

_LOOK_SECONDS = 2.0
# Below so many pictures a share of failures says little.
_FEWEST_FOR_A_RATE = 20


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
        stop: to end the run from another thread: pictures in hand are finished, and the ledger is written.  The run
            sets it itself when too many have failed.

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
    _wait_until_free(store, wanted, how.wait_s, stop)
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


def _wait_until_free(store: Store, shards: list[int], seconds: float, stop: threading.Event) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            refuse_if_held(store, shards)
        except InputError:
            if time.monotonic() >= deadline or stop.wait(_LOOK_SECONDS):
                raise
        else:
            return


def _sum(counts: Iterable[Count]) -> Count:
    total = Count()
    for count in counts:
        total += count
    return total
