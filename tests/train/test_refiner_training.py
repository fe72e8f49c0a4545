"""The refiner on the training loop: run, resume, gates, starting weights."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tress.errors import InputError, ModelError
from tress_train.commands.export import load_refiner
from tress_train.commands.overrides import apply
from tress_train.data.gathering import gather
from tress_train.models.locator import Locator
from tress_train.models.refiner import Refiner
from tress_train.models.weights import load
from tress_train.recipes import load_recipe
from tress_train.recipes.base import Optim, RefinerRecipe, smoke
from tress_train.recipes.refiner_stages import RefinerLoss, RefinerStage
from tress_train.recipes.stages import Gate, GateMissedError
from tress_train.run import loop
from tress_train.run.records import read_log, read_summary
from tress_train.scoring.band_eval import band_means, score_band
from tress_train.tasks import RefinerTask
from tress_train.tasks import refiner as refiner_task

pytestmark = [
    pytest.mark.train,
    # Packages below Accelerate and TensorBoard announce changes of their own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

STAGE = RefinerStage("only", steps=4, batch=2, lr=1e-3, crop_px=64)
RECIPE = RefinerRecipe(
    "tiny",
    stages=(STAGE,),
    precision="fp32",
    optim=Optim(warmup_steps=1),
    log_every=1,
    checkpoint_every=2,
    evaluate_every=4,
    loader_processes=0,
    own_held_back=0.5,
)


def train_rows(out: Path) -> list[dict[str, Any]]:
    return [row for row in read_log(out) if row["event"] == "train"]


def test_the_recipe_runs_through_in_its_smoke_variant(cutout_data: Path, tmp_path: Path) -> None:
    weights = loop.train(smoke(load_recipe("refiner")), [cutout_data], tmp_path)
    load_refiner(weights)
    record = read_summary(tmp_path)
    assert record["finished"]
    assert record["recipe"]["task"] == "refiner"
    assert record["used_sets"] == ["cuts", "grounds"]
    assert record["subsets"]["own"].keys() >= {"band_gain", "sad", "mse", "grad", "coarse_sad", "coarse_mse", "n"}
    assert list((tmp_path / "pictures").glob("own-worst-*.jpg"))
    first, second, *later = train_rows(tmp_path)
    assert [row["stage"] for row in (first, second, *later)] == ["damaged", "damaged", "answers", "answers"]
    # The refiner starts as the identity, but for the clamp of the coarse alpha; its loss is what is minimised.
    assert first["l1"] == pytest.approx(first["coarse_l1"], abs=0.02)
    assert first["loss"] == pytest.approx(sum(first[name] for name in ("bce", "l1", "laplacian", "gradient")), abs=1e-5)
    assert second["coarse_l1"] > 0


def test_a_stopped_run_goes_on_with_the_same_crops_and_losses(
    cutout_data: Path, tmp_path: Path, killed_in_step: Callable[[int], AbstractContextManager[None]]
) -> None:
    loop.train(RECIPE, [cutout_data], tmp_path / "whole")
    with killed_in_step(4):
        loop.train(RECIPE, [cutout_data], tmp_path / "killed")
    loop.train(RECIPE, [cutout_data], tmp_path / "killed")
    whole, killed = ({row["step"]: row["loss"] for row in train_rows(tmp_path / n)} for n in ("whole", "killed"))
    assert whole == killed
    one, two = load(tmp_path / "whole/ema.pt"), load(tmp_path / "killed/ema.pt")
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_held_back_cutouts_are_not_trained_on_and_gates_have_a_composite_of_each(
    cutout_data: Path, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, stages=(replace(STAGE, gates=(Gate("band_gain", "own", 0.5),)),))
    data, again = (gather(recipe, [cutout_data], tmp_path / "d") for _ in range(2))
    trained = {picture.key for pictures in data.library.cutouts.values() for picture in pictures}
    assert data.subsets == again.subsets
    judged = {key.split("@")[0] for key in data.subsets["own"]}
    assert judged
    assert trained
    assert judged | trained == {f"cuts/{i}.png" for i in range(6)}
    assert not judged & trained
    assert not data.library.photos


def test_a_missed_gate_stops_the_run_with_a_list_of_what_fails(cutout_data: Path, tmp_path: Path) -> None:
    stage = replace(STAGE, steps=2, gates=(Gate("band_gain", "own", 1.1),))
    with pytest.raises(GateMissedError, match="band_gain on own"):
        loop.train(replace(RECIPE, stages=(stage,)), [cutout_data], tmp_path)
    (rows,) = json.loads((tmp_path / "missed-only.json").read_text(encoding="utf-8")).values()
    assert all(row["key"].startswith("cuts/") and row["coarse_mse"] > 0 for row in rows)
    hair = replace(STAGE, gates=(Gate("band_gain", "hair", 0.0),))
    with pytest.raises(InputError, match="'hair'"):
        loop.train(replace(RECIPE, stages=(hair,)), [cutout_data], tmp_path / "hair")


def test_an_examination_gives_the_same_scores_every_time(cutout_data: Path, tmp_path: Path) -> None:
    recipe = replace(RECIPE, stages=(replace(STAGE, gates=(Gate("band_gain", "own", 0.0),)),))
    data = gather(recipe, [cutout_data], tmp_path / "d")
    task = RefinerTask(recipe).eval()
    first = task.examine(0, data).scores
    assert first == task.examine(0, data).scores
    # As the identity it gains nothing, and loses only what the clamp takes.
    assert first["own"]["band_gain"] == pytest.approx(0, abs=0.1)


def test_scores_in_the_band_by_hand() -> None:
    band = np.zeros((40, 50), bool)
    band[10:20, 10:20] = True
    true, coarse, pred = (np.full((40, 50), value, np.float32) for value in (0.5, 0.1, 0.4))
    # What is outside the band does not count.
    pred[30:] = 1
    row = score_band("a", pred, coarse, true, band)
    assert row.sad == pytest.approx(100 * 0.1 / 1000)
    assert row.mse == pytest.approx(0.01)
    assert row.grad == pytest.approx(0, abs=1e-9)
    assert (row.coarse_sad, row.coarse_mse) == (pytest.approx(0.04), pytest.approx(0.16))
    assert row.band_gain == pytest.approx(1 - 0.01 / 0.16)
    assert score_band("b", coarse, coarse, true, band).band_gain == 0
    assert score_band("c", coarse, pred, true, band).band_gain < 0
    # A picture that was nearly right already must not outweigh one that was wrong.
    small = replace(row, coarse_mse=1e-4, mse=4e-4, band_gain=-3.0)
    assert band_means([row, small])["band_gain"] == pytest.approx(1 - (0.01 + 4e-4) / (0.16 + 1e-4), abs=1e-5)
    assert band_means([]) == {"n": 0}


def test_a_refiner_starts_from_given_weights_and_meets_a_given_locator(cutout_data: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    torch.save(Refiner().state_dict(), tmp_path / "refiner.pt")
    torch.save(Locator("lite0").state_dict(), tmp_path / "locator.pt")
    recipe = apply(RECIPE, [f"locator_weights={tmp_path / 'locator.pt'}", "locator_variant=lite0"])
    recipe = replace(recipe, stages=(replace(STAGE, steps=1, scenes=3, scenes_share=1.0),))
    weights = loop.train(recipe, [cutout_data], tmp_path / "run", init=tmp_path / "refiner.pt")
    assert list((tmp_path / "run/scenes").glob("*/*.npz"))
    # The locator is no part of what is trained and saved.
    assert load(weights).keys() == Refiner().state_dict().keys()
    with pytest.raises(ModelError) as error:
        loop.train(recipe, [cutout_data], tmp_path / "other", init=tmp_path / "locator.pt")
    assert error.value.code == "weights_mismatch"


def test_the_gates_of_a_stage_look_at_the_coarse_alphas_it_is_trained_on(
    cutout_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(Locator("lite0").state_dict(), tmp_path / "locator.pt")
    gates = (Gate("band_gain", "own", -1e9),)
    stages = tuple(
        replace(STAGE, name=name, steps=1, locator_share=share, gates=gates)
        for name, share in (("damaged", 0.0), ("answers", 1.0))
    )
    recipe = apply(
        RECIPE, [f"locator_weights={tmp_path / 'locator.pt'}", "locator_variant=lite0", "checkpoint_every=1"]
    )
    real, seen = refiner_task.band_eval, []

    def watched(refine: Any, source: Any, targets: Any) -> Any:
        seen.append((source.share, source.locator is not None))
        return real(refine, source, targets)

    monkeypatch.setattr(refiner_task, "band_eval", watched)
    loop.train(replace(recipe, stages=stages), [cutout_data], tmp_path / "run")
    assert seen == [(0.0, True), (1.0, True)]


def test_a_loss_that_is_not_finite_names_its_cutouts(
    cutout_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = RefinerTask.forward, []

    def sometimes_nan(self: Any, batch: dict[str, Any]) -> dict[str, Any]:
        calls.append(1)
        return {name: value * (math.nan if len(calls) == 2 else 1) for name, value in real(self, batch).items()}

    monkeypatch.setattr(RefinerTask, "forward", sometimes_nan)
    loop.train(RECIPE, [cutout_data], tmp_path)
    (row,) = [row for row in read_log(tmp_path) if row["event"] == "not_finite"]
    assert row["samples"][0].startswith("sample 2: cuts/")
    assert len(train_rows(tmp_path)) == 4


def test_a_stage_can_weigh_losses_and_have_a_crop_size_of_its_own() -> None:
    recipe = apply(load_recipe("refiner"), ["stages.damaged.crop_px=96", "stages.damaged.hair_share=0.5"])
    assert (recipe.stages[0].crop_px, recipe.stages[0].hair_share) == (96, 0.5)
    assert apply(RefinerLoss(), ["gradient=1"]).gradient == 1
    with pytest.raises(InputError, match="multiple of 8"):
        apply(recipe, ["stages.damaged.crop_px=100"])
    with pytest.raises(InputError, match="do not fit"):
        apply(recipe, ["stages.answers.crop_px=320"])
