"""What is left to do of a shard, as jobs; and the rows that come back."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import asdict, dataclass
from itertools import islice

from tress.batch.ledger import Journal, ShardState
from tress.batch.planfile import Item, Plan, read_items
from tress.batch.pool import Lost
from tress.batch.rows import Row
from tress.batch.sources import FOLDER_UNREAD
from tress.batch.store import LocalStore, Store
from tress.batch.worker import Config, Job, make_row

# Outputs that are said to come next at a time: each saying waits for the disk, or is an object.
_WINDOW, _REMOTE_WINDOW = 16, 64
# What a killed worker, or one that hung, may have left at its output.
_MAY_HAVE_WRITTEN = frozenset({"timeout", "worker_died"})


@dataclass(frozen=True)
class Retry:
    """Which inputs to take once more: the failed ones.

    codes: of these errors only; none is all.
    """

    codes: frozenset[str] = frozenset()

    def takes(self, item: Item, row: Row | None) -> bool:
        """Whether it takes this input."""
        is_failed = row is not None and row.status == "failed" and row.code != FOLDER_UNREAD
        return is_failed and row is not None and (not self.codes or row.code in self.codes)


def remaining(
    items: Collection[Item], state: ShardState, plan: Plan, model_digest: str | None, retry: Retry | None
) -> list[Item]:
    """The items that the ledger does not settle, in their order."""
    if retry is not None:
        return [item for item in items if retry.takes(item, state.rows.get(item.input))]
    return [item for item in items if not item.is_done(state.rows.get(item.input), plan, model_digest)]


def may_be_ours(output: str, row: Row | None, open_outputs: Collection[str]) -> bool:
    """Whether what lies at an output without a finished row was left there by a run that was killed."""
    if output in open_outputs:
        return True
    return row is not None and row.output == output and row.code in _MAY_HAVE_WRITTEN


class ShardWork:
    """One shard in the hands of one run.  Used by one thread; the caller holds the shard's lease.

    Args:
        store: the destination.
        plan: its header.
        shard: number.
        run: id of the run.
        config: of the workers.
        retry: take failed inputs instead of new ones.

    Attributes:
        settled: rows about inputs that the plan itself settled; they are in the ledger.
    """

    def __init__(
        self, store: Store, plan: Plan, shard: int, *, run: str, config: Config, retry: Retry | None = None
    ) -> None:
        self._plan, self._config, self._is_retry = plan, config, retry is not None
        self.shard = shard
        self._journal = Journal(store, shard, run)
        self._was_open = frozenset(self._journal.state.open)
        items = list(read_items(store, plan, shard))
        self._todo = deque(remaining(items, self._journal.state, plan, config.model_digest, retry))
        self._window = _WINDOW if isinstance(store, LocalStore) else _REMOTE_WINDOW
        self._begun: deque[Job] = deque()
        self._in_hand = 0
        self.settled: list[Row] = []
        if not self._is_retry:
            self._settle()

    @property
    def mark(self) -> str:
        """By which this shard's jobs are told from others: ``Job.mark``."""
        return self._journal.mark

    @property
    def is_done(self) -> bool:
        """Whether every job has been given out and answered."""
        return not (self._todo or self._begun or self._in_hand)

    def next_job(self) -> Job | None:
        """The next picture to work on; None if all have been given out."""
        if not self._begun:
            self._begun.extend(self._job(item) for item in islice(self._todo, self._window))
            for _ in self._begun:
                self._todo.popleft()
            if self._begun:
                self._journal.begin(job.output for job in self._begun)
        if not self._begun:
            return None
        self._in_hand += 1
        return self._begun.popleft()

    def answered(self, job: Job, answer: Row | Lost) -> Row:
        """Adds what became of a job to the ledger."""
        if isinstance(answer, Lost):
            answer = make_row(
                self._config,
                "failed",
                input=job.input,
                output=job.output,
                plan=job.plan,
                code=answer.code,
                message=answer.message,
            )
        self._journal.add(answer)
        self._in_hand -= 1
        return answer

    def flush_if_due(self) -> None:
        """Writes rows that have waited long enough."""
        self._journal.flush_if_due()

    def close(self) -> None:
        """Writes the ledger.  Jobs that were given out must all be answered or withdrawn."""
        self._journal.close()

    def abandon(self) -> None:
        """Leaves everything as it is, for the next run."""
        self._journal.abandon()

    def _settle(self) -> None:
        pending: deque[Item] = deque()
        for item in self._todo:
            if item.status is None:
                pending.append(item)
                continue
            row = make_row(
                self._config,
                item.status,
                input=item.input,
                output=item.output,
                plan=self._plan.id,
                code=item.code,
                message=item.message,
                input_bytes=item.size_bytes,
                input_version=item.version,
            )
            self._journal.add(row)
            self.settled.append(row)
        self._todo = pending

    def _job(self, item: Item) -> Job:
        row = self._journal.state.rows.get(item.input)
        earlier = row if row is not None and row.output == item.output else None
        own = earlier if earlier is not None and earlier.is_written else None
        same_making = own is not None and (own.options_digest, own.model_digest) == (
            self._config.options_digest,
            self._config.model_digest,
        )
        checked = not self._is_retry
        return Job(
            input=item.input,
            address=self._plan.address_of(item),
            output=item.output,
            plan=self._plan.id,
            size_bytes=item.size_bytes if checked else None,
            version=item.version if checked else None,
            mark=self.mark,
            may_replace=self._plan.overwrite or may_be_ours(item.output, row, self._was_open),
            replaces=own.output_digest if own is not None else None,
            keep_if=asdict(own) if own is not None and same_making and not item.again else None,
        )
