"""Many runs of one recipe with other settings, chosen by Optuna; those that the gates rule out end early.

Every trial is a run in a folder of its own.  The study stands in a journal beside them, so a sweep that was stopped
goes on.
"""

from __future__ import annotations

import math
import pprint
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from tress.errors import InputError, TressError
from tress.io.files import write_atomic
from tress_train.recipes.base import AnyRecipe, BaseRecipe
from tress_train.recipes.stages import HIGHER_IS_BETTER, GateMissedError
from tress_train.run.loop import train
from tress_train.run.records import read_log, read_summary
from tress_train.run.running import Run
from tress_train.storage.places import Place

JOURNAL = "study.journal"
# A trial, its assignments and the name of its folder in; its score out.
Trainer = Callable[[optuna.Trial, list[str], str], float]
_RANGE = re.compile(r"(?P<name>[^=]+)=(?P<low>[-+.\deE]+)\.\.(?P<high>[-+.\deE]+?)(?::(?P<how>log|int))?$")
# Before so many trials are done there is nothing that a trial could be compared with.
_STARTUP_TRIALS = 3


@dataclass(frozen=True)
class Axis:
    """One setting that is varied: between ``low`` and ``high``, or among ``choices``."""

    name: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[str, ...] = ()

    def suggest(self, trial: optuna.Trial) -> str:
        """The assignment ``name=value`` of a trial."""
        if self.choices:
            return f"{self.name}={trial.suggest_categorical(self.name, self.choices)}"
        if self.whole:
            return f"{self.name}={trial.suggest_int(self.name, int(self.low), int(self.high))}"
        return f"{self.name}={trial.suggest_float(self.name, self.low, self.high, log=self.log)!r}"


def read_axis(text: str) -> Axis:
    """``optim.lr_scale=0.1..10:log``, ``stages.all.batch=8..32:int`` or ``norms=batch,frozen``.

    Raises:
        InputError: it is none of these.
    """
    hint = "write NAME=LOW..HIGH, NAME=LOW..HIGH:log, NAME=LOW..HIGH:int or NAME=A,B,C"
    if found := _RANGE.match(text):
        try:
            low, high = float(found["low"]), float(found["high"])
        except ValueError:
            raise InputError("axis_malformed", f"--over cannot be {text!r}", hint=hint) from None
        if not low < high or (found["how"] == "log" and low <= 0):
            raise InputError("axis_malformed", f"--over {text!r} has an empty range", hint=hint)
        return Axis(found["name"], low, high, log=found["how"] == "log", whole=found["how"] == "int")
    name, _, values = text.partition("=")
    choices = tuple(value.strip() for value in values.split(",") if value.strip())
    if not name or len(choices) < 2:
        raise InputError("axis_malformed", f"--over cannot be {text!r}", hint=hint)
    return Axis(name, choices=choices)


@dataclass(frozen=True)
class Goal:
    """What a trial is judged by: ``metric`` of ``group``, which is a subset or a set of ``val``."""

    group: str
    metric: str

    @property
    def up(self) -> bool:
        """Whether more is better."""
        return bool(HIGHER_IS_BETTER[self.metric])  # type: ignore[index]

    def value(self, scores: dict[str, Any]) -> float:
        """From ``subsets`` and ``val`` of a record or of a line of the log; NaN if it is not there."""
        group = scores.get("subsets", {}).get(self.group) or scores.get("val", {}).get(self.group) or {}
        return float(group.get(self.metric, math.nan))


def goal_of(recipe: BaseRecipe, text: str) -> Goal:
    """``own.iou`` as given, else what the recipe's last gate looks at, else the validation pictures' mean IoU.

    Raises:
        InputError: the metric is not known.
    """
    if text:
        group, _, metric = text.rpartition(".")
        if metric not in HIGHER_IS_BETTER or not group:
            known = ", ".join(HIGHER_IS_BETTER)
            raise InputError("goal_unknown", f"--goal cannot be {text!r}", hint=f"GROUP.METRIC with one of {known}")
        return Goal(group, metric)
    gates = [gate for stage in recipe.stages for gate in stage.gates]
    return Goal(gates[-1].subset, gates[-1].metric) if gates else Goal("mean", "iou")


class Sweep:
    """A study in a folder.

    Args:
        recipe: what is varied.
        axes: in which settings.
        change: applies assignments to a recipe.
        goal: what trials are judged by.
        out: the folder.
    """

    def __init__(
        self,
        recipe: AnyRecipe,
        axes: Sequence[Axis],
        change: Callable[[AnyRecipe, list[str]], AnyRecipe],
        goal: Goal,
        out: Path,
    ) -> None:
        self.recipe, self.axes, self.change, self.goal, self.out = recipe, axes, change, goal, out
        out.mkdir(parents=True, exist_ok=True)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(out / JOURNAL))),
            study_name=recipe.name,
            sampler=optuna.samplers.TPESampler(seed=recipe.seed),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP_TRIALS),
            direction="maximize" if goal.up else "minimize",
            load_if_exists=True,
        )

    def run(self, trials: int, trainer: Trainer, say: Callable[[str], None], *, parallel: int = 1) -> None:
        """Makes trials until there are ``trials``; one that was interrupted goes on first.

        Args:
            trials: how many, with those of earlier calls.
            trainer: trains one and gives its score.
            say: is told what became of each.
            parallel: how many at the same time, each in a thread; more than one is for trainers that only wait.

        Raises:
            TressError: a trial fails for another reason than its gates or its loss.
        """
        for trial in self.study.get_trials(states=[TrialState.RUNNING]):
            # Its process has gone; a new trial of the same settings goes on in its folder.
            self.study.enqueue_trial(trial.params, user_attrs={"folder": self._folder(trial)})
            self.study.tell(trial.number, state=TrialState.FAIL)
        asking = threading.Lock()

        def work() -> None:
            while True:
                with asking:
                    counted = [t for t in self.study.trials if t.state not in (TrialState.FAIL, TrialState.WAITING)]
                    if len(counted) >= trials:
                        return
                    trial = self.study.ask()
                    assignments = [axis.suggest(trial) for axis in self.axes]
                say(f"{self._folder(trial)}: {' '.join(assignments)}: {self._try(trial, assignments, trainer)}")

        if parallel == 1:
            work()
            return
        with ThreadPoolExecutor(parallel) as pool:
            for done in [pool.submit(work) for _ in range(parallel)]:
                done.result()

    def score(self, record: dict[str, Any]) -> float:
        """What a run is judged by, from its record.

        Raises:
            InputError: it is not there.
        """
        value = self.goal.value(record)
        if not math.isfinite(value):
            raise InputError(
                "goal_missing",
                f"the trials have no {self.goal.metric} of {self.goal.group}",
                hint="name another --goal: GROUP.METRIC as in the record's subsets or val",
            )
        return value

    def train_here(self, folders: Sequence[Place], init: Path | None) -> Trainer:
        """Trains on this machine; a trial that is worse than the median of the others at the same step ends early."""

        def trainer(trial: optuna.Trial, assignments: list[str], folder: str) -> float:
            def watch(run: Run) -> bool:
                row = next(row for row in reversed(read_log(run.out)) if row["event"] == "evaluate")
                value = self.goal.value(row)
                if math.isfinite(value):
                    trial.report(value, run.progress.total)
                    if trial.should_prune():
                        raise optuna.TrialPruned("ended early")
                return False

            train(self.change(self.recipe, assignments), folders, self.out / folder, init=init, watch=watch)
            return self.score(read_summary(self.out / folder))

        return trainer

    def best(self) -> tuple[BaseRecipe, float, str]:
        """The best trial's recipe, its score and its folder's name.

        Raises:
            TressError: no trial has come to its end.
        """
        done = [trial for trial in self.study.trials if trial.state == TrialState.COMPLETE]
        if not done:
            raise TressError(
                "sweep_without_result",
                "no trial has passed its gates",
                hint="more --trials, or other ranges for --over",
            )
        trial = self.study.best_trial
        assignments = [f"{name}={value}" for name, value in trial.params.items()]
        assert trial.value is not None
        return self.change(self.recipe, assignments), trial.value, self._folder(trial)

    def _try(self, trial: optuna.Trial, assignments: list[str], trainer: Trainer) -> str:
        """Makes a trial, and says what became of it."""
        try:
            value = trainer(trial, assignments, self._folder(trial))
        except optuna.TrialPruned as error:
            said = str(error)
        except TressError as error:
            if not isinstance(error, GateMissedError) and error.code != "training_diverged":
                raise
            said = error.message
        else:
            self.study.tell(trial, value)
            return f"{self.goal.group} {self.goal.metric} {value:.5f}"
        self.study.tell(trial, state=TrialState.PRUNED)
        return said

    @staticmethod
    def _folder(trial: optuna.Trial | optuna.trial.FrozenTrial) -> str:
        return str(trial.user_attrs.get("folder", f"trial-{trial.number:03d}"))


def write_recipe(recipe: BaseRecipe, name: str, path: Path, about: str) -> Path:
    """Writes a recipe as a file for ``tress_train/recipes``.

    Raises:
        InputError: the file is there already.
    """
    text = (
        f'"""{about}"""\n\n'
        "from math import inf\n\n"
        "from tress_train.recipes.base import Optim, Recipe, RefinerRecipe\n"
        "from tress_train.recipes.refiner_stages import RefinerLoss, RefinerStage\n"
        "from tress_train.recipes.stages import Composites, Gate, Limits, LocatorLoss, Mix, Stage\n\n"
        f"RECIPE = {pprint.pformat(replace(recipe, name=name), width=118, sort_dicts=False)}\n"
    )
    write_atomic(path, text.encode(), overwrite=True)
    return path
