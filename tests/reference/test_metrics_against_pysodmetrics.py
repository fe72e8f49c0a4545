"""S, E, F, weighted F, MAE and HCE against pysodmetrics, on masks with holes, strands and noise."""

import warnings

import cv2
import numpy as np
import pytest

from tress.metrics.base import Sample
from tress.metrics.registry import all_metrics

reference = pytest.importorskip("py_sod_metrics")


def picture(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """8-bit prediction and true mask of a blob with a hole and strands; the prediction is blurred and partly wrong."""
    rng = np.random.default_rng(seed)
    true = np.zeros((120, 150), np.uint8)
    cv2.ellipse(true, (70 + seed, 60), (40, 30), 20 * seed, 0, 360, 255, -1)
    cv2.circle(true, (75, 55), 9, 0, -1)
    for _ in range(6):
        x, y = (int(v) for v in rng.integers(5, 115, 2))
        cv2.line(true, (70 + seed, 60), (x, y), 255, 1)
    noise = cv2.resize(rng.normal(0, 90, (10, 12)), (150, 120), interpolation=cv2.INTER_CUBIC)
    pred = np.clip(cv2.GaussianBlur(true, (0, 0), 2) + noise, 0, 255).astype(np.uint8)
    return pred, true


def samples() -> list[tuple[Sample, np.ndarray, np.ndarray]]:
    made = []
    for seed in range(4):
        pred, true = picture(seed)
        known = np.ones(true.shape, bool)
        made.append((Sample(pred.astype(np.float32) / 255, true.astype(np.float32) / 255, known, known), pred, true))
    return made


def score(name: str) -> float:
    metric = all_metrics()[name]
    return metric.score(np.stack([metric(sample) for sample, _, _ in samples()]))


def refer(measure) -> dict:
    for _, pred, true in samples():
        # Whoever truncates float(k / 255) * 255 may lose a level; the middle of the level is safe.
        measure.step(np.minimum((pred + 1e-6) / 255, 1), true > 127, normalize=False)
    return measure.get_results()


def test_mae():
    assert score("mae") == pytest.approx(refer(reference.MAE())["mae"], abs=1e-6)


def test_s_measure():
    assert score("s_measure") == pytest.approx(refer(reference.Smeasure(alpha=0.5))["sm"], abs=1e-6)


def test_weighted_f():
    assert score("weighted_f") == pytest.approx(refer(reference.WeightedFmeasure(beta=1))["wfm"], abs=2e-3)


def test_e_measure():
    curve = np.asarray(refer(reference.Emeasure())["em"]["curve"])[:255]
    assert score("max_e") == pytest.approx(curve.max(), abs=1e-9)
    assert score("mean_e") == pytest.approx(curve.mean(), abs=1e-9)


def test_f_measure():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        measure = reference.Fmeasure(beta=0.3)
    curve = np.asarray(refer(measure)["fm"]["curve"])[:255]
    assert score("max_f") == pytest.approx(curve.max(), abs=1e-6)
    assert score("mean_f") == pytest.approx(curve.mean(), abs=1e-6)


def test_hce_differs_by_little_only_through_the_skeleton():
    assert score("hce") == pytest.approx(refer(reference.HumanCorrectionEffortMeasure(relax=5))["hce"], rel=0.05)


def test_hce_is_the_same_where_no_skeleton_is_missed():
    true = np.zeros((90, 90), bool)
    true[20:70, 20:70] = True
    pred = true.copy()
    pred[20:40, 50:90] = True
    pred[0:8, 0:8] = True
    known = np.ones(true.shape, bool)
    mine = all_metrics()["hce"](Sample(pred.astype(np.float32), true.astype(np.float32), known, known))
    measure = reference.HumanCorrectionEffortMeasure(relax=5)
    measure.step(pred.astype(float), true, normalize=False)
    assert mine[0] == measure.get_results()["hce"] > 0
