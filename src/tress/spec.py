"""What a network expects and promises.  Stored inside the ONNX file, so that weights and rules travel together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal, get_args

from tress.errors import ModelError

METADATA_KEY = "tress.spec"
Task = Literal["locator", "refiner"]


@dataclass(frozen=True)
class ModelSpec:
    """How to feed a network and how to read its answer.

    Attributes:
        name: unique name, as in the catalogue.
        version: of the weights.
        task: ``locator`` (whole picture to alpha) or ``refiner`` (full-resolution tiles to alpha).
        long_side_px: a locator's input: the picture's long side is scaled to this.  A refiner's: the tile's side.
        multiple: height and width of the input are multiples of this.
        keep_aspect: scale and pad (True), or stretch to a square of ``long_side_px`` (False, most peers).
        mean, std: the network's input is ``(rgb - mean) / std`` with rgb in [0, 1].  Our own networks do this inside.
        sigmoid: the first output is a logit and needs a sigmoid.
        has_uncertainty: the second output is the uncertainty, ``(N, 1, H, W)`` in [0, 1].
        has_presence: the third output is the subject presence, ``(N,)`` in [0, 1].
        second_look_px: a locator that looks twice: at the second look the long side of the subject's box is scaled to
            this, but a small box is enlarged by half at most.  Its input is ``(N, 5, H, W)``: RGB, and what the first
            look says of the same pixels, see ``tress.process.looks``.  0 for a locator that takes RGB alone and is
            asked once.
        licence: SPDX name of the weights' licence.
        recipe: hash of the recipe the network was trained with; empty for networks of others.
        notes: what the record of the training run wants a user to know.
    """

    name: str
    version: str
    task: Task
    long_side_px: int
    multiple: int = 32
    keep_aspect: bool = True
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    sigmoid: bool = False
    has_uncertainty: bool = False
    has_presence: bool = False
    second_look_px: int = 0
    licence: str = ""
    recipe: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        if self.task not in get_args(Task):
            raise ModelError("model_spec", f"the model's task {self.task!r} is none of {', '.join(get_args(Task))}")
        if self.long_side_px < self.multiple or self.multiple < 1:
            raise ModelError(
                "model_spec", f"input size {self.long_side_px} with multiple {self.multiple} is impossible"
            )

    def to_metadata(self) -> dict[str, str]:
        """As ONNX metadata properties."""
        return {METADATA_KEY: json.dumps(asdict(self), sort_keys=True)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> ModelSpec:
        """Reads what ``to_metadata`` wrote; fields of a newer tress that this one does not know are an error.

        Raises:
            ModelError: there is no spec, or it cannot be understood.
        """
        if METADATA_KEY not in metadata:
            raise ModelError(
                "model_spec_missing",
                "the ONNX file says nothing about how to feed it",
                hint="export it with `tress-train export`, or write a TOML file beside it (docs/models.md)",
            )
        try:
            values = json.loads(metadata[METADATA_KEY])
            known = {field.name for field in fields(cls)}
            if unknown := set(values) - known:
                raise ValueError(f"unknown fields {sorted(unknown)}")
            for name in ("mean", "std"):
                if name in values:
                    values[name] = tuple(float(v) for v in values[name])
            return cls(**values)
        except (ValueError, TypeError) as error:
            raise ModelError(
                "model_spec", f"the model's description cannot be read: {error}", hint="a newer tress may be needed"
            ) from error
