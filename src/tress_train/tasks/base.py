"""A task is a network with its data, its loss and its examination: what the loop trains, whatever the network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tress.evaluation.manifest import Record
from tress_train.data.gathering import RunData
from tress_train.data.samples import Samples

SHOWN = 18
Records = Mapping[str, Record]


@dataclass(frozen=True)
class Examined:
    """What a task found out about its network.

    Attributes:
        rows: scores of single pictures by subset; dataclasses with a ``key`` and a field for every metric.
        scores: of every subset.
        val: of validation pictures.
        shown: the worst pictures whatever the gates say, with the records they are in, by the name of their sheet.
        draw: makes a contact sheet ``(H, W, 3)`` uint8 RGB of rows.
    """

    rows: Mapping[str, Sequence[Any]]
    scores: Mapping[str, Mapping[str, float]]
    val: Mapping[str, Mapping[str, float]]
    shown: Mapping[str, tuple[Sequence[Any], Records]]
    draw: Callable[[Sequence[Any], Records], npt.NDArray[np.uint8]]


class Task(nn.Module):
    """What the loop asks of a task.

    Attributes:
        model: the network; only its weights are saved.
        watched: names in the answer of ``forward`` that are logged but not minimised.
    """

    model: nn.Module
    watched: frozenset[str] = frozenset()

    @abstractmethod
    def start_stage(self, index: int, data: RunData, length: int) -> Samples:
        """Prepares for stage ``index`` of the recipe and gives its ``length`` samples."""

    @abstractmethod
    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Every loss of a batch, already weighted."""

    @abstractmethod
    def groups(self) -> list[dict[str, Any]]:
        """The optimiser's groups, each with its ``share`` of the learning rate."""

    @abstractmethod
    def examine(self, index: int, data: RunData) -> Examined:
        """Scores the network on the frozen pictures of stage ``index`` and of those before it, and on others."""


def to_floats(batch: Mapping[str, Tensor], *, but: Collection[str] = ()) -> dict[str, Tensor]:
    """A batch with its uint8 pictures as float32 in [0, 1], except those whose names are in ``but``."""
    return {
        name: value.float() / 255 if value.dtype == torch.uint8 and name not in but else value
        for name, value in batch.items()
    }


def parameter_groups(
    named: list[tuple[str, nn.Parameter]], weight_decay: float, share: float = 1.0
) -> list[dict[str, Any]]:
    """Trainable parameters with and without weight decay (none on biases and norms); groups that hold any."""
    trainable = [p for _, p in named if p.requires_grad]
    weights, others = [p for p in trainable if p.ndim > 1], [p for p in trainable if p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": weights, "weight_decay": weight_decay, "share": share},
        {"params": others, "weight_decay": 0.0, "share": share},
    ]
    return [group for group in groups if group["params"]]


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The context in which a network is computed at a recipe's ``precision``.

    A processor without bfloat16 arithmetic only imitates it: measured, ten times as slow as float32.  ``auto``
    therefore takes bfloat16 where the hardware has it and float32 elsewhere.
    """
    mixed = precision == "bf16" or (precision == "auto" and computes_bfloat16(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=mixed)


def layout(device: torch.device) -> torch.memory_format:
    """How pictures and weights lie in memory while they are trained on.

    On a GPU cuDNN builds kernels of its own for channels last, for every size of sample anew: measured on an H200 in
    bfloat16, 15 s before the first step of each of a recipe's six sizes, against 2 s.  In float32 it then takes 50 ms a
    step, where contiguous takes 63 ms in bfloat16 (68 ms in float32): worth it for a run of hours only.
    """
    return torch.contiguous_format if device.type == "cuda" else torch.channels_last


def arranged(pictures: Tensor) -> Tensor:
    """``(N, C, H, W)`` in the layout of its device."""
    return pictures.contiguous(memory_format=layout(pictures.device))


def computes_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 arithmetic is in the hardware; False where torch cannot tell."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cpu" and any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "arm_bf16"))
