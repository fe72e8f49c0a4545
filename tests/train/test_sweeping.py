"""Sweeps: settings tried, ended early where the gates rule them out, resumed, and written as a recipe."""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")
optuna = pytest.importorskip("optuna")

from tress.errors import InputError, TressError
from tress_train.commands.cli import app
from tress_train.commands.overrides import apply
from tress_train.recipes import load_recipe
from tress_train.recipes.base import smoke
from tress_train.recipes.stages import GateMissedError
from tress_train.run import sweeping
from tress_train.run.sweeping import Axis, Goal, Sweep, goal_of, read_axis, write_recipe

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]

RUNNER = CliRunner()


def test_ranges_are_read() -> None:
    assert read_axis("optim.lr_scale=1e-1..10:log") == Axis("optim.lr_scale", 0.1, 10, log=True)
    assert read_axis("a.b=2..8:int") == Axis("a.b", 2, 8, whole=True)
    assert read_axis("norms=batch, frozen") == Axis("norms", choices=("batch", "frozen"))
    for text in ("a", "a=1", "a=2..1", "a=0..1:log", "=1..2..3", "a=1..x"):
        with pytest.raises(InputError) as error:
            read_axis(text)
        assert error.value.code == "axis_malformed"


def test_the_goal_is_the_gate_if_none_is_given() -> None:
    assert goal_of(load_recipe("finetune"), "") == Goal("own", "iou")
    assert goal_of(load_recipe("finetune"), "val.cats.mae") == Goal("val.cats", "mae")
    assert not Goal("own", "mae").up
    with pytest.raises(InputError):
        goal_of(load_recipe("finetune"), "own.speed")


class Trained:
    """Stands for the training: a run's score depends on its learning rate, and is best at 1."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.dies_at = -1

    def __call__(self, recipe: Any, folders: Any, out: Path, **_: Any) -> None:
        self.folders.append(out.name)
        if len(self.folders) == self.dies_at:
            raise KeyboardInterrupt
        scale = recipe.optim.lr_scale
        if scale > 5:
            raise GateMissedError("gate_missed", "stage own missed its gates")
        out.mkdir(parents=True, exist_ok=True)
        value = 1 - abs(scale - 1) / 10
        (out / "record.json").write_text(f'{{"subsets": {{"own": {{"iou": {value}}}}}}}')


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Trained:
    stand_in = Trained()
    monkeypatch.setattr(sweeping, "train", stand_in)
    return stand_in


def make_sweep(out: Path) -> Sweep:
    axis = Axis("optim.lr_scale", 0.1, 10, log=True)
    return Sweep(load_recipe("finetune"), [axis], apply, Goal("own", "iou"), out)


def run_four(out: Path) -> None:
    found = make_sweep(out)
    found.run(4, found.train_here([], None), lambda _: None)


def test_the_best_of_the_trials_is_found_and_gates_rule_out(trained: Trained, tmp_path: Path) -> None:
    said: list[str] = []
    found = make_sweep(tmp_path)
    found.run(12, found.train_here([], None), said.append)
    assert len(said) == 12
    recipe, value, folder = found.best()
    assert value == pytest.approx(1 - abs(recipe.optim.lr_scale - 1) / 10)
    assert value == max(trial.value for trial in found.study.trials if trial.value is not None)
    assert folder in trained.folders
    ruled_out = [line for line in said if "missed its gates" in line]
    assert len(ruled_out) == sum(trial.params["optim.lr_scale"] > 5 for trial in found.study.trials)


def test_a_sweep_that_was_stopped_goes_on_with_the_same_trial(trained: Trained, tmp_path: Path) -> None:
    trained.dies_at = 3
    with pytest.raises(KeyboardInterrupt):
        run_four(tmp_path)
    stopped = trained.folders[-1]
    run_four(tmp_path)
    # Its folder, with what was trained, is taken up again.
    assert trained.folders[3] == stopped
    assert len(set(trained.folders)) == 4
    run_four(tmp_path)
    assert len(trained.folders) == 5


def test_trials_may_run_at_the_same_time(tmp_path: Path) -> None:
    together = threading.Barrier(3, timeout=60)
    found, said = make_sweep(tmp_path), []

    def trainer(_: Any, assignments: list[str], folder: str) -> float:
        # Passed only if three are under way at once.
        together.wait()
        return float(assignments[0].partition("=")[2])

    found.run(6, trainer, said.append, parallel=3)
    assert len(said) == 6
    assert len({line.split(":")[0] for line in said}) == 6


def test_trials_run_as_jobs_once_their_cost_was_confirmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vertex = pytest.importorskip("google.cloud.aiplatform_v1")
    from tress_train.cloud import vertex as service
    from tress_train.storage import copies

    submitted = []

    class Cloud:
        def __init__(self, *_: Any) -> None:
            self.jobs: dict[str, Any] = {}

        def all(self) -> list[Any]:
            return []

        def submit(self, job: Any) -> Any:
            job.name = f"projects/p/locations/r/customJobs/{len(submitted)}"
            submitted.append(job)
            return job

        def follow(self, number: str) -> Any:
            job = submitted[int(number)]
            words = list(job.job_spec.worker_pool_specs[0].container_spec.args)
            scale = float(words[words.index("--set") + 1].partition("=")[2])
            folder = tmp_path / "runs" / job.job_spec.base_output_directory.output_uri_prefix.rpartition("/")[2]
            folder.mkdir(parents=True)
            (folder / "record.json").write_text(f'{{"subsets": {{"own": {{"iou": {1 / (1 + scale)}}}}}}}')
            job.state = vertex.JobState.JOB_STATE_FAILED if scale > 5 else vertex.JobState.JOB_STATE_SUCCEEDED
            yield job

    monkeypatch.setattr(service, "Jobs", Cloud)
    monkeypatch.setattr(copies, "local_run", lambda place: tmp_path / "runs" / place.split("/")[-2])
    words = [
        "sweep",
        "finetune",
        "--target",
        "vertex",
        "--data",
        "gs://b/d",
        "--out",
        str(tmp_path / "s"),
        "--trials",
        "5",
    ]
    words += ["--runs", "gs://b/sweeps/a", "--project", "p", "--image", "i", "--over", "optim.lr_scale=0.1..10:log"]
    refused = RUNNER.invoke(app, words, input="n\n")
    assert refused.exit_code == 1
    assert "5 trials, for each: at most" in refused.output
    assert submitted == []
    answer = RUNNER.invoke(app, [*words, "--yes", "--parallel", "2"])
    assert answer.exit_code == 0, answer.output
    assert len(submitted) == 5
    places = {job.job_spec.base_output_directory.output_uri_prefix for job in submitted}
    assert places == {f"gs://b/sweeps/a/trial-{number:03d}" for number in range(5)}
    assert (tmp_path / "s/finetune_swept.py").exists()


def test_without_a_trial_that_passes_there_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(TressError) as error:
        make_sweep(tmp_path).best()
    assert error.value.code == "sweep_without_result"


@pytest.mark.parametrize("name", ["locator", "refiner", "two_looks"])
def test_a_recipe_that_was_written_is_the_recipe(name: str, tmp_path: Path) -> None:
    recipe = smoke(load_recipe(name))
    path = write_recipe(recipe, "found_one", tmp_path / "found_one.py", "Found.")
    spec = importlib.util.spec_from_file_location("found_one", path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    from dataclasses import replace

    assert replace(recipe, name="found_one") == module.RECIPE


def test_a_sweep_trains_really(data: Path, tmp_path: Path) -> None:
    words = ["sweep", "finetune", "--data", str(data), "--out", str(tmp_path), "--smoke", "--trials", "2"]
    answer = RUNNER.invoke(app, [*words, "--over", "optim.lr_scale=0.5..2:log"])
    assert answer.exit_code == 0, answer.output
    assert "best: trial-00" in answer.output
    assert (tmp_path / "finetune_swept.py").exists()
    assert (tmp_path / "trial-001/ema.pt").exists()
