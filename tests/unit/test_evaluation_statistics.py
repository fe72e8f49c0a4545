import numpy as np
import pytest

from tress.evaluation.statistics import Bootstrap, Estimated, draws, verdict
from tress.metrics.registry import all_metrics

IOU = all_metrics()["iou"]
MAE = all_metrics()["mae"]


def column(numbers) -> dict[int, list[float]]:
    return {i: [float(v)] for i, v in enumerate(numbers)}


def test_draws_keep_the_size_of_every_set():
    sets = ["a"] * 5 + ["b"] * 3
    counts = draws(sets, resamples=50)
    assert counts[0].tolist() == [1] * 8
    assert (counts[:, :5].sum(axis=1) == 5).all()
    assert (counts[:, 5:].sum(axis=1) == 3).all()
    assert len(np.unique(counts, axis=0)) > 40


def test_the_interval_is_that_of_the_mean():
    rng = np.random.default_rng(1)
    numbers = rng.normal(0.5, 0.1, 400)
    found = Bootstrap(["a"] * 400).score(IOU, column(numbers), range(400))
    assert found.n == 400
    assert found.value == pytest.approx(numbers.mean())
    standard_error = numbers.std() / 20
    assert found.high - found.low == pytest.approx(2 * 1.96 * standard_error, rel=0.1)


def test_pairing_shows_a_small_difference_that_intervals_hide():
    rng = np.random.default_rng(2)
    base = rng.uniform(0.2, 1, 100)
    mine = base + 0.01 + rng.normal(0, 0.005, 100)
    bootstrap = Bootstrap(["a"] * 100)
    a, b = (bootstrap.score(IOU, column(v), range(100)) for v in (base, mine))
    assert b.low < a.high
    found = bootstrap.difference(IOU, column(mine), column(base), range(100))
    assert verdict(IOU, found) == "better"
    assert verdict(MAE, found) == "worse"


def test_a_difference_counts_only_shared_pictures():
    base, mine = column([0.1, 0.2, 0.3]), column([0.2, 0.3])
    found = Bootstrap(["a"] * 3).difference(IOU, mine, base, range(3))
    assert found.n == 2
    assert found.value == pytest.approx(0.1)


def test_the_mean_of_sets_ignores_their_size():
    sets = ["a"] * 9 + ["b"]
    found = Bootstrap(sets).mean_of_sets(IOU, column([1.0] * 9 + [0.0]))
    assert found.value == 0.5
    assert found.n == 10


def test_a_group_without_values_has_no_score():
    assert Bootstrap(["a", "a"]).score(IOU, {}, [0, 1]) is None


def test_no_verdict_while_zero_is_possible():
    assert verdict(IOU, Estimated(0.1, -0.01, 0.2, 5)) == "undecided"
    assert verdict(MAE, Estimated(-0.1, -0.2, -0.05, 5)) == "better"
    assert verdict(IOU, Estimated(0.0, 0.0, 0.0, 5)) == "undecided"
