"""What must hold for every metric and any pair of alphas."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tress.metrics.base import Sample
from tress.metrics.registry import all_metrics

alphas = arrays(np.uint8, (11, 14), elements=st.sampled_from([0, 30, 127, 128, 200, 255]))


def sample(pred: np.ndarray, true: np.ndarray, known: np.ndarray) -> Sample:
    return Sample(pred.astype(np.float32) / 255, true.astype(np.float32) / 255, known, known)


@settings(deadline=None, max_examples=40)
@given(alphas, alphas, arrays(np.bool_, (11, 14)))
def test_every_result_is_finite_and_in_range(pred, true, known):
    made = sample(pred, true, known)
    for name, metric in all_metrics().items():
        value = metric(made)
        if value is None:
            continue
        assert np.isfinite(value).all(), name
        assert (value >= -1e-9).all(), name
        if metric.better == "higher":
            # E divides by the number of pixels minus one and may exceed 1 by as much.
            assert (value <= 1 + 2 / max(1, known.sum() - 1)).all(), name


@settings(deadline=None, max_examples=40)
@given(alphas, alphas)
def test_mirroring_both_changes_nothing(pred, true):
    known = np.ones(true.shape, bool)
    made, mirrored = sample(pred, true, known), sample(pred[:, ::-1], true[:, ::-1], known)
    # Which of two equally large regions or equally near pixels comes first depends on the direction, and so does
    # where a contour starts or a block ends.
    directed = {"conn", "conn_unknown", "hce", "s_measure", "weighted_f"}
    for name, metric in all_metrics().items():
        if name in directed:
            continue
        first, second = metric(made), metric(mirrored)
        assert (first is None) == (second is None), name
        if first is not None:
            np.testing.assert_allclose(first, second, atol=1e-9, err_msg=name)


@settings(deadline=None, max_examples=40)
@given(alphas)
def test_truth_itself_has_no_error(true):
    known = np.ones(true.shape, bool)
    made = sample(true, true, known)
    for name, metric in all_metrics().items():
        value = metric(made)
        if metric.better == "lower" and value is not None:
            assert value[0] == 0, name
