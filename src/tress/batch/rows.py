"""The row that every input of a batch ends in."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeAlias, get_args

Status: TypeAlias = Literal["ok", "empty", "failed", "skipped"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one input.

    Attributes:
        input: below the plan's source, or its whole address.
        output: below the destination; what was to be written, if it failed.
        status: ``ok``; ``empty``: written, but without a subject; ``failed``; ``skipped``: never to be worked on.
        code, message: of the failure, or why it was skipped; empty otherwise.
        input_bytes, input_version: as ``store.Stat``, of what was read.
        input_digest: SHA-256 of what was read.
        options_digest, model_digest: of what it was made with.
        model, device: the locator's name, and where it ran.
        width, height: of the result, in pixels.
        input_width, input_height: of the picture, upright, in pixels.
        confidence: as ``Matte.confidence``; None without a result.
        seconds: time per step: read, decode, locate, refine, colour, render, encode, write.
        output_bytes, output_digest: size and SHA-256 of the result.
        warnings: what was done otherwise than asked, in words.
        plan: id of the plan it was made for.
        finished: UTC, ISO 8601.
        tress: version that made it.
    """

    input: str
    output: str
    status: Status
    code: str = ""
    message: str = ""
    input_bytes: int | None = None
    input_version: str | None = None
    input_digest: str | None = None
    options_digest: str = ""
    model_digest: str = ""
    model: str = ""
    device: str | None = None
    width: int | None = None
    height: int | None = None
    input_width: int | None = None
    input_height: int | None = None
    confidence: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    output_bytes: int | None = None
    output_digest: str | None = None
    warnings: list[str] = field(default_factory=list)
    plan: str = ""
    finished: str = ""
    tress: str = ""

    @property
    def is_written(self) -> bool:
        """There is a result."""
        return self.status in {"ok", "empty"}

    def to_line(self) -> bytes:
        """One line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Row:
        """Reads a row, also of another version: columns that this one does not know are left out."""
        return cls(**{name: value for name, value in values.items() if name in _COLUMNS})


_COLUMNS = frozenset(one.name for one in fields(Row))
COLUMNS = tuple(one.name for one in fields(Row))
"""In the order of the attributes."""
