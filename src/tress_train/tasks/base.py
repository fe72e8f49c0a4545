"""A task is a network with its data, its loss and its examination: what the loop trains, whatever the network."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from torch import Tensor, nn

from tress_train.data.gathering import RunData
from tress_train.data.samples import Samples
from tress_train.evaluating import Examined


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
