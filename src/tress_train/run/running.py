"""A run in memory, and how it is saved, continued, extended and described."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from tress.errors import InputError
from tress_train.data.gates import source_keys
from tress_train.data.gathering import RunData
from tress_train.models.weights import load
from tress_train.recipes.base import BaseRecipe, recipe_hash
from tress_train.recipes.stages import GateResult
from tress_train.run import checkpoint
from tress_train.run.keeping import Keeping
from tress_train.run.records import SUMMARY, Journal, git_commit, read_summary, versions
from tress_train.storage.places import Place, StorageError, join
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
    """A run in memory.

    ``weights`` has the hashes of the files of weights that it is given, by what names them; ``recorded`` what its
    record said when it was continued.  ``watch`` is asked after every evaluation, once that is in the log, whether the
    stage shall end.
    """

    recipe: BaseRecipe
    keeping: Keeping
    data: RunData
    accelerator: Accelerator
    task: Task
    wrapped: nn.Module
    averaged: Task
    optimizer: torch.optim.Optimizer
    journal: Journal
    progress: Progress
    weights: dict[str, str] = field(default_factory=dict)
    recorded: dict[str, Any] = field(default_factory=dict)
    unsaved: bool = False
    watch: Callable[[Run], bool] | None = None

    @property
    def out(self) -> Path:
        """The run's folder on this machine."""
        return self.keeping.folder

    @property
    def place(self) -> Place:
        """Where the user has it: the folder or the URL."""
        return self.keeping.versions.url if self.keeping.versions else self.out

    @property
    def finished(self) -> bool:
        """Whether all stages are done."""
        return self.progress.stage == len(self.recipe.stages)


def hash_weights(recipe: BaseRecipe, init: Path | None) -> dict[str, str]:
    """SHA-256 of the files of weights that a run is given: ``init``, and those that its recipe names.

    Raises:
        InputError: a file cannot be read.
    """
    named = {"init": str(init or "")}
    named |= {name: getattr(recipe, name, "") for name in ("locator_weights", "refiner_weights")}
    found = {}
    for name, path in named.items():
        if path:
            try:
                found[name] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            except OSError as error:
                raise InputError("checkpoint_missing", f"cannot read {path}: {error.strerror}") from error
    return found


def resume(run: Run) -> None:
    """Continues from the checkpoint in the run's folder, if there is one.

    A run that is finished stays finished, even if its data or weights have changed.

    Raises:
        InputError: the folder's run is of another recipe, or was started with other data or weights.
        ModelError: the checkpoint is damaged.
    """
    path = run.out / LAST
    if not path.exists():
        return
    saved = load(path)
    if saved["recipe"] != recipe_hash(run.recipe):
        raise InputError(
            "run_differs",
            f"{run.place} holds a run of another recipe or with other settings",
            hint="give the same --set as before, or another --out (with --init to start from these weights)",
        )
    run.task.model.load_state_dict(saved["model"])
    run.averaged.model.load_state_dict(saved["averaged"])
    run.optimizer.load_state_dict(saved["optimizer"])
    # Checkpoints from before `judged` were mostly left by a missed gate, if their budget is used up.
    run.progress = Progress(**{"judged": True, **saved["progress"]})
    run.recorded = read_summary(run.out) if (run.out / SUMMARY).exists() else {}
    found = _differences(run)
    if run.finished:
        but = f", although {'; '.join(found)}" if found else ""
        run.journal.say(
            f"the run in {run.place} is finished, so nothing is trained{but}; name another --out for a new one"
        )
    elif found:
        raise InputError(
            "run_differs",
            f"the run in {run.place} was started otherwise: {'; '.join(found)}",
            hint="give the --data (folders of your own under the same name) and --init that it was started with, or "
            f"another --out, with --init {join(run.place, AVERAGED)} to start from its weights",
        )
    elif "init" in run.recorded.get("weights", {}) and "init" not in run.weights:
        run.journal.say(f"the run in {run.place} goes on; it was started from {run.recorded['init']}")


def _differences(run: Run) -> list[str]:
    """In which respects the data and weights of a run are not those in its record, in words.

    Data sets that the run neither trains on nor scores do not matter, nor does where a folder lies.  Records of earlier
    versions lack a few facts, which are not compared then.
    """
    recorded, found = run.recorded, []
    if "data" in recorded:
        then, now = recorded["data"], run.data.fingerprints
        judged = {run.data.train[key].set for key in source_keys(run.data.subsets)}
        for name in sorted({*recorded.get("used_sets", then), *run.data.used_sets, *judged}):
            if name not in now:
                found.append(f"the data set {name} is missing")
            elif name not in then:
                found.append(f"the data set {name} is new")
            elif then[name] != now[name]:
                found.append(f"the data set {name} has other pictures, labels or names")
    if recorded and recorded.get("free", "") != (run.data.free or ""):
        found.append(
            f"it was {'limited to open data sets' if recorded.get('free') else 'not limited to open data sets'}"
        )
    if not found and recorded.get("later_sets", _later_sets(run)) != _later_sets(run):
        found.append("the first --data is another one")
    return found + _other_weights(run.weights, recorded)


def _later_sets(run: Run) -> list[str]:
    """The data sets that are trained on and only in later data folders."""
    return sorted(run.data.library.later.intersection(run.data.used_sets))


def _other_weights(weights: Mapping[str, str], recorded: Mapping[str, Any]) -> list[str]:
    """As ``_differences``.  ``--init`` may be left out: the checkpoint has all that a run needs to go on."""
    then = recorded.get("weights", {})
    found = [
        f"{'--init' if name == 'init' else name} names a file with other weights"
        for name, digest in weights.items()
        if name in then and then[name] != digest
    ]
    if "init" in weights and recorded.get("init") == "":
        found.append("it was started without --init")
    return found


def _state(run: Run) -> dict[str, Any]:
    return {
        "model": run.task.model.state_dict(),
        "averaged": run.averaged.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "progress": asdict(run.progress),
        "recipe": recipe_hash(run.recipe),
    }


def save(run: Run, *, must: bool = False) -> None:
    """Saves the run; where disk or URL do not take it, training goes on and tries again with the next line of the log.

    Where there is no later, it ``must`` work and raises CheckpointNotWrittenError or StorageError.
    """
    if not run.accelerator.is_main_process:
        return
    progress = run.progress
    try:
        checkpoint.save(run.out / LAST, _state(run))
        checkpoint.save(run.out / AVERAGED, run.averaged.model.state_dict())
        run.journal.summarise(steps=progress.total, decisions=progress.decisions, stages_done=progress.passed)
        run.keeping.send()
        run.unsaved = False
    except (checkpoint.CheckpointNotWrittenError, StorageError) as error:
        if must:
            raise
        run.unsaved = True
        run.journal.say(f"warning: {error}")


def finish(run: Run) -> None:
    """Sends what is left of a run that is finished to where it is kept.

    Raises:
        StorageError: it cannot be sent.
    """
    if run.accelerator.is_main_process:
        run.keeping.send()
        run.keeping.publish([AVERAGED, SUMMARY])


def lengthen(run: Run, steps: int) -> None:
    """Adds to the budget of the stage that a stopped run stands at, if that is used up and was not enough.

    Raises:
        InputError: there is no such run.
    """
    if run.progress.total == 0 or run.finished:
        raise InputError(
            "nothing_to_extend",
            f"{run.place} holds no run that stopped within a stage",
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


def start_record(run: Run, folders: Sequence[Place], init: Path | None) -> None:
    """What the run is, for whoever reads the record later; what it was started from stays as it was."""
    facts: dict[str, Any] = {
        "recipe": asdict(run.recipe),
        "recipe_hash": recipe_hash(run.recipe),
        "commit": git_commit(),
        "versions": versions(),
        "data": run.data.fingerprints,
        "used_sets": run.data.used_sets,
        "overlapping": run.data.overlapping,
        "later_sets": _later_sets(run),
        "free": run.data.free or "",
        "not_free": run.data.not_free,
        "folders": [str(folder) for folder in folders],
        "init": run.recorded.get("init", str(init or "")),
        "weights": {**run.weights, **run.recorded.get("weights", {})},
        "device": str(run.accelerator.device),
        "processes": run.accelerator.num_processes,
    }
    run.journal.write("start", **facts, dropped=run.data.dropped, progress=asdict(run.progress))
    run.journal.summarise(**facts)
