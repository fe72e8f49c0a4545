from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tress.errors import InputError
from tress.process.difficulty import Difficulty
from tress_train import recipes
from tress_train.data.gates import read_gates, source_keys
from tress_train.data.lists import read_lists
from tress_train.recipes.base import Recipe, recipe_hash, smoke
from tress_train.recipes.stages import LADDER, Gate, Limits, Mix, Stage, judge, shares

pytestmark = pytest.mark.train

EASY = Difficulty(subjects=1, size=0.3, contrast=60.0, texture=0.1, soft_share=0.0, holes=0)


def test_the_ladder_takes_pictures_from_simple_to_complex() -> None:
    def rung(**changes: float | None) -> str:
        difficulty = Difficulty(**{**EASY.__dict__, **changes})  # type: ignore[arg-type]
        return next(name for name, limits in LADDER if limits.admits(difficulty))

    assert rung() == "plain"
    assert rung(texture=3.0) == "natural"
    assert rung(texture=3.0, contrast=8.0) == "low_contrast"
    assert rung(subjects=3) == "groups"
    assert rung(soft_share=0.2) == "fine"
    assert rung(texture=4.5) == "cluttered"


def test_what_is_not_known_is_no_reason_to_refuse_but_no_proof_either() -> None:
    unknown = Difficulty(1, 0.3, 60.0, 0.1, None, 0)
    assert Limits(soft_share_max=0.01).admits(unknown)
    assert not Limits(soft_share_min=0.01).admits(unknown)


def test_gates_know_which_way_is_better_and_what_is_missing() -> None:
    gates = (Gate("iou", "plain", 0.9), Gate("mae", "plain", 0.05), Gate("band_mad", "fine", 0.1))
    results = judge(gates, {"plain": {"iou": 0.91, "mae": 0.06}})
    assert [result.passed for result in results] == [True, False, False]
    assert math.isnan(results[2].value)
    assert "MISSED" in str(results[1])


def test_replay_is_shared_among_the_earlier_stages() -> None:
    stages = tuple(Stage(str(i), 1, 32, 1, 1e-3, Mix(composite=i + 1), replay_share=0.2) for i in range(3))
    assert [share for _, share in shares(stages, 0)] == [1.0]
    assert [share for _, share in shares(stages, 2)] == pytest.approx([0.8, 0.1, 0.1])
    assert shares(stages, 2)[0][0].composite == 3


@pytest.mark.parametrize("name", recipes.recipe_names())
def test_every_recipe_loads_and_has_a_smoke_variant_of_its_own(name: str) -> None:
    recipe = recipes.load_recipe(name)
    small = smoke(recipe)
    assert [stage.name for stage in small.stages] == [stage.name for stage in recipe.stages]
    assert recipe_hash(small) != recipe_hash(recipe)
    assert recipes.describe(name)
    frozen = read_gates()
    for stage in recipe.stages:
        for gate in stage.gates:
            made = {"refiner": ("own", "hair")}.get(recipe.task, ("own",))
            assert gate.subset in made or frozen[gate.subset], f"{gate.subset} has no pictures"


def test_the_locator_costs_what_its_docstring_says() -> None:
    spent: Counter[int | str] = Counter()
    for stage in recipes.load_recipe("locator").stages:
        for px in stage.sides_px:
            spent["pairs" if stage.window_px else px] += stage.steps * stage.batch // len(stage.sides_px)
    assert set(spent) == {256, 384, 512, "pairs"}
    assert all(spent[px] == pytest.approx(100_000, rel=0.01) for px in (256, 384, 512))
    assert spent["pairs"] == 50_000


def test_the_very_first_gate_is_one_person_before_a_plain_ground_that_training_does_not_see() -> None:
    first = recipes.load_recipe("locator").stages[0]
    assert {gate.subset for gate in first.gates} == {"first_case"}
    drawn = first.mix.composites
    assert (drawn.cutouts, drawn.studio, drawn.subjects_max) == ({"@first_case": 1.0}, 1.0, 1)
    chosen = read_lists()
    asked = read_gates()["first_case"]
    assert asked
    assert {key.partition("@")[2] for key in asked} == {"far"}
    people = source_keys({"": asked})
    assert people <= set(chosen["first_case_held_back"])
    assert not people & set(chosen["first_case"])
    for scores, passes in (({"iou": 0.98, "mae": 0.01}, True), ({"iou": 0.96, "mae": 0.01}, False)):
        assert all(result.passed for result in judge(first.gates, {"first_case": scores})) == passes


def test_recipes_are_listed_without_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from tress_train import recipes\n"
        "print([recipes.describe(name) for name in recipes.recipe_names()])"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_an_unknown_recipe_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="two_looks"):
        recipes.load_recipe("tow_looks")


def test_stages_need_names_of_their_own() -> None:
    stage = Stage("a", 1, 32, 1, 1e-3, Mix())
    with pytest.raises(InputError, match="distinct"):
        Recipe("x", (stage, stage))


def test_the_frozen_list_names_each_picture_once() -> None:
    subsets = read_gates()
    keys = [key for found in subsets.values() for key in found]
    assert len(keys) == len(set(keys))
    assert json.loads((Path(recipes.__file__).parents[1] / "data/gates.json").read_text(encoding="utf-8")) == subsets
    assert not [part for part in source_keys(subsets) if part in ("far", "near")]
