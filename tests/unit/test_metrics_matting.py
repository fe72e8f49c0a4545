"""The matting metrics against slow, direct implementations, and on cases with a known answer."""

import math

import numpy as np
import pytest

from tress.metrics.base import Colours, Sample
from tress.metrics.registry import all_metrics


def random_alphas(seed: int, shape: tuple[int, int] = (13, 17)) -> tuple[np.ndarray, np.ndarray]:
    """Two related alphas in steps of 17/255, so that values often equal a threshold of Conn."""
    rng = np.random.default_rng(seed)
    true = np.clip(rng.normal(0.5, 0.6, shape), 0, 1)
    pred = np.clip(true + rng.normal(0, 0.3, shape), 0, 1)
    return tuple((np.rint(a * 15) * 17 / 255).astype(np.float32) for a in (pred, true))


def sample(pred: np.ndarray, true: np.ndarray, known: np.ndarray | None = None, **more) -> Sample:
    known = np.ones(true.shape, bool) if known is None else known
    return Sample(pred.astype(np.float32), true.astype(np.float32), known, known, **more)


def measured(name: str, made: Sample) -> float:
    return float(all_metrics()[name](made)[0])


def direct_gradient(alpha: np.ndarray) -> np.ndarray:
    sigma = 1.4
    radius = math.ceil(sigma * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * sigma * 0.01)))

    def gauss(x: float) -> float:
        return math.exp(-(x**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))

    kernel = {
        (i, j): gauss(i) * -j * gauss(j) / sigma**2
        for i in range(-radius, radius + 1)
        for j in range(-radius, radius + 1)
    }
    norm = math.sqrt(sum(v * v for v in kernel.values()))
    height, width = alpha.shape
    out = np.zeros(alpha.shape)
    for y in range(height):
        for x in range(width):
            across = down = 0.0
            for (i, j), weight in kernel.items():
                across += weight * alpha[min(max(y + i, 0), height - 1), min(max(x + j, 0), width - 1)]
                down += weight * alpha[min(max(y + j, 0), height - 1), min(max(x + i, 0), width - 1)]
            out[y, x] = math.hypot(across, down) / norm
    return out


def direct_largest_region(mask: np.ndarray) -> set[tuple[int, int]]:
    left, best = {(int(y), int(x)) for y, x in np.argwhere(mask)}, set()
    for start in sorted(left):
        if start not in left:
            continue
        region, edge = set(), [start]
        left.discard(start)
        while edge:
            y, x = edge.pop()
            region.add((y, x))
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if near in left:
                    left.discard(near)
                    edge.append(near)
        if len(region) > len(best):
            best = region
    return best


def direct_conn(pred: np.ndarray, true: np.ndarray) -> float:
    level = {}
    for step in range(1, 11):
        # Compare whole numbers, so that no rounding decides.
        both = (np.rint(pred * 255) * 10 >= 255 * step) & (np.rint(true * 255) * 10 >= 255 * step)
        source = direct_largest_region(both)
        for y in range(pred.shape[0]):
            for x in range(pred.shape[1]):
                if (y, x) not in source:
                    level.setdefault((y, x), (step - 1) / 10)
    total = 0.0
    for y in range(pred.shape[0]):
        for x in range(pred.shape[1]):
            phi = []
            for alpha in (pred, true):
                above = float(alpha[y, x]) - level.get((y, x), 1.0)
                phi.append(1 - (above if above >= 0.15 else 0))
            total += abs(phi[0] - phi[1])
    return total / 1000


@pytest.mark.parametrize("seed", range(4))
def test_sums_and_means_are_what_a_loop_gives(seed):
    pred, true = random_alphas(seed)
    made = sample(pred, true)
    pairs = [(float(p), float(t)) for p, t in zip(pred.ravel(), true.ravel(), strict=True)]
    sad = sum(abs(p - t) for p, t in pairs)
    assert measured("sad", made) == pytest.approx(sad / 1000)
    assert measured("mad", made) == pytest.approx(sad / len(pairs))
    assert measured("mae", made) == pytest.approx(sad / len(pairs))
    assert measured("mse", made) == pytest.approx(sum((p - t) ** 2 for p, t in pairs) / len(pairs))


@pytest.mark.parametrize("seed", range(3))
def test_grad_is_what_a_loop_gives(seed):
    pred, true = random_alphas(seed)
    error = (direct_gradient(pred) - direct_gradient(true)) ** 2
    assert measured("grad", sample(pred, true)) == pytest.approx(error.sum() / 1000, rel=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_conn_is_what_a_flood_fill_gives(seed):
    pred, true = random_alphas(seed)
    assert measured("conn", sample(pred, true)) == pytest.approx(direct_conn(pred, true), abs=1e-6)


def test_a_detached_island_costs_connectivity():
    true = np.zeros((20, 30), np.float32)
    true[5:15, 3:12] = 1
    pred = true.copy()
    pred[8:12, 20:25] = 1
    assert measured("conn", sample(pred, true)) == pytest.approx(20 / 1000)


def test_the_unknown_band_is_what_brute_force_gives():
    rng = np.random.default_rng(1)
    true = np.zeros((40, 210), np.float32)
    true[10:30, 40:90] = 1
    true[15:20, 120:130] = rng.uniform(0.1, 0.9, (5, 10))
    band = sample(true, true).unknown
    core = {
        (y, x)
        for y in range(40)
        for x in range(210)
        if 5 / 255 < true[y, x] < 250 / 255
        or len({bool(v > 0.5) for v in true[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].ravel()}) == 2
    }
    for y in range(0, 40, 3):
        for x in range(0, 210, 3):
            near = any((y - v) ** 2 + (x - u) ** 2 <= 2**2 for v, u in core)
            assert band[y, x] == near, (y, x)


def test_band_metrics_see_only_the_band():
    true = np.zeros((50, 200), np.float32)
    true[10:40, 50:100] = 1
    pred = true.copy()
    pred[20:25, 160:170] = 1
    made = sample(pred, true)
    assert measured("sad", made) == pytest.approx(0.05)
    for name in ("sad", "mse", "mad", "grad", "conn"):
        assert measured(f"{name}_unknown", made) == 0
    pred = true.copy()
    pred[10, 50:100] = 0.5
    made = sample(pred, true)
    assert measured("sad_unknown", made) == pytest.approx(0.025)
    assert measured("mad_unknown", made) == pytest.approx(25 / made.unknown.sum())


def test_soft_metrics_refuse_pixels_without_a_soft_truth():
    pred, true = random_alphas(0)
    known = np.ones(true.shape, bool)
    made = Sample(pred, true, known, np.zeros(true.shape, bool))
    soft = [metric for metric in all_metrics().values() if metric.labels == "soft"]
    assert len(soft) >= 11
    assert all(metric(made) is None for metric in soft)


def test_colour_error_of_a_halo():
    true = np.zeros((30, 30), np.float32)
    true[:, 15] = 0.5
    true[:, 16:] = 1
    foreground = np.full((30, 30, 3), 200, np.uint8)
    halo = foreground.copy()
    halo[:, 15] = 100
    made = sample(true, true, colours=lambda: Colours(halo, foreground))
    # Half of 100 levels, in one column of the band's three... whatever its width.
    share = 30 / made.unknown.sum()
    assert measured("colour_error", made) == pytest.approx(50 * share)
    assert measured("colour_error", sample(true, true, colours=lambda: Colours(foreground, foreground))) == 0
    assert all_metrics()["colour_error"](sample(true, true)) is None


def test_colour_error_is_what_a_loop_gives():
    rng = np.random.default_rng(3)
    pred, true = random_alphas(3)
    a, b = (rng.integers(0, 256, (*true.shape, 3)).astype(np.uint8) for _ in range(2))
    made = sample(pred, true, colours=lambda: Colours(a, b))
    errors = []
    for y, x in np.argwhere(made.unknown):
        for background in ((0, 0, 0), (255, 255, 255), (0, 177, 64)):
            for c in range(3):
                seen = [
                    float(alpha[y, x]) * int(colour[y, x, c]) + (1 - float(alpha[y, x])) * background[c]
                    for alpha, colour in ((pred, a), (true, b))
                ]
                errors.append(abs(seen[0] - seen[1]))
    assert measured("colour_error", made) == pytest.approx(sum(errors) / len(errors))
