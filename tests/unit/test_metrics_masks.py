"""Mask metrics against slow, direct implementations, on cases with a known answer, and with ignored pixels."""

import cv2
import numpy as np
import pytest

from tress.errors import InputError
from tress.metrics.base import Metric, Sample
from tress.metrics.hce import clicks
from tress.metrics.registry import all_metrics, select, unique
from tress.metrics.thinning import skeleton


def sample(
    pred: np.ndarray, true: np.ndarray, known: np.ndarray | None = None, presence: float | None = None
) -> Sample:
    known = np.ones(true.shape, bool) if known is None else known
    return Sample(pred.astype(np.float32), true.astype(np.float32), known, known, presence)


def square(top: int, left: int, side: int, shape: tuple[int, int] = (60, 80)) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def measured(name: str, made: Sample) -> float:
    return float(all_metrics()[name](made)[0])


def test_every_metric_of_a_perfect_prediction():
    true = square(10, 20, 30).astype(np.float32)
    made = sample(true, true, presence=1.0)
    for name, metric in all_metrics().items():
        value = metric(made)
        if value is None or name == "presence_auroc":
            continue
        perfect = 0 if metric.better == "lower" else 1
        # E divides by the number of pixels minus one.
        assert metric.score(value[None]) == pytest.approx(perfect, abs=1e-3), name


def test_iou_of_shifted_squares():
    assert measured("iou", sample(square(10, 10, 20), square(10, 20, 20))) == pytest.approx(1 / 3)


def test_boundary_iou_is_what_brute_force_gives():
    rng = np.random.default_rng(0)
    shape = (90, 120)
    true = square(20, 30, 45, shape)
    pred = square(24, 28, 45, shape) ^ (rng.random(shape) > 0.999)
    pred[20:60, 0:20] = True
    width = round(0.02 * np.hypot(*shape))

    def region(mask: np.ndarray) -> np.ndarray:
        padded = np.pad(mask, width)
        out = np.zeros(mask.shape, bool)
        for y, x in np.argwhere(mask):
            out[y, x] = not padded[y : y + 2 * width + 1, x : x + 2 * width + 1].all()
        return out

    a, b = region(pred), region(true)
    assert measured("boundary_iou", sample(pred, true)) == pytest.approx((a & b).sum() / (a | b).sum())


def test_f_curve_against_a_loop():
    rng = np.random.default_rng(2)
    true = square(10, 20, 30)
    level = np.clip(true * 120 + rng.integers(0, 120, true.shape), 0, 255)
    known = rng.random(true.shape) > 0.2
    curve = all_metrics()["max_f"](sample(level / 255, true, known))
    for t in (1, 60, 119, 130, 240, 255):
        taken = (level >= t) & known
        hit = int((taken & true).sum())
        precision = hit / max(1, int(taken.sum()))
        recall = hit / int((true & known).sum())
        wanted = 1.3 * precision * recall / (0.3 * precision + recall) if hit else 0
        assert curve[t - 1] == pytest.approx(wanted)


def test_max_f_is_the_maximum_of_the_averaged_curve():
    metric = all_metrics()["max_f"]
    first, second = np.zeros(255), np.zeros(255)
    first[10], second[20] = 1, 0.8
    assert metric.score(np.stack([first, second])) == 0.5


def test_pixels_without_a_truth_never_count():
    true = square(15, 20, 30)
    known = np.ones(true.shape, bool)
    known[10:20] = False
    good = square(16, 21, 28).astype(np.float32)
    spoilt = np.where(known, good, 1 - good)
    # Presence is about the whole picture; everything else must not see the difference.
    for name, metric in all_metrics().items():
        if name == "presence_auroc":
            continue
        results = [metric(sample(pred, true, known)) for pred in (good, spoilt)]
        if results[0] is None:
            continue
        whole_picture_filter = name in ("grad", "conn", "grad_unknown", "conn_unknown")
        if not whole_picture_filter:
            assert np.allclose(*results), name


def test_pictures_without_a_subject():
    empty = np.zeros((40, 50), np.float32)
    made = sample(empty, empty)
    assert measured("mae", made) == 0
    assert measured("s_measure", made) == 1
    assert measured("mean_e", made) == pytest.approx(1, abs=1e-3)
    for name in ("iou", "max_f", "weighted_f", "boundary_iou", "hce", "sad", "grad"):
        assert all_metrics()[name](made) is None, name
    noisy = sample(np.full((40, 50), 0.2), empty)
    assert measured("mae", noisy) == pytest.approx(0.2)


def test_hce_known_answers():
    true = square(10, 10, 40)
    assert clicks(true, true) == 0
    # One wrong region far from the subject is one click; a speck that vanishes within the tolerance is none.
    assert clicks(true | square(20, 62, 16), true) == 1
    assert clicks(true | square(20, 62, 8), true) == 0
    # Two pixels off all around lie within the tolerance.
    assert clicks(square(8, 8, 44), true) == 0
    assert clicks(square(12, 12, 36), true) <= 12


def with_gaps(*gaps: tuple[int, int, int]) -> np.ndarray:
    mask = square(5, 5, 50, (60, 60))
    for top, left, side in gaps:
        mask[top : top + side, left : left + side] = False
    return mask


def test_gaps_are_counted_and_not_their_pixels():
    true = with_gaps((10, 10, 20), (40, 10, 8), (40, 40, 8))
    assert measured("gaps", sample(true, true)) == 3
    gaps = all_metrics()["gaps"]
    small_closed, large_closed = with_gaps((10, 10, 20), (40, 10, 8)), with_gaps((40, 10, 8), (40, 40, 8))
    for pred in (small_closed, large_closed):
        assert gaps(sample(pred, true)).tolist() == [2, 3]
    rows = np.array([[2.0, 3.0], [0.0, 1.0]])
    assert gaps.over_set(rows, np.array([[1.0, 1.0], [1.0, 0.0]])).tolist() == [0.5, 2 / 3]


def test_a_gap_is_opened_by_half_of_it():
    true = with_gaps((20, 20, 10))
    for side, opened in ((10, 1), (8, 1), (6, 0)):
        assert all_metrics()["gaps"](sample(with_gaps((20, 20, side)), true)).tolist() == [opened, 1]


def test_notches_specks_and_what_is_not_known_are_no_gaps():
    notch, speck = with_gaps((50, 20, 10)), with_gaps((20, 20, 5))
    true = with_gaps((20, 20, 10))
    known = true.copy()
    for made in (sample(notch, notch), sample(speck, speck), sample(true, true, known=known)):
        assert all_metrics()["gaps"](made) is None
    half = np.ones(true.shape, bool)
    half[20:30, 20:25] = False
    right_half = with_gaps()
    right_half[20:30, 25:30] = False
    assert all_metrics()["gaps"](sample(right_half, true, known=half)).tolist() == [1, 1]


def test_a_missed_line_costs_clicks_although_it_is_thin():
    true = square(10, 10, 30)
    true[25, 40:75] = True
    assert clicks(square(10, 10, 30), true) > 0


def test_skeleton_of_a_line_is_the_line_and_of_a_bar_its_middle():
    line = np.zeros((9, 30), bool)
    line[4, 3:27] = True
    assert (skeleton(line) == line).all()
    bar = np.zeros((15, 60), bool)
    bar[5:10, 3:57] = True
    ys, xs = np.nonzero(skeleton(bar))
    assert set(ys[(xs > 10) & (xs < 50)]) == {7}


def test_skeleton_keeps_connections_and_holes():
    rng = np.random.default_rng(4)
    blobs = cv2.GaussianBlur(rng.random((120, 160)), (0, 0), 4) > 0.5
    blobs[[0, -1]] = blobs[:, [0, -1]] = False
    thin = skeleton(blobs)
    count = lambda mask, c: cv2.connectedComponents(mask.astype(np.uint8), connectivity=c)[0]  # noqa: E731
    assert not (thin & ~blobs).any()
    assert count(thin, 8) == count(blobs, 8)
    assert count(~thin, 4) == count(~blobs, 4)


@pytest.mark.parametrize("seed", range(3))
def test_auroc_counts_pairs(seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 10, 40) / 10
    truths = rng.integers(0, 2, 40)
    pairs = [(y, n) for y in scores[truths == 1] for n in scores[truths == 0]]
    wanted = sum((y > n) + 0.5 * (y == n) for y, n in pairs) / len(pairs)
    assert all_metrics()["presence_auroc"].score(np.stack([scores, truths], axis=1)) == pytest.approx(wanted)


def test_auroc_needs_both_kinds_of_pictures():
    assert np.isnan(all_metrics()["presence_auroc"].score(np.array([[0.3, 1.0], [0.4, 1.0]])))


def test_presence_does_not_count_where_the_truth_could_hide_a_subject():
    nothing, everywhere = np.zeros((60, 80)), np.ones((60, 80), bool)
    metric = all_metrics()["presence_auroc"]
    assert metric(sample(nothing, nothing, everywhere, presence=0.5)).tolist() == [0.5, 0]
    everywhere[10:20, 10:20] = False
    assert metric(sample(nothing, nothing, everywhere, presence=0.5)) is None


def test_presence_falls_back_on_alpha():
    true = square(10, 10, 20)
    metric = all_metrics()["presence_auroc"]
    assert metric(sample(true, true, presence=0.25)).tolist() == [0.25, 1]
    assert metric(sample(true, true)).tolist() == [1, 1]
    assert metric(sample(np.zeros((60, 80)), true)).tolist() == [0, 1]


def test_a_name_defined_twice_is_an_error():
    metric = Metric("twin", "twin", "lower", "where", lambda made: 0.0)
    with pytest.raises(RuntimeError, match=r"one and two|two and one"):
        unique([("one", metric), ("two", metric)])


def test_an_unknown_metric_is_named():
    with pytest.raises(InputError, match="sda"):
        select(["sda"])


def test_sizes_must_agree():
    with pytest.raises(InputError) as caught:
        sample(np.zeros((4, 5)), np.zeros((5, 4)))
    assert caught.value.code == "size_mismatch"


@pytest.mark.parametrize("name", ["iou", "max_f", "mean_e", "presence_auroc"])
def test_counting_a_picture_twice_is_the_same_as_having_it_twice(name):
    metric = all_metrics()[name]
    rng = np.random.default_rng(5)
    values = rng.random((6, 2 if name == "presence_auroc" else 255 if not metric.per_picture else 1))
    if name == "presence_auroc":
        values[:, 1] = [0, 1, 0, 1, 1, 0]
    often = np.array([2, 0, 1, 3, 0, 1])
    assert metric.over_set(values, often[None].astype(float))[0] == pytest.approx(
        metric.score(np.repeat(values, often, axis=0))
    )


def test_boundary_iou_has_no_score_where_the_boundary_is_not_known():
    true = square(15, 20, 30)
    known = np.ones(true.shape, bool)
    known[10:50, 15:55] = False
    known[22:38, 27:43] = True
    assert all_metrics()["boundary_iou"](sample(true, true, known)) is None
