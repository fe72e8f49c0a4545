"""What a refiner gains over the alpha it was given, on composites whose true alpha is known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from tress.metrics.grad import gradient_magnitude
from tress.process.bands import REACH_FIRST
from tress_train.data.coarse import CoarseSource, band_of
from tress_train.data.degrade import Damaged
from tress_train.data.gates import Target
from tress_train.scoring.contact_sheet import sheet, tile

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
# Picture, coarse alpha and doubt in, alpha out, all of the picture's size.
Refine = Callable[[npt.NDArray[np.uint8], Floats, Floats], Floats]
_SUM_UNIT = 1000
_PERFECT = 1e-9


@dataclass(frozen=True)
class BandRow:
    """Scores of one composite inside the unknown band, of the refined alpha and of the coarse one.

    sad, grad: sums divided by 1000; mse: mean; as in ``tress.metrics``, but in the band the runtime finds.
    band_gain: ``1 - mse / coarse_mse``.
    """

    key: str
    band_gain: float
    sad: float
    mse: float
    grad: float
    coarse_sad: float
    coarse_mse: float
    coarse_grad: float


def score_band(key: str, pred_alpha: Floats, coarse: Floats, true_alpha: Floats, band: Mask) -> BandRow:
    """Scores one alpha; all are ``(H, W)``, float32 in [0, 1], ``band`` bool with at least one pixel."""
    true_edges = gradient_magnitude(true_alpha)

    def errors(alpha: Floats) -> tuple[float, float, float]:
        difference = (alpha.astype(np.float64) - true_alpha)[band]
        edges = (gradient_magnitude(alpha) - true_edges)[band]
        return (
            float(np.abs(difference).sum() / _SUM_UNIT),
            float(np.square(difference).mean()),
            float(np.square(edges).sum() / _SUM_UNIT),
        )

    refined, before = errors(pred_alpha), errors(coarse)
    return BandRow(key, gain(refined[1], before[1]), *refined, *before)


def gain(mse: float, coarse_mse: float) -> float:
    """The share of the coarse alpha's error that is gone; negative if there is more."""
    return 1 - mse / max(coarse_mse, _PERFECT)


def composite_of(target: Target, source: CoarseSource) -> tuple[Floats, Damaged, Mask]:
    """True alpha, coarse alpha and unknown band of a target; the damage depends on its key alone."""
    true_alpha = target.label.true_alpha
    rng = np.random.default_rng(int(hashlib.sha256(target.key.encode()).hexdigest()[:16], 16))
    coarse = source(target.image, true_alpha, rng)
    return true_alpha, coarse, band_of(coarse, REACH_FIRST)


def band_eval(refine: Refine, source: CoarseSource, targets: Iterable[Target]) -> list[BandRow]:
    """Scores composites one after the other; those without any band are left out."""
    rows = []
    for target in targets:
        true_alpha, coarse, band = composite_of(target, source)
        if band.any():
            pred_alpha = refine_band(refine, target.image, coarse, band)
            rows.append(score_band(target.key, pred_alpha, coarse.alpha, true_alpha, band))
    return rows


def refine_band(refine: Refine, image: npt.NDArray[np.uint8], coarse: Damaged, band: Mask) -> Floats:
    """The refined alpha inside the band, the coarse one outside: what a user gets."""
    return np.where(band, refine(image, coarse.alpha, coarse.doubt), coarse.alpha)


def band_means(rows: Sequence[BandRow]) -> dict[str, float]:
    """Means and the number of pictures ``n``; ``band_gain`` is that of the means, so that easy pictures count less."""
    found: dict[str, float] = {"n": len(rows)}
    if rows:
        names = [name for name in asdict(rows[0]) if name not in ("key", "band_gain")]
        means = {name: float(np.mean([getattr(row, name) for row in rows])) for name in names}
        found |= {"band_gain": gain(means["mse"], means["coarse_mse"]), **means}
    return {name: round(value, 6) for name, value in found.items()}


def band_sheet(
    rows: Sequence[BandRow], targets: Mapping[str, Target], refine: Refine, source: CoarseSource
) -> npt.NDArray[np.uint8]:
    """A tile a picture: the picture, the coarse alpha, the refined and the true one; gain and key above."""
    tiles = []
    for row in rows:
        target = targets[row.key]
        true_alpha, coarse, band = composite_of(target, source)
        pred_alpha = refine_band(refine, target.image, coarse, band)
        alphas = [(alpha * 255).astype(np.uint8) for alpha in (coarse.alpha, pred_alpha, true_alpha)]
        tiles.append(tile(f"{row.band_gain:+.3f} {row.key[-80:]}", [target.image, *alphas]))
    return sheet(tiles)
