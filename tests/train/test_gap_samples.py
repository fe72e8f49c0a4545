"""Gaps of subjects in training: where they are trusted, how often a second look is at one, and what they weigh."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tress.process.labels import make_label
from tress_train.data.dataset import GAP_EDGE_PX, TrainingSet
from tress_train.data.library import Library, Photo
from tress_train.data.looks import TwoLooks
from tress_train.models.locator import LocatorLogits
from tress_train.recipes import load_recipe
from tress_train.recipes.stages import LocatorLoss, Mix
from tress_train.tasks.base import to_floats
from tress_train.tasks.locator import locator_losses

pytestmark = pytest.mark.train


@pytest.fixture
def handle() -> TrainingSet:
    """Samples of one picture: a large block with a small handle on it, whose gap is a hundredth of the picture."""
    alpha = np.zeros((256, 256), np.uint8)
    alpha[120:230, 40:216] = 255
    cv2.circle(alpha, (128, 100), 22, 255, 9)
    image = np.repeat(alpha[..., None] // 2 + 40, 3, 2)
    label = make_label(alpha, "exact", 0)
    assert label is not None
    library = Library(photos={name: [Photo(f"{name}/a", image, label)] for name in ("trusted", "other")})
    mix = Mix({"trusted": 0.5, "other": 0.5}, empty=0.1, gaps=("trusted",))
    return TrainingSet(library, [(mix, 1.0)], {}, sides_px=(256,), batch=2, seed=3, length=200)


def test_gaps_are_marked_with_their_edge_and_only_where_labels_are_trusted(handle: TrainingSet) -> None:
    marked = 0
    for index in range(40):
        sample, name = handle[index], handle.describe(index)
        gaps, alpha = sample["gaps"][0].numpy(), sample["alpha"][0].numpy()
        if "trusted" not in name:
            assert not gaps.any()
        if gaps.any():
            marked += 1
            assert set(np.unique(gaps)) == {0, 255}
            # Shrunk by the edge that was added, what is left is background, and far from all of it.
            inner = cv2.erode(gaps, np.ones((2 * GAP_EDGE_PX + 1,) * 2, np.uint8)) > 0
            assert (alpha[inner] < 128).all()
            assert 0 < inner.mean() < 0.2
    assert marked > 5


def test_a_second_look_is_often_at_a_gap_where_there_is_one(handle: TrainingSet) -> None:
    looks = TwoLooks(handle, first_sides_px=(128,), window_px=64)
    about, elsewhere = 0, 0
    for index in range(120):
        sample, view = looks[index], handle[index]
        if "trusted" in handle.describe(index) and view["gaps"].any():
            assert sample["gaps"].shape == sample["alpha"].shape
            share = sample["near_gaps"].float().sum() / view["gaps"].float().sum()
            about, elsewhere = about + int(share > 0.3), elsewhere + int(share <= 0.3)
    assert about / (about + elsewhere) > 0.4


def test_a_closed_gap_costs_more_than_the_same_error_elsewhere() -> None:
    logits = torch.full((1, 1, 32, 32), -8.0)
    out = LocatorLogits(logits, torch.zeros_like(logits), torch.zeros(1), torch.full((1, 1, 4, 4), -8.0))
    plane = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
    sure = torch.full_like(plane, 255)
    gaps = plane.clone()
    gaps[..., 4:8, 4:8] = 255
    batch = {"alpha": plane, "where": sure, "soft": sure, "fuzzy": plane, "gaps": gaps}
    batch = to_floats(batch | {"presence": torch.ones(1), "presence_weight": torch.ones(1)})
    here, there = logits.clone(), logits.clone()
    here[..., 4:8, 4:8], there[..., 20:24, 20:24] = 8.0, 8.0

    def cost(alpha: torch.Tensor, gaps: float) -> float:
        losses = locator_losses(out._replace(alpha=alpha), batch, LocatorLoss(gaps=gaps))
        return float(losses["bce"] + losses["l1"])

    assert cost(here, 0) == pytest.approx(cost(there, 0))
    assert cost(here, 4) == pytest.approx(5 * cost(there, 4), rel=0.01)


def test_the_recipe_weighs_gaps() -> None:
    recipe = load_recipe("two_looks")
    assert recipe.loss.gaps > 0
    assert "@street_gaps" in recipe.stages[0].mix.gaps
