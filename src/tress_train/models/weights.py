"""Weights in the files that runs leave: read, put into a network, averaged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tress.errors import InputError, ModelError


def load(path: Path) -> dict[str, Any]:
    """Reads a checkpoint onto the CPU.

    Raises:
        InputError: it is missing.
        ModelError: it is no checkpoint, or damaged.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError("checkpoint_missing", f"{path} is missing") from None
    except Exception as error:
        raise ModelError("checkpoint_damaged", f"{path} cannot be read as a checkpoint: {error}") from error
    return state


def load_weights(model: nn.Module, path: Path) -> None:
    """Copies averaged weights (``ema.pt``), or those inside a full checkpoint (``last.pt``), into ``model``.

    Raises:
        InputError: the file is missing.
        ModelError: it is damaged, or its weights belong to another network.
    """
    state = load(path)
    state = state.get("averaged", state)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        first = _first_difference(model.state_dict(), state)
        raise ModelError("weights_mismatch", f"the weights in {path} are of another network: {first}") from error


def _first_difference(wanted: dict[str, Any], found: dict[str, Any]) -> str:
    """The first weight in which a file differs from what a network wants."""
    for name, value in wanted.items():
        if name not in found:
            return f"{name} is missing"
        shape = getattr(found[name], "shape", None)
        if shape != value.shape:
            sizes = "no tensor" if shape is None else tuple(shape)
            return f"{name} is {sizes}, not {tuple(value.shape)}"
    return f"{next((name for name in found if name not in wanted), 'a weight')} is not known"


def average(paths: Sequence[Path]) -> dict[str, Any]:
    """The mean of several runs' weights, in single precision; counters are the first one's.

    For runs that started from one another: their mean often keeps what the earlier one knew beside what the later one
    learned (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").

    Raises:
        InputError: there are fewer than two files, or one is missing.
        ModelError: one is damaged, or they are of different networks.
    """
    if len(paths) < 2:
        raise InputError("weights_too_few", "an average needs at least two files of weights")
    states = [load(path) for path in paths]
    states = [state.get("averaged", state) for state in states]

    def shapes(state: dict[str, Any]) -> dict[str, Any]:
        return {name: value.shape for name, value in state.items()}

    for path, state in zip(paths, states, strict=True):
        if shapes(state) != shapes(states[0]):
            raise ModelError("weights_mismatch", f"{path} and {paths[0]} are of different networks")
    return {
        name: torch.stack([state[name].float() for state in states]).mean(0) if first.is_floating_point() else first
        for name, first in states[0].items()
    }


def mixed(start: dict[str, Any], end: dict[str, Any], share: float) -> dict[str, Any]:
    """The weights at ``share`` of the way from ``start`` to ``end``, of one network; in single precision.

    Weights that ``start`` does not have are those of ``end``.
    """
    return {
        name: torch.lerp(start[name].float(), value.float(), share)
        if name in start and value.is_floating_point()
        else value
        for name, value in end.items()
    }
