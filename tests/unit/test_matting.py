"""The algorithm, with networks whose answers are known."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tress import matting
from tress.matting import estimate_alpha, growth, is_found, refine, refine_band, settle
from tress.process.closer import subject_box
from tress.process.confidence import expected_iou
from tress.process.looks import Located, locate, look_again
from tress.process.tiles import tiles_on
from tress.spec import ModelSpec


class FakeLocator:
    """Answers that bright pixels are subject, and doubts where asked to."""

    def __init__(self, *, presence=1.0, doubt=0.0, long_side_px=64, keep_aspect=True):
        self.spec = ModelSpec(
            "fake", "0", "locator", long_side_px, 32, keep_aspect, has_uncertainty=True, has_presence=True
        )
        self.presence, self.doubt, self.shapes = presence, doubt, []

    def run(self, x):
        self.shapes.append(x.shape)
        assert x.dtype == np.float32
        assert x.min() >= 0
        assert x.max() <= 1
        alpha = (x.mean(1, keepdims=True) > 0.5).astype(np.float32)
        return [alpha, np.full_like(alpha, self.doubt), np.array([self.presence], np.float32)]


class TwoLooks(FakeLocator):
    """Looks twice; keeps what it was shown, and answers the second time what ``second`` makes of it."""

    def __init__(self, second=lambda x: x[:, 3:4], *, second_look_px=96, doubt=0.25):
        super().__init__(doubt=doubt)
        self.spec = replace(self.spec, second_look_px=second_look_px)
        self.second, self.seen = second, []

    def run(self, x):
        assert x.shape[1] == 5
        self.seen.append(x)
        alpha, doubt, presence = super().run(x[:, :3])
        return [alpha if len(self.seen) == 1 else self.second(x), doubt, presence]


class FakeRefiner:
    """Gives back a function of its input, and counts its tiles."""

    spec = ModelSpec("fake-refiner", "0", "refiner", 256, 8)

    def __init__(self, answer):
        self.answer, self.tiles, self.largest = answer, 0, 0

    def run(self, x):
        self.tiles += len(x)
        self.largest = max(self.largest, len(x))
        return [self.answer(x)]


def disc(height, width):
    y, x = np.mgrid[0:height, 0:width]
    inside = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (min(height, width) / 3) ** 2
    return np.repeat((inside * 255).astype(np.uint8)[..., None], 3, 2)


@pytest.mark.parametrize("size", [(300, 500), (500, 300), (40, 40), (1, 1), (3, 900)])
def test_alpha_has_the_size_of_the_picture(size):
    estimate = estimate_alpha(np.full((*size, 3), 255, np.uint8), FakeLocator(), None)
    assert estimate.alpha.shape == size
    assert estimate.alpha.dtype == np.float32
    assert estimate.found


def test_aspect_is_kept_or_stretched_as_the_spec_says():
    picture = np.full((100, 400, 3), 255, np.uint8)
    keeps, stretches = FakeLocator(), FakeLocator(keep_aspect=False)
    estimate_alpha(picture, keeps, None)
    estimate_alpha(picture, stretches, None)
    assert keeps.shapes == [(1, 3, 32, 64)]
    assert stretches.shapes == [(1, 3, 64, 64)]


def test_the_mask_lands_where_the_subject_is():
    picture = disc(300, 420)
    alpha = estimate_alpha(picture, FakeLocator(), None).alpha
    want = picture[..., 0] > 0
    got = alpha > 0.5
    assert (got & want).sum() / (got | want).sum() > 0.95


def test_without_a_subject_nothing_is_invented():
    estimate = estimate_alpha(disc(100, 100), FakeLocator(presence=0.1), None)
    assert not estimate.found
    assert estimate.alpha.max() == 0
    assert estimate.confidence == pytest.approx(0.9)


def test_presence_without_any_mask_is_no_subject():
    assert not is_found(Located(np.zeros((8, 8), np.float32), None, 0.9))
    assert not is_found(Located(np.zeros((8, 8), np.float32), None, None))
    assert is_found(Located(np.ones((8, 8), np.float32), None, None))


def test_refiner_sees_the_band_only_and_changes_nothing_else():
    picture = disc(1200, 1500)
    coarse = estimate_alpha(picture, FakeLocator(), None).alpha
    refiner = FakeRefiner(lambda x: np.full_like(x[:, :1], 0.25))
    refined = estimate_alpha(picture, FakeLocator(), refiner).alpha
    assert refined[600, 750] == 1
    assert refined[0, 0] == 0
    changed = refined != coarse
    assert changed.any()
    np.testing.assert_allclose(refined[(coarse > 0.3) & (coarse < 0.7)], settle(np.float32([0.25]))[0], atol=1e-5)
    assert refiner.largest <= matting.TILE_BATCH
    assert refiner.tiles < 2 * len(tiles_on(np.ones((1200, 1500), bool), matting.GRID))


def test_doubt_opens_pixels_that_look_decided():
    picture = np.full((200, 200, 3), 255, np.uint8)
    refiner = FakeRefiner(lambda x: np.zeros_like(x[:, :1]))
    sure = estimate_alpha(picture, FakeLocator(doubt=0.0), refiner).alpha
    unsure = estimate_alpha(picture, FakeLocator(doubt=0.9), refiner).alpha
    assert sure.min() == 1
    assert unsure.max() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("pattern", ["smooth", "checkered"])
def test_overlapping_tiles_leave_no_seams(pattern):
    y, x = np.mgrid[0:700, 0:600].astype(np.float32)
    want = (x + y) / 1300 if pattern == "smooth" else ((x // 4 + y // 4) % 2) * 0.8 + 0.1
    want = want.astype(np.float32)
    picture = np.repeat((want * 255 + 0.5).astype(np.uint8)[..., None], 3, 2)
    refiner = FakeRefiner(lambda x: x[:, :1])
    band = np.ones(want.shape, bool)
    refined = refine_band(picture, np.full_like(want, 0.5), None, band, tiles_on(band, matting.GRID), refiner)
    np.testing.assert_allclose(refined, picture[..., 0] / np.float32(255), atol=1e-5)


def test_threads_share_the_tiles_and_change_nothing():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (500, 420, 3), np.uint8)
    coarse, band = rng.random((500, 420), np.float32), rng.random((500, 420)) < 0.5
    tiles = tiles_on(band, matting.GRID)
    one, three = (FakeRefiner(lambda x: x[:, :1] * x[:, 3:4]) for _ in range(2))
    alone = refine_band(picture, coarse, None, band, tiles, one)
    np.testing.assert_array_equal(refine_band(picture, coarse, None, band, tiles, three, threads=3), alone)
    assert np.abs(alone - coarse)[band].max() > 0.1
    assert one.largest == matting.TILE_BATCH
    assert three.largest == matting.TILE_BATCH_SHARED


def test_a_picture_that_is_unsure_everywhere_takes_a_coarser_step_and_says_so(monkeypatch):
    monkeypatch.setattr(matting, "MAX_TILES", 20)
    alpha = np.full((64, 64), 0.5, np.float32)
    refiner = FakeRefiner(lambda x: np.full_like(x[:, :1], 0.75))
    image = np.zeros((4096, 4096, 3), np.uint8)
    refined, warnings = refine(image, Located(alpha, None, 1.0), refiner)
    assert refined.shape == (4096, 4096)
    assert len(warnings) == 1
    assert "unsure" in warnings[0]
    assert refiner.tiles <= 40


@pytest.mark.parametrize(
    ("start", "end", "steps"),
    [((64, 64), (32, 32), 1), ((384, 512), (768, 1024), 1), ((384, 512), (3000, 4000), 2), ((64, 64), (8192, 8192), 4)],
)
def test_growth_ends_at_the_picture_in_bounded_steps(start, end, steps):
    sizes = growth(start, end)
    assert sizes[-1] == end
    assert len(sizes) == steps
    for before, after in zip([start, *sizes], sizes, strict=False):
        assert after[0] / before[0] <= matting.MAX_STEP * 1.01


def test_expected_iou_is_one_for_decided_alpha_and_lower_for_doubt():
    decided = np.zeros((10, 10), np.float32)
    decided[:5] = 1
    assert expected_iou(decided) == 1
    doubtful = np.full((10, 10), 0.1, np.float32)
    doubtful[:5] = 0.8
    assert expected_iou(doubtful) == pytest.approx(40 / 55)
    assert expected_iou(np.zeros((4, 4), np.float32)) == 0


def test_settling_reaches_both_ends_and_keeps_the_order():
    settled = settle(np.float32([0, 0.014, 0.016, 0.3, 0.5, 0.984, 0.986, 1]))
    assert settled[1] == 0
    assert settled[-2] == 1
    assert settled[4] == pytest.approx(0.5)
    assert (np.diff(settled) >= 0).all()
    assert settled[2] > 0
    assert settled[-3] < 1


def small_disc(height, width, center, radius):
    y, x = np.mgrid[0:height, 0:width]
    inside = (y - center[0]) ** 2 + (x - center[1]) ** 2 < radius**2
    return np.repeat((inside * 255).astype(np.uint8)[..., None], 3, 2)


def test_without_a_second_look_or_without_doubt_the_first_answer_stands():
    picture = small_disc(600, 800, (300, 400), 60)
    first = locate(picture, once := FakeLocator(doubt=0.9))
    assert look_again(picture, first, once) is first
    assert len(once.shapes) == 1
    unsaid = Located(first.alpha, None, 1.0)
    assert look_again(picture, unsaid, twice := TwoLooks()) is unsaid
    empty = Located(np.zeros_like(first.alpha), first.uncertainty, 1.0)
    assert look_again(picture, empty, twice) is empty
    assert not twice.shapes


@pytest.mark.parametrize(("refiner", "looks"), [(None, 1), (True, 2)])
def test_the_second_look_goes_with_the_refiner(refiner, looks):
    picture, locator = small_disc(600, 800, (300, 400), 60), TwoLooks()
    estimate_alpha(picture, locator, refiner and FakeRefiner(lambda x: x[:, 3:4]))
    assert len(locator.shapes) == looks


@pytest.mark.parametrize("size", [(1, 40_000), (40_000, 2), (3, 5), (1, 1)])
def test_strips_and_specks_can_be_looked_at(size):
    picture = np.zeros((*size, 3), np.uint8)
    picture[: max(1, size[0] // 9), : max(1, size[1] // 9)] = 255
    estimate = estimate_alpha(picture, FakeLocator(doubt=0.5), FakeRefiner(lambda x: x[:, 3:4]))
    assert estimate.alpha.shape == size


def test_the_first_of_two_looks_is_told_nothing():
    locator = TwoLooks()
    located = locate(disc(300, 400), locator)
    assert set(np.unique(locator.seen[0][:, 3])) == {0.5}
    assert set(np.unique(locator.seen[0][:, 4])) == {1.0}
    assert located.alpha.shape == (48, 64)


@pytest.mark.parametrize("center", [(300, 400), (40, 760), (595, 5)])
@pytest.mark.parametrize("radius", [60, 250])
def test_the_second_look_sees_the_subject_and_what_the_first_said_of_the_same_pixels(center, radius):
    picture = small_disc(600, 800, center, radius)
    locator = TwoLooks()
    first = locate(picture, locator)
    finer = look_again(picture, first, locator)
    shown = locator.seen[1][0]
    assert max(shown.shape[1:]) == 96
    inside = shown[:3].mean(0) > 0.5
    differ = inside != (shown[3] > 0.5)
    # Only pixels along the edge, of which the first look had coarser ones.
    edge = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((9, 9), np.uint8)) > 0
    assert not differ[~edge].any()
    assert np.abs(shown[4] - 0.25).max() < 0.01
    truth = picture[..., 0] / 255
    refined = refine(picture, finer, None)[0]
    assert np.abs(refined - truth).mean() < 0.03
    assert finer.presence == first.presence


@pytest.mark.parametrize(("radius", "side"), [(400, 896), (180, 1.5 * 432), (30, 512)])
def test_a_small_subject_is_enlarged_by_half_at_most_at_the_second_look(radius, side):
    picture, locator = small_disc(1200, 1200, (600, 600), radius), TwoLooks()
    locator.spec = replace(locator.spec, long_side_px=512, second_look_px=896)
    look_again(picture, locate(picture, locator), locator)
    assert max(locator.shapes[1]) == pytest.approx(side, abs=32)


def test_the_second_look_has_the_say_inside_its_box_and_fades_at_its_rim():
    picture = small_disc(600, 800, (300, 400), 60)
    first = locate(picture, locator := TwoLooks(lambda x: np.ones_like(x[:, :1])))
    finer = look_again(picture, first, locator)
    rows, columns = np.nonzero(finer.alpha > 0.99)
    scale = finer.alpha.shape[0] / 600
    box = subject_box(first.alpha, (600, 800), smallest_share=0.25)
    assert rows.min() / scale == pytest.approx(box.top, abs=0.08 * box.long_side)
    assert columns.max() / scale == pytest.approx(box.right, abs=0.08 * box.long_side)
    assert finer.alpha[0].max() == finer.alpha[-1].max() == 0
    assert np.abs(np.diff(finer.alpha, axis=0)).max() < 0.6


def test_marks_and_strips_go_through_two_looks():
    for size in ((1, 3000), (3000, 2), (3, 5)):
        picture = np.zeros((*size, 3), np.uint8)
        picture[: max(1, size[0] // 9), : max(1, size[1] // 9)] = 255
        estimate = estimate_alpha(picture, TwoLooks(), FakeRefiner(lambda x: x[:, 3:4]))
        assert estimate.alpha.shape == size
