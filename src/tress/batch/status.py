"""What the ledger says: counts, and all rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tress.batch.ledger import read_shard
from tress.batch.planfile import Plan, read_items, read_plan
from tress.batch.progress import Summary
from tress.batch.rows import STATUSES, Row
from tress.batch.shard import Retry, remaining
from tress.batch.store import Store, open_store


@dataclass
class Count:
    """Of one or more shards.

    total: inputs.  left: of them, those that have no row that settles them.  statuses, codes: of the rows that do.
    unmerged: journals that a run which was killed left beside the ledger.
    """

    total: int = 0
    left: int = 0
    unmerged: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: Count) -> Count:
        self.total += other.total
        self.left += other.left
        self.unmerged += other.unmerged
        self.statuses += other.statuses
        self.codes += other.codes
        return self


def status(destination: str) -> Summary:
    """What became of the plan at a destination so far; also while a run works on it.

    Args:
        destination: folder or address.

    Raises:
        InputError: there is no plan, or the ledger is damaged.
    """
    store = open_store(destination)
    plan = read_plan(store)
    count = Count()
    for shard in range(plan.shards):
        # Without a look at the networks, which this machine may not have.
        count += count_shard(store, plan, shard, None)
    return summarise(count)


def count_shard(store: Store, plan: Plan, shard: int, model_digest: str | None, retry: Retry | None = None) -> Count:
    """Counts a shard's inputs and rows.

    Args:
        store: the destination.
        plan: its header.
        shard: number.
        model_digest: of the networks on this machine: what they did not make is not done; None: any made it.
        retry: count as left what this takes.
    """
    state = read_shard(store, shard)
    items = list(read_items(store, plan, shard))
    left = {item.input for item in remaining(items, state, plan, model_digest, retry)}
    count = Count(len(items), len(left), len(state.journals))
    for item in items:
        row = state.rows.get(item.input)
        if item.input not in left and row is not None:
            count.statuses[row.status] += 1
            if row.code:
                count.codes[row.code] += 1
    return count


def summarise(count: Count) -> Summary:
    """Counts as a summary."""
    codes = dict(count.codes.most_common())
    by_status: dict[str, Any] = {status: count.statuses[status] for status in STATUSES}
    return Summary(total=count.total, left=count.left, codes=codes, **by_status)


def read_rows(destination: str, *, shards: Iterable[int] | None = None) -> Iterator[Row]:
    """The ledger's rows, one for each input that has one, also while a run works on it.

    Args:
        destination: folder or address.
        shards: of these only.

    Raises:
        InputError: there is no plan, or the ledger is damaged.
    """
    store = open_store(destination)
    plan = read_plan(store)
    for shard in range(plan.shards) if shards is None else shards:
        yield from read_shard(store, shard).rows.values()
