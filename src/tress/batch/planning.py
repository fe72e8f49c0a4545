"""Making a plan: every input, its result, and what stands in the way, before any work."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from tress.batch.lease import refuse_if_held
from tress.batch.ledger import ShardState, read_shard
from tress.batch.planfile import PLAN, STATE, Item, Plan, address_below, new_id, read_plan, shard_of, write_plan
from tress.batch.settings import Settings
from tress.batch.shard import may_be_ours, remaining
from tress.batch.sources import FOLDER_UNREAD, Found, open_source
from tress.batch.space import Space, space_for
from tress.batch.store import Store, is_remote, open_store
from tress.batch.worker import now
from tress.errors import InputError
from tress.io.encode import extension
from tress.io.naming import BESIDE, NameTemplate
from tress.io.plan import Existing, folded

_SHARDS, _SHARD_ITEMS = 16, 5_000
_NAME_BYTES = 255
_SHOWN = 3


@dataclass(frozen=True)
class Report:
    """What a plan found.

    Attributes:
        plan: its header.
        inputs: how many.
        input_bytes: of those whose size is known.
        to_do: inputs to work on.
        done: inputs that the ledger settles.
        settled: how many inputs will not be worked on, by code.
        examples: one message for every such code.
        space: for the results of what is to do.
        seconds: that planning took.
    """

    plan: Plan
    inputs: int
    input_bytes: int
    to_do: int
    done: int
    settled: dict[str, int]
    examples: dict[str, str]
    space: Space
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "plan": self.plan.id,
            "source": self.plan.source,
            "shards": self.plan.shards,
            "inputs": self.inputs,
            "input_bytes": self.input_bytes,
            "to_do": self.to_do,
            "done": self.done,
            "settled": self.settled,
            "examples": self.examples,
            "needed_bytes": self.space.needed_bytes,
            "free_bytes": self.space.free_bytes,
            "seconds": round(self.seconds, 3),
        }


def plan(
    source: str,
    destination: str,
    *,
    settings: Settings | None = None,
    name: str = "{stem}",
    column: str | None = None,
    shards: int | None = None,
    existing: Existing = "refuse",
    collisions: Existing = "refuse",
    allow_empty: bool = False,
) -> Report:
    """Plans a batch and writes the plan to the destination; a plan that was there is replaced, its ledger stays.

    Args:
        source: folder, pattern, text list, CSV, JSONL or Parquet manifest, or one picture; here or behind a URL.
        destination: folder or URL.
        settings: what is made.
        name: template of the results' names.
        column: of a manifest.
        shards: how many parts that can be worked on by themselves; None is the number of the plan before, or one for
            every 5,000 inputs and 16 at least.
        existing: what to do about files that are in the way and that no run has made.
        collisions: what to do about two inputs that would share a result: ``refuse`` the plan, or ``skip`` the second.
        allow_empty: a source without pictures is no error.

    Raises:
        InputError: as ``tress.io.plan.plan``, and ``manifest_column``, ``manifest_unreadable``, ``run_in_progress``,
            ``shards_fixed``, ``extra_missing``.
        ModelError: there is no such model.
    """
    started = time.perf_counter()
    settings = (settings or Settings()).with_absolute_model()
    options = settings.options
    options.check_files()
    template = NameTemplate(name)
    store = open_store(destination)
    model_digest = settings.model_digest()
    before = _plan_before(store)
    count = _shard_count(shards, before)
    if before is not None:
        refuse_if_held(store, range(before.shards))
    read = open_source(source, column=column, output=store.address)
    items = _Items(read.root, store, template, extension(options.format), collisions)
    for found in read.inputs:
        items.add(found)
    if not items.items and not allow_empty:
        raise InputError(
            "folder_empty",
            f"there is no picture in {source}",
            hint="hidden files and earlier results are passed over",
        )
    items.check([str(path) for path in options.files])
    count = count or max(_SHARDS, -(-len(items.items) // _SHARD_ITEMS))
    header = Plan(
        id=new_id(),
        created=now(),
        source=source,
        root=read.root,
        name=name,
        overwrite=existing == "overwrite",
        settings=settings,
        spans=(),
    )
    by_shard: list[list[Item]] = [[] for _ in range(count)]
    for item in items.items.values():
        by_shard[shard_of(item.input, count)].append(item)
    to_do = _settle_existing(store, header, by_shard, existing, model_digest, has_ledger=before is not None)
    header = write_plan(store, header, [b"".join(item.to_line() for item in some) for some in by_shard])
    return _report(store, header, by_shard, to_do, options, time.perf_counter() - started)


class _Items:
    """Collects inputs as items of a plan, with what is wrong about each."""

    def __init__(self, root: str, store: Store, template: NameTemplate, suffix: str, collisions: Existing) -> None:
        self.items: dict[str, Item] = {}
        self._root, self._store, self._template, self._suffix = root, store, template, suffix
        self._collisions = collisions
        self._owners: dict[str, str] = {}
        self._clashes: list[tuple[str, str, str]] = []
        # Object stores tell all names apart.
        self._key: Callable[[str], str] = str if is_remote(store.address) else folded
        self._real_root, self._real_output = _real(root), _real(store.address)

    def add(self, found: Found) -> None:
        """One more input; one that was named before is passed over."""
        if found.input in self.items:
            return
        output, problem = self._output(found.relative)
        problem = found.problem or problem
        if problem is None:
            owner = self._owners.setdefault(self._key(output), found.input)
            if owner != found.input:
                self._clashes.append((owner, found.input, output))
                problem = InputError("output_collision", f"{owner} is written to {output} already")
        self.items[found.input] = Item(
            input=found.input,
            output="" if problem is not None and problem.code == FOLDER_UNREAD else output,
            size_bytes=found.stat.size_bytes,
            version=found.stat.version,
            status=None if problem is None else "skipped" if problem.code == "output_collision" else "failed",
            code="" if problem is None else problem.code,
            message="" if problem is None else str(problem),
        )

    def check(self, files: list[str]) -> None:
        """Raises InputError if results would share a name or replace inputs or ``files``."""
        if self._real_root == self._real_output:
            self._drop_results()
        if self._clashes and self._collisions == "refuse":
            shown = "; ".join(f"{first} and {second} -> {output}" for first, second, output in self._clashes[:_SHOWN])
            more = f" and {len(self._clashes) - _SHOWN} more" if len(self._clashes) > _SHOWN else ""
            raise InputError(
                "output_collision",
                f"{len(self._clashes)} inputs would be written to the result of another: {shown}{more}",
                hint="give --name '{stem}-{ext}', or rename them",
            )
        read = {self._key(address_below(self._real_root, item.input)): item.input for item in self.items.values()}
        read |= {self._key(os.path.realpath(name)): name for name in files}
        for item in self.items.values():
            hit = read.get(self._key(address_below(self._real_output, item.output))) if item.status is None else None
            if hit is not None:
                raise InputError(
                    "output_is_input",
                    f"the result {item.output} would replace the input {hit}",
                    hint="choose another destination, or give --name '{stem}.cutout'; inputs are never overwritten",
                )

    def _drop_results(self) -> None:
        """Results of an earlier run that lie among their inputs are none."""
        pictures = {self._key(PurePosixPath(name).with_suffix("").as_posix()) for name in self.items}
        for name in list(self.items):
            path = PurePosixPath(name)
            stems = [template.source_stem(path.stem) for template in (self._template, BESIDE)]
            if any(stem and self._key((path.parent / stem).as_posix()) in pictures for stem in stems):
                item = self.items.pop(name)
                self._clashes = [clash for clash in self._clashes if item.input not in clash[:2]]

    def _output(self, relative: str) -> tuple[str, InputError | None]:
        """The result's name, and what is wrong with it."""
        parts = [part for part in relative.split("/") if part not in {"", "."}]
        if not parts or ".." in parts or "\0" in relative:
            return "", InputError("name_unsafe", f"{relative!r} leads out of the destination", hint="rename it")
        name = self._template.name(parts[-1], self._suffix)
        longest = max(len(os.fsencode(part)) for part in (*parts[:-1], name))
        problem = None
        if longest > _NAME_BYTES and not is_remote(self._store.address):
            problem = InputError("name_too_long", f"the name of the result would be too long: {name}")
        return "/".join([*parts[:-1], name]), problem


def _settle_existing(
    store: Store,
    header: Plan,
    by_shard: list[list[Item]],
    existing: Existing,
    model_digest: str,
    *,
    has_ledger: bool,
) -> list[Item]:
    """Marks, in place, items whose result is gone or whose place is taken; returns those that are to be worked on."""
    is_there = _there(store)
    foreign: list[str] = []
    to_do: list[Item] = []
    for shard, items in enumerate(by_shard):
        state = read_shard(store, shard) if has_ledger else ShardState()
        for index, item in enumerate(items):
            if item.status is not None:
                continue
            row = state.rows.get(item.input)
            written = row is not None and row.is_written and row.output == item.output
            if not is_there(item.output):
                if written:
                    items[index] = replace(item, again=True)
            elif not (written or may_be_ours(item.output, row, state.open)):
                foreign.append(item.output)
                if existing == "skip":
                    message = f"{item.output} was there before"
                    items[index] = replace(item, status="skipped", code="target_exists", message=message)
        to_do += [item for item in remaining(items, state, header, model_digest, None) if item.status is None]
    if foreign and existing == "refuse":
        shown = ", ".join(foreign[:_SHOWN]) + (f" and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else "")
        raise InputError(
            "target_exists",
            f"{len(foreign)} results are in the way and no run made them: {shown}",
            hint="give --overwrite to replace, --skip-existing to leave them as they are, or another destination",
        )
    return to_do


def _there(store: Store) -> Callable[[str], bool]:
    """Tells whether there is something at an output; an object store is asked once for all."""
    if not is_remote(store.address):
        return store.exists
    return frozenset(store.names("")).__contains__


def _report(
    store: Store, header: Plan, by_shard: list[list[Item]], to_do: list[Item], options: Any, seconds: float
) -> Report:
    settled: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for item in _all(by_shard):
        if item.status is not None:
            settled[item.code] += 1
            examples.setdefault(item.code, item.message)
    addresses = [header.address_of(item) for item in to_do]
    return Report(
        plan=header,
        inputs=header.count,
        input_bytes=sum(item.size_bytes or 0 for item in _all(by_shard)),
        to_do=len(to_do),
        done=header.count - len(to_do) - settled.total(),
        settled=dict(settled.most_common()),
        examples=examples,
        space=space_for(addresses, options, store),
        seconds=seconds,
    )


def _all(by_shard: list[list[Item]]) -> Iterator[Item]:
    for items in by_shard:
        yield from items


def _plan_before(store: Store) -> Plan | None:
    return read_plan(store) if store.exists(PLAN) else None


def _shard_count(asked: int | None, before: Plan | None) -> int | None:
    if asked is not None and asked < 1:
        raise InputError("option_value", f"shards is {asked}, but it must be at least 1")
    if before is None:
        return asked
    if asked is not None and asked != before.shards:
        raise InputError(
            "shards_fixed",
            f"the ledger at the destination has {before.shards} shards, not {asked}",
            hint=f"leave out --shards, or take another destination (the ledger is in {STATE})",
        )
    return before.shards


def _real(address: str) -> str:
    return address if is_remote(address) else os.path.realpath(address)
