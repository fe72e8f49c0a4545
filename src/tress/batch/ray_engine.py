"""The same plan on a Ray cluster: actors with a worker process each take shard after shard.

Ray places actors and says when one is lost; ledger, resume and retries stay ours.  A lost shard goes to another actor,
which goes on inside it where the ledger ends.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tress.batch.lease import Leases
from tress.batch.ledger import read_shard
from tress.batch.local_engine import drive
from tress.batch.planfile import new_id, read_plan
from tress.batch.pool import Pool, Ready
from tress.batch.rows import Row
from tress.batch.shard import Retry
from tress.batch.store import missing, open_store
from tress.batch.task import How, Task, Told
from tress.batch.worker import Config, now
from tress.errors import InputError, ModelError, TressError

# Pictures never go through Ray's object store, only rows do.
_OBJECT_STORE_BYTES = 100 << 20
_TICK_SECONDS = 0.5
# A shard whose actors die again and again, without a single row in between, will not be finished by more of them.
_VAIN_ATTEMPTS = 5
_THREADS = 2


@dataclass(frozen=True)
class RayEngine:
    """Works on shards on a Ray cluster.

    Attributes:
        address: of the cluster, such as ``auto``; None starts one on this machine, unless this process has one.
        num_cpus: of each actor; None is the threads of its worker.
        num_gpus: of each actor.
    """

    address: str | None = None
    num_cpus: float | None = None
    num_gpus: float = 0.0

    def __call__(self, task: Task, leases: Leases, told: Told, ready: Callable[[Ready], None]) -> None:
        """As ``task.Engine``.

        Raises:
            InputError: ``extra_missing``, ``cluster_unreachable``, ``cluster_too_small``, ``shard_lost``.
        """
        try:
            import ray
        except ImportError:
            raise missing("ray", "ray", "for --engine ray") from None
        is_ours = not ray.is_initialized()
        if is_ours:
            self._connect(ray)
        try:
            _Driver(ray, self, task, leases, told, ready).run()
        finally:
            if is_ours:
                ray.shutdown()

    def _connect(self, ray: Any) -> None:
        local = {"include_dashboard": False, "object_store_memory": _OBJECT_STORE_BYTES}
        try:
            ray.init(
                address=self.address, log_to_driver=False, logging_level="warning", **({} if self.address else local)
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(
                "cluster_unreachable",
                f"there is no Ray cluster at {self.address or 'this machine'}: {error}",
                hint="check --address, or leave it out for a cluster on this machine",
            ) from error


@dataclass
class _Member:
    """An actor and what it does.

    answer: what it was asked last: whether it is there, and then for news of its shard.
    """

    actor: Any
    answer: Any
    shard: int | None = None
    is_up: bool = False


@dataclass
class _Shard:
    """What is known of a shard that an actor has or had.

    told: its inputs whose rows were told.  vain: attempts since the last row.
    """

    told: set[str] = field(default_factory=set)
    attempts: int = 0
    vain: int = 0


class _Driver:
    """Gives shards to actors, hears their rows, and replaces those that are lost.  Used by one thread."""

    def __init__(
        self, ray: Any, engine: RayEngine, task: Task, leases: Leases, told: Told, ready: Callable[[Ready], None]
    ) -> None:
        self._ray, self._engine, self._task, self._leases = ray, engine, task, leases
        self._told, self._ready = told, ready
        self._todo = deque(task.shards)
        self._shards = {shard: _Shard() for shard in task.shards}
        self._members: list[_Member] = []
        self._started = now()
        self._is_ready = self._is_stopping = False
        self._vain_starts = 0

    def run(self) -> None:
        try:
            for _ in range(self._count()):
                self._members.append(self._member())
            while self._todo or any(member.shard is not None for member in self._members):
                self._give_shards()
                if self._is_stopping and all(member.shard is None for member in self._members):
                    break
                self._hear()
                if self._leases.lost is not None:
                    raise self._leases.lost
        finally:
            for member in self._members:
                self._ray.kill(member.actor)

    def _count(self) -> int:
        """How many actors: as asked for, or as many as the cluster has room for.

        One that is still growing gets as long as ``wait_s`` for the first place.
        """
        deadline = time.monotonic() + self._task.how.wait_s
        while (places := self._places()) < 1 and time.monotonic() < deadline:
            time.sleep(_TICK_SECONDS)
        if places < 1:
            raise InputError(
                "cluster_too_small",
                f"no worker with {self._num_cpus:g} cores and {self._engine.num_gpus:g} GPUs fits into the cluster",
                hint="set --num-cpus and --num-gpus",
            )
        return min(self._task.how.workers or int(places), len(self._task.shards))

    def _places(self) -> float:
        there = self._ray.cluster_resources()
        places = there.get("CPU", 0) / max(self._num_cpus, 0.001)
        return min(places, there.get("GPU", 0) / self._engine.num_gpus) if self._engine.num_gpus else places

    @property
    def _num_cpus(self) -> float:
        if self._engine.num_cpus is not None:
            return self._engine.num_cpus
        return self._task.how.threads or min(_THREADS, max(1, int(self._ray.cluster_resources().get("CPU", 1))))

    def _member(self) -> _Member:
        config = replace(self._task.config, threads=self._task.how.threads or max(1, round(self._num_cpus)))
        codes = None if self._task.retry is None else sorted(self._task.retry.codes)
        # Rows and stop are asked for while the actor works.
        options = {"num_cpus": self._num_cpus, "num_gpus": self._engine.num_gpus, "max_concurrency": 4}
        made = self._ray.remote(ShardActor).options(scheduling_strategy="SPREAD", **options)
        actor = made.remote(asdict(config), codes, self._task.how.timeout_s)
        return _Member(actor, actor.hello.remote())

    def _give_shards(self) -> None:
        if self._task.stop.is_set() and not self._is_stopping:
            self._is_stopping = True
            self._todo.clear()
            for member in self._members:
                member.actor.stop.remote()
        for member in self._members:
            if member.is_up and member.shard is None and self._todo:
                shard = self._todo.popleft()
                if not self._shards[shard].attempts:
                    self._leases.take(shard)
                self._shards[shard].attempts += 1
                member.actor.work.remote(shard)
                member.shard, member.answer = shard, member.actor.news.remote()

    def _hear(self) -> None:
        asked = {member.answer: member for member in self._members if member.answer is not None}
        done, _ = self._ray.wait(list(asked), num_returns=1, timeout=_TICK_SECONDS)
        for ref in done:
            member = asked[ref]
            try:
                answer = self._ray.get(ref)
            except self._ray.exceptions.RayActorError as error:
                self._replace(member, error)
                continue
            if not member.is_up:
                member.is_up, member.answer = True, None
                self._vain_starts = 0
                continue
            self._tell(member, answer)
            if answer["is_over"]:
                self._finished(member, answer["failure"])
            else:
                member.answer = member.actor.news.remote()

    def _tell(self, member: _Member, news: dict[str, Any]) -> None:
        if news["ready"] and not self._is_ready:
            self._is_ready = True
            self._ready(Ready(**{**news["ready"], "warnings": tuple(news["ready"]["warnings"])}))
        for values, settled in news["rows"]:
            row = Row.from_json(values)
            if member.shard is not None:
                self._shards[member.shard].told.add(row.input)
                self._shards[member.shard].vain = 0
            self._told(row, settled=settled)

    def _finished(self, member: _Member, failure: dict[str, str] | None) -> None:
        assert member.shard is not None
        if failure is not None:
            kind = ModelError if failure["kind"] == "ModelError" else InputError
            raise kind(failure["code"], failure["message"], hint=failure["hint"])
        shard, member.shard, member.answer = member.shard, None, None
        known = self._shards.pop(shard)
        if known.attempts > 1:
            # Rows that a lost actor had written, but not told of.
            for row in read_shard(self._task.store, shard).rows.values():
                if row.finished >= self._started and row.input not in known.told:
                    self._told(row)
        self._leases.give_back(shard)

    def _replace(self, member: _Member, error: Exception) -> None:
        """Another actor for one that was lost with its node; its shard goes to whoever is free first."""
        if member not in self._members:
            return
        self._members.remove(member)
        if not member.is_up:
            self._vain_starts += 1
            if self._vain_starts >= _VAIN_ATTEMPTS + len(self._members):
                raise InputError(
                    "actors_die",
                    f"actors end before they have begun: {error}",
                    hint="the cluster's machines need the same tress and Python as this one; see Ray's logs",
                ) from error
        if member.shard is not None:
            known = self._shards[member.shard]
            known.vain += 1
            if known.vain >= _VAIN_ATTEMPTS:
                raise InputError(
                    "shard_lost",
                    f"shard {member.shard} was lost with its actor {known.vain} times in a row",
                    hint="look into Ray's logs; memory may be short",
                )
            if not self._is_stopping:
                self._todo.appendleft(member.shard)
        self._members.append(self._member())


class ShardActor:
    """Works on shards somewhere in the cluster, with one worker process that stays from shard to shard.

    Args:
        config: of the worker.
        codes: of failures to retry; None works on what is left.
        timeout_s: for one picture.
    """

    def __init__(self, config: dict[str, Any], codes: list[str] | None, timeout_s: float) -> None:
        self._config = Config(**config)
        self._retry = None if codes is None else Retry(frozenset(codes))
        self._how = How(timeout_s=timeout_s)
        self._stop = threading.Event()
        # Rows, and whether the plan itself settled them; None when the shard is over.
        self._rows: queue.Queue[tuple[dict[str, Any], bool] | None] = queue.Queue()
        self._failure: dict[str, str] | None = None
        self._pool: Pool | None = None
        self._ready: Ready | None = None

    def hello(self) -> None:
        """Answers as soon as the actor has found its place."""

    def work(self, shard: int) -> None:
        """Works on one shard; ``news`` tells how it goes."""
        self._failure = {"kind": "", "code": "internal_error", "message": "the actor failed", "hint": "see Ray's logs"}
        try:
            store = open_store(self._config.output)
            if self._pool is None:
                self._pool = Pool(self._config, workers=1, timeout_s=self._how.timeout_s)
            task = Task(
                store=store,
                plan=read_plan(store),
                shards=[shard],
                run=new_id(),
                config=self._config,
                retry=self._retry,
                how=self._how,
                stop=self._stop,
            )
            drive(self._pool, task, _HeldByDriver(), self._hear, self._hear_ready)
        except TressError as error:
            kind = type(error).__name__
            self._failure = {"kind": kind, "code": error.code, "message": error.message, "hint": error.hint}
        else:
            self._failure = None
        finally:
            self._rows.put(None)

    def news(self) -> dict[str, Any]:
        """The rows since the last question, after waiting a moment for the first one; and whether the shard is over."""
        heard: list[tuple[dict[str, Any], bool] | None] = []
        with contextlib.suppress(queue.Empty):
            heard.append(self._rows.get(timeout=_TICK_SECONDS))
            while heard[-1] is not None:
                heard.append(self._rows.get_nowait())
        is_over = bool(heard) and heard[-1] is None
        return {
            "rows": [row for row in heard if row is not None],
            "is_over": is_over,
            "failure": self._failure if is_over else None,
            "ready": self._ready and asdict(self._ready),
        }

    def stop(self) -> None:
        """Ends the shard with the pictures in hand."""
        self._stop.set()

    def _hear(self, row: Row, *, settled: bool = False) -> None:
        self._rows.put((asdict(row), settled))

    def _hear_ready(self, what: Ready) -> None:
        self._ready = what


class _HeldByDriver:
    """The leases of an actor: the driver has them, and lives longer."""

    lost: InputError | None = None

    def take(self, shard: int) -> None:
        pass

    def give_back(self, shard: int) -> None:
        pass
