"""The refiner, its damaged alphas and its crops."""

import cv2
import numpy as np
import pytest
import torch

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress_train.data.crops import RefinerCrops
from tress_train.data.degrade import MAX_SCALE, MIN_SCALE, degrade
from tress_train.models.refiner import Refiner

pytestmark = pytest.mark.train


def strands(size=160):
    """Thin lines from a solid disc: what a locator cannot resolve."""
    alpha = np.zeros((size, size), np.float32)
    cv2.circle(alpha, (size // 2, size // 2), size // 5, 1, -1, cv2.LINE_AA)
    for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):
        end = (int(size / 2 + size * 0.45 * np.cos(angle)), int(size / 2 + size * 0.45 * np.sin(angle)))
        cv2.line(alpha, (size // 2, size // 2), end, 1, 1, cv2.LINE_AA)
    return np.clip(alpha, 0, 1)


def test_the_refiner_is_small_and_starts_as_the_identity():
    refiner = Refiner().eval()
    assert sum(p.numel() for p in refiner.parameters()) < 600_000
    x = torch.rand(2, 5, 64, 48)
    with torch.no_grad():
        out = refiner(x)
    torch.testing.assert_close(out, x[:, 3:4].clamp(0.02, 0.98), atol=1e-5, rtol=0)


def test_the_refiner_can_learn_to_undo_damage():
    torch.manual_seed(0)
    true = strands(64)
    coarse = cv2.GaussianBlur(true, (0, 0), 3)
    rgb = np.repeat(true[None] * 0.8 + 0.1, 3, 0)
    x = torch.from_numpy(np.concatenate([rgb, coarse[None], np.ones_like(coarse)[None]]).astype(np.float32))[None]
    y = torch.from_numpy(true)[None, None]
    refiner = Refiner(widths=(4, 8, 8, 8)).train()
    optimizer = torch.optim.Adam(refiner.parameters(), 1e-2)
    losses = []
    for _ in range(40):
        loss = (refiner(x) - y).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.4 * losses[0]


@pytest.mark.parametrize("seed", range(6))
def test_damage_is_plausible(seed):
    true = strands()
    coarse, doubt, scale = degrade(true, np.random.default_rng(seed))
    assert MIN_SCALE <= scale <= MAX_SCALE
    for answer in (coarse, doubt):
        assert answer.shape == true.shape
        assert answer.dtype == np.float32
        assert answer.min() >= 0
        assert answer.max() <= 1
    # Far from any edge the locator is right and knows it.
    assert coarse[80, 80] > 0.9
    assert coarse[:6, :6].max() < 0.1
    assert np.abs(coarse - true).mean() > 0.005
    # Doubt is larger where the answer is wrong.
    wrong = np.abs(coarse - true) > 0.3
    assert doubt[wrong].mean() > doubt[~wrong].mean()


@pytest.fixture
def records(tmp_path):
    alpha = (strands() * 255).astype(np.uint8)
    rgba = np.dstack([np.full((*alpha.shape, 3), (40, 80, 160), np.uint8), alpha])
    cv2.imwrite(str(tmp_path / "cut.png"), rgba)
    noise = np.random.default_rng(0).integers(0, 256, (120, 150, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "back.png"), noise)
    return [
        Record(tmp_path / "cut.png", None, "cuts", "hair", "rgba", 0),
        Record(tmp_path / "back.png", None, "backs", "plain", "background", 0),
    ]


def test_crops_depend_on_seed_and_index_alone(records):
    first, again = (RefinerCrops(records, 64, seed=3, length=20) for _ in range(2))
    for index in (7, 0):
        for name, value in first[index].items():
            torch.testing.assert_close(value, again[index][name], rtol=0, atol=0)
    assert not torch.equal(first[0]["input"], first[1]["input"])
    other = RefinerCrops(records, 64, seed=4, length=20)
    assert not torch.equal(first[0]["input"], other[0]["input"])


def test_crops_hold_a_part_of_the_band(records):
    crops = RefinerCrops(records, 64, seed=0, length=20)
    assert len(crops) == 20
    for index in range(20):
        crop = crops[index]
        assert crop["input"].shape == (5, 64, 64)
        assert crop["alpha"].shape == crop["band"].shape == (1, 64, 64)
        assert crop["input"].min() >= 0
        assert crop["input"].max() <= 1
        assert crop["band"].sum() > 0


def test_without_cutouts_there_is_nothing_to_learn(records):
    with pytest.raises(InputError) as caught:
        RefinerCrops(records[1:], 64, seed=0, length=1)
    assert caught.value.code == "no_cutouts"
