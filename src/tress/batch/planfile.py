"""The plan file: one line that says what is to be done, then a line for each input, shard after shard."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from typing import Any

from tress.batch.rows import Row, Status
from tress.batch.settings import Settings
from tress.batch.store import Store
from tress.errors import InputError

STATE = ".tress"
"""Folder below the destination that holds plan, ledger and leases; hidden, so that no walk takes it for pictures."""
PLAN = f"{STATE}/plan.jsonl"
_FORMAT = 1
_MARK = "plan"
# The first read; a header is longer only if options bring pictures along.
_HEAD_BYTES = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One input of a plan.

    Attributes:
        input: below the source, with forward slashes, or a whole path or address.
        output: below the destination.
        size_bytes, version: as ``store.Stat`` at the time of the plan.
        again: work on it although the ledger has it, because its result is gone.
        status, code, message: settled by the plan: ``skipped`` or ``failed``, and why; else None and empty.
    """

    input: str
    output: str
    size_bytes: int | None = None
    version: str | None = None
    again: bool = False
    status: Status | None = None
    code: str = ""
    message: str = ""

    def to_line(self) -> bytes:
        """One line of JSON, without what is unset."""
        values = {one.name: value for one in _ITEM_FIELDS if (value := getattr(self, one.name)) != one.default}
        return json.dumps(values).encode() + b"\n"

    def is_done(self, row: Row | None, plan: Plan, model_digest: str | None) -> bool:
        """Whether the ledger's row settles this item: same input, same options, same model, same output.

        A row that was made for this very plan counts even if its input has another version: that was checked then.
        Without ``model_digest`` any model will do.
        """
        if row is None or row.output != self.output:
            return False
        if row.plan == plan.id and self.status is not None:
            return True
        if row.options_digest != plan.settings.options_digest or model_digest not in {None, row.model_digest}:
            return False
        if row.plan == plan.id:
            return True
        same_input = self.version is not None and (row.input_version, row.input_bytes) == (
            self.version,
            self.size_bytes,
        )
        return same_input and not self.again and self.status is None and row.status != "skipped"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan's first line.

    Attributes:
        id: of this plan; every row names the plan it was made for.
        created: UTC, ISO 8601.
        source: what was asked for, as given.
        root: folder or address that inputs are below.
        name: template of the results' names.
        overwrite: results replace files that were there before.
        settings: what is made.
        spans: per shard the number of items, and the bytes of the file where they begin and end, from the line after
            this one.
    """

    id: str
    created: str
    source: str
    root: str
    name: str
    overwrite: bool
    settings: Settings
    spans: tuple[tuple[int, int, int], ...]

    @property
    def shards(self) -> int:
        """Into how many the inputs are split."""
        return len(self.spans)

    @property
    def count(self) -> int:
        """Of inputs."""
        return sum(items for items, _, _ in self.spans)

    def address_of(self, item: Item) -> str:
        """Path or URL of an input."""
        return address_below(self.root, item.input)


def new_id() -> str:
    """Of a plan or a run; ids sort by time."""
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"


def address_below(root: str, name: str) -> str:
    """Path or URL of a name below a root; a name that is a whole path or URL stays."""
    if "://" in name or os.path.isabs(name):
        return name
    return f"{root.rstrip('/')}/{name}" if root else name


def shard_of(name: str, shards: int) -> int:
    """The shard of an input, always the same, so that its row is found again by later plans."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big") % shards


def write_plan(store: Store, plan: Plan, shards: Sequence[bytes]) -> Plan:
    """Writes a plan in one piece, so that there is never half of one.

    Args:
        store: the destination.
        plan: its header; the spans are filled in here.
        shards: the lines of each shard's items.
    """
    spans, start = [], 0
    for lines in shards:
        spans.append((lines.count(b"\n"), start, start + len(lines)))
        start += len(lines)
    plan = replace(plan, spans=tuple(spans))
    values = {one.name: getattr(plan, one.name) for one in fields(plan)}
    header = {"format": _FORMAT, **values, "settings": plan.settings.to_json()}
    store.sweep({STATE}, _MARK)
    store.replace(PLAN, b"".join([json.dumps(header).encode() + b"\n", *shards]), mark=_MARK)
    return plan


def read_plan(store: Store) -> Plan:
    """The header of the plan at a destination.

    Raises:
        InputError: ``plan_missing``, ``plan_unreadable``.
    """
    header, _ = _read_header(store)
    values = dict(header)
    if values.pop("format", None) != _FORMAT:
        raise InputError("plan_unreadable", f"the plan at {store.address} is of another version of tress")
    settings = Settings.from_json(values.pop("settings"))
    return Plan(**{**values, "settings": settings, "spans": tuple(tuple(span) for span in values["spans"])})


def read_items(store: Store, plan: Plan, shard: int) -> Iterator[Item]:
    """The inputs of one shard, in order; only this part of the file is read.

    Raises:
        InputError: the plan was replaced in the meantime.
    """
    header, header_bytes = _read_header(store)
    if header["id"] != plan.id:
        raise InputError(
            "plan_replaced", f"the plan at {store.address} was replaced by a newer one", hint="run it again"
        )
    _, start, stop = plan.spans[shard]
    if stop > start:
        for line in store.read(PLAN, header_bytes + start, header_bytes + stop).splitlines():
            yield Item(**json.loads(line))


def _read_header(store: Store) -> tuple[dict[str, Any], int]:
    """The header and its length with the line's end."""
    try:
        data = store.read(PLAN, 0, _HEAD_BYTES)
        if b"\n" not in data:
            data = store.read(PLAN)
    except FileNotFoundError:
        raise InputError(
            "plan_missing", f"there is no plan at {store.address}", hint="make one: tress batch plan SRC DST"
        ) from None
    line, end, _ = data.partition(b"\n")
    try:
        return json.loads(line), len(line) + len(end)
    except ValueError as error:
        raise InputError("plan_unreadable", f"the plan at {store.address} is damaged: {error}") from error


_ITEM_FIELDS = fields(Item)
