"""The refiner, its damaged alphas and its crops."""

import cv2
import numpy as np
import pytest
import torch

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress_train.data.coarse import CoarseSource
from tress_train.data.crops import RefinerCrops
from tress_train.data.degrade import MAX_SCALE, MIN_SCALE, degrade
from tress_train.data.library import load_library
from tress_train.data.pools import Pools
from tress_train.data.scenes import TRIES, Scenes
from tress_train.data.strands import add_strands
from tress_train.models.locator import Locator
from tress_train.models.refiner import Refiner, average_colours, solve
from tress_train.recipes.refiner_stages import NARROWEST, SCENE_PX

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
    # Untrained, the solution of the matting equation counts for less than a hundredth.
    torch.testing.assert_close(out, x[:, 3:4].clamp(0.02, 0.98), atol=0.01, rtol=0)


def test_the_refiner_can_learn_to_undo_damage():
    torch.manual_seed(0)
    true = strands(64)
    coarse = cv2.GaussianBlur(true, (0, 0), 3)
    rgb = np.repeat(true[None] * 0.8 + 0.1, 3, 0)
    x = torch.from_numpy(np.concatenate([rgb, coarse[None], np.ones_like(coarse)[None]]).astype(np.float32))[None]
    y = torch.from_numpy(true)[None, None]
    refiner = Refiner(widths=(8, 8, 8)).train()
    optimizer = torch.optim.Adam(refiner.parameters(), 1e-2)
    losses = []
    for _ in range(40):
        loss = (refiner(x) - y).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.4 * losses[0]


def test_the_matting_equation_is_solved_for_known_colours():
    torch.manual_seed(0)
    fore, back, alpha = torch.rand(2, 3, 5, 6), torch.rand(2, 3, 5, 6), torch.rand(2, 4, 5, 6)
    fore[:, 0], back[:, 0] = 0.9, 0.1
    mixed = back[:, :, None] + alpha[:, None] * (fore - back)[:, :, None]
    solution, apart = solve(mixed, fore, back)
    torch.testing.assert_close(solution, alpha, atol=2e-3, rtol=0)
    assert apart.min() > 0.9
    # One and the same colour says nothing.
    _, apart = solve(mixed, fore, fore)
    assert apart.max() == 0


def test_the_colours_around_a_pixel_are_read_where_the_locator_is_sure():
    red, blue = torch.tensor([1.0, 0, 0]), torch.tensor([0, 0, 1.0])
    rgb = torch.zeros(1, 3, 48, 48)
    rgb[..., :24] = red[:, None, None]
    rgb[..., 24:] = blue[:, None, None]
    rgb[..., 20:28] = 0.5
    alpha, doubt = torch.zeros(1, 1, 48, 48), torch.zeros(1, 1, 48, 48)
    alpha[..., :24], doubt[..., 18:30] = 1, 1
    for found in average_colours(rgb, alpha, doubt):
        assert found.shape == (1, 8, 48, 48)
    widest = found[0, :, 24, 24]
    torch.testing.assert_close(widest[:3], red, atol=0.1, rtol=0)
    torch.testing.assert_close(widest[4:7], blue, atol=0.1, rtol=0)
    # Far from the subject there is none of its colour: what is there stands in for it, and the share says so.
    corner = average_colours(rgb, alpha, doubt)[0][0, :, 24, 47]
    torch.testing.assert_close(corner[:3], blue, atol=1e-3, rtol=0)
    assert corner[3] == 0
    assert corner[7] == 1


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


def disc():
    alpha = np.zeros((120, 140), np.float32)
    cv2.circle(alpha, (70, 60), 30, 1, -1)
    return np.dstack([alpha * 0.8, alpha * 0.3, alpha * 0.1, alpha])


@pytest.mark.parametrize("seed", range(8))
def test_strands_are_thin_and_keep_to_the_colours_of_a_premultiplied_layer(seed):
    before = disc()
    after = add_strands(before, np.random.default_rng(seed))
    np.testing.assert_array_equal(before, disc())
    assert after.shape == before.shape
    assert after.dtype == np.float32
    assert after.min() >= 0
    assert after[..., 3].max() <= 1
    assert (after[..., :3] <= after[..., 3:] + 2 / 255).all()
    changed = np.abs(after[..., 3] - before[..., 3]) > 0.02
    assert 0.002 < changed.mean() < 0.7
    soft = (after[..., 3] > 0.05) & (after[..., 3] < 0.95)
    assert soft[changed].mean() > 0.3
    np.testing.assert_array_equal(after, add_strands(before, np.random.default_rng(seed)))


def test_strands_need_an_edge_to_grow_from():
    empty = np.zeros((40, 40, 4), np.float32)
    assert add_strands(empty, np.random.default_rng(0)) is empty


@pytest.fixture
def records(tmp_path):
    alpha = (strands() * 255).astype(np.uint8)
    rgba = np.dstack([np.full((*alpha.shape, 3), (40, 80, 160), np.uint8), alpha])
    cv2.imwrite(str(tmp_path / "cut.png"), rgba)
    cv2.imwrite(str(tmp_path / "stamp.png"), rgba[20:-20, 20:-20])
    noise = np.random.default_rng(0).integers(0, 256, (120, 150, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "back.png"), noise)
    return {
        "cut": Record(tmp_path / "cut.png", None, "cuts", "hair", "rgba", 0),
        "stamp": Record(tmp_path / "stamp.png", None, "stamps", "objects", "rgba", 0),
        "back": Record(tmp_path / "back.png", None, "backs", "plain", "background", 0),
    }


def crops_of(records, seed=0, length=20, hair_share=0.5, scenes=None, scenes_share=0.0):
    return RefinerCrops(
        Pools(load_library(records, 800), hair_share),
        crop_px=64,
        seed=seed,
        length=length,
        strands_share=0.5,
        scenes=scenes,
        scenes_share=scenes_share,
    )


def scenes_of(records, folder, locator, seed=0, count=4):
    pools = Pools(load_library(records, 800), 0.5)
    return Scenes(pools, locator, folder=folder, seed=seed, count=count, strands_share=0.5)


def assert_same_samples(first, again, indices):
    for index in indices:
        expected = first[index]
        for name, value in again[index].items():
            torch.testing.assert_close(value, expected[name], rtol=0, atol=0)


def test_crops_depend_on_seed_and_index_alone(records):
    first = crops_of(records, seed=3)
    assert_same_samples(first, crops_of(records, seed=3), (7, 0))
    assert not torch.equal(first[0]["input"], first[1]["input"])
    assert not torch.equal(first[0]["input"], crops_of(records, seed=4)[0]["input"])


def test_crops_hold_a_part_of_the_band(records):
    crops = crops_of(records)
    assert len(crops) == 20
    for index in range(20):
        crop = crops[index]
        assert crop["input"].shape == (5, 64, 64)
        assert crop["alpha"].shape == crop["band"].shape == (1, 64, 64)
        assert crop["input"].min() >= 0
        assert crop["input"].max() <= 1
        assert crop["band"].sum() > 0
        assert crop["index"] == index


def test_hair_is_drawn_as_often_as_the_stage_says(records):
    drawn = [crops_of(records, hair_share=share).describe(i) for share in (1.0, 0.0) for i in range(12)]
    assert [name.split(": ")[1] for name in drawn] == ["cut"] * 12 + ["stamp"] * 12
    assert crops_of(records).pools() == {"hair": 1, "other": 1, "backgrounds": 1}


def test_without_cutouts_there_is_nothing_to_learn(records):
    with pytest.raises(InputError) as caught:
        crops_of({"back": records["back"]})
    assert caught.value.code == "no_cutouts"


class Reads(torch.nn.Module):
    """A locator that takes bright pixels for the subject, and doubts all of them or none."""

    def forward(self, x):
        return x.mean(1, keepdim=True), torch.ones_like(x[:, :1]), torch.ones(len(x))


def test_a_real_locator_sees_the_composite_small_and_its_mistakes_stay(records):
    true = strands(256)
    picture = np.repeat((true * 255).astype(np.uint8)[..., None], 3, 2)
    source = CoarseSource(share=1.0)
    source.locator = Reads()
    coarse = source(picture, true, np.random.default_rng(0))
    assert coarse.alpha.shape == coarse.doubt.shape == true.shape
    assert MIN_SCALE <= coarse.scale <= 2.1
    # What it sees is the picture at its own resolution: strands fade, the middle stays.
    assert coarse.alpha[128, 128] > 0.95
    assert 0.005 < np.abs(coarse.alpha - true).mean() < 0.2
    np.testing.assert_allclose(coarse.doubt, 1, atol=1e-6)


def test_a_locator_that_misses_the_subject_is_not_asked(records):
    true = strands(256)
    black = np.zeros((256, 256, 3), np.uint8)
    source = CoarseSource(share=1.0)
    source.locator = Reads()
    coarse = source(black, true, np.random.default_rng(0))
    assert coarse.alpha[128, 128] > 0.9


class SeesColour(torch.nn.Module):
    """A locator that answers with how bright the picture is, or that nothing is there; counts how often it is asked."""

    def __init__(self, blind=False):
        super().__init__()
        self.blind, self.asked = blind, []

    def forward(self, x):
        self.asked.append(tuple(x.shape[2:]))
        alpha = x.mean(1, keepdim=True) * (0 if self.blind else 1)
        return alpha, 1 - alpha, torch.ones(len(x))


def test_a_scene_is_a_whole_composite_with_the_answer_to_it(records, tmp_path):
    scenes = scenes_of(records, tmp_path, SeesColour())
    for number in range(4):
        picture, true_alpha, answer = scenes[number]
        assert picture.shape == (*true_alpha.shape, 3)
        assert picture.dtype == true_alpha.dtype == answer.dtype == np.uint8
        assert SCENE_PX[0] <= max(true_alpha.shape) <= SCENE_PX[1]
        assert min(true_alpha.shape) / max(true_alpha.shape) >= NARROWEST - 0.01
        assert true_alpha.max() == 255
        assert 256 <= max(answer.shape) <= 512
        assert max(answer.shape) <= max(true_alpha.shape)
        # The locator has seen this very picture: its answer lies on it without a shift.
        coarse = scenes[number].coarse()
        assert coarse.alpha.shape == coarse.doubt.shape == true_alpha.shape
        assert coarse.scale == pytest.approx(true_alpha.shape[0] / answer.shape[1])
        bright = cv2.GaussianBlur(picture.mean(2).astype(np.float32) / 255, (0, 0), 4)
        assert np.abs(cv2.GaussianBlur(coarse.alpha, (0, 0), 4) - bright).mean() < 0.01
        np.testing.assert_allclose(coarse.doubt, 1 - coarse.alpha, atol=0.02)


class LooksTwice(SeesColour):
    """At the second look it answers with the prior, and is sure of it."""

    def __init__(self):
        super().__init__()
        self.prior = torch.nn.Conv2d(2, 1, 3)

    def forward(self, x):
        alpha, doubt, presence = super().forward(x[:, :3])
        if x.shape[1] == 5 and not (x[:, 3] == 0.5).all():
            return x[:, 3:4], torch.zeros_like(doubt), presence
        return alpha, doubt, presence


def test_a_locator_that_looks_twice_gives_its_second_answer(records, tmp_path):
    locator = LooksTwice()
    scene = scenes_of(records, tmp_path, locator)[0]
    assert [max(size) for size in locator.asked[:2]] == [512, 928]
    # The first look doubts whatever is not white.
    assert (scene.answer[1] == 0).mean() > 0.1


def test_scenes_are_made_once_and_kept(records, tmp_path):
    locator, folder = SeesColour(blind=True), tmp_path / "scenes"
    first = scenes_of(records, folder, locator)[1]
    # One that finds nothing is asked about other composites, but not for ever.
    assert len(locator.asked) == TRIES
    again = scenes_of(records, folder, locator)[1]
    assert len(locator.asked) == TRIES
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    (kept,) = folder.iterdir()
    assert [path.name for path in kept.iterdir()] == ["000001.npz"]
    other = scenes_of(records, folder, locator, seed=1)[1]
    assert other.picture.shape != first.picture.shape or not np.array_equal(other.picture, first.picture)
    assert len(list(folder.iterdir())) == 2


def test_crops_of_scenes_are_repeatable(records, tmp_path):
    torch.manual_seed(0)
    locator = Locator("lite0").eval()
    first, again = (
        crops_of(records, scenes=scenes_of(records, tmp_path / name, locator), scenes_share=1.0) for name in "ab"
    )
    assert_same_samples(first, again, (2, 0))
    assert first.describe(2).startswith("sample 2: scene ")
    assert first[2]["input"].shape == (5, 64, 64)


def test_weights_that_are_missing_are_named(tmp_path):
    with pytest.raises(InputError, match="missing"):
        CoarseSource(tmp_path / "none.pt")
