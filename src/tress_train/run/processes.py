"""Several processes, on one machine or more, that train together."""

from __future__ import annotations

import os

import torch
from accelerate import Accelerator

from tress.errors import TressError


def started_processes() -> int:
    """How many processes a launcher such as torchrun started; 1 without one."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def join_processes() -> Accelerator:
    """This process's part of what a launcher such as torchrun started.

    Raises:
        TressError: the launcher started several processes that do not find each other.
    """
    started = started_processes()
    # Without being told, Accelerate makes several processes on one CPU train each for itself.
    accelerator = Accelerator(cpu=started > 1 and not torch.cuda.is_available())
    if accelerator.num_processes != started:
        raise TressError(
            "processes_alone", f"{started} processes were started, but this one finds {accelerator.num_processes}"
        )
    return accelerator
