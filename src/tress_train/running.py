"""A run in memory, and how it is saved, continued, extended and described."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from tress.errors import InputError
from tress_train import checkpoint
from tress_train.curriculum import GateResult
from tress_train.data.gathering import RunData
from tress_train.recipes.base import BaseRecipe, recipe_hash
from tress_train.records import Journal, git_commit, versions
from tress_train.tasks.base import Task

LAST, AVERAGED = "last.pt", "ema.pt"


@dataclass
class Progress:
    """Where a run stands: everything the loop needs to go on, beside the weights.

    Attributes:
        stage: index of the stage.
        step: steps done in this stage.
        total: steps done in all stages.
        extra: steps added to this stage's budget by decision.
        judged: the budget is used up, and the stage's gates were missed then.
        decisions: what people decided about missed gates, for the record and the model's metadata.
        passed: the gate results of the stages that are done.
    """

    stage: int = 0
    step: int = 0
    total: int = 0
    extra: int = 0
    judged: bool = False
    decisions: list[dict[str, Any]] = field(default_factory=list)
    passed: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Run:
    """A run in memory."""

    recipe: BaseRecipe
    out: Path
    data: RunData
    accelerator: Accelerator
    task: Task
    wrapped: nn.Module
    averaged: Task
    optimizer: torch.optim.Optimizer
    journal: Journal
    progress: Progress
    unsaved: bool = False


def resume(run: Run) -> None:
    """Continues from the checkpoint in the run's folder, if there is one."""
    path = run.out / LAST
    if not path.exists():
        return
    saved = checkpoint.load(path)
    if saved["recipe"] != recipe_hash(run.recipe):
        raise InputError(
            "run_differs",
            f"{run.out} holds a run of another recipe or with other settings",
            hint="give the same --set as before, or another --out (with --init to start from these weights)",
        )
    run.task.model.load_state_dict(saved["model"])
    run.averaged.model.load_state_dict(saved["averaged"])
    run.optimizer.load_state_dict(saved["optimizer"])
    # Checkpoints from before `judged` were mostly left by a missed gate, if their budget is used up.
    run.progress = Progress(**{"judged": True, **saved["progress"]})


def _state(run: Run) -> dict[str, Any]:
    return {
        "model": run.task.model.state_dict(),
        "averaged": run.averaged.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "progress": asdict(run.progress),
        "recipe": recipe_hash(run.recipe),
    }


def save(run: Run, *, must: bool = False) -> None:
    """Saves the run; on a full disk the training goes on and tries again with the next line of the log.

    Where there is no later, it ``must`` work and raises CheckpointNotWrittenError.
    """
    if not run.accelerator.is_main_process:
        return
    try:
        checkpoint.save(run.out / LAST, _state(run))
        checkpoint.save(run.out / AVERAGED, run.averaged.model.state_dict())
        run.unsaved = False
    except checkpoint.CheckpointNotWrittenError as error:
        if must:
            raise
        run.unsaved = True
        run.journal.say(f"warning: {error}")
    progress = run.progress
    run.journal.summarise(steps=progress.total, decisions=progress.decisions, stages_done=progress.passed)


def lengthen(run: Run, steps: int) -> None:
    """Adds to the budget of the stage that a stopped run stands at, if that is used up and was not enough.

    Raises:
        InputError: there is no such run.
    """
    if run.progress.total == 0 or run.progress.stage == len(run.recipe.stages):
        raise InputError(
            "nothing_to_extend",
            f"{run.out} holds no run that stopped within a stage",
            hint="--extend is for a run that missed a gate; set stages.NAME.steps for a new one",
        )
    stage, progress = run.recipe.stages[run.progress.stage], run.progress
    left = stage.steps + progress.extra - progress.step
    if left > 0:
        # The same command restarts an interrupted run, and must not add its steps a second time.
        state = "its extension is under way" if progress.extra else "its own budget is not used up"
        run.journal.say(f"stage {stage.name}: {state}, {left} steps are left, so none are added")
        return
    if not progress.judged:
        # Killed between the last checkpoint and the verdict: perhaps the steps were enough.
        run.journal.say(f"stage {stage.name}: its gates have not been judged yet, so no steps are added")
        return
    progress.extra += steps
    decide(run, "extended", f"{steps} steps more")


def decide(run: Run, what: str, reason: str, missed: Sequence[GateResult] = ()) -> None:
    """Writes a person's decision into the record."""
    stage = run.recipe.stages[min(run.progress.stage, len(run.recipe.stages) - 1)].name
    decision = {"stage": stage, "what": what, "reason": reason, "gates": [str(result) for result in missed]}
    run.progress.decisions.append(decision)
    run.journal.write("decision", **decision)


def start_record(run: Run, folders: Sequence[Path], init: Path | None) -> None:
    """What the run is, for whoever reads the record later."""
    facts = {
        "recipe": asdict(run.recipe),
        "recipe_hash": recipe_hash(run.recipe),
        "commit": git_commit(),
        "versions": versions(),
        "data": run.data.fingerprints,
        "used_sets": run.data.used_sets,
        "overlapping": run.data.overlapping,
        "folders": [str(folder) for folder in folders],
        "init": str(init or ""),
        "device": str(run.accelerator.device),
        "processes": run.accelerator.num_processes,
    }
    run.journal.write("start", **facts, dropped=run.data.dropped, progress=asdict(run.progress))
    run.journal.summarise(**facts)
