"""Checkpoints that survive a kill at any moment and let a run continue as if nothing had happened."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from tress.errors import InputError, TressError
from tress.io.files import write_atomic


class CheckpointNotWrittenError(TressError):
    """The disk did not take a checkpoint; the previous one is still whole."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Writes atomically: a full disk or a kill leaves the previous checkpoint whole.

    Raises:
        CheckpointNotWrittenError: the disk is full or not writable.
    """
    # In memory first: torch turns a failing disk into a crash of its own archive writer.
    buffer = io.BytesIO()
    torch.save(state, buffer)
    try:
        write_atomic(path, buffer.getvalue(), overwrite=True)
    except InputError as error:
        raise CheckpointNotWrittenError(
            "checkpoint_not_written", error.message, hint=f"{error.hint}; the previous checkpoint is whole"
        ) from error
