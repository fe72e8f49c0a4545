from __future__ import annotations

from dataclasses import asdict

import pytest

from tress.errors import InputError
from tress_train.commands.overrides import apply
from tress_train.recipes import load_recipe
from tress_train.recipes.stages import Limits

pytestmark = pytest.mark.train

RECIPE = load_recipe("two_looks")


def test_values_take_the_type_of_their_field() -> None:
    as_written = asdict(RECIPE)
    changed = apply(
        RECIPE,
        [
            "optim.weight_decay=1e-4",
            "stages.looks.lr=2e-4",
            "stages.0.batch=4",
            "keep_gate_pictures_out=true",
            "precision=fp32",
            "stages.looks.mix.sets.clothes=0.5",
            "stages.looks.mix.composites.kinds=plain, room",
        ],
    )
    assert changed.optim.weight_decay == 1e-4
    assert (changed.stages[0].lr, changed.stages[0].batch) == (2e-4, 4)
    assert changed.keep_gate_pictures_out is True
    assert changed.precision == "fp32"
    assert changed.stages[0].mix.sets["clothes"] == 0.5
    assert changed.stages[0].mix.composites.kinds == ("plain", "room")
    assert asdict(RECIPE) == as_written


@pytest.mark.parametrize(
    ("assignment", "code", "named"),
    [
        ("optim.lrr=1", "override_unknown", "weight_decay"),
        ("stages.huge.lr=1", "override_unknown", "looks"),
        ("stages.looks.mix.sets.cats=1", "override_unknown", "clothes"),
        ("seed=one", "override_type", "int"),
        ("stages.looks.steps=1.5", "override_type", "int"),
        ("keep_gate_pictures_out=maybe", "override_type", "true or false"),
        ("precision=int8", "override_type", "bf16"),
        ("optim=fast", "override_type", "field"),
        ("seed.x=1", "override_unknown", "nothing below"),
        ("stages.looks.mix.limits.contrast_min=3", "override_unknown", "nothing below"),
        ("seed", "override_malformed", "name=value"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(assignment: str, code: str, named: str) -> None:
    with pytest.raises(InputError) as error:
        apply(RECIPE, [assignment])
    assert error.value.code == code
    assert named in str(error.value)


def test_a_change_that_makes_the_recipe_impossible_is_refused() -> None:
    with pytest.raises(InputError, match="multiple of log_every"):
        apply(RECIPE, ["checkpoint_every=33"])


def test_limits_below_a_group_can_be_set() -> None:
    assert apply(Limits(), ["contrast_min=12"]).contrast_min == 12
